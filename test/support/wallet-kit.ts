/** A wallet with its follower on an embedded chain of its own: production code, a disk in memory. */
import { EmbeddedChain, EmbeddedChainPort } from '../../src/adapters/chain/embedded/index.js';
import { LocalSigner } from '../../src/adapters/signer/index.js';
import { openStore } from '../../src/adapters/store/sqlite/index.js';
import { NETWORKS } from '../../src/core/bitcoin/index.js';
import { type Sat, sat } from '../../src/core/bytes/index.js';
import { ChainFollower, type FollowerOptions } from '../../src/node/chain/index.js';
import { Wallet, type WalletOptions } from '../../src/node/wallet/index.js';
import {
  type Clock,
  type Entropy,
  type Logger,
  type Store,
  silentLogger,
} from '../../src/ports/index.js';

/** A clock that stands still until it is moved; its timers run when it is. */
export class ManualClock implements Clock {
  #now = 1_767_225_600_000;
  #timers: { at: number; fn: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter((t) => t.at <= this.#now);
    this.#timers = this.#timers.filter((t) => t.at > this.#now);
    for (const { fn } of due) fn();
  }
}

export const countingEntropy = (): Entropy => {
  let next = 0;
  return { bytes: (count) => Uint8Array.from({ length: count }, () => next++ & 0xff) };
};

export interface WalletKitOptions {
  readonly wallet?: Partial<WalletOptions>;
  readonly follower?: FollowerOptions;
  readonly seed?: number;
  readonly needsReserve?: () => boolean;
  readonly log?: Logger;
  /** To start again on the disk and the chain of another kit. */
  readonly on?: Partial<Pick<WalletKit, 'chain' | 'store' | 'clock'>>;
}

export interface WalletKit {
  readonly clock: ManualClock;
  readonly chain: EmbeddedChain;
  readonly port: EmbeddedChainPort;
  readonly store: Store;
  readonly follower: ChainFollower;
  readonly wallet: Wallet;
  /** Mines and follows. */
  mine(blocks?: number): Promise<void>;
  /** Pays an address of the wallet from the faucet; call `mine` to confirm it. */
  give(amount: bigint, type?: 'p2wpkh' | 'p2tr'): Promise<Uint8Array>;
  stop(): Promise<void>;
}

export async function walletKit(options: WalletKitOptions = {}): Promise<WalletKit> {
  const clock = options.on?.clock ?? new ManualClock();
  const chain = options.on?.chain ?? new EmbeddedChain({}, { clock });
  if (chain.ledger.height === 0) chain.mine(110);
  const port = new EmbeddedChainPort(chain);
  const store = options.on?.store ?? (await openStore({ path: ':memory:', inline: true }));
  const log = options.log ?? silentLogger;
  const signer = new LocalSigner({
    seed: new Uint8Array(32).fill(options.seed ?? 7),
    network: NETWORKS.regtest,
  });
  const follower = new ChainFollower(options.follower ?? {}, { chain: port, store, clock, log });
  const wallet = new Wallet(
    { network: 'regtest', gapLimit: 10, ...options.wallet },
    {
      store,
      signer,
      clock,
      entropy: countingEntropy(),
      log,
      chain: port,
      follower,
      ...(options.needsReserve === undefined ? {} : { needsReserve: options.needsReserve }),
    },
  );
  await wallet.start();
  await follower.start();
  await follower.sync();
  return {
    clock,
    chain,
    port,
    store,
    follower,
    wallet,
    async mine(blocks = 1) {
      chain.mine(blocks);
      await follower.sync();
    },
    async give(amount, type = 'p2tr') {
      const { scriptPubkey } = await wallet.newAddress(type);
      return chain.send(scriptPubkey, sat(amount) as Sat).txid;
    },
    async stop() {
      await follower.stop();
      await wallet.stop();
    },
  };
}
