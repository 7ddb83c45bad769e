/** SOCKS5 (RFC 1928) without authentication: enough for Tor. The proxy resolves the name. */
import type { Socket } from 'node:net';
import type { NetAddress } from '../../ports/index.js';

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

const REFUSALS: Readonly<Record<number, string>> = {
  1: 'the proxy failed',
  2: 'the proxy does not allow it',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'timed out on the way',
  7: 'the proxy cannot connect',
  8: 'the proxy does not know this kind of address',
};

/** Asks the proxy behind `socket` for a connection; resolves once the stream is the target's. */
export async function throughSocks(socket: Socket, target: NetAddress): Promise<void> {
  const host = Buffer.from(target.host, 'ascii');
  if (host.length > 255) throw new Error('host name too long for the proxy');
  const reader = new ExactReader(socket);
  try {
    socket.write(Buffer.from([VERSION, 1, NO_AUTHENTICATION]));
    const [, method] = await reader.take(2);
    if (method !== NO_AUTHENTICATION) throw new Error('the proxy wants authentication');
    const port = Buffer.from([target.port >> 8, target.port & 0xff]);
    const request = Buffer.from([VERSION, CONNECT, 0, NAME, host.length]);
    socket.write(Buffer.concat([request, host, port]));
    const [, reply, , kind] = await reader.take(4);
    if (reply !== 0) throw new Error(REFUSALS[reply as number] ?? `the proxy says ${reply}`);
    // The address that the proxy connects from is of no use to us, but it is there.
    const length =
      kind === IPV4
        ? 4
        : kind === IPV6
          ? 16
          : kind === NAME
            ? (await reader.take(1))[0]
            : undefined;
    if (length === undefined) throw new Error('the proxy answers with nonsense');
    await reader.take(length + 2);
  } finally {
    reader.end();
  }
}

/** Reads exact numbers of bytes and leaves the rest in the stream. */
class ExactReader {
  readonly #socket: Socket;
  #wanted = 0;
  #resolve: ((bytes: Buffer) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  readonly #onReadable = () => this.#look();
  readonly #onEnd = () => this.#reject?.(new Error('the proxy closed the connection'));

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('readable', this.#onReadable);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
  }

  take(count: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#wanted = count;
      this.#resolve = resolve;
      this.#reject = reject;
      this.#look();
    });
  }

  end(): void {
    this.#socket.removeListener('readable', this.#onReadable);
    this.#socket.removeListener('end', this.#onEnd);
    this.#socket.removeListener('close', this.#onEnd);
  }

  #look(): void {
    if (this.#resolve === undefined) return;
    const bytes = this.#socket.read(this.#wanted) as Buffer | null;
    if (bytes === null || bytes.length < this.#wanted) return;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve(bytes);
  }
}
