/** Error 205: looks for what stands in the way of a payment, so that the true cause can be told. */
import { type Msat, msat, type NodeId, toHex } from '../bytes/index.js';
import { DISABLED, type Graph, KNOWN } from '../gossip/index.js';
import type { Belief, Knowledge } from './knowledge.js';
import type { Constraint, Direction } from './lessons.js';
import { limitOf, type NamedEdge, type Overlay } from './overlay.js';
import type { Exclusion, RouteRequest } from './route.js';
import type { FoundPath, SearchRequest } from './search-request.js';

/** Error 205, or 206 where there are routes, but all above the fee limit. */
export type NoRoutes =
  | NoRoute
  | { readonly code: 'too_dear'; readonly feeMsat: Msat; readonly maxFeeMsat: Msat };

/** Error 205: why there is no route. */
export type NoRoute =
  | { readonly code: 'same_node' }
  | { readonly code: 'amount_too_large' }
  | { readonly code: 'unknown_destination'; readonly nodeId: NodeId }
  | { readonly code: 'unknown_source'; readonly nodeId: NodeId }
  /** The largest amount that any usable channel of this node can take in, or send out. */
  | {
      readonly code: 'destination_capacity' | 'source_capacity';
      readonly nodeId: NodeId;
      readonly largestMsat: Msat;
      readonly amountMsat: Msat;
    }
  /** In any number of parts: what all usable channels of this node take in, or send out. */
  | {
      readonly code: 'destination_total' | 'source_total';
      readonly nodeId: NodeId;
      readonly totalMsat: Msat;
      readonly channels: number;
      readonly amountMsat: Msat;
      /** They are large enough; what was learned says that they hold less. */
      readonly learned: boolean;
    }
  /** There is a way but for these constraints. */
  | { readonly code: 'excluded_by_constraints'; readonly constraints: readonly Constraint[] }
  | { readonly code: 'excluded_by_request' }
  /** There is a way for less, not for this amount; `maxParts`: nor in so many parts. */
  | { readonly code: 'no_capacity'; readonly amountMsat: Msat; readonly maxParts?: number }
  | { readonly code: 'limits'; readonly maxHops: number; readonly maxDelay: number }
  | { readonly code: 'no_path' };

/** What is not to be used, in the numbers of the search. */
export interface Excluded {
  readonly edges: number[];
  readonly nodes: number[];
  readonly overlay: Set<number>;
}

/** A request in numbers. */
export interface Asked {
  readonly search: SearchRequest;
  readonly overlay: Overlay;
  readonly excluded: Excluded;
}

export interface ReasonsDeps {
  readonly graph: Graph;
  readonly knowledge: Knowledge;
  find(search: SearchRequest, excluded: Excluded): FoundPath | undefined;
  exclusions(exclude: readonly Exclusion[], overlay: Overlay): Excluded;
}

/** An explanation looks for no more constraints than these. */
const EXPLAINED = 10;

/** What an end's channels are held against: each alone, all in parts, or all as learned. */
type Measure = 'each' | 'together' | 'learned';

export class Reasons {
  readonly #deps: ReasonsDeps;

  constructor(deps: ReasonsDeps) {
    this.#deps = deps;
  }

