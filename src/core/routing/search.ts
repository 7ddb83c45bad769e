/**
 * The search for the route of least cost. A bound from both ends (`bound.ts`) finds what ways cost
 * at least, and a path that is most often the cheapest; a pass of labels (`pass.ts`) from the
 * destination back carries the real amounts, led by the bound, and finds what is cheaper if there
 * is anything.
 *
 * Each pass has regard to costs and amounts only, until that is known not to be enough: limits of
 * hops, expiry and onion size, and htlc_minimum_msat (which a smaller amount may fall below). Where
 * its result breaks a limit, or a minimum lies between the amount and what could arrive, the next
 * pass minds that too. A result that keeps all limits, found without regard to some of them, is the
 * best of all.
 *
 * Where the first path does not carry what really comes, or a pass makes more labels than usual,
 * what must arrive at each node at least is found first (`spread.ts`). That looks at each channel
 * once: it decides whether there is any way, and makes the bound so exact that few labels are left.
 */
import type { Graph } from '../gossip/index.js';
import { Bound } from './bound.js';
import { penaltyWeight } from './cost.js';
import { FirstHops, Hop } from './hop.js';
import type { Knowledge } from './knowledge.js';
import { type Limit, type Minded, Pass } from './pass.js';
import { payloadSize } from './payload.js';
import type { FoundPath, SearchRequest } from './search-request.js';
import { LeastAmounts, LeastSteps } from './spread.js';
import { View } from './view.js';

const FEW_LABELS = 3_000;
/** Labels of a pass that minds more than costs and amounts take about so much longer. */
const MINDFUL = 3;
/** Labels a pass makes before it gives up: where there is a route, and where none yet. */
const MOST_LABELS = 50_000;
const MOST_LABELS_IN_VAIN = 10_000;
/** Routes whose fees are above the amount and this are not looked for where minima matter. */
const SMALL_FEES = 10_000;
/** Views kept at most, bytes they may take together, and views for each doubling of the amount. */
const MOST_VIEWS = 8;
const VIEW_BYTES = 16e6;
const VIEWS_AN_OCTAVE = 2;
/** A path that is known is beaten by what is cheaper than so much of its cost. */
const CHEAPER = 1 - 1e-12;

export interface SearchOptions {
  /** Labels a pass makes before the bound is made exact for it. */
  readonly fewLabels?: number;
}

export class Search {
  readonly #fewLabels: number;
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #nobody: Knowledge;
  readonly #views = new Map<string, View>();
  readonly #bound = new Bound();
  readonly #leastAmounts: LeastAmounts;
  readonly #leastHops: LeastSteps;
  readonly #leastBlocks: LeastSteps;
  readonly #pass: Pass;
  readonly hop: Hop;
  readonly #firstHops = new FirstHops();

  /** Of the last search, for measurements: labels settled, and passes made. */
  settledLabels = 0;
  passes = 0;

  /** Of the search under way. */
  #request!: SearchRequest;
  #view!: View;
  #weight = 0;
  #nodes = 0;
  /** The least amounts are known of this search, for amounts up to this at minima. */
  #leastReach = -1;

  constructor(
    options: SearchOptions,
    deps: {
      readonly graph: Graph;
      readonly knowledge: Knowledge;
      /** Knows nothing: for searches that take no account of what was learned. */
      readonly nobody: Knowledge;
    },
  ) {
    this.#fewLabels = options.fewLabels ?? FEW_LABELS;
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
    this.#nobody = deps.nobody;
    this.hop = new Hop(deps);
    this.#leastAmounts = new LeastAmounts(deps);
    this.#leastHops = new LeastSteps(deps);
    this.#leastBlocks = new LeastSteps(deps);
    this.#pass = new Pass({ graph: deps.graph, hop: this.hop });
  }

  /** Runs a search without these edges and nodes of the graph. */
  without<T>(edges: readonly number[], nodes: readonly number[], run: () => T): T {
    return this.hop.without(edges, nodes, run);
  }

  /** The cheapest path that keeps all limits, or nothing. */
  find(request: SearchRequest): FoundPath | undefined {
    this.#begin(request);
    const free = this.#cheapest();
    const kept = free !== undefined && this.#broken(free).length === 0;
    // A label that reaches a minimum above the amount has paid at least the difference in fees.
    const shrink = 1 - request.fuzz;
    const reach = kept ? request.amount + free.cost / shrink : 2 * request.amount + SMALL_FEES;
    const minima = this.#graph.minimaBetween(request.amount, reach);
    if (minima.length === 0 && (kept || free === undefined)) return free;
    return this.#mindful(free, minima, reach);
  }

