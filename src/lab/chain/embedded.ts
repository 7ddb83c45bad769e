import { EmbeddedChain, EmbeddedChainPort } from '../../adapters/chain/embedded/index.js';
import type { Transaction } from '../../core/bitcoin/index.js';
import { type Bytes, equal, type Sat, shownHash } from '../../core/bytes/index.js';
import { VirtualClock } from '../clock.js';
import type { LabChain, LabChainPort } from './types.js';

/** So many blocks that the faucet has coins to give away. */
const FIRST_BLOCKS = 110;

/** A chain in the process, the same at every run of a seed. */
export class EmbeddedLabChain implements LabChain {
  readonly clock = new VirtualClock();
  readonly chain: EmbeddedChain;
  readonly given = new Set<string>();

  constructor(options: { readonly seed: string }) {
    this.chain = new EmbeddedChain(options, { clock: this.clock });
    this.chain.mine(FIRST_BLOCKS);
  }

  get height(): number {
    return this.chain.ledger.height;
  }

  get feerate(): number | undefined {
    return this.chain.feerate;
  }

  set feerate(feerate: number | undefined) {
    this.chain.feerate = feerate;
  }

  async mine(blocks: number): Promise<void> {
    this.chain.mine(blocks);
  }

  async mineExactly(txs: readonly Bytes[]): Promise<void> {
    const answer = this.chain.mineExactly(txs);
    if ('reason' in answer) throw new Error(`the block: ${answer.reason} ${answer.detail ?? ''}`);
  }

  async reorg(depth: number, first: readonly (readonly Bytes[])[] = []): Promise<void> {
    const from = this.chain.ledger.at(this.height - depth + 1);
    if (from === undefined || from.height === 0) throw new Error(`no ${depth} blocks to replace`);
    this.chain.invalidate(from);
    for (const txs of first) await this.mineExactly(txs);
    this.chain.mine(depth + 1 - first.length);
  }

  async give(scriptPubkey: Bytes, amount: Sat): Promise<void> {
    const { tx, txid } = this.chain.send(scriptPubkey, amount);
    const vout = tx.outputs.findIndex((output) => equal(output.scriptPubkey, scriptPubkey));
    this.given.add(`${shownHash(txid)}:${vout}`);
  }

  port(): LabChainPort {
    return new EmbeddedChainPort(this.chain);
  }

  async transactions(): Promise<readonly Transaction[]> {
    const { ledger, mempool } = this.chain;
    const found: Transaction[] = [];
    for (let height = 1; height <= ledger.height; height++)
      for (const { tx } of ledger.at(height)?.txs.slice(1) ?? []) found.push(tx);
    for (const { tx } of mempool.entries()) found.push(tx);
    return found;
  }
}
