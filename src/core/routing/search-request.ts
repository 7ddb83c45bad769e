/** What the search is asked, and what it answers: edges and nodes by number. */
import type { PenaltyOptions } from './cost.js';

/** A channel in one direction that is not in the graph: our own, or from an invoice's hint. */
export interface OverlayEdge {
  readonly source: number;
  readonly target: number;
  readonly feeBase: number;
  readonly feeRate: number;
  readonly cltvDelta: number;
  readonly minimum: number;
  readonly maximum: number;
  /** What was learned of it: it carries no more than this; -1 where it is not usable. */
  readonly limit: number;
}

export interface SearchRequest {
  readonly source: number;
  readonly destination: number;
  readonly amount: number;
  readonly finalCltv: number;
  readonly riskFactor: number;
  readonly maxHops: number;
  readonly maxDelay: number;
  /** Bytes the onion has for the payloads of all hops, the final one's already taken off. */
  readonly payloadBytes: number;
  /** Added to a delay to have the height that the onion names. */
  readonly height: number;
  readonly penalty: PenaltyOptions;
  readonly now: number;
  /** Edges beyond the graph; edge `-1 - i` of a path is the i-th of them. */
  readonly overlay: readonly OverlayEdge[];
  /** The source's channels are those of the overlay only. */
  readonly ownChannelsOnly: boolean;
  /** Take no account of what was learned. */
  readonly ignoreKnowledge: boolean;
  /** The largest factor on fees (below 1), and the seed that gives each edge its own. 0: none. */
  readonly fuzz: number;
  readonly fuzzSeed: number;
  /**
   * By what the cost of an edge (as a path names it) is multiplied: 1 or more, or the bounds of the
   * search would not be bounds.
   */
  readonly bias?: (e: number) => number;
}

/** The edges from source to destination with what each carries and the expiry at its end. */
export interface FoundPath {
  readonly edges: readonly number[];
  readonly amounts: readonly number[];
  readonly delays: readonly number[];
  readonly cost: number;
  /** Bytes of the forwarding payloads. */
  readonly payload: number;
}
