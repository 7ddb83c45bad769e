import type { Transaction } from '../../core/bitcoin/index.js';
import type { Bytes, Sat } from '../../core/bytes/index.js';
import type { Chain } from '../../ports/index.js';
import type { VirtualClock } from '../clock.js';

/** A node's way to the chain. */
export interface LabChainPort extends Chain {
  /** Set to play a source that is away: every call rejects with this. */
  fault: string | undefined;
}

/** The chain that a lab stands on: nobody else mines on it while the lab lives. */
export interface LabChain {
  /** The time of the lab; blocks are dated by it. */
  readonly clock: VirtualClock;
  readonly height: number;
  /** What is estimated for every target, satoshi per 1000 virtual bytes; nothing: no estimate. */
  feerate: number | undefined;
  /** Outpoints that `give` made, as people write them: the txid reversed, a colon, the index. */
  readonly given: ReadonlySet<string>;
  /** Blocks of what the mempool holds. */
  mine(blocks: number): Promise<void>;
  /** One block of exactly these transactions; rejects where it would not be valid. */
  mineExactly(txs: readonly Bytes[]): Promise<void>;
  /**
   * Replaces the last `depth` blocks by others, one more. The first of them hold exactly `first`,
   * a list for each block, the others what the mempool holds: also what was taken back.
   */
  reorg(depth: number, first?: readonly (readonly Bytes[])[]): Promise<void>;
  /** Pays a script; a block has yet to confirm it. */
  give(scriptPubkey: Bytes, amount: Sat): Promise<void>;
  /** For one life of a node. */
  port(): LabChainPort;
  /**
   * The transactions of the lab, parents first, those in the mempool last; others may be among
   * them, coinbases are not.
   */
  transactions(): Promise<readonly Transaction[]>;
}
