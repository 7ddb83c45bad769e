/**
 * The search for the route of least cost, from the destination back to the source, since amounts
 * and expiries are known there and grow on the way back.
 *
 * A label is a way from some node to the destination: what it costs, what must arrive at the node
 * for it, and the expiry. Costs depend on the amount, so that the cheapest way to a node is not
 * always part of the cheapest route: a dearer one that needs less to arrive may win further back.
 * Hence a node keeps every label that no other one dominates, that is, beats or equals in cost and
 * in amount. Labels leave the heap in order of cost plus a lower bound of what is still to come,
 * so the first that arrives at the source is the cheapest.
 *
 * Limits of hops, expiry and onion size, and htlc_minimum_msat (which a smaller amount may fall
 * below), are not part of that rule. The first pass ignores the limits; if its route keeps them and
 * no minimum came into play, no other route is cheaper. Otherwise the second pass decides, in which
 * a label dominates only if it is no worse in any of these.
 */

import { DISABLED, type Graph, grown, KNOWN, UNROUTABLE } from '../gossip/index.js';
import { chanceOf, feeOf, type PenaltyOptions, penaltyWeight, riskOf } from './cost.js';
import { Heap } from './heap.js';
import type { Belief, Knowledge } from './knowledge.js';

/** A channel in one direction that is not in the graph: our own, or from an invoice's hint. */
export interface OverlayEdge {
  readonly source: number;
  readonly target: number;
  readonly feeBase: number;
  readonly feeRate: number;
  readonly cltvDelta: number;
  readonly minimum: number;
  readonly maximum: number;
  /** What was learned of it: it carries no more than this; -1 where it is not usable. */
  readonly limit: number;
}

export interface SearchRequest {
  readonly source: number;
  readonly destination: number;
  readonly amount: number;
  readonly finalCltv: number;
  readonly riskFactor: number;
  readonly maxHops: number;
  readonly maxDelay: number;
  /** Bytes the onion has for the payloads of all hops, the final one's already taken off. */
  readonly payloadBytes: number;
  /** Added to a delay to have the height that the onion names. */
  readonly height: number;
  readonly penalty: PenaltyOptions;
  readonly now: number;
  /** Edges beyond the graph; edge `-1 - i` of a path is the i-th of them. */
  readonly overlay: readonly OverlayEdge[];
  /** The source's channels are those of the overlay only. */
  readonly ownChannelsOnly: boolean;
  /** Take no account of what was learned. */
  readonly ignoreKnowledge: boolean;
  /** Leave the second pass out: to find a reason, not a route. */
  readonly quick?: boolean;
  /** The largest factor on fees, and the seed that gives each edge its own. 0: none. */
  readonly fuzz: number;
  readonly fuzzSeed: number;
}

/** The edges from source to destination with what each carries and the expiry at its end. */
export interface FoundPath {
  readonly edges: readonly number[];
  readonly amounts: readonly number[];
  readonly delays: readonly number[];
  readonly cost: number;
}

/** Labels the second pass may make before it gives up: a safeguard against made-up graphs. */
const MOST_LABELS = 100_000;

export class Search {
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #heap = new Heap();
  readonly #belief: Belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };

  /** Columns of labels. */
  #node = new Int32Array(1024);
  #cost = new Float64Array(1024);
  #amount = new Float64Array(1024);
  #delay = new Int32Array(1024);
  #hops = new Uint16Array(1024);
  #bytes = new Uint16Array(1024);
  #edge = new Int32Array(1024);
  #parent = new Int32Array(1024);
  /** The next settled label of the same node. */
  #next = new Int32Array(1024);
  #labels = 0;

  /** Columns of nodes, valid where the stamp is this search's. */
  #generation = 0;
  #seen = new Uint32Array(0);
  /** The cheapest label made so far. */
  #bestCost = new Float64Array(0);
  #bestAmount = new Float64Array(0);
  #settled = new Uint32Array(0);
  /** The least amount among settled labels; in the second pass the head of their list. */
  #leastAmount = new Float64Array(0);
  #head = new Int32Array(0);

  #excludedEdge = new Uint8Array(0);
  #excludedNode = new Uint8Array(0);
  #excludes = false;

  /** Labels settled by the last search, for measurements. */
  settledLabels = 0;

  /** Of the search under way. */
  #request!: SearchRequest;
  #weight = 0;
  #leastRejectedMinimum = 0;
  #thorough = false;
  #thresholds: number[] = [];

  constructor(deps: { readonly graph: Graph; readonly knowledge: Knowledge }) {
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
  }

