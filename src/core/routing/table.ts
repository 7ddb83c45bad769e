/** The route table: the graph and what was learned of it, kept in step, and the search over both. */
import type { NodeId, Result } from '../bytes/index.js';
import { Graph, type NewChannel, type Policy } from '../gossip/index.js';
import { DEFAULT_PENALTY, feeOf, type PenaltyOptions } from './cost.js';
import { DEFAULT_FADING, type FadingOptions } from './fading.js';
import { Knowledge } from './knowledge.js';
import type { Layer } from './layer.js';
import { type LayeredRequest, LayeredRouter, type LayeredRoutes } from './layered.js';
import type { NoLayeredRoutes } from './layered-failure.js';
import type { ChannelDirection, Constraint, Direction, Lesson } from './lessons.js';
import {
  type NoRoute,
  type NoRoutes,
  type Route,
  type RouteParts,
  Router,
  type RoutesRequest,
} from './route.js';
import type { RouteRequest } from './route-request.js';

export interface RouteTableOptions {
  readonly penalty?: Partial<PenaltyOptions>;
  readonly fading?: Partial<FadingOptions>;
}

export class RouteTable {
  readonly graph: Graph;
  readonly knowledge: Knowledge;
  readonly router: Router;
  readonly #layered: LayeredRouter;

  constructor(options: RouteTableOptions = {}, deps: { readonly graph?: Graph } = {}) {
    this.graph = deps.graph ?? new Graph();
    const fading = { ...DEFAULT_FADING, ...options.fading };
    const penalty = { ...DEFAULT_PENALTY, ...options.penalty };
    this.knowledge = new Knowledge(fading, { graph: this.graph });
    this.knowledge.attachAll();
    this.router = new Router({ penalty }, { graph: this.graph, knowledge: this.knowledge });
    this.#layered = new LayeredRouter({ penalty, fading }, this);
  }

  addChannel(channel: NewChannel): number {
    const c = this.graph.addChannel(channel);
    this.knowledge.attach(c);
    return c;
  }

  /**
   * Takes a policy up; an update that is younger than a "not usable" lifts it. Answers the
   * constraints that changed.
   */
  setPolicy(c: number, direction: Direction, policy: Policy, now: number): Constraint[] {
    this.graph.setPolicy(2 * c + direction, policy);
    if (this.knowledge.edgeSlot[2 * c + direction] === 0) return [];
    const at = { scid: this.graph.scid(c), direction };
    const known = this.knowledge.constraintOn(at, now);
    if (known?.unusable === undefined || policy.timestamp <= known.timestamp) return [];
    return this.knowledge.learn({ kind: 'channelUsable', ...at }, now);
  }

  /** Takes up what is known of channels that came into the graph by themselves. */
  attachAll(): void {
    this.knowledge.attachAll();
  }

  removeChannel(c: number): void {
    if (!this.graph.isLive(c)) return;
    this.knowledge.detach(c);
    this.graph.removeChannel(c);
  }

  setNodeRoutable(id: NodeId, routable: boolean): void {
    const n = this.graph.node(Buffer.from(id, 'hex'));
    if (n >= 0) this.graph.setNodeRoutable(n, routable);
  }

  /** The cheapest enabled channel from one node to another that may carry the amount. */
  channelBetween(from: NodeId, to: NodeId, amount: number): ChannelDirection | undefined {
    const { graph } = this;
    const [source, target] = [from, to].map((id) => graph.node(Buffer.from(id, 'hex')));
    if (source === undefined || target === undefined || source < 0 || target < 0) return undefined;
    let best: { readonly e: number; readonly fee: number } | undefined;
    const start = graph.incoming.start(target);
    for (let i = 0; i < graph.incoming.length(target); i++) {
      const e = graph.incoming.pool[start + i] as number;
      const policy = graph.source[e] === source ? graph.policy(e) : undefined;
      if (policy === undefined || !policy.enabled) continue;
      if (amount < policy.htlcMinimumMsat || amount > policy.htlcMaximumMsat) continue;
      const fee = feeOf(policy.feeBaseMsat, policy.feeProportionalMillionths, amount);
      if (best === undefined || fee < best.fee) best = { e, fee };
    }
    if (best === undefined) return undefined;
    return { scid: graph.scid(best.e >> 1), direction: (best.e & 1) as Direction };
  }

  learn(lesson: Lesson, now: number): Constraint[] {
    return this.knowledge.learn(lesson, now);
  }

  getroute(request: RouteRequest): Result<Route, NoRoute> {
    return this.router.getroute(request);
  }

  /** Parts of a payment of our own, with the layers laid over what is known. */
  getroutes(request: RoutesRequest, layers: readonly Layer[] = []): Result<RouteParts, NoRoutes> {
    return this.#layered.getroutesOf(request, layers);
  }

  /** Over layers, from any node to any node. */
  getroutesOver(request: LayeredRequest): Result<LayeredRoutes, NoLayeredRoutes> {
    return this.#layered.getroutes(request);
  }
}
