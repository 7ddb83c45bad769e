import { gunzipSync } from 'node:zlib';
import type { Msat, NodeId, Result, ShortChannelId } from '../../core/bytes/index.js';
import { fromUtf8 } from '../../core/bytes/index.js';
import {
  type ChannelDirection,
  type Constraint,
  type ConstraintJson,
  constraintJson,
  type Direction,
  type Layer,
  type LayeredRoutes,
  type Lesson,
  type NoLayeredRoutes,
  type NoRoute,
  type NoRoutes,
  parseGraphCsv,
  Reservations,
  type Route,
  type RouteParts,
  type RoutesRequest,
  RouteTable,
  summed,
} from '../../core/routing/index.js';
import { seconds, type Write } from '../../ports/index.js';
import { takeUpdate } from './failure-update.js';
import { AUTO_LAYERS, Layers, LEARNED_LAYER } from './layers.js';
import type { RouteQuery, RoutesDeps, RoutesOptions, RoutesQuery } from './types.js';

/** What has faded is thrown away this often. */
const PRUNE_MS = 3600_000;

/** The route table of a running node: the search for its payments, and what they teach, on disk. */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #deps: RoutesDeps;
  /** Gossip fills it. */
  readonly table: RouteTable;
  readonly layers: Layers;
  /** What tools say is on its way. */
  readonly reservations = new Reservations();
  #saving: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;

  constructor(options: RoutesOptions, deps: RoutesDeps) {
    this.#options = options;
    this.#deps = deps;
    const { halfLifeSeconds, penalty } = options;
    this.layers = new Layers(deps);
    this.table = new RouteTable({
      ...(halfLifeSeconds === undefined ? {} : { fading: { halfLifeSeconds } }),
      ...(penalty === undefined ? {} : { penalty }),
    });
  }

  /** Loads what was learned before. */
  async start(): Promise<void> {
    const { store, log } = this.#deps;
    for (const { key, data } of await store.select('constraints'))
      if (!this.table.knowledge.restore(key, data))
        log.warn('a stored constraint cannot be read; it is left out', { key });
    await this.layers.start();
    this.#loadDevGraph();
    this.#schedulePrune();
  }

  /** Resolves when all that was learned is on disk. */
  async stop(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#save();
    await this.#saving;
  }

  /** The cheapest route now, by all that is known. */
  getroute(query: RouteQuery): Result<Route, NoRoute> {
    const { source = this.#options.nodeId, ...rest } = query;
    return this.table.getroute({
      ...rest,
      source,
      ...(source === this.#options.nodeId ? { localChannels: this.#deps.localChannels() } : {}),
      height: this.#deps.height(),
      now: this.#now(),
    });
  }

  /**
   * Routes in parts over layers, from any node to any node; `layers` are names that `layers.knows`.
   * With our own channels' exact balances where they are asked for.
   */
  getroutes(query: RoutesQuery): Result<LayeredRoutes, NoLayeredRoutes> {
    const { layers: names, maxParts, ...rest } = query;
    const layers = names
      .map((name) => this.layers.get(name))
      .filter((layer): layer is Layer => layer !== undefined);
    const { localChannels, sourceFree, oneWay, includeFees } = AUTO_LAYERS;
    return this.table.getroutesOver({
      ...rest,
      maxParts: names.includes(oneWay) ? 1 : maxParts,
      layers,
      learned: names.includes(LEARNED_LAYER),
      ...(names.includes(localChannels) ? { local: this.#deps.localHops() } : {}),
      sourceFree: names.includes(sourceFree),
      includeFees: names.includes(includeFees),
      reserved: summed([...this.reservations.totals(names), ...this.#deps.inFlight()]),
      height: this.#deps.height(),
      now: this.#now(),
    });
  }

  /** Parts of a payment of our own, under layers of these names. */
  payroutes(request: RoutesRequest, layers: readonly string[]): Result<RouteParts, NoRoutes> {
    const known = layers.map((name) => this.layers.get(name));
    return this.table.getroutes(
      request,
      known.filter((layer): layer is Layer => layer !== undefined),
    );
  }

  /** A channel for a hop that names none: ours with the most to spend, or the cheapest that fits. */
  channelBetween(from: NodeId, to: NodeId, amountMsat: Msat): ChannelDirection | undefined {
    const amount = Number(amountMsat);
    if (from === this.#options.nodeId) {
      const ours = this.#deps.localChannels().filter((local) => local.peer === to);
      ours.sort((a, b) => (a.spendableMsat < b.spendableMsat ? 1 : -1));
      return ours[0] && { scid: ours[0].scid, direction: ours[0].direction };
    }
    return this.table.channelBetween(from, to, amount);
  }

  /**
   * Takes lessons up, and answers the constraints that they made or changed, as `listconstraints`
   * prints them. They are on their way to the disk when this returns.
   */
  learn(lessons: readonly Lesson[]): readonly ConstraintJson[] {
    const now = this.#now();
    const changed = new Map<string, ConstraintJson>();
    for (const lesson of lessons)
      for (const constraint of this.#learnOne(lesson, now)) {
        const json = constraintJson(constraint);
        changed.set(json.short_channel_id_dir ?? json.node_id ?? '', json);
      }
    this.#save();
    return [...changed.values()];
  }

  #learnOne(lesson: Lesson, now: number): readonly Constraint[] {
    if (lesson.kind !== 'channelUpdate') return this.table.learn(lesson, now);
    const taken = takeUpdate(this.table, lesson, this.#options.chainHash, now);
    this.#deps.log.debug('a failure came with a channel_update', {
      channel: lesson.scid,
      reason: lesson.reason,
      outcome: taken,
    });
    if (taken === 'explains') return [];
    const { scid, direction, reason } = lesson;
    return this.table.learn(
      { kind: 'channelUnusable', scid, direction, lasts: 'a_while', reason },
      now,
    );
  }

  /** All constraints that have not faded, or a channel's or a node's. */
  constraints(subject?: ConstraintSubject): readonly ConstraintJson[] {
    return this.table.knowledge
      .list(this.#now())
      .filter((constraint) => subject === undefined || isAbout(constraint, subject))
      .map(constraintJson);
  }

  /** Forgets all constraints, a channel's or a node's; answers those it forgot. */
  forget(subject?: ConstraintSubject): readonly ConstraintJson[] {
    const gone = this.constraints(subject);
    this.table.knowledge.forget(subject);
    this.#save();
    return gone;
  }

  /** Forgets what was learned before a time; answers of how many channels and nodes. */
  forgetBefore(cutoff: number): number {
    const { knowledge } = this.table;
    const old = knowledge.list(this.#now()).filter(({ timestamp }) => timestamp < cutoff);
    for (const { subject } of old)
      knowledge.forget('channel' in subject ? subject.channel : subject);
    this.#save();
    return old.length;
  }

  /** Our peer is back: what stood against it and our channels with it is lifted. */
  peerReconnected(peer: NodeId): void {
    const lessons: Lesson[] = [{ kind: 'nodeUsable', nodeId: peer }];
    for (const local of this.#deps.localChannels()) {
      if (local.peer !== peer) continue;
      for (const direction of [0, 1] as const)
        lessons.push({ kind: 'channelUsable', scid: local.scid, direction });
    }
    this.learn(lessons);
  }

  #now(): number {
    return seconds(this.#deps.clock);
  }

  #save(): void {
    const writes = this.table.knowledge
      .takeChanges()
      .map(
        ({ key, data }): Write =>
          data === undefined
            ? { delete: 'constraints', where: { key } }
            : { put: 'constraints', row: { key, data } },
      );
    if (writes.length === 0) return;
    this.#saving = Promise.all([this.#saving, this.#deps.store.commit(writes)]).then(
      () => undefined,
      (error) => this.#deps.fatal(error),
    );
  }

  #schedulePrune(): void {
    this.#cancelTimer = this.#deps.clock.after(PRUNE_MS, () => {
      this.table.knowledge.prune(this.#now());
      this.#save();
      this.#schedulePrune();
    });
  }

  #loadDevGraph(): void {
    const { devGraph } = this.#options;
    if (devGraph === undefined) return;
    const text = (data: Uint8Array): string =>
      fromUtf8(data[0] === 0x1f && data[1] === 0x8b ? gunzipSync(data) : data);
    const parsed = parseGraphCsv(text(devGraph.channels), text(devGraph.nodes), this.table.graph);
    if (!parsed.ok) {
      this.#deps.log.error('the graph file cannot be read', { ...parsed.error });
      return;
    }
    this.table.knowledge.attachAll();
    const { channelCount, nodeCount } = this.table.graph;
    this.#deps.log.info('graph loaded for measurements', { channelCount, nodeCount });
  }
}

export type ConstraintSubject =
  | { readonly scid: ShortChannelId; readonly direction?: Direction }
  | { readonly nodeId: NodeId };

function isAbout({ subject }: Constraint, wanted: ConstraintSubject): boolean {
  if ('nodeId' in wanted) return 'nodeId' in subject && subject.nodeId === wanted.nodeId;
  return (
    'channel' in subject &&
    subject.channel.scid === wanted.scid &&
    (wanted.direction === undefined || subject.channel.direction === wanted.direction)
  );
}
