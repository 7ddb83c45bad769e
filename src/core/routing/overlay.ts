/** Channels that a search takes beside the graph's: our own with their balances, and hints. */
import type { Msat, NodeId, ShortChannelId } from '../bytes/index.js';
import {
  type ChannelDirection,
  type Direction,
  type Graph,
  NODE_ID_BYTES,
} from '../gossip/index.js';
import type { Knowledge } from './knowledge.js';
import type { Constraint } from './lessons.js';
import type { OverlayEdge } from './search-request.js';

/** A channel of our own with what it can send now. */
export interface LocalChannel {
  /** What the route is to name it by: the real scid, or the alias where there is none. */
  readonly scid: ShortChannelId;
  readonly direction: Direction;
  readonly peer: NodeId;
  readonly spendableMsat: Msat;
  /** The peer's htlc_minimum_msat. */
  readonly htlcMinimumMsat?: Msat;
}

/** A channel that an invoice told of. */
export interface HintChannel extends ChannelDirection {
  readonly source: NodeId;
  readonly target: NodeId;
  readonly feeBaseMsat: number;
  readonly feeProportionalMillionths: number;
  readonly cltvDelta: number;
  readonly htlcMinimumMsat?: Msat;
  readonly htlcMaximumMsat?: Msat;
}

export interface OverlayRequest {
  readonly source: NodeId;
  readonly localChannels?: readonly LocalChannel[];
  readonly hints?: readonly HintChannel[];
  readonly now: number;
}

export interface NamedEdge extends ChannelDirection {
  readonly target: NodeId;
}

/** Channels beside the graph, and numbers for nodes that the graph does not know. */
export class Overlay {
  readonly #graph: Graph;
  readonly #nodes = new Map<NodeId, number>();
  readonly #bytes = new Uint8Array(NODE_ID_BYTES);
  readonly edges: OverlayEdge[] = [];
  readonly named: NamedEdge[] = [];

  constructor(
    request: OverlayRequest,
    deps: { readonly graph: Graph; readonly knowledge: Knowledge },
  ) {
    this.#graph = deps.graph;
    const locals = request.localChannels ?? [];
    const source = locals.length === 0 ? -1 : this.#place(request.source);
    for (const local of locals) {
      const { scid, direction, peer, spendableMsat, htlcMinimumMsat } = local;
      // There may be thousands of them: each is made at once.
      this.edges.push({
        source,
        target: this.#place(peer),
        feeBase: 0,
        feeRate: 0,
        cltvDelta: 0,
        minimum: htlcMinimumMsat === undefined ? 0 : Number(htlcMinimumMsat),
        maximum: Number(spendableMsat),
        limit: Number.POSITIVE_INFINITY,
      });
      this.named.push({ scid, direction, target: peer });
    }
    for (const hint of request.hints ?? []) {
      const { scid, direction, target } = hint;
      // Of our own channels we know better what they carry.
      if (request.localChannels !== undefined && hint.source === request.source) continue;
      this.#add(
        hint.source,
        { scid, direction, target },
        {
          feeBase: hint.feeBaseMsat,
          feeRate: hint.feeProportionalMillionths,
          cltvDelta: hint.cltvDelta,
          minimum: Number(hint.htlcMinimumMsat ?? 0n),
          maximum:
            hint.htlcMaximumMsat === undefined
              ? Number.POSITIVE_INFINITY
              : Number(hint.htlcMaximumMsat),
          limit: limitOf(deps.knowledge.constraintOn(hint, request.now)),
        },
      );
    }
  }

  /** The node's index, or -1. */
  node(id: NodeId): number {
    if (this.#nodes.size > 0) {
      const beside = this.#nodes.get(id);
      if (beside !== undefined) return beside;
    }
    return readHex(id, this.#bytes) ? this.#graph.node(this.#bytes) : -1;
  }

  #add(source: NodeId, named: NamedEdge, edge: Omit<OverlayEdge, 'source' | 'target'>): void {
    this.edges.push({ source: this.#place(source), target: this.#place(named.target), ...edge });
    this.named.push(named);
  }

  #place(id: NodeId): number {
    let n = this.node(id);
    if (n < 0) {
      n = this.#graph.nodeLimit + this.#nodes.size;
      this.#nodes.set(id, n);
    }
    return n;
  }
}

export function limitOf(constraint: Constraint | undefined): number {
  if (constraint?.unusable !== undefined) return -1;
  return constraint?.maximumMsat === undefined
    ? Number.POSITIVE_INFINITY
    : Number(constraint.maximumMsat);
}

/** Digits by their character code, -1 for what is none. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
);

/** Hex of the length of `into`, read without making anything; answers whether it was hex. */
function readHex(hex: string, into: Uint8Array): boolean {
  if (hex.length !== 2 * into.length) return false;
  for (let i = 0; i < into.length; i++) {
    const high = DIGITS[hex.charCodeAt(2 * i)] ?? -1;
    const low = DIGITS[hex.charCodeAt(2 * i + 1)] ?? -1;
    if (high < 0 || low < 0) return false;
    into[i] = 16 * high + low;
  }
  return true;
}
