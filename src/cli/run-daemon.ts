import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openStore, StoreError } from '../adapters/store/sqlite/index.js';
import type { DaemonConfig } from '../node/main/daemon-config.js';
import type { Node } from '../node/main/index.js';
import type { Logger, LogLine } from '../ports/index.js';
import type { NodeApi } from '../rpc/index.js';
import { RpcServer } from '../rpc/server.js';

export interface DaemonHost {
  readonly log: Logger;
  recentLog(): readonly LogLine[];
  readonly passphrase: string | undefined;
  /** Called once commands are answered. */
  ready(): void;
}

/** A stop that takes longer, in milliseconds, is cut off: what counts is on disk at any time. */
const STOP_WITHIN = 30_000;

/** A second signal so much later ends at once. */
const IMPATIENT = 1000;

/**
 * Runs a node until it is told to stop; resolves with the exit status. The socket is there at
 * once, so that a client that comes early waits for its answer and not for the socket.
 */
export async function runDaemon(config: DaemonConfig, host: DaemonHost): Promise<number> {
  const { log } = host;
  const { promise: told, resolve } = withResolvers<number>();
  const starting = new AbortController();
  const stop = (status: number) => {
    resolve(status);
    starting.abort(new Stopped(status));
  };
  let since: number | undefined;
  const signalled = (signal: string) => {
    // Some send it twice at once; who sends it again later is tired of waiting.
    if (since !== undefined && performance.now() - since > IMPATIENT) process.exit(1);
    if (since === undefined) log.info(`stopping on ${signal}`);
    since ??= performance.now();
    stop(0);
  };
  process.on('SIGTERM', signalled);
  process.on('SIGINT', signalled);
  // A thrown error that nobody caught is our bug, and what is in memory is in doubt. What is on
  // disk is not: the next start goes on from there.
  let isBroken = false;
  const broken = (error: unknown) => {
    // What else breaks then mostly follows from the first.
    if (isBroken) return;
    isBroken = true;
    // A disk that is full or failing is no bug, and needs no trace of where it was noticed.
    const disk = error instanceof StoreError && error.code !== 'invalid';
    const text = error instanceof Error ? (!disk && error.stack) || error.message : String(error);
    log.error(disk ? 'the disk failed: stopping' : 'the daemon broke', { error: text });
    process.stderr.write(`lightningd: ${text}\n`);
    stop(1);
  };
  process.on('uncaughtException', broken);
  process.on('unhandledRejection', broken);

  // Begun at once, for its thread takes as long as the commands take to load. A second daemon is
  // kept off the file by SQLite's lock; it hears of the first one from the socket, which is sooner.
  // A file that is not there yet is made only once hsm_secret was read.
  const { storeFile } = config;
  const store = existsSync(storeFile) ? openStore({ path: storeFile }) : undefined;
  // Its failure is told where it is awaited.
  store?.catch(() => {});
  const letGo = () =>
    store?.then(
      (opened) => opened.close(),
      () => {},
    );
  const { commands } = await import('../rpc/commands/index.js');
  const server = new RpcServer(
    { path: config.places.rpcFile, developer: config.node.developer },
    { commands, log },
  );
  await server.start().catch(async (error) => {
    await letGo();
    throw error;
  });
  let node: Node | undefined;
  try {
    const { startNode } = await import('../node/main/index.js');
    node = await startNode(config, {
      log,
      ...(store === undefined ? {} : { store }),
      passphrase: host.passphrase,
      fatal: broken,
      signal: starting.signal,
    });
    const api: NodeApi = {
      ...node.api,
      recentLog: () => host.recentLog(),
      requestStop: () => setImmediate(() => stop(0)),
    };
    server.serve(api);
    // The words that tools wait for.
    log.info(`Server started with public key ${node.api.nodeId}`, { version: config.node.version });
    if (config.node.developer) await touchGossipStore(config);
    host.ready();
    const status = await told;
    setTimeout(() => process.exit(status || 1), STOP_WITHIN).unref();
    await server.stop();
    await node.stop();
    log.info('stopped');
    return status;
  } catch (error) {
    if (error instanceof Stopped) return error.status;
    log.error('cannot go on', { error: (error as Error).message });
    await node?.stop().catch(() => {});
    throw error;
  } finally {
    await server.stop();
    await letGo();
  }
}

/** Version 16 of Core Lightning's file, without records: what is known is in the store. */
const EMPTY_GOSSIP_STORE = Uint8Array.of(16);

/** Core Lightning's test tools (pyln-testing) open this file of a node that they have started. */
const touchGossipStore = ({ places }: DaemonConfig): Promise<void> =>
  writeFile(join(dirname(places.rpcFile), 'gossip_store'), EMPTY_GOSSIP_STORE);

/** Told to stop while it was still waiting for the chain. */
class Stopped extends Error {
  constructor(readonly status: number) {
    super('stopped');
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