  /** From the ends of the route to its middle. */
  why(request: RouteRequest, asked: Asked, maxParts = 1): NoRoute {
    const { search, overlay, excluded } = asked;
    const { amountMsat, exclude = [] } = request;
    const poor = maxParts > 1 ? this.#poorEnd(request, asked) : undefined;
    if (poor !== undefined) return poor;
    const free: Excluded = { edges: [], nodes: [], overlay: new Set() };
    const freely = { ...search, ignoreKnowledge: true, quick: true };
    const constraints = this.#closing(asked, exclude);
    if (constraints.length > 0) return { code: 'excluded_by_constraints', constraints };
    const excludes = excluded.edges.length + excluded.nodes.length + excluded.overlay.size > 0;
    if (excludes && this.#deps.find(freely, free) !== undefined)
      return { code: 'excluded_by_request' };
    const narrow = maxParts === 1 ? this.#narrowEnd(request, search, overlay) : undefined;
    if (narrow !== undefined) return narrow;
    const { maxHops, maxDelay } = search;
    const unlimited = { ...freely, maxHops: 1000, maxDelay: 0x7fffffff };
    if (this.#deps.find({ ...unlimited, payloadBytes: 60_000 }, free) !== undefined)
      return { code: 'limits', maxHops, maxDelay };
    for (const share of [2, 10, 1000]) {
      const amount = Math.max(1, Math.floor(search.amount / share));
      if (this.#deps.find({ ...unlimited, amount }, free) !== undefined)
        return { code: 'no_capacity', amountMsat, ...(maxParts > 1 ? { maxParts } : {}) };
    }
    return { code: 'no_path' };
  }

  /** One way after the other: what closes each is closed for the next, up to a handful. */
  #closing({ search, overlay, excluded }: Asked, exclude: readonly Exclusion[]): Constraint[] {
    // Where nothing is known or excluded, a search without that would find as little.
    if (this.#deps.knowledge.size === 0) return [];
    const freely = { ...search, ignoreKnowledge: true, quick: true };
    const constraints: Constraint[] = [];
    let way = this.#deps.find(freely, excluded);
    while (way !== undefined) {
      const closing = this.#blocking(way, overlay, search);
      constraints.push(...closing);
      if (closing.length === 0 || constraints.length >= EXPLAINED) break;
      const closed = [...exclude, ...constraints.map(({ subject }) => subject)];
      way = this.#deps.find(freely, this.#deps.exclusions(closed, overlay));
    }
    return constraints;
  }

  /** The end whose channels are each too small. */
  #narrowEnd(
    { destination, source, amountMsat }: RouteRequest,
    search: SearchRequest,
    overlay: Overlay,
  ): NoRoute | undefined {
    const narrow = (code: 'destination_capacity' | 'source_capacity', id: NodeId, most: number) =>
      ({ code, nodeId: id, largestMsat: msat(most), amountMsat }) as const;
    const into = Math.max(0, ...this.#ends(search.destination, overlay, 'in', search, 'each'));
    if (into < search.amount) return narrow('destination_capacity', destination, into);
    const outOf = Math.max(0, ...this.#ends(search.source, overlay, 'out', search, 'each'));
    return outOf < search.amount ? narrow('source_capacity', source, outOf) : undefined;
  }

  /** The end whose channels are too small all together, as they are or as was learned. */
  #poorEnd(
    { destination, source, amountMsat }: RouteRequest,
    { search, overlay }: Asked,
  ): NoRoute | undefined {
    const ends = [
      ['destination_total', destination, search.destination, 'in'],
      ['source_total', source, search.source, 'out'],
    ] as const;
    for (const measure of ['together', 'learned'] as const)
      for (const [code, nodeId, n, side] of ends) {
        const all = this.#ends(n, overlay, side, search, measure);
        const total = all.reduce((sum, most) => sum + most, 0);
        if (total >= search.amount) continue;
        const learned = measure === 'learned';
        const totalMsat = msat(Math.floor(total));
        return { code, nodeId, totalMsat, channels: all.length, amountMsat, learned };
      }
    return undefined;
  }

  /** What each usable channel of a node takes in or sends out at most. */
  #ends(
    n: number,
    overlay: Overlay,
    side: 'in' | 'out',
    search: SearchRequest,
    measure: Measure,
  ): number[] {
    const { graph, knowledge } = this.#deps;
    const ends: number[] = [];
    const add = (most: number): void => {
      ends.push(Math.max(0, Math.min(most, Number.MAX_SAFE_INTEGER)));
    };
    const belief: Belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
    if (n < graph.nodeLimit && !(side === 'out' && search.ownChannelsOnly)) {
      const start = graph.incoming.start(n);
      for (let i = 0; i < graph.incoming.length(n); i++) {
        const incoming = graph.incoming.pool[start + i] as number;
        const e = side === 'in' ? incoming : incoming ^ 1;
        if (((graph.flags[e] as number) & (KNOWN | DISABLED)) !== KNOWN) continue;
        const maximum = graph.htlcMaximum[e] as number;
        const capacity = (graph.capacity[e >> 1] as number) || maximum;
        if (measure === 'learned') {
          knowledge.look(e, capacity, search.now, belief);
          add(belief.usable ? Math.min(capacity, belief.limit) : 0);
        } else add(measure === 'each' ? Math.min(maximum, capacity) : capacity);
      }
    }
    for (const edge of overlay.edges)
      if ((side === 'in' ? edge.target : edge.source) === n)
        add(measure === 'learned' ? Math.min(edge.maximum, edge.limit) : edge.maximum);
    return ends;
  }

  /** The constraints that forbid a path. */
  #blocking(path: FoundPath, overlay: Overlay, { now, source }: SearchRequest): Constraint[] {
    const { graph, knowledge } = this.#deps;
    const found: Constraint[] = [];
    const belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
    path.edges.forEach((e, i) => {
      if (e < 0) {
        const constraint = knowledge.constraintOn(overlay.named[-1 - e] as NamedEdge, now);
        if ((path.amounts[i] as number) > limitOf(constraint) && constraint !== undefined)
          found.push(constraint);
        return;
      }
      const capacity = (graph.capacity[e >> 1] as number) || (graph.htlcMaximum[e] as number);
      knowledge.look(e, capacity, now, belief);
      if (!belief.usable || (path.amounts[i] as number) > belief.limit) {
        const direction = (e & 1) as Direction;
        const constraint = knowledge.constraintOn({ scid: graph.scid(e >> 1), direction }, now);
        if (constraint !== undefined) found.push(constraint);
      }
      const from = graph.source[e] as number;
      if (from === source || knowledge.nodeUsable(from, now)) return;
      const id = toHex(graph.nodeId(from)) as NodeId;
      const constraint = knowledge.constraintOnNode(id, now);
      if (constraint !== undefined) found.push(constraint);
    });
    return found;
  }
}
