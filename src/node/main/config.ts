import type { Sat } from '../../core/bytes/index.js';
import type { NetAddress, NetworkName } from '../../ports/index.js';

/** What the operator chose, with every default filled in. Options of the same names: docs/options.md. */
export interface NodeConfig {
  readonly network: NetworkName;
  /** `<lightning-dir>/<network>`; the lab has none on disk. */
  readonly directory: string;
  readonly version: string;
  readonly alias: string;
  /** Six hex digits, `--rgb`. */
  readonly color: string;
  /** Where to listen (`--addr`, `--bind-addr`). */
  readonly bindings: readonly NetAddress[];
  /** What node_announcement tells (`--addr`, `--announce-addr`). */
  readonly announced: readonly NetAddress[];
  /** `--fee-base`, millisatoshi. */
  readonly feeBaseMsat: number;
  /** `--fee-per-satoshi`, millionths. */
  readonly feePerSatoshi: number;
  /** `--cltv-delta`, blocks between an incoming and an outgoing HTLC. */
  readonly cltvDelta: number;
  /** `--cltv-final`, blocks an invoice asks for. */
  readonly cltvFinal: number;
  /** `--max-concurrent-htlcs`, in one channel and direction. */
  readonly maxConcurrentHtlcs: number;
  /** `--min-capacity-sat`: smaller channels are not accepted. */
  readonly minCapacitySat: Sat;
  /** `--funding-confirms`. */
  readonly fundingConfirms: number;
  /** `--watchtime-blocks`: the peer's outputs of its own commitment wait so long (to_self_delay). */
  readonly watchtimeBlocks: number;
  /** `--sendpay-compat`: `cln` answers a sendpay at once and repeats a success. */
  readonly sendpayCompat: 'seed' | 'cln';
  /** `--constraint-half-life`, seconds in which a learned bound fades half-way to unknown. */
  readonly constraintHalfLife: number;
  /** `--rescan`: so many blocks back, or from this height on where it is negative. */
  readonly rescan: number | undefined;
  /** `--min-emergency-msat`: kept back for fees of claims. */
  readonly minEmergencyMsat: bigint;
  /** `--force-feerates`, satoshi per 1000 weight units; undefined asks the chain. */
  readonly forceFeerate: number | undefined;
  /** Milliseconds between two looks at the chain's tip. */
  readonly pollMs: number | undefined;
  readonly developer: boolean;
  /** `--dev-load-graph`: the graph's file, already read (developer only). */
  readonly devGraph: { readonly channels: Uint8Array; readonly nodes: Uint8Array } | undefined;
  /** Every option with its value, for `listconfigs`. */
  readonly configs: Readonly<Record<string, unknown>>;
}