  #begin(request: SearchRequest): void {
    this.#request = request;
    this.#weight = penaltyWeight(request.penalty, request.amount);
    this.#view = this.#viewFor(request);
    this.#view.aim(request);
    let nodes = this.#graph.nodeVersion.length;
    for (const { source, target } of request.overlay)
      nodes = Math.max(nodes, source + 1, target + 1);
    this.#nodes = nodes;
    this.#bound.resize(nodes);
    this.#firstHops.resize(nodes);
    this.hop.begin(request, this.#weight);
    this.#leastReach = -1;
    this.settledLabels = 0;
    this.passes = 0;
  }

  /** The cheapest path without regard to limits, and to minima that amounts might grow beyond. */
  #cheapest(): FoundPath | undefined {
    const { amount } = this.#request;
    if (!this.#makeBound(amount, 'meet')) return undefined;
    let known = this.#guess();
    let ceiling = known === undefined ? Number.POSITIVE_INFINITY : known.cost * CHEAPER;
    const quick = this.#runPass(ceiling, undefined, this.#fewLabels);
    if (quick !== 'gave_up') return quick ?? known;
    if (!this.#makeBound(amount, 'across', ceiling)) return known;
    const better = this.#guess();
    if (better !== undefined && better.cost < ceiling) {
      known = better;
      ceiling = better.cost * CHEAPER;
    }
    const found = this.#runPass(ceiling, undefined, MOST_LABELS);
    return found === 'gave_up' ? (known ?? this.#leastPath()) : (found ?? known);
  }

  /** The cheapest path with regard to minima, and to all limits that turn out to matter. */
  #mindful(
    free: FoundPath | undefined,
    minima: readonly number[],
    reach: number,
  ): FoundPath | undefined {
    const known: FoundPath[] = [];
    const learn = (path: FoundPath | undefined): void => {
      if (path !== undefined && this.#broken(path).length === 0) known.push(path);
    };
    learn(free);
    if (minima.length > 0) {
      if (!this.#makeBound(reach, 'meet')) return undefined;
      learn(this.#guess());
    }
    const limits = new Set<Limit>(free === undefined ? [] : this.#broken(free));
    for (;;) {
      const minded = this.#mind(minima, limits, reach, learn);
      if (minded === undefined) return undefined;
      const best = known.sort((a, b) => a.cost - b.cost)[0];
      const ceiling = best === undefined ? Number.POSITIVE_INFINITY : best.cost * CHEAPER;
      const most = free === undefined ? MOST_LABELS_IN_VAIN : MOST_LABELS;
      let found = this.#runPass(ceiling, minded, this.#fewLabels / MINDFUL);
      if (found === 'gave_up') {
        if (!this.#makeBound(reach, limits.size > 0 ? 'all' : 'across', ceiling)) return best;
        found = this.#runPass(ceiling, minded, most);
      }
      if (found === undefined || found === 'gave_up') return best;
      const broken = this.#broken(found);
      if (broken.length === 0) return found;
      for (const limit of broken) limits.add(limit);
    }
  }

  /** What a pass is to mind; nothing where a limit cannot be kept whatever the amounts. */
  #mind(
    minima: readonly number[],
    limits: ReadonlySet<Limit>,
    reach: number,
    learn: (path: FoundPath | undefined) => void,
  ): Minded | undefined {
    const { maxHops, maxDelay, finalCltv, destination } = this.#request;
    const [hops, blocks] = [this.#leastHops, this.#leastBlocks];
    const common = { minima, limits: new Set(limits) };
    const nothing = () => 0;
    const byHops = limits.has('hops') || limits.has('payload');
    if (byHops) {
      hops.run(this.#spreading(reach), 'hops', maxHops);
      if (!Number.isFinite(hops.at(destination))) return undefined;
      learn(this.#evaluate(hops.path(destination)));
    }
    if (limits.has('delay')) {
      blocks.run(this.#spreading(reach), 'blocks', maxDelay - finalCltv);
      if (!Number.isFinite(blocks.at(destination))) return undefined;
      learn(this.#evaluate(blocks.path(destination)));
    }
    return {
      ...common,
      hopsTo: byHops ? (n) => hops.at(n) : nothing,
      blocksTo: limits.has('delay') ? (n) => blocks.at(n) : nothing,
    };
  }

  #spreading(reach: number) {
    const [request, hop, firstHops] = [this.#request, this.hop, this.#firstHops];
    return { request, hop, firstHops, reach, nodes: this.#nodes };
  }

  /**
   * Makes the bound; answers whether there is any path below the ceiling. Beyond `meet`, the least
   * amounts make it exact.
   */
  #makeBound(
    reach: number,
    span: 'meet' | 'across' | 'all',
    ceiling = Number.POSITIVE_INFINITY,
  ): boolean {
    const { source, destination, amount } = this.#request;
    const hop = this.hop;
    const amounts = this.#leastAmounts;
    if (span === 'meet') this.#firstHops.fill(this.#graph, this.#request, hop, reach);
    else if (this.#leastReach !== reach) {
      this.#leastReach = reach;
      if (!amounts.run(this.#spreading(reach))) return false;
    }
    const least = span === 'meet' ? undefined : (n: number) => amounts.at(n);
    if (least !== undefined) this.#firstHops.fill(this.#graph, this.#request, hop, reach, least);
    return this.#bound.run({
      view: this.#view,
      source,
      destination,
      amount,
      reach,
      least,
      weight: this.#weight,
      ceiling,
      span,
      firstHops: this.#firstHops,
      hints: hop.hints(reach),
      nodeLimit: this.#graph.nodeLimit,
      hop,
    });
  }

  /** The path of the bound as it really is; nothing where it does not carry what really comes. */
  #guess(): FoundPath | undefined {
    return this.#evaluate(this.#bound.path());
  }

  #leastPath(): FoundPath | undefined {
    return this.#evaluate(this.#leastAmounts.path(this.#request.source));
  }

  #runPass(
    ceiling: number,
    minded: Minded | undefined,
    mostLabels: number,
  ): FoundPath | undefined | 'gave_up' {
    const found = this.#pass.run({
      request: this.#request,
      view: this.#view,
      weight: this.#weight,
      bound: this.#bound,
      firstHops: this.#firstHops,
      ceiling,
      minded,
      mostLabels,
      nodes: this.#nodes,
    });
    this.settledLabels += this.#pass.settled;
    this.passes++;
    return found;
  }

  /** The limits that a path breaks. */
  #broken({ edges, delays, payload }: FoundPath): Limit[] {
    const { maxHops, maxDelay, payloadBytes } = this.#request;
    const broken: Limit[] = [];
    if (edges.length > maxHops) broken.push('hops');
    if ((delays[0] as number) > maxDelay) broken.push('delay');
    if (payload > payloadBytes) broken.push('payload');
    return broken;
  }

  #viewFor({ amount, riskFactor, penalty, ignoreKnowledge }: SearchRequest): View {
    const step = amount < 2 ? 0 : Math.floor(Math.log2(amount) * VIEWS_AN_OCTAVE);
    const { penaltyBaseMsat, penaltyMillionths, onesided } = penalty;
    const key = `${step} ${riskFactor} ${penaltyBaseMsat} ${penaltyMillionths} ${onesided} ${ignoreKnowledge}`;
    let view = this.#views.get(key);
    if (view === undefined) {
      const floor = amount < 2 ? 0 : Math.min(amount, Math.floor(2 ** (step / VIEWS_AN_OCTAVE)));
      const knowledge = ignoreKnowledge ? this.#nobody : this.#knowledge;
      view = new View({ floor, riskFactor, penalty }, { graph: this.#graph, knowledge });
      this.#forgetViews();
    } else this.#views.delete(key);
    this.#views.set(key, view);
    return view;
  }

  /** The one used longest ago goes first. */
  #forgetViews(): void {
    let bytes = 0;
    for (const view of this.#views.values()) bytes += view.bytes;
    for (const [key, view] of this.#views) {
      if (this.#views.size < MOST_VIEWS && bytes <= VIEW_BYTES) return;
      bytes -= view.bytes;
      this.#views.delete(key);
    }
  }

  /** A path with its real amounts; nothing where an edge cannot carry them, or it crosses itself. */
  #evaluate(edges: readonly number[]): FoundPath | undefined {
    const hop = this.hop;
    const { amount, finalCltv, height, destination, source } = this.#request;
    const amounts: number[] = [];
    const delays: number[] = [];
    const visited = [destination];
    let cost = 0;
    let payload = 0;
    let arrives = amount;
    let delay = finalCltv;
    for (let i = edges.length - 1; i >= 0; i--) {
      const e = edges[i] as number;
      amounts.unshift(arrives);
      delays.unshift(delay);
      if (!hop.take(e, arrives)) return undefined;
      if (visited.includes(hop.from)) return undefined;
      visited.push(hop.from);
      if (hop.from !== source) payload += payloadSize(arrives, height + delay);
      cost += hop.cost;
      arrives = hop.amount;
      delay += hop.delta;
    }
    return { edges, amounts, delays, cost, payload };
  }
}
