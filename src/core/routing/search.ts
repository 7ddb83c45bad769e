/**
 * The search for the route of least cost. Its first half (`bound.ts`) finds what ways cost at
 * least; the second half, here, goes from the destination back to the source, since amounts and
 * expiries are known there and grow on the way back.
 *
 * A label is a way from some node to the destination: what it costs, what must arrive at the node
 * for it, and the expiry. Costs depend on the amount, so that the cheapest way to a node is not
 * always part of the cheapest route: a dearer one that needs less to arrive may win further back.
 * Hence a node keeps every label that no other one dominates, that is, beats or equals in cost and
 * in amount. Labels leave the heap in order of cost plus the bound of what is still to come, so the
 * first that arrives at the source is the cheapest; and what cannot beat the path that the first
 * half found is not even made.
 *
 * Limits of hops, expiry and onion size, and htlc_minimum_msat (which a smaller amount may fall
 * below), are not part of that rule. Where the best route breaks a limit, or a minimum lies between
 * the amount and what could arrive, a second pass decides, in which a label dominates only if it is
 * no worse in any of these.
 */
import type { Graph } from '../gossip/index.js';
import { Bound } from './bound.js';
import { penaltyWeight } from './cost.js';
import { Heap } from './heap.js';
import { FirstHops, Hop } from './hop.js';
import type { Knowledge } from './knowledge.js';
import { Labels } from './labels.js';
import { payloadSize } from './payload.js';
import type { FoundPath, OverlayEdge, SearchRequest } from './search-request.js';
import { View } from './view.js';

/** Labels the second pass may make before it gives up: where there is a route, and where none yet. */
const MOST_LABELS = 50_000;
const MOST_LABELS_IN_VAIN = 4_000;
/** Routes whose fees are above the amount and this are not looked for in the second pass. */
const SMALL_FEES = 10_000;
/** Views kept, and how many there are for each doubling of the amount. */
const MOST_VIEWS = 8;
const VIEWS_AN_OCTAVE = 2;

/**
 * Which labels a pass keeps. `all`: those that none beats in cost and amount. `thorough`: nor in
 * anything else. `cheapest` and `least`: one a node, by cost or by amount alone: not the best
 * route, but some route, if there is one that the limits allow; `least` never misses one.
 */
type Rule = 'all' | 'thorough' | 'cheapest' | 'least';

export class Search {
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #nobody: Knowledge;
  readonly #views = new Map<string, View>();
  readonly #bound = new Bound();
  readonly #heap = new Heap();
  #labels = new Labels();
  /** The labels of a pass whose findings are still needed. */
  #spare = new Labels();
  readonly #hop: Hop;
  readonly #firstHops: FirstHops;

  /** Of the last search, for measurements: labels settled, and entries the bound looked at. */
  settledLabels = 0;
  entries = 0;
  /** Searches that needed the second pass. */
  thoroughSearches = 0;

  /** Of the search under way. */
  #request!: SearchRequest;
  #view!: View;
  #weight = 0;
  #shrink = 1;
  /** No label that cannot come out below this is made. */
  #ceiling = 0;
  #rule: Rule = 'all';
  #mostLabels = MOST_LABELS;
  /** The minima that amounts may reach or not: in the second pass. */
  #minima: readonly number[] = [];

  constructor(deps: {
    readonly graph: Graph;
    readonly knowledge: Knowledge;
    /** Knows nothing: for searches that take no account of what was learned. */
    readonly nobody: Knowledge;
  }) {
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
    this.#nobody = deps.nobody;
    this.#hop = new Hop(deps);
    this.#firstHops = new FirstHops();
  }

  /** Runs a search without these edges and nodes of the graph. */
  without<T>(edges: readonly number[], nodes: readonly number[], run: () => T): T {
    return this.#hop.without(edges, nodes, run);
  }

