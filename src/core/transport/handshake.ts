/** BOLT 8, "Authenticated Key Exchange Handshake": Noise_XK, bytes in, bytes out. */
import { type Bytes, concat, EMPTY, err, ok, type Result, utf8 } from '../bytes/index.js';
import {
  chacha20poly1305Decrypt,
  chacha20poly1305Encrypt,
  countingNonce,
  ecdh,
  hkdfTwo,
  isValidPublicKey,
  publicKeyFromPrivate,
  sha256,
} from '../crypto/index.js';
import { Session } from './session.js';

/** What the handshake needs of the signer: the static key's secret stays there. */
export interface StaticKey {
  readonly nodeId: Bytes;
  ecdh(point: Bytes): Bytes;
}

type Act = 'one' | 'two' | 'three';

/** Why a handshake ended; `act` is the one that was being read. */
export interface HandshakeError {
  readonly code:
    | 'bad_version'
    | 'bad_public_key'
    | 'bad_tag'
    /** Act three: the initiator's static key does not decrypt. */
    | 'bad_ciphertext'
    /** The connection ended before the act was whole. */
    | 'short_read';
  readonly act: Act;
}

export interface HandshakeStep {
  /** To be sent; may be empty. */
  readonly send: Bytes;
  /** Set once both sides know each other. */
  readonly done?: HandshakeResult;
}

export interface HandshakeResult {
  readonly session: Session;
  readonly remoteStatic: Bytes;
  /** Bytes behind the last act: they belong to the session. */
  readonly rest: Bytes;
}

const VERSION = 0;
const PROTOCOL = sha256(utf8('Noise_XK_secp256k1_ChaChaPoly_SHA256'));
const PROLOGUE = utf8('lightning');
const ACT_LENGTH = { one: 50, two: 50, three: 66 } as const;

class Refused {
  constructor(readonly code: HandshakeError['code']) {}
}

/**
 * One side of a handshake. `ephemeral` is a fresh random private key, never used twice. The
 * initiator sends `start()`; both give what arrives to `receive` until `done` or an error.
 */
export class Handshake {
  readonly #key: StaticKey;
  readonly #ephemeral: Bytes;
  readonly #ephemeralPoint: Bytes;
  #expected: Act;
  #buffer: Bytes = EMPTY;
  #chainingKey = PROTOCOL;
  #hash = PROTOCOL;
  #tempKey: Bytes = EMPTY;
  #remoteEphemeral: Bytes = EMPTY;
  #remoteStatic: Bytes;
  #failed: HandshakeError | undefined;

  private constructor(key: StaticKey, ephemeral: Bytes, remoteStatic: Bytes | undefined) {
    const ephemeralPoint = publicKeyFromPrivate(ephemeral);
    if (ephemeralPoint === undefined) throw new RangeError('the ephemeral key is no private key');
    this.#key = key;
    this.#ephemeral = ephemeral;
    this.#ephemeralPoint = ephemeralPoint;
    this.#expected = remoteStatic === undefined ? 'one' : 'two';
    this.#remoteStatic = remoteStatic ?? EMPTY;
    this.#mixHash(PROLOGUE);
    this.#mixHash(remoteStatic ?? key.nodeId);
  }

