/** Routes for the parts of one payment, made of a flow: exact amounts, none too many for a channel. */
import type { Graph } from '../gossip/index.js';
import { penaltyWeight } from './cost.js';
import { FlowSearch } from './flow.js';
import type { Flow } from './flow-arcs.js';
import { Hop } from './hop.js';
import type { Knowledge } from './knowledge.js';
import { payloadSize } from './payload.js';
import type { FoundPath, OverlayEdge, SearchRequest } from './search-request.js';

export interface SplitLimits {
  readonly maxParts: number;
  /** What all parts together may cost in fees. */
  readonly maxFee: number;
  /** What edges carry already, by the same numbers as paths have. */
  readonly reserved: Flow;
  readonly excluded: ReadonlySet<number>;
}

export interface Split {
  readonly parts: readonly FoundPath[];
  readonly fee: number;
  /** Fees, risk and penalty of all parts. */
  readonly cost: number;
}

export type SplitError =
  | { readonly code: 'no_flow' }
  /** The cheapest split that was found costs this much. */
  | { readonly code: 'too_dear'; readonly fee: number };

/** How often what did not fit is split again, with what did fit taken for granted. */
const ROUNDS = 5;
/** Parts made at most before those of one way become one again. */
const MOST_FITTED = 200;
/** What a part beyond the first must be worth: it takes a slot of every channel on its way, */
export const PART_MSAT = 1_000;
/** and, in the weight of a factor e of chance, it is one more that may fail. */
const PART_DOUBT = 0.03;
/** Where the fees are too high: how much less the chance counts in the next try. */
const THRIFT = [1, 0.2, 0.04, 0];

export class Splitter {
  readonly #graph: Graph;
  readonly #flows: FlowSearch;
  readonly #hop: Hop;

  constructor(deps: { readonly graph: Graph; readonly knowledge: Knowledge }) {
    this.#graph = deps.graph;
    this.#flows = new FlowSearch(deps);
    this.#hop = new Hop(deps);
  }

  /** The cheapest split within the limits. */
  split(request: SearchRequest, limits: SplitLimits): Split | SplitError {
    let cheapest = Number.POSITIVE_INFINITY;
    for (const thrift of THRIFT) {
      const split = this.#splitAt(request, limits, thrift);
      // What can flow does not depend on how much the chance counts.
      if (split === 'no_flow') break;
      if (split === undefined) continue;
      if (split.fee <= limits.maxFee) return split;
      cheapest = Math.min(cheapest, split.fee);
    }
    return Number.isFinite(cheapest) ? { code: 'too_dear', fee: cheapest } : { code: 'no_flow' };
  }