  /** The cheapest path that keeps all limits, or nothing. */
  find(request: SearchRequest): FoundPath | undefined {
    this.#request = request;
    this.#weight = penaltyWeight(request.penalty, request.amount);
    this.#shrink = 1 - request.fuzz;
    this.#view = this.#viewFor(request);
    let nodes = this.#graph.nodeVersion.length;
    for (const { source, target } of request.overlay)
      nodes = Math.max(nodes, source + 1, target + 1);
    this.#bound.resize(nodes);
    this.#labels.resize(nodes);
    this.#spare.resize(nodes);
    this.#firstHops.resize(nodes);
    this.#hop.begin(request, this.#weight);
    this.#rule = 'all';
    this.entries = 0;
    this.settledLabels = 0;

    const guess = this.#guess(request.amount);
    const some = guess === 'none' ? undefined : (guess ?? this.#anyPath());
    if (request.quick) return some !== undefined && this.#keepsLimits(some) ? some : undefined;
    const best = this.#improve(some);
    // A label that reaches a minimum above the amount has paid at least the difference in fees.
    const kept = best !== undefined && this.#keepsLimits(best);
    const limit = kept
      ? request.amount + best.cost / this.#shrink
      : 2 * request.amount + SMALL_FEES;
    this.#minima = this.#graph.minimaBetween(request.amount, limit);
    const certain = this.#minima.length === 0;
    return certain && (kept || best === undefined) ? best : this.#runThoroughly(best, limit);
  }

  /**
   * The path of the bound as it really is: nothing where it cannot carry what really comes, `none`
   * where there is no path at all. `reach`: edges with a minimum up to this are taken for usable.
   */
  #guess(reach: number, least?: (n: number) => number): FoundPath | undefined | 'none' {
    const { source, destination, amount, now } = this.#request;
    this.#firstHops.fill(this.#graph, this.#request, this.#hop, reach, least);
    const possible = this.#bound.run({
      view: this.#view,
      source,
      destination,
      amount,
      reach,
      least,
      weight: this.#weight,
      shrink: this.#shrink,
      firstHops: this.#firstHops,
      hints: this.#hop.hints(reach),
      nodeLimit: this.#graph.nodeLimit,
      now,
      excludedEdge: this.#hop.excludedEdge,
      excludedNode: this.#hop.excludedNode,
    });
    this.entries += this.#bound.entriesFrom + this.#bound.entriesTo;
    return possible ? this.#evaluate(this.#bound.path()) : 'none';
  }

  /**
   * Some path that carries what really comes; nothing where there is none. What must arrive at each
   * node at least is found first: it decides whether there is any path, and sharpens the bound.
   */
  #anyPath(): FoundPath | undefined {
    this.#ceiling = Number.POSITIVE_INFINITY;
    const arrived = this.#run('least');
    if (arrived < 0) return undefined;
    const some = this.#path(arrived);
    const rim = this.#labels.amount[arrived] as number;
    const labels = this.#labels;
    [this.#labels, this.#spare] = [this.#spare, labels];
    const guess = this.#guess(this.#request.amount, (n) => Math.min(rim, labels.leastAt(n)));
    if (guess !== undefined && guess !== 'none') return guess;
    const cheapest = this.#run('cheapest');
    const found = cheapest < 0 ? some : this.#path(cheapest);
    return found.cost < some.cost ? found : some;
  }

  /** A path that is cheaper than this one, or this one. */
  #improve(guess: FoundPath | undefined): FoundPath | undefined {
    if (guess === undefined) return undefined;
    this.#ceiling = guess.cost * (1 - 1e-12);
    const label = this.#run('all');
    return label < 0 ? guess : this.#path(label);
  }

  #runThoroughly(best: FoundPath | undefined, limit: number): FoundPath | undefined {
    this.thoroughSearches++;
    const guess = this.#guess(limit);
    if (guess === 'none') return undefined;
    const known = [best, guess].filter((path) => path !== undefined && this.#keepsLimits(path));
    const least = known.sort((a, b) => (a?.cost ?? 0) - (b?.cost ?? 0))[0];
    this.#mostLabels = best === undefined ? MOST_LABELS_IN_VAIN : MOST_LABELS;
    this.#ceiling = least === undefined ? Number.POSITIVE_INFINITY : least.cost * (1 - 1e-12);
    const label = this.#run('thorough');
    return label < 0 ? least : this.#path(label);
  }

  #keepsLimits({ edges, delays, payload }: FoundPath): boolean {
    const { maxHops, maxDelay, payloadBytes } = this.#request;
    return edges.length <= maxHops && (delays[0] as number) <= maxDelay && payload <= payloadBytes;
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
      const oldest = this.#views.keys().next().value;
      if (this.#views.size >= MOST_VIEWS && oldest !== undefined) this.#views.delete(oldest);
    } else this.#views.delete(key);
    this.#views.set(key, view);
    return view;
  }

  /** A path with its real amounts; nothing where an edge cannot carry them, or it crosses itself. */
  #evaluate(edges: readonly number[]): FoundPath | undefined {
    const hop = this.#hop;
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

  #path(label: number): FoundPath {
    const labels = this.#labels;
    const edges: number[] = [];
    const amounts: number[] = [];
    const delays: number[] = [];
    for (let at = label; (labels.parent[at] as number) >= 0; ) {
      const next = labels.parent[at] as number;
      edges.push(labels.edge[at] as number);
      amounts.push(labels.amount[next] as number);
      delays.push(labels.delay[next] as number);
      at = next;
    }
    const cost = labels.cost[label] as number;
    return { edges, amounts, delays, cost, payload: labels.bytes[label] as number };
  }

  /** Answers the label that arrived at the source, or -1. */
  #run(rule: Rule): number {
    const { source, destination, amount, finalCltv } = this.#request;
    const labels = this.#labels;
    const heap = this.#heap;
    this.#rule = rule;
    labels.begin();
    heap.clear();
    heap.push(0, labels.add(destination, 0, amount, finalCltv, 0, 0, 0, -1));
    while (heap.size > 0) {
      const label = heap.pop();
      const node = labels.node[label] as number;
      if (this.#isDominated(label, node)) continue;
      if (node === source) return label;
      labels.settle(label, node);
      this.settledLabels++;
      this.#expand(label, node);
      if (rule === 'thorough' && labels.count > this.#mostLabels) return -1;
    }
    return -1;
  }

  #isDominated(label: number, node: number): boolean {
    const labels = this.#labels;
    if (this.#rule === 'all') return labels.isBeaten(label, node);
    if (this.#rule !== 'thorough') return labels.firstSettled(node) >= 0;
    for (let other = labels.firstSettled(node); other >= 0; other = labels.nextSettled(other))
      if (labels.noWorse(other, label) && this.#sameReach(other, label)) return true;
    return false;
  }

  /** Whether no minimum lies between what two labels bring. */
  #sameReach(a: number, b: number): boolean {
    const [x, y] = [this.#labels.amount[a] as number, this.#labels.amount[b] as number];
    return !this.#minima.some((minimum) => minimum > x !== minimum > y);
  }

  #expand(label: number, target: number): void {
    const labels = this.#labels;
    const cost = labels.cost[label] as number;
    const amount = labels.amount[label] as number;
    const { source, overlay } = this.#request;
    for (let i = this.#firstHops.first(target); i >= 0; i = this.#firstHops.next(i))
      this.#reach(label, this.#firstHops.edge[i] as number);
    for (let i = 0; i < overlay.length; i++) {
      const edge = overlay[i] as OverlayEdge;
      if (edge.target === target && edge.source !== source) this.#reach(label, -1 - i);
    }
    if (target >= this.#graph.nodeLimit) return;
    const view = this.#view;
    const bound = this.#bound;
    const shrink = this.#shrink;
    const weight = this.#weight;
    const ceiling = this.#ceiling;
    const single = this.#rule === 'cheapest' || this.#rule === 'least';
    view.prepareInto(target, this.#request.now);
    const start = view.into.start[target] as number;
    const end = start + (view.into.length[target] as number);
    for (let at = start; at < end; at++) {
      if (cost + shrink * view.key(at) >= ceiling) break;
      if (amount > (view.most[at] as number) || amount < (view.least[at] as number)) continue;
      const from = view.node[at] as number;
      if (from === source || (single && labels.firstSettled(from) >= 0)) continue;
      const floor = cost + shrink * view.cost(at, amount, weight) + bound.from(from);
      if (floor >= ceiling) continue;
      this.#reach(label, view.edge[at] as number);
    }
  }

  /** A way on from `label` over edge `e`, if it carries what is to arrive there. */
  #reach(label: number, e: number): void {
    const labels = this.#labels;
    const hop = this.#hop;
    const arrives = labels.amount[label] as number;
    if (!hop.take(e, arrives)) return;
    const node = hop.from;
    const cost = (labels.cost[label] as number) + hop.cost;
    const isSource = node === this.#request.source;
    const key =
      this.#rule === 'least' ? hop.amount : cost + (isSource ? 0 : this.#bound.from(node));
    if (!(key < this.#ceiling)) return;
    const hops = (labels.hops[label] as number) + 1;
    const before = labels.delay[label] as number;
    const delay = before + hop.delta;
    // The payload that tells this edge's source to forward; the sender needs none.
    const bytes =
      (labels.bytes[label] as number) +
      (isSource ? 0 : payloadSize(arrives, this.#request.height + before));
    if (this.#rule === 'thorough') {
      const { maxHops, maxDelay, payloadBytes } = this.#request;
      if (hops > maxHops || delay > maxDelay || bytes > payloadBytes) return;
      if (labels.passes(label, node)) return;
    } else if (this.#rule === 'all') {
      if (labels.isHopeless(node, cost, hop.amount)) return;
    } else if (labels.firstSettled(node) >= 0 || labels.isLater(node, key)) return;
    this.#heap.push(key, labels.add(node, cost, hop.amount, delay, hops, bytes, e, label));
  }
}