  /** Runs a search without these edges and nodes of the graph. */
  without<T>(edges: readonly number[], nodes: readonly number[], run: () => T): T {
    this.#prepare(0);
    for (const e of edges) this.#excludedEdge[e] = 1;
    for (const n of nodes) this.#excludedNode[n] = 1;
    this.#excludes = edges.length + nodes.length > 0;
    try {
      return run();
    } finally {
      for (const e of edges) this.#excludedEdge[e] = 0;
      for (const n of nodes) this.#excludedNode[n] = 0;
      this.#excludes = false;
    }
  }

  /** The cheapest path that keeps all limits, or nothing. */
  find(request: SearchRequest): FoundPath | undefined {
    let extra = 0;
    for (const { source, target } of request.overlay)
      extra = Math.max(extra, source + 1, target + 1);
    this.#prepare(extra);
    this.#request = request;
    this.#weight = penaltyWeight(request.penalty, request.amount);
    this.#thorough = false;
    const label = this.#run();
    const least = (this.#leastRejectedMinimum - request.amount) * (1 - request.fuzz);
    const cost = label < 0 ? Number.POSITIVE_INFINITY : (this.#cost[label] as number);
    // A label that reaches a rejected minimum has paid at least the difference in fees.
    if (least > cost || (label < 0 && least === Number.POSITIVE_INFINITY)) {
      if (label < 0) return undefined;
      const path = this.#path(label);
      if (this.#keepsLimits(label)) return path;
    }
    return request.quick ? undefined : this.#runThoroughly();
  }

  #runThoroughly(): FoundPath | undefined {
    this.#thorough = true;
    this.#thresholds = this.#minimaAbove(this.#request.amount);
    const label = this.#run();
    return label < 0 ? undefined : this.#path(label);
  }

  #keepsLimits(label: number): boolean {
    const { maxHops, maxDelay, payloadBytes } = this.#request;
    return (
      (this.#hops[label] as number) <= maxHops &&
      (this.#delay[label] as number) <= maxDelay &&
      (this.#bytes[label] as number) <= payloadBytes
    );
  }

  #path(label: number): FoundPath {
    const edges: number[] = [];
    const amounts: number[] = [];
    const delays: number[] = [];
    const cost = this.#cost[label] as number;
    for (let at = label; (this.#parent[at] as number) >= 0; at = this.#parent[at] as number) {
      const next = this.#parent[at] as number;
      edges.push(this.#edge[at] as number);
      amounts.push(this.#amount[next] as number);
      delays.push(this.#delay[next] as number);
    }
    return { edges, amounts, delays, cost };
  }

  #prepare(nodes: number): void {
    const edges = this.#graph.flags.length;
    if (edges > this.#excludedEdge.length) this.#excludedEdge = grown(this.#excludedEdge, edges);
    const wanted = Math.max(nodes, this.#graph.nodeVersion.length);
    if (wanted <= this.#seen.length) return;
    const size = wanted + 64;
    this.#seen = grown(this.#seen, size);
    this.#bestCost = grown(this.#bestCost, size);
    this.#bestAmount = grown(this.#bestAmount, size);
    this.#settled = grown(this.#settled, size);
    this.#leastAmount = grown(this.#leastAmount, size);
    this.#head = grown(this.#head, size);
    this.#excludedNode = grown(this.#excludedNode, size);
  }

  /** Answers the label that arrived at the source, or -1. */
  #run(): number {
    const { source, destination, amount, finalCltv } = this.#request;
    this.#generation++;
    if (this.#generation === 0xffffffff) {
      this.#seen.fill(0);
      this.#settled.fill(0);
      this.#generation = 1;
    }
    this.#labels = 0;
    this.#heap.clear();
    this.#leastRejectedMinimum = Number.POSITIVE_INFINITY;
    this.settledLabels = 0;
    this.#add(destination, 0, amount, finalCltv, 0, 0, 0, -1);
    while (this.#heap.size > 0) {
      const label = this.#heap.pop();
      const node = this.#node[label] as number;
      if (this.#isDominated(label, node)) continue;
      if (node === source) return label;
      this.#settle(label, node);
      this.settledLabels++;
      this.#expand(label, node);
      if (this.#thorough && this.#labels > MOST_LABELS) return -1;
    }
    return -1;
  }

  #isDominated(label: number, node: number): boolean {
    if (this.#settled[node] !== this.#generation) return false;
    if (!this.#thorough)
      return (this.#leastAmount[node] as number) <= (this.#amount[label] as number);
    const amount = this.#amount[label] as number;
    for (let other = this.#head[node] as number; other >= 0; other = this.#next[other] as number) {
      const less = this.#amount[other] as number;
      if (
        less <= amount &&
        (this.#hops[other] as number) <= (this.#hops[label] as number) &&
        (this.#delay[other] as number) <= (this.#delay[label] as number) &&
        (this.#bytes[other] as number) <= (this.#bytes[label] as number) &&
        (less === amount || this.#rank(less) === this.#rank(amount))
      )
        return true;
    }
    return false;
  }

  #settle(label: number, node: number): void {
    const first = this.#settled[node] !== this.#generation;
    this.#settled[node] = this.#generation;
    if (this.#thorough) {
      this.#next[label] = first ? -1 : (this.#head[node] as number);
      this.#head[node] = label;
    } else this.#leastAmount[node] = this.#amount[label] as number;
  }

  #expand(label: number, target: number): void {
    const graph = this.#graph;
    if (target < graph.nodeLimit) {
      const { pool } = graph.incoming;
      const start = graph.incoming.start(target);
      const end = start + graph.incoming.length(target);
      for (let at = start; at < end; at++) this.#relaxEdge(label, pool[at] as number);
    }
    const { overlay } = this.#request;
    for (let i = 0; i < overlay.length; i++)
      if ((overlay[i] as OverlayEdge).target === target) this.#relaxOverlay(label, i);
  }

  #relaxEdge(label: number, e: number): void {
    const graph = this.#graph;
    const request = this.#request;
    if (((graph.flags[e] as number) & (KNOWN | DISABLED | UNROUTABLE)) !== KNOWN) return;
    const from = graph.source[e] as number;
    const isSource = from === request.source;
    if (isSource && request.ownChannelsOnly) return;
    const amount = this.#amount[label] as number;
    const maximum = graph.htlcMaximum[e] as number;
    if (amount > maximum) return;
    let capacity = graph.capacity[e >> 1] as number;
    if (capacity === 0) capacity = maximum;
    if (amount > capacity) return;
    if (
      this.#excludes &&
      ((this.#excludedEdge[e] as number) | (this.#excludedNode[from] as number)) !== 0
    )
      return;
    if (!isSource && (graph.nodeUnroutable[from] as number) !== 0) return;
    const chance = this.#chance(e, from, isSource, amount, capacity);
    if (chance === 0) return;
    const minimum = graph.htlcMinimum[e] as number;
    if (amount < minimum) {
      if (minimum <= maximum && minimum < this.#leastRejectedMinimum)
        this.#leastRejectedMinimum = minimum;
      return;
    }
    const penalty = chance === 1 ? 0 : -this.#weight * Math.log(chance);
    if (isSource) {
      this.#reach(label, from, e, amount, 0, penalty);
      return;
    }
    let fee = feeOf(graph.feeBase[e] as number, graph.feeRate[e] as number, amount);
    let cost = fee;
    if (request.fuzz !== 0) cost *= 1 + request.fuzz * fuzzOf(e, request.fuzzSeed);
    const delta = graph.cltvDelta[e] as number;
    fee += amount;
    cost += riskOf(fee, delta, request.riskFactor) + penalty;
    this.#reach(label, from, e, fee, delta, cost);
  }

  /** The chance that an edge carries the amount; 0: it must not be used. */
  #chance(e: number, from: number, isSource: boolean, amount: number, capacity: number): number {
    const { now, penalty, ignoreKnowledge } = this.#request;
    const knowledge = this.#knowledge;
    const plain = this.#weight === 0;
    if (ignoreKnowledge || knowledge.size === 0)
      return plain ? 1 : chanceOf(amount, capacity, 0, capacity, penalty.onesided);
    if (!isSource && !knowledge.nodeUsable(from, now)) return 0;
    const { edgeSlot } = knowledge;
    if (((edgeSlot[e] as number) | (edgeSlot[e ^ 1] as number)) === 0)
      return plain ? 1 : chanceOf(amount, capacity, 0, capacity, penalty.onesided);
    const belief = this.#belief;
    knowledge.look(e, capacity, now, belief);
    if (!belief.usable || amount > belief.limit) return 0;
    if (plain) return 1;
    const { lower, upper, blame } = belief;
    const chance =
      amount > upper ? 1e-6 : chanceOf(amount, capacity, lower, upper, penalty.onesided);
    return chance * (1 - blame);
  }

  #relaxOverlay(label: number, i: number): void {
    const request = this.#request;
    const edge = request.overlay[i] as OverlayEdge;
    const amount = this.#amount[label] as number;
    if (amount > edge.maximum || (amount > edge.limit && !request.ignoreKnowledge)) return;
    if (amount < edge.minimum) {
      if (edge.minimum <= edge.maximum && edge.minimum < this.#leastRejectedMinimum)
        this.#leastRejectedMinimum = edge.minimum;
      return;
    }
    if (this.#excludes && (this.#excludedNode[edge.source] as number) !== 0) return;
    if (edge.source === request.source) {
      this.#reach(label, edge.source, -1 - i, amount, 0, 0);
      return;
    }
    const next = amount + feeOf(edge.feeBase, edge.feeRate, amount);
    const cost = next - amount + riskOf(next, edge.cltvDelta, request.riskFactor);
    this.#reach(label, edge.source, -1 - i, next, edge.cltvDelta, cost);
  }

  /** A way on from `label` to `node` over edge `e`. */
  #reach(
    label: number,
    node: number,
    e: number,
    amount: number,
    delta: number,
    cost: number,
  ): void {
    const total = (this.#cost[label] as number) + cost;
    const hops = (this.#hops[label] as number) + 1;
    const delay = (this.#delay[label] as number) + delta;
    const generation = this.#generation;
    // The payload that tells this edge's source to forward; the sender needs none.
    let bytes = this.#bytes[label] as number;
    if (node !== this.#request.source)
      bytes += payloadSize(
        this.#amount[label] as number,
        this.#request.height + (this.#delay[label] as number),
      );
    if (this.#thorough) {
      const { maxHops, maxDelay, payloadBytes } = this.#request;
      if (hops > maxHops || delay > maxDelay || bytes > payloadBytes) return;
      if (this.#passes(label, node)) return;
    } else {
      if (this.#settled[node] === generation && (this.#leastAmount[node] as number) <= amount)
        return;
      const seen = this.#seen[node] === generation;
      if (
        seen &&
        total >= (this.#bestCost[node] as number) &&
        amount >= (this.#bestAmount[node] as number)
      )
        return;
      if (!seen || total < (this.#bestCost[node] as number)) {
        this.#seen[node] = generation;
        this.#bestCost[node] = total;
        this.#bestAmount[node] = amount;
      }
    }
    this.#add(node, total, amount, delay, hops, bytes, e, label);
  }

  /** Whether the way of `label` goes through `node`. */
  #passes(label: number, node: number): boolean {
    for (let at = label; at >= 0; at = this.#parent[at] as number)
      if (this.#node[at] === node) return true;
    return false;
  }

  #add(
    node: number,
    cost: number,
    amount: number,
    delay: number,
    hops: number,
    bytes: number,
    e: number,
    parent: number,
  ): void {
    const label = this.#labels++;
    if (label === this.#node.length) this.#growLabels();
    this.#node[label] = node;
    this.#cost[label] = cost;
    this.#amount[label] = amount;
    this.#delay[label] = delay;
    this.#hops[label] = hops;
    this.#bytes[label] = bytes;
    this.#edge[label] = e;
    this.#parent[label] = parent;
    this.#heap.push(cost, label);
  }

  #growLabels(): void {
    const size = this.#node.length * 2;
    this.#node = grown(this.#node, size);
    this.#cost = grown(this.#cost, size);
    this.#amount = grown(this.#amount, size);
    this.#delay = grown(this.#delay, size);
    this.#hops = grown(this.#hops, size);
    this.#bytes = grown(this.#bytes, size);
    this.#edge = grown(this.#edge, size);
    this.#parent = grown(this.#parent, size);
    this.#next = grown(this.#next, size);
  }

  /** The minima above `amount`, in order: between two of them amounts are alike. */
  #minimaAbove(amount: number): number[] {
    const minima = new Set<number>();
    const { htlcMinimum, flags } = this.#graph;
    for (let e = 0; e < 2 * this.#graph.channelLimit; e++)
      if (
        ((flags[e] as number) & (KNOWN | DISABLED)) === KNOWN &&
        (htlcMinimum[e] as number) > amount
      )
        minima.add(htlcMinimum[e] as number);
    for (const { minimum } of this.#request.overlay) if (minimum > amount) minima.add(minimum);
    return [...minima].sort((a, b) => a - b);
  }

  /** How many minima `amount` reaches. */
  #rank(amount: number): number {
    const minima = this.#thresholds;
    let low = 0;
    let high = minima.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((minima[middle] as number) <= amount) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * BOLT 4, "Payload Format": bytes of a forwarding payload in the onion, its length and HMAC with
 * it: amt_to_forward and outgoing_cltv_value truncated, short_channel_id of 8 bytes.
 */
export function payloadSize(amount: number, expiry: number): number {
  return 1 + 2 + truncated(amount) + 2 + truncated(expiry) + 2 + 8 + 32;
}

/** Bytes of an integer without leading zeros. */
export function truncated(value: number): number {
  let bytes = 0;
  for (let left = value; left >= 1; left /= 256) bytes++;
  return bytes;
}

/** A number between -1 and 1, the same for an edge and seed each time. */
function fuzzOf(e: number, seed: number): number {
  let h = Math.imul(e ^ seed ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) | 0) / 0x80000000;
}
