/**
 * Routes in parts from any node to any node, over layers. The layers are laid over the graph for
 * the time of one search, which nothing interrupts, and taken off again: so the search is the one
 * that pays, and layers cost nothing where nobody names them.
 */
import {
  err,
  fromHex,
  type Msat,
  msat,
  type NodeId,
  ok,
  type Result,
  type ShortChannelId,
} from '../bytes/index.js';
import type { ChannelDirection, Graph } from '../gossip/index.js';
import { biasOf } from './bias.js';
import { channelKey } from './constraint-text.js';
import { chanceOf, type PenaltyOptions } from './cost.js';
import type { FadingOptions } from './fading.js';
import { Knowledge } from './knowledge.js';
import { type ChannelChange, changed, type Layer } from './layer.js';
import { type EndTotals, endTotals, type NoLayeredRoutes } from './layered-failure.js';
import type { HintChannel } from './overlay.js';
import {
  type NoRoutes,
  type Reservation,
  type Route,
  type RouteParts,
  Router,
  type RoutesRequest,
} from './route.js';
import type { Exclusion } from './route-request.js';

export interface LayeredRequest {
  readonly source: NodeId;
  readonly destination: NodeId;
  /** What arrives; with `includeFees`, what is sent. */
  readonly amountMsat: Msat;
  readonly maxFeeMsat: Msat;
  readonly finalCltv: number;
  readonly maxDelay: number;
  readonly maxParts: number;
  /** A later one overrules an earlier one. */
  readonly layers: readonly Layer[];
  /** With what payments taught. */
  readonly learned: boolean;
  /** Our own channels in both directions, in place of what gossip says of them. */
  readonly local?: readonly HintChannel[];
  /** The source asks no fee and no blocks of its own. */
  readonly sourceFree: boolean;
  readonly includeFees: boolean;
  readonly reserved: readonly Reservation[];
  /** Percent a year. */
  readonly riskFactor: number;
  readonly height: number;
  readonly now: number;
}

export interface LayeredHop extends ChannelDirection {
  readonly from: NodeId;
  readonly to: NodeId;
  /** What the node at its start must have been given, and what arrives at its end. */
  readonly amountIn: Msat;
  readonly amountOut: Msat;
  readonly delayIn: number;
  readonly delayOut: number;
}

export interface LayeredRoute {
  readonly chance: number;
  readonly amountMsat: Msat;
  readonly path: readonly LayeredHop[];
}

export interface LayeredRoutes {
  /** That all parts get through. */
  readonly chance: number;
  readonly routes: readonly LayeredRoute[];
}

/** No node: where a route starts whose first channel is to be paid for like any other. */
const START = '00'.repeat(33) as NodeId;
const START_SCID = 0n as ShortChannelId;
const FREE = { feeBaseMsat: 0, feeProportionalMillionths: 0, cltvDelta: 0 };
const MOST_HOPS = 20;
/** How often the amount is fitted where fees come out of it, or a channel with too little left out. */
const TRIES = 8;

/** One search with the layers laid on. */
interface Laid {
  readonly request: LayeredRequest;
  readonly router: Router;
  readonly knowledge: Knowledge;
  readonly hints: readonly HintChannel[];
  /** Names of the channels that `hints` stand for. */
  readonly local: ReadonlySet<string>;
}