  /** `undefined` where `remoteStatic` is no point: nobody can be reached under it. */
  static initiator(
    key: StaticKey,
    ephemeral: Bytes,
    remoteStatic: Bytes,
  ): { readonly handshake: Handshake; readonly actOne: Bytes } | undefined {
    if (!isValidPublicKey(remoteStatic)) return undefined;
    const handshake = new Handshake(key, ephemeral, remoteStatic);
    return { handshake, actOne: handshake.#ephemeralAct(remoteStatic) };
  }

  static responder(key: StaticKey, ephemeral: Bytes): Handshake {
    return new Handshake(key, ephemeral, undefined);
  }

  receive(bytes: Bytes): Result<HandshakeStep, HandshakeError> {
    if (this.#failed !== undefined) return err(this.#failed);
    const buffer = this.#buffer.length === 0 ? bytes : concat(this.#buffer, bytes);
    const act = this.#expected;
    const length = ACT_LENGTH[act];
    if (buffer.length < length) {
      this.#buffer = buffer.slice();
      return ok({ send: EMPTY });
    }
    this.#buffer = EMPTY;
    try {
      return ok(this.#act(act, buffer.slice(0, length), buffer.slice(length)));
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      this.#failed = { code: thrown.code, act };
      return err(this.#failed);
    }
  }

  /** What the end of the connection means before the handshake is done. */
  ended(): HandshakeError {
    return this.#failed ?? { code: 'short_read', act: this.#expected };
  }

  #act(act: Act, bytes: Bytes, rest: Bytes): HandshakeStep {
    // BOLT 8, Handshake Exchange: an unrecognized version aborts.
    if (bytes[0] !== VERSION) throw new Refused('bad_version');
    switch (act) {
      case 'one': {
        this.#readEphemeralAct(bytes, (point) => this.#key.ecdh(point));
        const actTwo = this.#ephemeralAct(this.#remoteEphemeral);
        this.#expected = 'three';
        // An initiator has nothing to say before it has read act two; what came early is kept.
        this.#buffer = rest;
        return { send: actTwo };
      }
      case 'two': {
        this.#readEphemeralAct(bytes, (point) => this.#shared(point));
        return { send: this.#writeActThree(), done: this.#finish('initiator', rest) };
      }
      case 'three':
        this.#readActThree(bytes);
        return { send: EMPTY, done: this.#finish('responder', rest) };
    }
  }

  /** Acts one and two: our ephemeral point, proven by a shared secret with `remote`. */
  #ephemeralAct(remote: Bytes): Bytes {
    this.#mixHash(this.#ephemeralPoint);
    this.#mixKey(this.#shared(remote));
    return concat(Uint8Array.of(VERSION), this.#ephemeralPoint, this.#encrypt(0, EMPTY));
  }

  #readEphemeralAct(bytes: Bytes, shared: (point: Bytes) => Bytes): void {
    const point = bytes.slice(1, 34);
    if (!isValidPublicKey(point)) throw new Refused('bad_public_key');
    this.#remoteEphemeral = point;
    this.#mixHash(point);
    this.#mixKey(shared(point));
    this.#decrypt(0, bytes.slice(34), 'bad_tag');
  }

  #writeActThree(): Bytes {
    const encrypted = this.#encrypt(1, this.#key.nodeId);
    this.#mixKey(this.#key.ecdh(this.#remoteEphemeral));
    return concat(Uint8Array.of(VERSION), encrypted, this.#encrypt(0, EMPTY));
  }

  #readActThree(bytes: Bytes): void {
    const point = this.#decrypt(1, bytes.slice(1, 50), 'bad_ciphertext');
    if (!isValidPublicKey(point)) throw new Refused('bad_public_key');
    this.#remoteStatic = point;
    this.#mixKey(this.#shared(point));
    this.#decrypt(0, bytes.slice(50), 'bad_tag');
  }

  #finish(role: 'initiator' | 'responder', rest: Bytes): HandshakeResult {
    const [first, second] = hkdfTwo(this.#chainingKey, EMPTY);
    const [sendKey, receiveKey] = role === 'initiator' ? [first, second] : [second, first];
    const session = new Session({ sendKey, receiveKey, chainingKey: this.#chainingKey });
    return { session, remoteStatic: this.#remoteStatic, rest };
  }

  /** With our ephemeral key. The point was checked, so there is always a secret. */
  #shared(point: Bytes): Bytes {
    return ecdh(this.#ephemeral, point) as Bytes;
  }

  #mixHash(data: Bytes): void {
    this.#hash = sha256(concat(this.#hash, data));
  }

  #mixKey(secret: Bytes): void {
    [this.#chainingKey, this.#tempKey] = hkdfTwo(this.#chainingKey, secret);
  }

  #encrypt(nonce: number, plaintext: Bytes): Bytes {
    const out = chacha20poly1305Encrypt(this.#tempKey, countingNonce(nonce), this.#hash, plaintext);
    this.#mixHash(out);
    return out;
  }

  #decrypt(nonce: number, ciphertext: Bytes, code: HandshakeError['code']): Bytes {
    const out = chacha20poly1305Decrypt(
      this.#tempKey,
      countingNonce(nonce),
      this.#hash,
      ciphertext,
    );
    // BOLT 8, Handshake Exchange: a tag that fails ends the connection without a word.
    if (out === undefined) throw new Refused(code);
    this.#mixHash(ciphertext);
    return out;
  }
}
