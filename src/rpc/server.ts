import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../ports/index.js';
import { Client } from './client-connection.js';
import type { Command } from './command.js';
import { CommandTable } from './command-table.js';
import type { NodeApi } from './node-api.js';

export interface RpcServerOptions {
  /** The unix socket; mode 0600. */
  readonly path: string;
  readonly developer: boolean;
  /** The largest request, in bytes. */
  readonly maxRequestBytes?: number;
}

export interface RpcServerDeps {
  readonly commands: readonly Command[];
  readonly log: Logger;
}

const DEFAULT_MAX_REQUEST = 16 * 1024 * 1024;

/** A path longer than this is no address of a unix socket on Linux (less on other systems). */
const MAX_SOCKET_PATH = 107;

/** JSON-RPC 2.0 on a unix socket. It listens before the node is there and answers once it is. */
export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #log: Logger;
  readonly #commands: CommandTable;
  readonly #clients = new Set<Client>();
  readonly #node: { current: NodeApi | undefined; readonly ready: Promise<NodeApi> };
  #announce!: (node: NodeApi) => void;
  #server: Server | undefined;

  constructor(options: RpcServerOptions, deps: RpcServerDeps) {
    this.#options = options;
    this.#log = deps.log.child('rpc');
    this.#commands = new CommandTable(deps.commands, { developer: options.developer });
    const ready = new Promise<NodeApi>((resolve) => {
      this.#announce = resolve;
    });
    this.#node = { current: undefined, ready };
  }

  /** Rejects where another daemon answers on the socket; a stale socket is replaced. */
  async start(): Promise<void> {
    const { path } = this.#options;
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH)
      throw new Error(`${path}: too long for a unix socket (${MAX_SOCKET_PATH} bytes at most)`);
    await removeStale(path);
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    // From the first instant nobody else may connect: the mask is the whole process's, so it is
    // held for the one synchronous call that makes the file.
    const mask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, resolve);
        process.umask(mask);
      });
    } finally {
      process.umask(mask);
    }
    chmodSync(path, 0o600);
    server.on('error', (error) => this.#log.error('the socket failed', { error: error.message }));
    this.#server = server;
  }

  /** From now on commands run; requests that came before waited for this. */
  serve(node: NodeApi): void {
    this.#node.current = node;
    this.#announce(node);
  }

  /** Takes no more requests; what is answered by now gets out where its client reads. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const client of this.#clients) client.end();
    await closed;
  }

  #accept(socket: Socket): void {
    const client = new Client(
      socket,
      { maxRequestBytes: this.#options.maxRequestBytes ?? DEFAULT_MAX_REQUEST },
      { commands: this.#commands, node: this.#node, log: this.#log },
    );
    this.#clients.add(client);
    socket.once('close', () => this.#clients.delete(client));
  }
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new Error(`${path}: in the way of the socket, and it is no socket`);
  const alive = await new Promise<boolean>((resolve) => {
    const probe = createConnection(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (alive) throw new Error(`${path}: another lightningd answers here`);
  unlinkSync(path);
}
