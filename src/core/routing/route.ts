/** getroute: from ids and amounts to a route, or to the true reason why there is none. */
import {
  err,
  type Msat,
  msat,
  type NodeId,
  ok,
  type Result,
  type ShortChannelId,
  toHex,
} from '../bytes/index.js';
import { DISABLED, type Graph, KNOWN } from '../gossip/index.js';
import { type PenaltyOptions, penaltyWeight } from './cost.js';
import { DEFAULT_FADING, Knowledge } from './knowledge.js';
import type { ChannelDirection, Constraint, Direction } from './lessons.js';
import {
  type HintChannel,
  type LocalChannel,
  limitOf,
  type NamedEdge,
  Overlay,
} from './overlay.js';
import { truncated } from './payload.js';
import { Search } from './search.js';
import type { FoundPath, SearchRequest } from './search-request.js';
import { Splitter } from './split.js';

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

/** A hop as `sendpay` takes it: amount and delay are what arrives at `id`. */
export interface RouteHop {
  readonly id: NodeId;
  readonly channel: ShortChannelId;
  readonly direction: Direction;
  readonly amountMsat: Msat;
  readonly delay: number;
}

export interface Route {
  readonly hops: readonly RouteHop[];
  readonly feeMsat: Msat;
  /** In millisatoshi: fee, risk and penalty. */
  readonly cost: number;
}

/** What a channel already carries of a payment that is on its way. */
export interface Reservation extends ChannelDirection {
  readonly amountMsat: Msat;
}

export interface RoutesRequest extends RouteRequest {
  /** Parts at most; default 100. */
  readonly maxParts?: number;
  /** Fees of all parts together at most. */
  readonly maxFeeMsat?: Msat;
  readonly reserved?: readonly Reservation[];
}

export interface RouteParts {
  readonly parts: readonly Route[];
  readonly feeMsat: Msat;
  readonly cost: number;
}

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
  /** There is a way but for these constraints. */
  | { readonly code: 'excluded_by_constraints'; readonly constraints: readonly Constraint[] }
  | { readonly code: 'excluded_by_request' }
  /** There is a way for less, not for this amount in one part. */
  | { readonly code: 'no_capacity'; readonly amountMsat: Msat }
  | { readonly code: 'limits'; readonly maxHops: number; readonly maxDelay: number }
  | { readonly code: 'no_path' };

/** BOLT 4: hop_payloads has 1300 bytes. */
const ONION_BYTES = 1300;

export class Router {
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #penalty: PenaltyOptions;
  readonly search: Search;
  readonly #splitter: Splitter;

  constructor(
    options: { readonly penalty: PenaltyOptions },
    deps: { readonly graph: Graph; readonly knowledge: Knowledge },
  ) {
    this.#penalty = options.penalty;
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
    const nobody = new Knowledge(DEFAULT_FADING, { graph: deps.graph });
    this.search = new Search({ ...deps, nobody });
    this.#splitter = new Splitter(deps);
  }

