/**
 * The second half of a search: labels from the destination back to the source, since amounts and
 * expiries are known at the destination and grow on the way back.
 *
 * A label is a way from some node to the destination: what it costs, what must arrive at the node
 * for it, and the expiry. Costs depend on the amount, so that the cheapest way to a node is not
 * always part of the cheapest route: a dearer one that needs less to arrive may win further back.
 * Hence a node keeps every label that no other one dominates, that is, beats or equals in cost, in
 * amount, and in whatever else the pass minds. Labels leave the heap in order of cost plus the bound
 * of what is still to come, so the first that arrives at the source is the cheapest; and what cannot
 * beat the ceiling, or keep a limit that is minded even on the shortest way on, is not even made.
 */
import type { Graph } from '../gossip/index.js';
import type { Bound } from './bound.js';
import { Heap } from './heap.js';
import type { FirstHops, Hop } from './hop.js';
import { Labels } from './labels.js';
import { payloadSize } from './payload.js';
import type { FoundPath, OverlayEdge, SearchRequest } from './search-request.js';
import { View } from './view.js';

/** A limit that a route may break. */
export type Limit = 'hops' | 'delay' | 'payload';

/** What a pass has regard to beside costs and amounts. */
export interface Minded {
  /** The values of htlc_minimum_msat that amounts may reach or not. */
  readonly minima: readonly number[];
  readonly limits: ReadonlySet<Limit>;
  /** Hops, or blocks, from the source to a node at least; 0 where that is not known. */
  readonly hopsTo: (n: number) => number;
  readonly blocksTo: (n: number) => number;
}

export interface PassRequest {
  readonly request: SearchRequest;
  readonly view: View;
  readonly weight: number;
  readonly bound: Bound;
  readonly firstHops: FirstHops;
  /** No label that cannot come out below this is made. */
  readonly ceiling: number;
  readonly minded: Minded | undefined;
  /** Labels made at most. */
  readonly mostLabels: number;
  readonly nodes: number;
}

export class Pass {
  readonly #graph: Graph;
  readonly #hop: Hop;
  readonly #heap = new Heap();
  readonly #labels = new Labels();
  #pass!: PassRequest;
  #request!: SearchRequest;
  #minded: Minded | undefined;
  #ceiling = 0;
  /** What the payload of a hop takes at least. */
  #leastPayload = 0;
  #hints: readonly number[] = [];
  /** Labels settled by the last run, for measurements. */
  settled = 0;

  constructor(deps: { readonly graph: Graph; readonly hop: Hop }) {
    this.#graph = deps.graph;
    this.#hop = deps.hop;
  }

