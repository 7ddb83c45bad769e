/** TCP, as the machine has it. */
import { createServer, type Server, Socket } from 'node:net';
import type { Connection, Listener, Net, NetAddress } from '../../ports/index.js';
import { throughSocks } from './socks.js';

export interface TcpOptions {
  /** How long a connection attempt may take. */
  readonly connectTimeoutMs?: number;
  /** How long a connection that we closed may take to hand over what was written. */
  readonly lingerMs?: number;
  /** A SOCKS5 proxy for onion addresses, and with `alwaysUseProxy` for all. */
  readonly proxy?: NetAddress;
  readonly alwaysUseProxy?: boolean;
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found (the name server does not answer)',
  ETIMEDOUT: 'connection timed out',
  EADDRINUSE: 'address in use',
  EADDRNOTAVAIL: 'address not available',
  EACCES: 'permission denied',
};

/** An error in words for people. */
function causeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && CAUSES[code]) || message || String(error);
}

/** The same with the address it is about. */
const named = (error: unknown, address: NetAddress): Error =>
  new Error(`${causeOf(error)}: ${printed(address)}`);

const printed = ({ host, port }: NetAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** An IPv4 address that came in through an IPv6 socket is an IPv4 address. */
const plainHost = (host: string): string => host.replace(/^::ffff:(?=\d+\.)/, '');

export class TcpNet implements Net {
  readonly #connectTimeoutMs: number;
  readonly #lingerMs: number;
  readonly #options: TcpOptions;

  constructor(options: TcpOptions = {}) {
    this.#options = options;
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 15_000;
    this.#lingerMs = options.lingerMs ?? 2_000;
  }

  connect(address: NetAddress, signal?: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = new Socket();
      const fail = (error: unknown) => {
        cleanUp();
        socket.destroy();
        reject(named(error, address));
      };
      const abort = () => fail(new Error('connection attempt aborted'));
      const timer = setTimeout(
        () => fail(new Error('connection timed out')),
        this.#connectTimeoutMs,
      );
      const cleanUp = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        socket.removeListener('error', fail);
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      // A name may still be on its way to an error after we gave up on it.
      socket.on('error', () => {});
      socket.once('error', fail);
      const done = (remote: NetAddress) => {
        cleanUp();
        resolve(new TcpConnection(socket, remote, this.#lingerMs));
      };
      const proxy = this.#proxyFor(address);
      const { host, port } = proxy ?? address;
      try {
        socket.connect({ host, port, autoSelectFamily: true }, () => {
          const { remoteAddress } = socket;
          if (proxy !== undefined) throughSocks(socket, address).then(() => done(address), fail);
          else done({ host: plainHost(remoteAddress ?? host), port });
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  #proxyFor({ host }: NetAddress): NetAddress | undefined {
    const { proxy, alwaysUseProxy } = this.#options;
    return alwaysUseProxy === true || host.endsWith('.onion') ? proxy : undefined;
  }

  listen(address: NetAddress, accept: (connection: Connection) => void): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true }, (socket) => {
        const { remoteAddress, remotePort } = socket;
        // Gone again before we could look at it.
        if (remoteAddress === undefined || remotePort === undefined) {
          socket.destroy();
          return;
        }
        const remote = { host: plainHost(remoteAddress), port: remotePort };
        accept(new TcpConnection(socket, remote, this.#lingerMs));
      });
      server.once('error', (error) =>
        reject(new Error(`cannot listen on ${printed(address)}: ${causeOf(error)}`)),
      );
      server.listen({ host: address.host, port: address.port }, () => {
        // Out of file descriptors, for one: the listener goes on when there are some again.
        server.on('error', () => {});
        resolve(listenerOf(server));
      });
    });
  }
}

function listenerOf(server: Server): Listener {
  const bound = server.address() as { address: string; port: number };
  return {
    address: { host: bound.address, port: bound.port },
    // Connections that were accepted are their owners' business: nobody waits for them.
    close: async () => {
      server.close();
    },
  };
}

/** What is handed on at once: then others have their turn. */
const SLICE_BYTES = 16_384;

class TcpConnection implements Connection {
  readonly remote: NetAddress;
  readonly #socket: Socket;
  readonly #lingerMs: number;
  #data: ((bytes: Uint8Array) => void) | undefined;
  #close: ((error?: Error) => void) | undefined;
  #error: Error | undefined;
  #paused = false;
  /** Read and not yet handed on; the socket is paused meanwhile. */
  #left: Uint8Array | undefined;
  #resting = false;
  /** The last slice was a full one: more is likely to wait in the socket. */
  #bulk = false;
  #closing = false;
  #ended = false;
  #told = false;

  constructor(socket: Socket, remote: NetAddress, lingerMs: number) {
    this.remote = remote;
    this.#socket = socket;
    this.#lingerMs = lingerMs;
    // Messages are small and somebody waits for each.
    socket.setNoDelay(true);
    // Finds out, in time, that the other host is gone, where the node's own pings do not.
    socket.setKeepAlive(true, 60_000);
    // A 'data' listener would start the stream; ours waits for its owner.
    socket.pause();
    socket.on('data', (bytes: Buffer) => {
      if (this.#closing) return;
      this.#left = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#hand();
    });
    socket.on('error', (error) => {
      this.#error ??= named(error, remote);
    });
    socket.on('close', () => {
      this.#ended = true;
      while (this.#left !== undefined && !this.#paused && !this.#closing) this.#handSlice();
      this.#tell();
    });
  }

  write(bytes: Uint8Array): number {
    if (this.#closing || this.#ended || this.#socket.destroyed) return 0;
    // An empty write only asks how much is held.
    if (bytes.length > 0) this.#socket.write(bytes);
    return this.#socket.writableLength;
  }

  onData(fn: (bytes: Uint8Array) => void): void {
    this.#data = fn;
    this.#socket.resume();
  }

  onClose(fn: (error?: Error) => void): void {
    this.#close = fn;
    if (this.#ended) queueMicrotask(() => this.#tell());
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#data !== undefined && !this.#resting) this.#goOn();
  }

  /**
   * A slice, and the next one when the others had their turn. libuv reads a socket that is always
   * full up to 32 times before it looks at anything else: two megabytes of messages, for whose sake
   * nobody else would be heard.
   */
  #hand(): void {
    // Whoever is handed a slice may pause and resume, and gets the next one only afterwards.
    this.#resting = true;
    this.#handSlice();
    if (this.#left === undefined && !this.#bulk) {
      this.#resting = false;
      if (!this.#paused) this.#socket.resume();
      return;
    }
    this.#socket.pause();
    setImmediate(() => {
      this.#resting = false;
      if (!this.#paused && !this.#ended && !this.#closing) this.#goOn();
    });
  }

  #goOn(): void {
    if (this.#left === undefined) this.#socket.resume();
    else this.#hand();
  }

  #handSlice(): void {
    const bytes = this.#left as Uint8Array;
    this.#bulk = bytes.length >= SLICE_BYTES;
    this.#left = bytes.length > SLICE_BYTES ? bytes.subarray(SLICE_BYTES) : undefined;
    this.#data?.(bytes.length > SLICE_BYTES ? bytes.subarray(0, SLICE_BYTES) : bytes);
  }

  close(): void {
    if (this.#closing || this.#ended) return;
    this.#closing = true;
    // What was written is handed over, unless the other side does not take it.
    this.#socket.destroySoon();
    const timer = setTimeout(() => this.#socket.destroy(), this.#lingerMs);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #tell(): void {
    if (this.#told || this.#close === undefined) return;
    this.#told = true;
    // After our own `close` whatever went wrong no longer matters.
    this.#close(this.#closing ? undefined : this.#error);
  }
}
