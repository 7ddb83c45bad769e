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
import type { Graph } from '../gossip/index.js';
import { type PenaltyOptions, penaltyWeight } from './cost.js';
import { DEFAULT_FADING } from './fading.js';
import { Knowledge } from './knowledge.js';
import type { ChannelDirection, Direction } from './lessons.js';
import { type NamedEdge, Overlay } from './overlay.js';
import { truncated } from './payload.js';
import { type Asked, type Excluded, type NoRoute, type NoRoutes, Reasons } from './reasons.js';
import type { Exclusion, RouteRequest } from './route-request.js';
import { Search, type SearchOptions } from './search.js';
import type { FoundPath, SearchRequest } from './search-request.js';
import { PART_MSAT, Splitter } from './split.js';

export type { NoRoute, NoRoutes } from './reasons.js';

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

/** BOLT 4: hop_payloads has 1300 bytes. */
const ONION_BYTES = 1300;

export class Router {
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #penalty: PenaltyOptions;
  readonly search: Search;
  readonly #splitter: Splitter;
  readonly #reasons: Reasons;

  constructor(
    options: SearchOptions & { readonly penalty: PenaltyOptions },
    deps: { readonly graph: Graph; readonly knowledge: Knowledge },
  ) {
    this.#penalty = options.penalty;
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
    const nobody = new Knowledge(DEFAULT_FADING, { graph: deps.graph });
    this.search = new Search(options, { ...deps, nobody });
    this.#splitter = new Splitter(deps);
    this.#reasons = new Reasons({ ...deps, search: this.search });
  }

  getroute(request: RouteRequest): Result<Route, NoRoute> {
    const asked = this.#ask(request);
    if ('code' in asked) return err(asked);
    const { search, excluded, overlay } = asked;
    const path = this.#find(search, excluded);
    if (path === undefined) return err(this.#reasons.why(request, asked));
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
    const maxParts = request.maxParts ?? 100;
    const best = this.#findBeside(search, excluded, reserved);
    const single = best && this.#cheapEnough(best, maxFee, search, excluded, reserved);
    const affordable = single !== undefined && feeOfPath(single) <= maxFee ? single : undefined;
    const weight = penaltyWeight(search.penalty, search.amount);
    const one = (path: FoundPath) => ok(this.#routes([path], overlay));
    // Where one part costs hardly more than its fee, several cannot be better.
    if (affordable !== undefined && (maxParts === 1 || affordable.cost < weight * CERTAIN))
      return one(affordable);
    const limits = { maxParts, maxFee, reserved, excluded: this.#excludedEdges(excluded) };
    const split = this.#splitter.split(search, limits);
    if ('code' in split) {
      if (affordable !== undefined) return one(affordable);
      const fees = split.code === 'too_dear' ? [split.fee] : [];
      if (single !== undefined) fees.push(feeOfPath(single));
      if (fees.length === 0) return err(this.#reasons.why(request, asked, maxParts));
      const feeMsat = msat(Math.min(...fees));
      return err({ code: 'too_dear', feeMsat, maxFeeMsat: msat(maxFee) });
    }
    const dearer = split.cost + (split.parts.length - 1) * PART_MSAT;
    if (affordable !== undefined && affordable.cost <= dearer) return one(affordable);
    return ok(this.#routes(split.parts, overlay));
  }

  /** The best path on what others leave of the channels. */
  #findBeside(
    search: SearchRequest,
    excluded: Excluded,
    reserved: ReadonlyMap<number, number>,
  ): FoundPath | undefined {
    if (reserved.size === 0) return this.#find(search, excluded);
    const overlay = search.overlay.map((edge, i) => {
      const taken = reserved.get(-1 - i) ?? 0;
      return taken === 0 ? edge : { ...edge, maximum: edge.maximum - taken };
    });
    const free = (e: number): number =>
      e < 0 ? Number.POSITIVE_INFINITY : this.#limit(e, search) - (reserved.get(e) ?? 0);
    const crowded = [...reserved.keys()].filter((e) => free(e) < search.amount);
    const edges = [...excluded.edges, ...crowded];
    // The fees may be what does not fit beside the others: then without that channel.
    for (let tries = 0; tries < 4; tries++) {
      const path = this.#find({ ...search, overlay }, { ...excluded, edges });
      const tight = path?.edges.find((e, i) => (path.amounts[i] as number) > free(e));
      if (tight === undefined) return path;
      edges.push(tight);
    }
    return undefined;
  }

  /** The path, or the one of the least fee where it costs too much. */
  #cheapEnough(
    path: FoundPath,
    maxFee: number,
    search: SearchRequest,
    excluded: Excluded,
    reserved: ReadonlyMap<number, number>,
  ): FoundPath {
    if (feeOfPath(path) <= maxFee) return path;
    const penalty = { ...search.penalty, penaltyBaseMsat: 0, penaltyMillionths: 0 };
    return this.#findBeside({ ...search, riskFactor: 0, penalty }, excluded, reserved) ?? path;
  }

  /** What an edge carries at most, by its capacity and what was learned. */
  #limit(e: number, { now, ignoreKnowledge }: SearchRequest): number {
    const capacity = (this.#graph.capacity[e >> 1] as number) || Number.MAX_SAFE_INTEGER;
    if (ignoreKnowledge) return capacity;
    const belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
    this.#knowledge.look(e, capacity, now, belief);
    return belief.usable ? Math.min(capacity, belief.limit) : 0;
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
        overlay.edges.forEach((edge, i) => {
          if (edge.source === n) excluded.overlay.add(i);
        });
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
}

const feeOfPath = ({ amounts }: FoundPath): number =>
  (amounts[0] as number) - (amounts.at(-1) as number);

/** Of the weight of a factor e of chance: a route that costs less is as good as sure. */
const CERTAIN = 0.1;
