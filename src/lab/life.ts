import type {
  BroadcastResult,
  Chain,
  Clock,
  Connection,
  Files,
  Net,
  NetAddress,
} from '../ports/index.js';

/**
 * The clock for one life of a node: when the node dies, none of its timers runs any more.
 */
export class LifeClock implements Clock {
  readonly #clock: Clock;
  #alive = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  kill(): void {
    this.#alive = false;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, fn: () => void): () => void {
    return this.#clock.after(ms, () => {
      if (this.#alive) fn();
    });
  }
}

/** The files for one life of a node: the dead write no more. */
export class LifeFiles implements Files {
  readonly #files: Files;
  #alive = true;

  constructor(files: Files) {
    this.#files = files;
  }

  kill(): void {
    this.#alive = false;
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#alive ? this.#files.read(name) : new Promise<never>(() => {});
  }

  write(name: string, contents: Uint8Array): Promise<void> {
    return this.#alive ? this.#files.write(name, contents) : new Promise<never>(() => {});
  }
}

/** The network for one life of a node: the dead neither hear nor speak. */
export class LifeNet implements Net {
  readonly #net: Net;
  #alive = true;

  constructor(net: Net) {
    this.#net = net;
  }

  kill(): void {
    this.#alive = false;
  }

  async connect(address: NetAddress, signal?: AbortSignal): Promise<Connection> {
    if (!this.#alive) return new Promise<never>(() => {});
    const connection = await this.#net.connect(address, signal);
    return this.#guard(connection);
  }

  listen(address: NetAddress, accept: (connection: Connection) => void) {
    return this.#net.listen(address, (connection) => {
      if (this.#alive) accept(this.#guard(connection));
    });
  }

  #guard(connection: Connection): Connection {
    const alive = (): boolean => this.#alive;
    return {
      remote: connection.remote,
      write: (bytes) => (alive() ? connection.write(bytes) : 0),
      onData: (fn) => connection.onData((bytes) => alive() && fn(bytes)),
      onClose: (fn) => connection.onClose((error) => alive() && fn(error)),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      close: () => connection.close(),
    };
  }
}

/**
 * The chain for one life of a node; `onBroadcast` hears of every transaction it hands over,
 * `onRefused` why the chain did not take what it was handed.
 */
export function lifeChain(
  chain: Chain,
  onBroadcast: (tx: Uint8Array) => void,
  onRefused: (reason: string) => void,
): { readonly port: Chain; kill(): void } {
  let alive = true;
  const live = async <T>(answer: Promise<T>): Promise<T> => {
    const value = await answer;
    return alive ? value : new Promise<never>(() => {});
  };
  const send = (txs: readonly Uint8Array[]): boolean => {
    if (alive) for (const tx of txs) onBroadcast(tx);
    return alive;
  };
  const heard = async <T extends BroadcastResult | undefined>(answer: Promise<T>): Promise<T> => {
    const result = await live(answer);
    if (result?.kind === 'refused') onRefused(result.reason);
    return result;
  };
  const port: Chain = {
    network: chain.network,
    tip: () => live(chain.tip()),
    blockHash: (height) => live(chain.blockHash(height)),
    block: (hash) => live(chain.block(hash)),
    utxo: (txid, vout, includeMempool) => live(chain.utxo(txid, vout, includeMempool)),
    spender: (txid, vout) => live(chain.spender?.(txid, vout) ?? Promise.resolve(undefined)),
    broadcast: (tx) => (send([tx]) ? heard(chain.broadcast(tx)) : new Promise<never>(() => {})),
    broadcastPackage: (txs) =>
      send(txs) ? heard(chain.broadcastPackage(txs)) : new Promise<never>(() => {}),
    feeEstimates: () => live(chain.feeEstimates()),
    close: () => chain.close(),
  };
  return {
    port,
    kill: () => {
      alive = false;
    },
  };
}