  /** The cheapest path below the ceiling; nothing where there is none; or that it gave up. */
  run(pass: PassRequest): FoundPath | undefined | 'gave_up' {
    const { request, minded, ceiling, mostLabels, nodes } = pass;
    const { source, destination, amount, finalCltv, height, overlay } = request;
    const labels = this.#labels;
    const heap = this.#heap;
    this.#pass = pass;
    this.#request = request;
    this.#minded = minded;
    this.#ceiling = ceiling;
    this.#leastPayload = payloadSize(amount, height + finalCltv);
    this.#hints = [...overlay.keys()].filter((i) => overlay[i]?.source !== source);
    this.settled = 0;
    labels.resize(nodes);
    labels.begin();
    heap.clear();
    heap.push(0, labels.add(destination, 0, amount, finalCltv, 0, 0, 0, -1));
    while (heap.size > 0) {
      const label = heap.pop();
      const node = labels.node[label] as number;
      if (this.#isDominated(label, node)) continue;
      if (node === source) return this.#path(label);
      labels.settle(label, node);
      this.settled++;
      this.#expand(label, node);
      if (labels.count > mostLabels) return 'gave_up';
    }
    return undefined;
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

  #isDominated(label: number, node: number): boolean {
    const labels = this.#labels;
    if (this.#minded === undefined) return labels.isBeaten(label, node);
    for (let other = labels.firstSettled(node); other >= 0; other = labels.nextSettled(other))
      if (this.#noWorse(other, label, this.#minded)) return true;
    return false;
  }

  /** Whether `a`, which is no dearer, is no worse than `b` in all that is minded. */
  #noWorse(a: number, b: number, { limits, minima }: Minded): boolean {
    const { amount, hops, delay, bytes } = this.#labels;
    const [x, y] = [amount[a] as number, amount[b] as number];
    if (x > y) return false;
    // Where minima matter, the shorter way may go on through a node that the longer one has used,
    // with an amount that it has raised meanwhile.
    const countHops = minima.length > 0 || limits.has('hops');
    if (countHops && (hops[a] as number) > (hops[b] as number)) return false;
    if (limits.has('delay') && (delay[a] as number) > (delay[b] as number)) return false;
    if (limits.has('payload') && (bytes[a] as number) > (bytes[b] as number)) return false;
    for (const minimum of minima) if (minimum > x !== minimum > y) return false;
    return true;
  }

  #expand(label: number, target: number): void {
    const labels = this.#labels;
    const amount = labels.amount[label] as number;
    const { source, overlay } = this.#request;
    const { firstHops } = this.#pass;
    for (let i = firstHops.first(target); i >= 0; i = firstHops.next(i))
      this.#reach(label, firstHops.edge[i] as number);
    for (const i of this.#hints)
      if ((overlay[i] as OverlayEdge).target === target) this.#reach(label, -1 - i);
    if (target >= this.#graph.nodeLimit) return;
    const { view, bound, weight } = this.#pass;
    const cost = labels.cost[label] as number;
    const free = this.#minded === undefined;
    const rows = view.into(target);
    const end = rows.end[target] as number;
    for (let at = rows.start[target] as number; at < end; at += View.STEP) {
      if (cost + view.key(at) >= this.#ceiling) break;
      const from = view.node(at);
      if (from === source || !view.fits(at, amount, amount)) continue;
      const rest = cost + bound.from(from);
      if (rest >= this.#ceiling) continue;
      const more = view.cost(at, amount, weight);
      if (rest + more >= this.#ceiling) continue;
      if (free && labels.isHopeless(from, cost + more, amount)) continue;
      this.#reach(label, view.edge(at));
    }
  }

  /** A way on from `label` over edge `e`, if it carries what is to arrive there. */
  #reach(label: number, e: number): void {
    const labels = this.#labels;
    const hop = this.#hop;
    const arrives = labels.amount[label] as number;
    if (!hop.take(e, arrives)) return;
    const { source, height } = this.#request;
    const node = hop.from;
    const cost = (labels.cost[label] as number) + hop.cost;
    const key = cost + (node === source ? 0 : this.#pass.bound.from(node));
    if (!(key < this.#ceiling)) return;
    const hops = (labels.hops[label] as number) + 1;
    const before = labels.delay[label] as number;
    const delay = before + hop.delta;
    // The payload that tells this edge's source to forward; the sender needs none.
    const bytes =
      (labels.bytes[label] as number) +
      (node === source ? 0 : payloadSize(arrives, height + before));
    if (this.#minded === undefined) {
      if (labels.isHopeless(node, cost, hop.amount)) return;
      labels.note(node, cost, hop.amount);
    } else if (this.#breaks(this.#minded, node, hops, delay, bytes) || labels.passes(label, node))
      return;
    this.#heap.push(key, labels.add(node, cost, hop.amount, delay, hops, bytes, e, label));
  }

  /** Whether a limit that is minded is broken, or will be on any way on from `node`. */
  #breaks(
    { limits, hopsTo, blocksTo }: Minded,
    node: number,
    hops: number,
    delay: number,
    bytes: number,
  ): boolean {
    const { maxHops, maxDelay, payloadBytes } = this.#request;
    if (limits.has('delay') && delay + blocksTo(node) > maxDelay) return true;
    if (!limits.has('hops') && !limits.has('payload')) return false;
    const more = hopsTo(node);
    if (limits.has('hops') && hops + more > maxHops) return true;
    // The first of them is the sender's own, which has no payload.
    return (
      limits.has('payload') && bytes + Math.max(0, more - 1) * this.#leastPayload > payloadBytes
    );
  }
}
