/** BOLT 8, "Lightning Message Specification": messages in, frames out, and back. */
import { type Bytes, concat, err, ok, type Result } from '../bytes/index.js';
import { RotatingCipher } from './cipher.js';

export const MAX_MESSAGE_LENGTH = 65_535;

const TAG = 16;
const HEADER = 2 + TAG;

export type SessionError =
  /** The length of a frame does not authenticate. */
  | { readonly code: 'bad_length_tag' }
  /** The body of a frame does not authenticate. */
  | { readonly code: 'bad_message_tag' };

export interface SessionKeys {
  readonly sendKey: Bytes;
  readonly receiveKey: Bytes;
  readonly chainingKey: Bytes;
}

/** An encrypted connection after its handshake. Bytes come in whatever pieces the net cuts. */
export class Session {
  readonly #send: RotatingCipher;
  readonly #receive: RotatingCipher;
  /** What is being read: a header, or a body of known length, filled as bytes come. */
  #part: Bytes = new Uint8Array(HEADER);
  #filled = 0;
  #inBody = false;
  #broken: SessionError | undefined;

  constructor(keys: SessionKeys) {
    this.#send = new RotatingCipher(keys.sendKey, keys.chainingKey);
    this.#receive = new RotatingCipher(keys.receiveKey, keys.chainingKey);
  }

  /** The frame of one message, of at most 65,535 bytes. Frames must be sent in order. */
  seal(message: Bytes): Bytes {
    if (message.length > MAX_MESSAGE_LENGTH)
      throw new RangeError(`a message of ${message.length} bytes cannot be sent`);
    const length = Uint8Array.of(message.length >> 8, message.length & 0xff);
    return concat(this.#send.encrypt(length), this.#send.encrypt(message));
  }

  /**
   * The messages that these bytes complete, in order. After an error nothing more can be read:
   * the connection must be closed. Messages before the broken frame come with the error.
   */
  receive(
    bytes: Bytes,
  ): Result<readonly Bytes[], { readonly error: SessionError; readonly before: readonly Bytes[] }> {
    const messages: Bytes[] = [];
    let at = 0;
    while (this.#broken === undefined) {
      const wanted = this.#part.length - this.#filled;
      const taken = Math.min(wanted, bytes.length - at);
      this.#part.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (taken < wanted) return ok(messages);
      this.#complete(messages);
    }
    return err({ error: this.#broken, before: messages });
  }

  /** The part is whole: a header tells the length of the body, a body is a message. */
  #complete(messages: Bytes[]): void {
    const plain = this.#receive.decrypt(this.#part);
    if (plain === undefined) {
      this.#broken = { code: this.#inBody ? 'bad_message_tag' : 'bad_length_tag' };
      return;
    }
    if (this.#inBody) messages.push(plain);
    this.#part = new Uint8Array(
      this.#inBody ? HEADER : (((plain[0] as number) << 8) | (plain[1] as number)) + TAG,
    );
    this.#inBody = !this.#inBody;
    this.#filled = 0;
  }
}
