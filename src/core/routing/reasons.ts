/** Error 205: looks for what stands in the way of a payment, so that the true cause can be told. */
import { type Msat, msat, type NodeId } from '../bytes/index.js';
import { DISABLED, type Graph, KNOWN } from '../gossip/index.js';
import { keyOf } from './constraint-text.js';
import type { Belief, Knowledge } from './knowledge.js';
import type { Constraint, Direction } from './lessons.js';
import { type Closed, ObstacleSearch } from './obstacles.js';
import type { NamedEdge, Overlay } from './overlay.js';
import type { RouteRequest } from './route-request.js';
import type { Search } from './search.js';
import type { SearchRequest } from './search-request.js';

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
  /**
   * There is a way for less, not for this amount; `maxParts`: nor in so many parts. `widestMsat`:
   * what one way carries at most, its fees included.
   */
  | {
      readonly code: 'no_capacity';
      readonly amountMsat: Msat;
      readonly maxParts?: number;
      readonly widestMsat?: Msat;
    }
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
  readonly search: Search;
}

/** An explanation looks for no more constraints than these, and at about so many channels. */
const EXPLAINED = 10;
const MOST_ENTRIES = 50_000;

/** What an end's channels are held against: each alone, all in parts, or all as learned. */
type Measure = 'each' | 'together' | 'learned';

export class Reasons {
  readonly #deps: ReasonsDeps;
  readonly #obstacles: ObstacleSearch;

  constructor(deps: ReasonsDeps) {
    this.#deps = deps;
    this.#obstacles = new ObstacleSearch({ graph: deps.graph, hop: deps.search.hop });
  }

  /** From the ends of the route to its middle. */
  why(request: RouteRequest, asked: Asked, maxParts = 1): NoRoute {
    const { search, excluded } = asked;
    const { amountMsat } = request;
    const poor =
      maxParts > 1
        ? this.#poorEnd(request, asked)
        : this.#narrowEnd(request, search, asked.overlay);
    if (poor !== undefined) return poor;
    return this.#deps.search.without(excluded.edges, excluded.nodes, () => {
      const found = this.#obstacles.find(search, excluded.overlay, new Set());
      if (found?.excluded) return { code: 'excluded_by_request' };
      if (found !== undefined) {
        const constraints = this.#closing(asked, found.closed);
        if (constraints.length > 0) return { code: 'excluded_by_constraints', constraints };
        return { code: 'limits', maxHops: search.maxHops, maxDelay: search.maxDelay };
      }
      const widest = this.#obstacles.widest(search, excluded.overlay);
      if (widest === 0) return { code: 'no_path' };
      const detail = maxParts > 1 ? { maxParts } : { widestMsat: msat(widest) };
      return { code: 'no_capacity', amountMsat, ...detail };
    });
  }

  /** One way after the other: what closes each is closed for the next, up to a handful. */
  #closing(asked: Asked, first: readonly Closed[]): Constraint[] {
    const { search, excluded } = asked;
    const lifted = new Set<number>();
    const constraints = new Map<string, Constraint>();
    let looked = this.#obstacles.entries;
    for (let closed = first; closed.length > 0; ) {
      for (const constraint of this.#blocking(closed, asked))
        constraints.set(keyOf(constraint.subject), constraint);
      for (const { edge } of closed) lifted.add(edge);
      if (constraints.size >= EXPLAINED || looked > MOST_ENTRIES) break;
      const next = this.#obstacles.find(search, excluded.overlay, lifted);
      if (next === undefined || next.excluded) break;
      looked += this.#obstacles.entries;
      closed = next.closed;
    }
    return [...constraints.values()];
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

  /** The constraints that close edges for what they would have to carry. */
  #blocking(closed: readonly Closed[], { overlay, search }: Asked): Constraint[] {
    const { graph, knowledge } = this.#deps;
    const { now, source } = search;
    return closed.flatMap(({ edge, amount }) => {
      if (edge < 0) {
        const constraint = knowledge.constraintOn(overlay.named[-1 - edge] as NamedEdge, now);
        return constraint === undefined ? [] : [constraint];
      }
      const found: (Constraint | undefined)[] = [];
      const capacity = (graph.capacity[edge >> 1] as number) || (graph.htlcMaximum[edge] as number);
      const belief: Belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
      knowledge.look(edge, capacity, now, belief);
      if (!belief.usable || amount > belief.limit) {
        const at = { scid: graph.scid(edge >> 1), direction: (edge & 1) as Direction };
        found.push(knowledge.constraintOn(at, now));
      }
      const from = graph.source[edge] as number;
      if (from !== source && !knowledge.nodeUsable(from, now))
        found.push(knowledge.constraintOnNode(graph.nodeHex(from), now));
      return found.filter((constraint) => constraint !== undefined);
    });
  }
}