  #splitAt(
    request: SearchRequest,
    limits: SplitLimits,
    thrift: number,
  ): Split | 'no_flow' | undefined {
    const weight = penaltyWeight(request.penalty, request.amount);
    this.#hop.begin(request, weight);
    const used = new Map(limits.reserved);
    const excluded = new Set(limits.excluded);
    const parts: FoundPath[] = [];
    let left = request.amount;
    for (let round = 0; round < ROUNDS && left > 0; round++) {
      const ask = { ...request, amount: left };
      // Where it is tight, what the fees take is seen only once the ways are priced.
      const flow =
        this.#flows.find(ask, weight * thrift, used, excluded) ??
        this.#flows.find(ask, weight * thrift, used, excluded, true);
      if (flow === undefined) return round === 0 ? 'no_flow' : undefined;
      const before = left;
      for (const { edges, amount } of waysOf(flow, request, this.#graph)) {
        // A channel may take it in several HTLCs only: as many parts go this way.
        for (let rest = Math.min(left, amount); rest > 0 && parts.length < MOST_FITTED; ) {
          const part = this.#fit(edges, rest, request, used, excluded);
          if (part === undefined) break;
          parts.push(part);
          left -= part.arrives;
          rest -= part.arrives;
        }
      }
      if (left === before && round > 0 && excluded.size === limits.excluded.size) return undefined;
    }
    if (left > 0) return undefined;
    return this.#sum(this.#thin(this.#merge(parts, request), request, limits), limits);
  }

  /** The way with exact amounts, less if a channel has no more room; nothing where it does not go. */
  #fit(
    edges: readonly number[],
    wanted: number,
    request: SearchRequest,
    used: Map<number, number>,
    excluded: Set<number>,
  ): Part | undefined {
    let amount = wanted;
    for (let i = 0; i < 4; i++) {
      const way = this.#price(edges, amount, request);
      if ('stuck' in way) {
        if (way.room >= way.needed || way.room < 1) {
          excluded.add(way.stuck);
          return undefined;
        }
        amount = Math.floor((amount * way.room) / way.needed) - 1;
        continue;
      }
      const tight = way.edges.findIndex(
        (e, at) => (way.amounts[at] as number) > this.#room(e, request) - (used.get(e) ?? 0),
      );
      if (tight < 0) {
        way.edges.forEach((e, at) => {
          used.set(e, (used.get(e) ?? 0) + (way.amounts[at] as number));
        });
        return way;
      }
      const e = way.edges[tight] as number;
      const room = this.#room(e, request) - (used.get(e) ?? 0);
      amount = Math.floor((amount * room) / (way.amounts[tight] as number)) - 1;
      if (amount < request.amount / 1000) {
        excluded.add(e);
        return undefined;
      }
    }
    return undefined;
  }

  /** The exact way for an amount, or the edge that does not take it. */
  #price(
    edges: readonly number[],
    amount: number,
    request: SearchRequest,
  ): Part | { readonly stuck: number; readonly needed: number; readonly room: number } {
    const hop = this.#hop;
    const amounts: number[] = [];
    const delays: number[] = [];
    let [cost, payload, arrives, delay] = [0, 0, amount, request.finalCltv];
    for (let i = edges.length - 1; i >= 0; i--) {
      const e = edges[i] as number;
      amounts.unshift(arrives);
      delays.unshift(delay);
      if (!hop.take(e, arrives))
        return {
          stuck: e,
          needed: arrives,
          room: Math.min(this.#room(e, request), this.#most(e, request)),
        };
      if (hop.from !== request.source) payload += payloadSize(arrives, request.height + delay);
      cost += hop.cost;
      arrives = hop.amount;
      delay += hop.delta;
    }
    const tooLong =
      edges.length > request.maxHops ||
      (delays[0] as number) > request.maxDelay ||
      payload > request.payloadBytes;
    if (tooLong) return { stuck: this.#longest(edges, delays), needed: 0, room: 0 };
    return { edges, amounts, delays, cost, payload, arrives: amount };
  }

  /** The edge that adds most to the delay; the first one adds nothing. */
  #longest(edges: readonly number[], delays: readonly number[]): number {
    let at = 0;
    let most = -1;
    for (let i = 1; i < edges.length; i++) {
      const added = (delays[i - 1] as number) - (delays[i] as number);
      if (added > most) [at, most] = [i, added];
    }
    return edges[at] as number;
  }

  /** What an edge may carry in all parts together. */
  #room(e: number, { overlay }: SearchRequest): number {
    if (e < 0) {
      const edge = overlay[-1 - e] as OverlayEdge;
      return Math.min(edge.maximum, edge.limit);
    }
    return this.#hop.limit(e);
  }

  /** What an edge may carry in one part. */
  #most(e: number, { overlay }: SearchRequest): number {
    if (e < 0) return (overlay[-1 - e] as OverlayEdge).maximum;
    return this.#graph.htlcMaximum[e] as number;
  }

  /** Parts that go the same way become one, where the channels take it. */
  #merge(parts: readonly FoundPath[], request: SearchRequest): FoundPath[] {
    const byWay = new Map<string, FoundPath>();
    const merged: FoundPath[] = [];
    for (const part of parts) {
      const key = part.edges.join();
      const same = byWay.get(key);
      const amount = (same?.amounts.at(-1) ?? 0) + (part.amounts.at(-1) as number);
      const joined = same === undefined ? part : this.#price(part.edges, amount, request);
      if ('stuck' in joined) {
        merged.push(part);
        continue;
      }
      byWay.set(key, joined);
    }
    return [...byWay.values(), ...merged];
  }

  /**
   * The smallest parts go along with others, where the channels take it and that costs hardly
   * more: arcs end where they end, and leave crumbs. Beyond the number allowed, whatever it costs.
   */
  #thin(parts: FoundPath[], request: SearchRequest, limits: SplitLimits): FoundPath[] {
    const weight = penaltyWeight(request.penalty, request.amount);
    const kept = [...parts].sort((a, b) => arrivesOf(a) - arrivesOf(b));
    const used = new Map(limits.reserved);
    const carry = (path: FoundPath, sign: number): void =>
      path.edges.forEach((e, i) => {
        used.set(e, (used.get(e) ?? 0) + sign * (path.amounts[i] as number));
      });
    for (const part of kept) carry(part, 1);
    let fees = kept.reduce((sum, part) => sum + feeOfPath(part), 0);
    for (let at = 0; at < kept.length && kept.length > 1; ) {
      const crumb = kept[at] as FoundPath;
      carry(crumb, -1);
      const worth =
        kept.length > limits.maxParts ? Number.POSITIVE_INFINITY : PART_MSAT + weight * PART_DOUBT;
      let best:
        | { readonly i: number; readonly joined: FoundPath; readonly more: number }
        | undefined;
      kept.forEach((other, i) => {
        if (i === at) return;
        const joined = this.#joined(other, arrivesOf(crumb), request, used);
        if (joined === undefined) return;
        const more = joined.cost - other.cost - crumb.cost;
        const dearer = feeOfPath(joined) - feeOfPath(other) - feeOfPath(crumb);
        if (more > worth || (dearer > 0 && fees + dearer > limits.maxFee)) return;
        if (best === undefined || more < best.more) best = { i, joined, more };
      });
      if (best === undefined) {
        carry(crumb, 1);
        at++;
        continue;
      }
      const { i, joined } = best;
      const other = kept[i] as FoundPath;
      carry(other, -1);
      carry(joined, 1);
      fees += feeOfPath(joined) - feeOfPath(other) - feeOfPath(crumb);
      kept[i] = joined;
      kept.splice(at, 1);
    }
    return kept;
  }

  /** The path with more on it, where its channels have room for that beside what is `used`. */
  #joined(
    path: FoundPath,
    more: number,
    request: SearchRequest,
    used: ReadonlyMap<number, number>,
  ): FoundPath | undefined {
    const joined = this.#price(path.edges, arrivesOf(path) + more, request);
    if ('stuck' in joined) return undefined;
    const fits = joined.edges.every((e, i) => {
      const others = (used.get(e) ?? 0) - (path.amounts[i] as number);
      return others + (joined.amounts[i] as number) <= this.#room(e, request);
    });
    return fits ? joined : undefined;
  }

  #sum(parts: readonly FoundPath[], limits: SplitLimits): Split | undefined {
    if (parts.length > limits.maxParts) return undefined;
    let [fee, cost] = [0, 0];
    for (const part of parts) {
      fee += (part.amounts[0] as number) - (part.amounts.at(-1) as number);
      cost += part.cost;
    }
    return { parts, fee, cost };
  }
}

