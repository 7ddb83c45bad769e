import { type Bytes, toHex } from '../../core/bytes/index.js';
import {
  type Chain,
  ChainAway,
  type ChainBlock,
  type ChainTip,
  type FeeEstimates,
} from '../../ports/index.js';
import type { VirtualClock } from '../clock.js';
import type { LabChainPort } from './types.js';

interface Lab {
  readonly clock: VirtualClock;
  readonly feerate: number | undefined;
}

/** Satoshi per 1000 virtual bytes to per 1000 weight units. */
const perKw = (perKvb: number): number => Math.ceil(perKvb / 4);

/**
 * The source that all nodes of a lab share. What the lab knows, for nobody else mines, is not
 * asked again, nor what another node has asked: blocks are dear, and nodes ask for them often.
 */
export class SharedChain {
  readonly chain: Chain;
  #height: number;
  /** By height, those that were mined since. */
  readonly #hashes = new Map<number, Bytes>();
  readonly #blocks = new Map<string, Promise<ChainBlock | undefined>>();
  #fees: Promise<FeeEstimates> | undefined;

  constructor(chain: Chain, height: number) {
    this.chain = chain;
    this.#height = height;
  }

  get height(): number {
    return this.#height;
  }

  /** The best chain has a block more. */
  push(hash: Bytes): void {
    this.#hashes.set(++this.#height, hash);
    // Every node is about to ask for it.
    void this.block(hash);
  }

  /** The best chain has lost its last block. */
  pop(): void {
    this.#hashes.delete(this.#height--);
  }

  async tip(): Promise<ChainTip> {
    const hash = this.#hashes.get(this.#height);
    return hash === undefined ? this.chain.tip() : { height: this.#height, hash };
  }

  async blockHash(height: number): Promise<Bytes | undefined> {
    return this.#hashes.get(height) ?? this.chain.blockHash(height);
  }

  block(hash: Bytes): Promise<ChainBlock | undefined> {
    const key = toHex(hash);
    const block = this.#blocks.get(key) ?? this.chain.block(hash);
    this.#blocks.set(key, block);
    block.catch(() => this.#blocks.delete(key));
    return block;
  }

  /** Of an empty mempool: it asks for what it relays at all. */
  feeEstimates(): Promise<FeeEstimates> {
    this.#fees ??= this.chain.feeEstimates();
    this.#fees.catch(() => {
      this.#fees = undefined;
    });
    return this.#fees;
  }
}

/**
 * The production adapter for one life of a node: virtual time stands still while one of its calls
 * is under way. Whatever the port offers is passed on.
 */
export function heldChain(shared: SharedChain, lab: Lab): LabChainPort {
  const life: { fault: string | undefined } = { fault: undefined };
  const own: Record<PropertyKey, unknown> = {
    tip: () => shared.tip(),
    blockHash: (height: number) => shared.blockHash(height),
    block: (hash: Bytes) => shared.block(hash),
    feeEstimates: async () => estimates(await shared.feeEstimates(), lab.feerate),
  };
  const ask = async (question: () => Promise<unknown>): Promise<unknown> => {
    if (life.fault !== undefined) throw new ChainAway(life.fault);
    return lab.clock.hold(question());
  };
  return new Proxy(shared.chain as LabChainPort, {
    get(target, name) {
      if (name === 'fault') return life.fault;
      const value = own[name] ?? Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...params: unknown[]) => ask(() => value.apply(target, params));
    },
    set(_, name, value) {
      if (name === 'fault') life.fault = value;
      return name === 'fault';
    },
  });
}

/** What its mempool asks for is bitcoind's; an estimate, where there is no market, the lab's. */
function estimates({ minimum }: FeeEstimates, feerate: number | undefined): FeeEstimates {
  if (feerate === undefined) return { minimum, targets: [] };
  const feeratePerKw = Math.max(minimum, perKw(feerate));
  return { minimum, targets: [2, 6, 12, 100].map((blocks) => ({ blocks, feeratePerKw })) };
}
