/** What `getroute` is asked. */
import type { Msat, NodeId, ShortChannelId } from '../bytes/index.js';
import type { PenaltyOptions } from './cost.js';
import type { Direction } from './lessons.js';
import type { HintChannel, LocalChannel } from './overlay.js';
import type { SearchRequest } from './search-request.js';

export type Exclusion =
  | { readonly channel: { readonly scid: ShortChannelId; readonly direction?: Direction } }
  | { readonly nodeId: NodeId };

export interface RouteRequest {
  readonly source: NodeId;
  readonly destination: NodeId;
  readonly amountMsat: Msat;
  /** Percent a year. */
  readonly riskFactor: number;
  /** min_final_cltv_expiry_delta; default 9, as `getroute` has it. */
  readonly finalCltv?: number;
  readonly maxHops?: number;
  /** The largest `delay` of the first hop; default 2016. */
  readonly maxDelay?: number;
  readonly exclude?: readonly Exclusion[];
  /** Where given, these are all the channels of `source`. */
  readonly localChannels?: readonly LocalChannel[];
  readonly hints?: readonly HintChannel[];
  /** Percent of the fee by which it is over- or underrated, differently for each channel. */
  readonly fuzzPercent?: number;
  readonly fuzzSeed?: number;
  /** Of the final payload besides amount, expiry and payment secret: metadata, custom records. */
  readonly finalExtraBytes?: number;
  /** The current height; expiries are written to the onion as heights. */
  readonly height?: number;
  readonly penalty?: Partial<PenaltyOptions>;
  readonly bias?: SearchRequest['bias'];
  /** Seconds since the epoch. */
  readonly now: number;
}
