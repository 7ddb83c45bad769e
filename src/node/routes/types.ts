import type { Bytes, Msat, NodeId } from '../../core/bytes/index.js';
import type {
  Constraint,
  Exclusion,
  HintChannel,
  LocalChannel,
  NoRoute,
  PenaltyOptions,
  Reservation,
} from '../../core/routing/index.js';
import type { Clock, Logger, Store } from '../../ports/index.js';

export interface RoutesOptions {
  /** This node: where a route begins unless the caller says otherwise. */
  readonly nodeId: NodeId;
  readonly chainHash: Bytes;
  /** `--constraint-half-life`, seconds. */
  readonly halfLifeSeconds?: number;
  readonly penalty?: Partial<PenaltyOptions>;
  /** `--dev-load-graph`: channels and nodes as CSV, gzipped or not. */
  readonly devGraph?: { readonly channels: Uint8Array; readonly nodes: Uint8Array };
}

export interface RoutesDeps {
  readonly store: Pick<Store, 'commit' | 'select'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Our channels that can send now, with their exact balances. */
  readonly localChannels: () => readonly LocalChannel[];
  /** The same channels in both directions, with fees, as others would route over them. */
  readonly localHops: () => readonly HintChannel[];
  /** What our own payments hold of channels just now. */
  readonly inFlight: () => readonly Reservation[];
  readonly height: () => number;
  /** The disk failed: stop the node. */
  readonly fatal: (error: unknown) => void;
}

export interface RouteQuery {
  readonly destination: NodeId;
  /** What arrives. */
  readonly amountMsat: Msat;
  /** Percent a year that stuck funds cost. */
  readonly riskFactor: number;
  /** The delay the last hop is to have; default 9. */
  readonly finalCltv?: number;
  /** Default: this node, with its own channels' exact balances. */
  readonly source?: NodeId;
  readonly exclude?: readonly Exclusion[];
  readonly maxHops?: number;
  readonly maxDelay?: number;
  readonly fuzzPercent?: number;
  readonly fuzzSeed?: number;
  readonly hints?: readonly HintChannel[];
  /** Of the final payload besides amount, expiry and payment secret. */
  readonly finalExtraBytes?: number;
  readonly penalty?: Partial<PenaltyOptions>;
}

export interface RoutesQuery {
  readonly source: NodeId;
  readonly destination: NodeId;
  readonly amountMsat: Msat;
  readonly maxFeeMsat: Msat;
  readonly finalCltv: number;
  readonly maxDelay: number;
  readonly maxParts: number;
  /** Percent a year. */
  readonly riskFactor: number;
  readonly layers: readonly string[];
}

export type { Constraint, NoRoute };