const arrivesOf = ({ amounts }: FoundPath): number => amounts.at(-1) as number;
const feeOfPath = ({ amounts }: FoundPath): number =>
  (amounts[0] as number) - (amounts.at(-1) as number);

interface Part extends FoundPath {
  readonly arrives: number;
}

/** Takes a flow apart into ways from the source to the destination. */
function* waysOf(
  flow: Flow,
  { source, destination, overlay }: SearchRequest,
  graph: Graph,
): Generator<{ readonly edges: number[]; readonly amount: number }> {
  const left = new Map(flow);
  const leaving = new Map<number, number[]>();
  const ends = (e: number): readonly [number, number] => {
    const edge = e < 0 ? overlay[-1 - e] : undefined;
    return edge === undefined
      ? [graph.source[e] as number, graph.source[e ^ 1] as number]
      : [edge.source, edge.target];
  };
  for (const e of flow.keys()) {
    const [from] = ends(e);
    const list = leaving.get(from);
    if (list === undefined) leaving.set(from, [e]);
    else list.push(e);
  }
  for (;;) {
    const edges: number[] = [];
    const visited = new Set<number>();
    let amount = Number.POSITIVE_INFINITY;
    for (let n = source; n !== destination; ) {
      const next = leaving.get(n)?.find((e) => (left.get(e) ?? 0) > 0);
      if (next === undefined || visited.has(n)) return;
      visited.add(n);
      edges.push(next);
      amount = Math.min(amount, left.get(next) as number);
      n = ends(next)[1];
    }
    for (const e of edges) left.set(e, (left.get(e) as number) - amount);
    yield { edges, amount };
  }
}
