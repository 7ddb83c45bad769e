/** What the chain says, told to the channels: blocks, reorgs, and feerates that have moved. */
import { dueFeerate } from './fee-updates.js';
import type { FundingWatch, WatchedBlock } from './funding-watch.js';
import type { Registry } from './registry.js';
import type { HtlcSwitch } from './switch.js';
import type { ChannelChain } from './types.js';

export interface BlocksDeps {
  readonly registry: Registry;
  readonly watch: FundingWatch;
  readonly htlcs: Pick<HtlcSwitch, 'failOverdue'>;
  readonly chain: Pick<ChannelChain, 'height' | 'fees'>;
}

export class Blocks {
  readonly #deps: BlocksDeps;
  /** Of the block told last, which the follower counts only once all its listeners are done. */
  #height: number | undefined;

  constructor(deps: BlocksDeps) {
    this.#deps = deps;
  }

  get height(): number {
    return this.#height ?? this.#deps.chain.height();
  }

  /** Resolves when every channel's answer to the block is durable: only then is it followed. */
  async connect(block: WatchedBlock): Promise<void> {
    const { registry, watch, htlcs, chain } = this.#deps;
    this.#height = block.height;
    watch.connect(block);
    for (const { runner } of registry.all()) runner.submit({ kind: 'block', height: block.height });
    htlcs.failOverdue(block.height, chain.fees().anchorCommitment);
    this.#updateFees();
    await this.#flushed();
  }

  async disconnect(height: number): Promise<void> {
    this.#height = height - 1;
    for (const { runner } of this.#deps.registry.all()) {
      const { state } = runner;
      if (state.kind !== 'live') continue;
      if (state.spent?.height !== undefined && state.spent.height >= height)
        runner.submit({ kind: 'fundingUnspent' });
      if (state.lockin.confirmed !== undefined && state.lockin.confirmed.height >= height)
        runner.submit({ kind: 'fundingUnconfirmed' });
    }
    await this.#flushed();
  }

  /** A block of the past, for channels that were taken up after it. */
  async replay(block: WatchedBlock): Promise<void> {
    this.#deps.watch.connect(block);
    await this.#flushed();
  }

  #updateFees(): void {
    const fees = this.#deps.chain.fees();
    for (const { runner } of this.#deps.registry.all()) {
      const feeratePerKw = dueFeerate(runner.state, fees);
      if (feeratePerKw !== undefined)
        runner.submit({ kind: 'command', command: { kind: 'updateFee', feeratePerKw } });
    }
  }

  async #flushed(): Promise<void> {
    await Promise.all(this.#deps.registry.all().map((entry) => entry.runner.flushed()));
  }
}