export class LayeredRouter {
  readonly #options: { readonly penalty: PenaltyOptions; readonly fading: FadingOptions };
  readonly #deps: {
    readonly graph: Graph;
    readonly knowledge: Knowledge;
    readonly router: Router;
  };
  /** Knows what layers say, for one search at a time; made when first needed. */
  #own: { readonly knowledge: Knowledge; readonly router: Router } | undefined;

  constructor(
    options: { readonly penalty: PenaltyOptions; readonly fading: FadingOptions },
    deps: { readonly graph: Graph; readonly knowledge: Knowledge; readonly router: Router },
  ) {
    this.#options = options;
    this.#deps = deps;
  }

  getroutes(request: LayeredRequest): Result<LayeredRoutes, NoLayeredRoutes> {
    const undo: (() => void)[] = [];
    try {
      return this.#search(this.#lay(request, undo));
    } finally {
      for (const back of undo.reverse()) back();
    }
  }

  /**
   * Parts of a payment of our own: with our channels' exact balances, what was learned, and the
   * layers laid on.
   */
  getroutesOf(request: RoutesRequest, layers: readonly Layer[]): Result<RouteParts, NoRoutes> {
    if (layers.length === 0) return this.#deps.router.getroutes(request);
    const undo: (() => void)[] = [];
    try {
      const changes = this.#layOnGraph(layers, undo);
      const { router } = this.#knowledgeFor({ layers, learned: true, now: request.now }, undo);
      const { source, localChannels = [], hints = [], exclude = [] } = request;
      const open = localChannels.filter((local) => changes.get(nameOf(local))?.enabled !== false);
      const others = hints.filter((hint) => hint.source !== source);
      const bias = biasOf(this.#deps.graph, layers, [
        ...open.map((local) => ({ ...FREE, ...local, source, target: local.peer })),
        ...others,
      ]);
      const disabled = layers.flatMap((layer) => layer.disabledNodes);
      return router.getroutes({
        ...request,
        localChannels: open,
        hints: others,
        exclude: [...exclude, ...disabled.map((nodeId) => ({ nodeId }))],
        ...(bias === undefined ? {} : { bias }),
      });
    } finally {
      for (const back of undo.reverse()) back();
    }
  }

  /** Lays the layers over the graph; `undo` gets what takes them off. */
  #layOnGraph(layers: readonly Layer[], undo: (() => void)[]): Map<string, ChannelChange> {
    const { graph } = this.#deps;
    for (const { scid, source, destination, capacityMsat } of layers.flatMap((l) => l.channels)) {
      const ends = [source, destination].sort().map((id) => fromHex(id));
      const [node1, node2] = ends;
      if (node1 === undefined || node2 === undefined || graph.channel(scid) >= 0) continue;
      const c = graph.addChannel({ scid, node1, node2, capacityMsat: Number(capacityMsat) });
      undo.push(() => graph.removeChannel(c));
    }
    const changes = mergedChanges(layers);
    for (const change of changes.values()) this.#change(change, undo);
    return changes;
  }

  #lay(request: LayeredRequest, undo: (() => void)[]): Laid {
    const { layers, local = [] } = request;
    const changes = this.#layOnGraph(layers, undo);
    const hints = local.map((hint) => changedHint(hint, changes.get(nameOf(hint))));
    // The graph's own word on these channels must not stand beside ours.
    for (const { scid, direction } of local)
      this.#change({ scid, direction, enabled: false }, undo, true);
    const { knowledge, router } = this.#knowledgeFor(request, undo);
    const usable = hints.filter((hint) => changes.get(nameOf(hint))?.enabled !== false);
    return { request, router, knowledge, hints: usable, local: new Set(local.map(nameOf)) };
  }

  #change(change: ChannelChange, undo: (() => void)[], onlyKnown = false): void {
    const { graph } = this.#deps;
    const e = graph.edge(change.scid, change.direction);
    if (e < 0) return;
    const was = graph.policy(e);
    if (was === undefined && onlyKnown) return;
    graph.setPolicy(e, changed(was, change, graph.capacity[e >> 1] as number));
    undo.push(() => (was === undefined ? graph.clearPolicy(e) : graph.setPolicy(e, was)));
  }

  /** What was learned alone where no layer says more; else all of it together, in its own place. */
  #knowledgeFor(
    { layers, learned, now }: Pick<LayeredRequest, 'layers' | 'learned' | 'now'>,
    undo: (() => void)[],
  ): { readonly knowledge: Knowledge; readonly router: Router } {
    const lessons = layers.flatMap((layer) => layer.lessons);
    if (lessons.length === 0 && learned) return this.#deps;
    this.#own ??= this.#makeOwn();
    const { knowledge } = this.#own;
    knowledge.fit();
    undo.push(() => {
      knowledge.forget();
      knowledge.takeChanges();
    });
    if (learned) knowledge.takeAll(this.#deps.knowledge);
    for (const { kind, scid, direction, amountMsat } of lessons) {
      const amount = kind === 'upperBound' ? msat(amountMsat + 1n) : amountMsat;
      knowledge.learn({ kind, scid, direction, amountMsat: amount }, now);
    }
    return this.#own;
  }

  #makeOwn() {
    const { graph } = this.#deps;
    const knowledge = new Knowledge(this.#options.fading, { graph });
    const router = new Router({ penalty: this.#options.penalty }, { graph, knowledge });
    return { knowledge, router };
  }

  #search(laid: Laid): Result<LayeredRoutes, NoLayeredRoutes> {
    const vain = this.#vain(laid);
    if (vain !== undefined) return err(vain);
    const { request } = laid;
    const found = request.includeFees
      ? this.#includingFees(laid)
      : this.#find(laid, request.amountMsat);
    if (!found.ok) return err(this.#explain(laid, found.error));
    const routes = found.value.parts.map((part) => this.#shown(laid, part));
    return ok({
      chance: this.#chance(laid, routes),
      routes: routes.map((route) => ({ ...route, chance: this.#chance(laid, [route]) })),
    });
  }

  /** What makes it vain to search at all. */
  #vain({ request, hints }: Laid): NoLayeredRoutes | undefined {
    const { source, destination, layers } = request;
    for (const nodeId of [source, destination]) {
      const by = layers.find((layer) => layer.disabledNodes.includes(nodeId));
      if (by !== undefined) return { code: 'node_disabled', nodeId, layer: by.name };
      const known =
        this.#deps.graph.node(fromHex(nodeId) ?? new Uint8Array()) >= 0 ||
        hints.some((hint) => hint.source === nodeId || hint.target === nodeId);
      if (!known)
        return { code: nodeId === source ? 'unknown_source' : 'unknown_destination', nodeId };
    }
    return undefined;
  }

  /** The parts that together send no more than the amount: what arrives is less by their fees. */
  #includingFees(laid: Laid): Result<RouteParts, NoRoutes> {
    const { amountMsat } = laid.request;
    let found = this.#find(laid, amountMsat);
    for (let i = 0; i < TRIES && found.ok; i++) {
      const { parts, feeMsat } = found.value;
      const arrives = parts.reduce((sum, { hops }) => sum + (hops.at(-1)?.amountMsat ?? 0n), 0n);
      if (arrives + feeMsat <= amountMsat) return found;
      if (feeMsat >= amountMsat) return err({ code: 'too_dear', feeMsat, maxFeeMsat: amountMsat });
      found = this.#find(laid, msat(amountMsat - feeMsat));
    }
    return found;
  }

  #find(laid: Laid, amountMsat: Msat, more: Partial<RoutesRequest> = {}) {
    const { request, router, hints } = laid;
    const { layers, sourceFree, source, reserved, maxParts } = request;
    const start: HintChannel = {
      scid: START_SCID,
      direction: 0,
      source: START,
      target: source,
      ...FREE,
    };
    const all = sourceFree ? hints : [start, ...hints];
    const bias = biasOf(this.#deps.graph, layers, all);
    const asked: RoutesRequest = {
      source: sourceFree ? source : START,
      destination: request.destination,
      amountMsat,
      riskFactor: request.riskFactor,
      finalCltv: request.finalCltv,
      maxHops: sourceFree ? MOST_HOPS : MOST_HOPS + 1,
      maxDelay: request.maxDelay,
      exclude: layers.flatMap((layer) => layer.disabledNodes.map((nodeId) => ({ nodeId }))),
      hints: all,
      height: request.height,
      now: request.now,
      maxFeeMsat: request.maxFeeMsat,
      maxParts,
      ...(bias === undefined ? {} : { bias }),
      ...more,
    };
    if (maxParts > 1 || reserved.length === 0) return router.getroutes({ ...asked, reserved });
    return this.#single(laid, asked);
  }

  /** One part only: channels that have not enough left beside what is reserved are left out. */
  #single(laid: Laid, asked: RoutesRequest): Result<RouteParts, NoRoutes> {
    const exclude: Exclusion[] = [...(asked.exclude ?? [])];
    const reserved = new Map(laid.request.reserved.map((held) => [nameOf(held), held]));
    for (const held of laid.request.reserved)
      if (this.#room(laid, held) < held.amountMsat + asked.amountMsat)
        exclude.push({ channel: { scid: held.scid, direction: held.direction } });
    for (let i = 0; ; i++) {
      const found = laid.router.getroutes({ ...asked, exclude });
      if (!found.ok || i === TRIES) return found;
      const tight = found.value.parts[0]?.hops.filter(
        ({ channel: scid, direction, amountMsat }) => {
          const held = reserved.get(channelKey(scid, direction));
          return held !== undefined && this.#room(laid, held) < held.amountMsat + amountMsat;
        },
      );
      if (tight === undefined || tight.length === 0) return found;
      for (const { channel: scid, direction } of tight)
        exclude.push({ channel: { scid, direction } });
    }
  }

  /** What a channel can carry at most by all that is known. */
  #room({ hints, knowledge, request }: Laid, at: ChannelDirection): bigint {
    const hint = hints.find((other) => nameOf(other) === nameOf(at));
    if (hint !== undefined) return hint.htlcMaximumMsat ?? 0n;
    const { graph } = this.#deps;
    const e = graph.edge(at.scid, at.direction);
    if (e < 0) return 0n;
    const capacity = (graph.capacity[e >> 1] as number) || (graph.htlcMaximum[e] as number);
    const belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
    knowledge.look(e, capacity, request.now, belief);
    return BigInt(belief.limit);
  }

  /** With what each hop takes in beside what it gives out. */
  #shown({ request }: Laid, { hops }: Route): Omit<LayeredRoute, 'chance'> {
    const { source, sourceFree } = request;
    const real = sourceFree ? hops : hops.slice(1);
    const path = real.map((hop, i): LayeredHop => {
      const before = hops[sourceFree ? i - 1 : i];
      return {
        scid: hop.channel,
        direction: hop.direction,
        from: real[i - 1]?.id ?? source,
        to: hop.id,
        amountIn: before?.amountMsat ?? hop.amountMsat,
        amountOut: hop.amountMsat,
        delayIn: before?.delay ?? hop.delay,
        delayOut: hop.delay,
      };
    });
    return { amountMsat: path.at(-1)?.amountOut ?? msat(0n), path };
  }

  /** The chance that these routes get through together: each channel with all that goes over it. */
  #chance(
    { knowledge, local, request }: Laid,
    routes: readonly Pick<LayeredRoute, 'path'>[],
  ): number {
    const { graph } = this.#deps;
    const carried = new Map<number, number>();
    const carry = (at: ChannelDirection, amount: Msat, onlyUsed: boolean): void => {
      const e = graph.edge(at.scid, at.direction);
      // Of our own channels we know what they carry.
      if (e < 0 || local.has(nameOf(at)) || (onlyUsed && !carried.has(e))) return;
      carried.set(e, (carried.get(e) ?? 0) + Number(amount));
    };
    for (const { path } of routes) for (const hop of path) carry(hop, hop.amountOut, false);
    for (const held of request.reserved) carry(held, held.amountMsat, true);
    const belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
    let chance = 1;
    for (const [e, amount] of carried) {
      const capacity = (graph.capacity[e >> 1] as number) || (graph.htlcMaximum[e] as number);
      knowledge.look(e, capacity, request.now, belief);
      const { lower, upper, blame } = belief;
      const { onesided } = this.#options.penalty;
      chance *= chanceOf(amount, capacity, lower, upper, onesided) * (1 - blame);
    }
    return chance;
  }

  /** What stands in the way, with figures. */
  #explain(laid: Laid, error: NoRoutes): NoLayeredRoutes {
    if (error.code === 'too_dear') return error;
    const { request } = laid;
    const { amountMsat, maxDelay } = request;
    const totals = (nodeId: NodeId, side: EndTotals['side']): EndTotals =>
      endTotals({ ...request, ...laid, nodeId, side }, this.#deps.graph);
    for (const end of [totals(request.source, 'out'), totals(request.destination, 'in')]) {
      if (end.knownMsat < amountMsat) return { code: 'end_total', ...end, amountMsat };
      if (end.usableMsat < amountMsat) return { code: 'end_usable', ...end, amountMsat };
    }
    const slow = this.#find(laid, amountMsat, { maxDelay: 0xffff_ffff });
    if (slow.ok) {
      const delay = Math.max(...slow.value.parts.map(({ hops }) => hops[0]?.delay ?? 0));
      return { code: 'too_slow', delay, maxDelay };
    }
    const { reserved } = request;
    if (reserved.length > 0) {
      const free = { ...laid, request: { ...request, reserved: [] } };
      if (this.#find(free, amountMsat).ok) return { code: 'reserved', reserved, amountMsat };
    }
    if (error.code === 'excluded_by_request') return { code: 'nodes_disabled' };
    // Of one channel each: in parts it is the sums above that count.
    if (error.code === 'source_capacity' || error.code === 'destination_capacity')
      return request.maxParts > 1 ? { code: 'no_capacity', amountMsat } : error;
    return error;
  }
}

const nameOf = ({ scid, direction }: ChannelDirection): string => channelKey(scid, direction);

/** By channel and direction, the later layers' words over the earlier ones'. */
function mergedChanges(layers: readonly Layer[]): Map<string, ChannelChange> {
  const merged = new Map<string, ChannelChange>();
  for (const change of layers.flatMap((layer) => layer.changes))
    merged.set(nameOf(change), { ...merged.get(nameOf(change)), ...change });
  return merged;
}

/** A channel of our own as layers say; it never carries more than it has. */
function changedHint(hint: HintChannel, change: ChannelChange | undefined): HintChannel {
  if (change === undefined) return hint;
  const most = hint.htlcMaximumMsat ?? msat(0n);
  const { htlcMinimumMsat = hint.htlcMinimumMsat, htlcMaximumMsat = most } = change;
  return {
    ...hint,
    feeBaseMsat: Number(change.feeBaseMsat ?? hint.feeBaseMsat),
    feeProportionalMillionths: change.feeProportionalMillionths ?? hint.feeProportionalMillionths,
    cltvDelta: change.cltvDelta ?? hint.cltvDelta,
    ...(htlcMinimumMsat === undefined ? {} : { htlcMinimumMsat }),
    htlcMaximumMsat: htlcMaximumMsat < most ? htlcMaximumMsat : most,
  };
}