  getroute(request: RouteRequest): Result<Route, NoRoute> {
    const asked = this.#ask(request);
    if ('code' in asked) return err(asked);
    const { search, excluded, overlay } = asked;
    const path = this.#find(search, excluded);
    if (path === undefined) return err(this.#reason(request, search, excluded, overlay));
    return ok(this.#route(path, overlay, search.amount));
  }

  /**
   * Routes for parts that bring the amount together: one where one is best, more where they cost
   * less, the chance of all of them counted. `maxFeeMsat` holds for all together.
   */
  getroutes(request: RoutesRequest): Result<RouteParts, NoRoutes> {
    const asked = this.#ask(request);
    if ('code' in asked) return err(asked);
    const { search, excluded, overlay } = asked;
    const reserved = this.#reservations(request.reserved ?? [], overlay);
    const maxFee = Number(request.maxFeeMsat ?? Number.MAX_SAFE_INTEGER);
    const single = reserved.size > 0 ? undefined : this.#find(search, excluded);
    const affordable = single !== undefined && feeOfPath(single) <= maxFee ? single : undefined;
    const weight = penaltyWeight(search.penalty, search.amount);
    const maxParts = request.maxParts ?? 100;
    const one = (path: FoundPath) => ok(this.#routes([path], overlay));
    // Where one part costs hardly more than its fee, several cannot be better.
    if (affordable !== undefined && (maxParts === 1 || affordable.cost < weight * CERTAIN))
      return one(affordable);
    const limits = { maxParts, maxFee, reserved, excluded: this.#excludedEdges(excluded) };
    const split = this.#splitter.split(search, limits);
    if ('code' in split) {
      if (affordable !== undefined) return one(affordable);
      if (split.code === 'no_flow' && single === undefined)
        return err(this.#reason(request, search, excluded, overlay));
      const feeMsat = msat(split.code === 'too_dear' ? split.fee : feeOfPath(single as FoundPath));
      return err({ code: 'too_dear', feeMsat, maxFeeMsat: msat(maxFee) });
    }
    const dearer = split.cost + (split.parts.length - 1) * PART_MSAT;
    if (affordable !== undefined && affordable.cost <= dearer) return one(affordable);
    return ok(this.#routes(split.parts, overlay));
  }

  #routes(paths: readonly FoundPath[], overlay: Overlay): RouteParts {
    const parts = paths.map((path) => this.#route(path, overlay, path.amounts.at(-1) as number));
    const feeMsat = msat(parts.reduce((sum, part) => sum + part.feeMsat, 0n));
    return { parts, feeMsat, cost: parts.reduce((sum, part) => sum + part.cost, 0) };
  }

  #reservations(reserved: readonly Reservation[], overlay: Overlay): ReadonlyMap<number, number> {
    const amounts = new Map<number, number>();
    const add = (e: number, amount: number): void => {
      amounts.set(e, (amounts.get(e) ?? 0) + amount);
    };
    for (const { scid, direction, amountMsat } of reserved) {
      const e = this.#graph.edge(scid, direction);
      if (e >= 0) add(e, Number(amountMsat));
      overlay.named.forEach((edge, i) => {
        if (edge.scid === scid && edge.direction === direction) add(-1 - i, Number(amountMsat));
      });
    }
    return amounts;
  }

  /** All that is excluded as edges: of a node, those that start there. */
  #excludedEdges({ edges, nodes, overlay }: Excluded): Set<number> {
    const all = new Set(edges);
    for (const i of overlay) all.add(-1 - i);
    for (const n of nodes) {
      if (n >= this.#graph.nodeLimit) continue;
      const { pool } = this.#graph.incoming;
      const start = this.#graph.incoming.start(n);
      for (let i = 0; i < this.#graph.incoming.length(n); i++)
        all.add((pool[start + i] as number) ^ 1);
    }
    return all;
  }

  /** The request in numbers, or what makes it vain from the start. */
  #ask(request: RouteRequest): Asked | NoRoute {
    if (request.source === request.destination) return { code: 'same_node' };
    const amount = Number(request.amountMsat);
    if (!Number.isSafeInteger(amount)) return { code: 'amount_too_large' };
    const overlay = new Overlay(request, { graph: this.#graph, knowledge: this.#knowledge });
    const source = overlay.node(request.source);
    const destination = overlay.node(request.destination);
    if (destination < 0) return { code: 'unknown_destination', nodeId: request.destination };
    if (source < 0) return { code: 'unknown_source', nodeId: request.source };
    const search: SearchRequest = {
      source,
      destination,
      amount,
      finalCltv: request.finalCltv ?? 9,
      riskFactor: request.riskFactor,
      maxHops: request.maxHops ?? 20,
      maxDelay: request.maxDelay ?? 2016,
      payloadBytes: ONION_BYTES - this.#finalPayload(request, amount),
      height: request.height ?? 0,
      penalty: { ...this.#penalty, ...request.penalty },
      now: request.now,
      overlay: overlay.edges,
      ownChannelsOnly: request.localChannels !== undefined,
      ignoreKnowledge: false,
      fuzz: Math.min(99, request.fuzzPercent ?? 0) / 100,
      fuzzSeed: request.fuzzSeed ?? 0,
      ...(request.bias === undefined ? {} : { bias: request.bias }),
    };
    return { search, overlay, excluded: this.#exclusions(request.exclude ?? [], overlay) };
  }

  #find(search: SearchRequest, excluded: Excluded): FoundPath | undefined {
    if (excluded.edges.length + excluded.nodes.length === 0 && excluded.overlay.size === 0)
      return this.search.find(search);
    // Its place stays, so that the others keep their numbers; nothing fits through it.
    const overlay = search.overlay.map((edge, i) =>
      excluded.overlay.has(i) ? { ...edge, maximum: -1 } : edge,
    );
    return this.search.without(excluded.edges, excluded.nodes, () =>
      this.search.find({ ...search, overlay }),
    );
  }

  #finalPayload(request: RouteRequest, amount: number): number {
    const expiry = (request.height ?? 0) + (request.finalCltv ?? 9);
    const data = 2 + truncated(amount) + 2 + truncated(expiry) + 2 + 32 + truncated(amount);
    const length = data + (request.finalExtraBytes ?? 0);
    return (length < 0xfd ? 1 : 3) + length + 32;
  }

  #route(path: FoundPath, overlay: Overlay, amount: number): Route {
    const hops = path.edges.map((e, i): RouteHop => {
      const common = {
        amountMsat: msat(path.amounts[i] as number),
        delay: path.delays[i] as number,
      };
      if (e < 0) {
        const { target, scid, direction } = overlay.named[-1 - e] as NamedEdge;
        return { id: target, channel: scid, direction, ...common };
      }
      const id = toHex(this.#graph.nodeId(this.#graph.source[e ^ 1] as number)) as NodeId;
      return { id, channel: this.#graph.scid(e >> 1), direction: (e & 1) as Direction, ...common };
    });
    return { hops, feeMsat: msat((path.amounts[0] as number) - amount), cost: path.cost };
  }

  #exclusions(exclude: readonly Exclusion[], overlay: Overlay): Excluded {
    const excluded: Excluded = { edges: [], nodes: [], overlay: new Set() };
    for (const exclusion of exclude) {
      if ('nodeId' in exclusion) {
        const n = overlay.node(exclusion.nodeId);
        if (n >= 0) excluded.nodes.push(n);
        continue;
      }
      const { scid, direction } = exclusion.channel;
      const c = this.#graph.channel(scid);
      for (const d of [0, 1] as const) {
        if (direction !== undefined && direction !== d) continue;
        if (c >= 0) excluded.edges.push(2 * c + d);
        overlay.named.forEach((edge, i) => {
          if (edge.scid === scid && edge.direction === d) excluded.overlay.add(i);
        });
      }
    }
    return excluded;
  }

  /** Looks for what stands in the way, from the ends of the route to its middle. */
  #reason(
    request: RouteRequest,
    search: SearchRequest,
    excluded: Excluded,
    overlay: Overlay,
  ): NoRoute {
    const free: Excluded = { edges: [], nodes: [], overlay: new Set() };
    const { amountMsat } = request;
    const freely = { ...search, ignoreKnowledge: true, quick: true };
    // Where nothing is known or excluded, a search without that would find as little.
    const constrained = this.#knowledge.size === 0 ? undefined : this.#find(freely, excluded);
    if (constrained !== undefined) {
      const { exclude = [] } = request;
      const constraints: Constraint[] = [];
      // One way after the other: what closes each is closed for the next, up to a handful.
      for (let way: typeof constrained | undefined = constrained; way !== undefined; ) {
        const closing = this.#blocking(way, overlay, search);
        constraints.push(...closing);
        if (closing.length === 0 || constraints.length >= EXPLAINED) break;
        const closed = [...exclude, ...constraints.map(({ subject }) => subject)];
        way = this.#find(freely, this.#exclusions(closed, overlay));
      }
      if (constraints.length > 0) return { code: 'excluded_by_constraints', constraints };
    }
    const excludes = excluded.edges.length + excluded.nodes.length + excluded.overlay.size > 0;
    if (excludes && this.#find(freely, free) !== undefined) return { code: 'excluded_by_request' };
    const into = this.#largest(search.destination, overlay, 'in', search);
    if (into < search.amount)
      return {
        code: 'destination_capacity',
        nodeId: request.destination,
        largestMsat: msat(into),
        amountMsat,
      };
    const outOf = this.#largest(search.source, overlay, 'out', search);
    if (outOf < search.amount)
      return {
        code: 'source_capacity',
        nodeId: request.source,
        largestMsat: msat(outOf),
        amountMsat,
      };
    const { maxHops, maxDelay } = search;
    const unlimited = { ...freely, maxHops: 1000, maxDelay: 0x7fffffff };
    if (this.#find({ ...unlimited, payloadBytes: 60_000 }, free) !== undefined)
      return { code: 'limits', maxHops, maxDelay };
    for (const amount of [search.amount / 2, search.amount / 10, search.amount / 1000])
      if (this.#find({ ...unlimited, amount: Math.max(1, Math.floor(amount)) }, free) !== undefined)
        return { code: 'no_capacity', amountMsat };
    return { code: 'no_path' };
  }

  /** The constraints that forbid a path. */
  #blocking(path: FoundPath, overlay: Overlay, { now, source }: SearchRequest): Constraint[] {
    const graph = this.#graph;
    const found: Constraint[] = [];
    const belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
    path.edges.forEach((e, i) => {
      if (e < 0) {
        const constraint = this.#knowledge.constraintOn(overlay.named[-1 - e] as NamedEdge, now);
        if ((path.amounts[i] as number) > limitOf(constraint) && constraint !== undefined)
          found.push(constraint);
        return;
      }
      const capacity = (graph.capacity[e >> 1] as number) || (graph.htlcMaximum[e] as number);
      this.#knowledge.look(e, capacity, now, belief);
      if (!belief.usable || (path.amounts[i] as number) > belief.limit) {
        const direction = (e & 1) as Direction;
        const constraint = this.#knowledge.constraintOn(
          { scid: graph.scid(e >> 1), direction },
          now,
        );
        if (constraint !== undefined) found.push(constraint);
      }
      const from = graph.source[e] as number;
      if (from === source || this.#knowledge.nodeUsable(from, now)) return;
      const id = toHex(graph.nodeId(from)) as NodeId;
      const constraint = this.#knowledge.constraintOnNode(id, now);
      if (constraint !== undefined) found.push(constraint);
    });
    return found;
  }

  /** The largest amount that one usable channel of a node takes in or sends out. */
  #largest(n: number, overlay: Overlay, side: 'in' | 'out', search: SearchRequest): number {
    const graph = this.#graph;
    let largest = 0;
    if (n < graph.nodeLimit && !(side === 'out' && search.ownChannelsOnly)) {
      const start = graph.incoming.start(n);
      for (let i = 0; i < graph.incoming.length(n); i++) {
        const incoming = graph.incoming.pool[start + i] as number;
        const e = side === 'in' ? incoming : incoming ^ 1;
        if (((graph.flags[e] as number) & (KNOWN | DISABLED)) !== KNOWN) continue;
        const maximum = graph.htlcMaximum[e] as number;
        const capacity = (graph.capacity[e >> 1] as number) || maximum;
        largest = Math.max(largest, Math.min(maximum, capacity));
      }
    }
    for (const edge of overlay.edges)
      if ((side === 'in' ? edge.target : edge.source) === n)
        largest = Math.max(largest, edge.maximum);
    return Math.max(0, Math.min(largest, Number.MAX_SAFE_INTEGER));
  }
}

interface Asked {
  readonly search: SearchRequest;
  readonly overlay: Overlay;
  readonly excluded: Excluded;
}

const feeOfPath = ({ amounts }: FoundPath): number =>
  (amounts[0] as number) - (amounts.at(-1) as number);

/** Of the weight of a factor e of chance: a route that costs less is as good as sure. */
const CERTAIN = 0.1;
/** What each part beyond the first must be worth: it takes a slot of every channel on its way. */
const PART_MSAT = 1_000;

/** An explanation looks for no more constraints than these. */
const EXPLAINED = 10;

interface Excluded {
  readonly edges: number[];
  readonly nodes: number[];
  readonly overlay: Set<number>;
}
