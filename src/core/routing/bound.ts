/**
 * The first half of a search: what a way costs at least. Amounts are taken as if they did not grow
 * on the way back, so that every node has one least cost and Dijkstra's rule holds from both ends.
 * It meets in the middle, and leaves a path that is most often the cheapest, and for every node a
 * bound of the cost from the source, by which the second half is led.
 */
import { grown } from '../gossip/index.js';
import { Heap } from './heap.js';
import type { BoundEdge, FirstHops } from './hop.js';
import type { View } from './view.js';

/** Stands for no edge. */
export const NO_EDGE = 0x7fffffff;

export interface BoundRequest {
  readonly view: View;
  readonly source: number;
  readonly destination: number;
  readonly amount: number;
  /** What must arrive at a node at least, where that is known; Infinity: it cannot be reached. */
  readonly least: ((n: number) => number) | undefined;
  /** What may arrive at most, for edges that have a minimum. */
  readonly reach: number;
  /** Millisatoshi for each factor e of chance. */
  readonly weight: number;
  /** At most 1: the least part of a cost that a fuzz leaves. */
  readonly shrink: number;
  readonly firstHops: FirstHops;
  readonly hints: readonly BoundEdge[];
  /** Nodes of the graph are below this. */
  readonly nodeLimit: number;
  readonly now: number;
  /** Marks of edges and nodes not to be used, where there are any. */
  readonly excludedEdge: Uint8Array | undefined;
  readonly excludedNode: Uint8Array | undefined;
}

export class Bound {
  readonly #forward = new Heap();
  readonly #backward = new Heap();
  #generation = 0;
  /** Columns of nodes, valid where the stamp is this search's. */
  #fromStamp = new Uint32Array(0);
  #fromDone = new Uint32Array(0);
  #fromCost = new Float64Array(0);
  #fromEdge = new Int32Array(0);
  #fromNode = new Int32Array(0);
  #toStamp = new Uint32Array(0);
  #toDone = new Uint32Array(0);
  #toCost = new Float64Array(0);
  #toEdge = new Int32Array(0);
  #toNode = new Int32Array(0);

  #best = 0;
  #meeting = -1;
  /** Whatever was not settled from the source costs at least this. */
  #rim = 0;
  /** The least that was left out when it could not be part of a better path. */
  #pruned = 0;
  #request!: BoundRequest;
  /** Entries looked at, for measurements and to keep both ends even. */
  entriesFrom = 0;
  entriesTo = 0;

  resize(nodes: number): void {
    if (nodes <= this.#fromStamp.length) return;
    this.#fromStamp = grown(this.#fromStamp, nodes);
    this.#fromDone = grown(this.#fromDone, nodes);
    this.#fromCost = grown(this.#fromCost, nodes);
    this.#fromEdge = grown(this.#fromEdge, nodes);
    this.#fromNode = grown(this.#fromNode, nodes);
    this.#toStamp = grown(this.#toStamp, nodes);
    this.#toDone = grown(this.#toDone, nodes);
    this.#toCost = grown(this.#toCost, nodes);
    this.#toEdge = grown(this.#toEdge, nodes);
    this.#toNode = grown(this.#toNode, nodes);
  }

  /** Answers whether there is any path at all. */
  run(request: BoundRequest): boolean {
    this.#request = request;
    this.#start();
    const { source, destination, firstHops } = request;
    this.#reachFrom(source, 0, NO_EDGE, -1);
    this.#reachTo(destination, 0, NO_EDGE, -1);
    // The source's own channels cost no fee: they are all taken before anything else.
    this.#forward.pop();
    this.#fromDone[source] = this.#generation;
    for (let i = 0; i < firstHops.count; i++)
      this.#reachFrom(
        firstHops.target[i] as number,
        firstHops.cost[i] as number,
        firstHops.edge[i] as number,
        source,
      );
    for (;;) {
      const from = this.#forward.least;
      const to = this.#backward.least;
      if (from + to >= this.#best) break;
      if (this.entriesFrom <= this.entriesTo) this.#expandFrom(from, to);
      else this.#expandTo(to, from);
    }
    this.#rim = Math.min(this.#forward.least, this.#pruned);
    return this.#meeting >= 0;
  }

  /** At least this much is the way from the source to `n`. */
  from(n: number): number {
    if (this.#fromDone[n] === this.#generation) return this.#fromCost[n] as number;
    return this.#rim;
  }

  /** The edges of the path that was found, from the source to the destination. */
  path(): number[] {
    const edges: number[] = [];
    for (let n = this.#meeting; (this.#fromNode[n] as number) >= 0; n = this.#fromNode[n] as number)
      edges.push(this.#fromEdge[n] as number);
    edges.reverse();
    for (let n = this.#meeting; (this.#toNode[n] as number) >= 0; n = this.#toNode[n] as number)
      edges.push(this.#toEdge[n] as number);
    return edges;
  }

  #start(): void {
    this.#generation++;
    if (this.#generation === 0xffffffff) {
      for (const stamps of [this.#fromStamp, this.#fromDone, this.#toStamp, this.#toDone])
        stamps.fill(0);
      this.#generation = 1;
    }
    this.#forward.clear();
    this.#backward.clear();
    this.#best = Number.POSITIVE_INFINITY;
    this.#meeting = -1;
    this.#pruned = Number.POSITIVE_INFINITY;
    this.entriesFrom = 0;
    this.entriesTo = 0;
  }

  #expandFrom(key: number, rest: number): void {
    const n = this.#forward.pop();
    const generation = this.#generation;
    if (this.#fromDone[n] === generation) return;
    this.#fromDone[n] = generation;
    const request = this.#request;
    for (const { source, target, edge, cost } of request.hints)
      if (source === n) this.#reachFrom(target, key + cost, edge, n);
    this.entriesFrom++;
    // Beyond the destination there is no way; a node of hints has no row.
    if (n >= request.nodeLimit || n === request.destination) return;
    const {
      least: arrivesAt,
      view,
      amount,
      reach,
      weight,
      shrink,
      excludedEdge,
      excludedNode,
    } = request;
    view.prepareOutOf(n, request.now);
    const { node, least, most, edge } = view;
    const start = view.outOf.start[n] as number;
    const end = start + (view.outOf.length[n] as number);
    let at = start;
    for (; at < end; at++) {
      const floor = key + shrink * view.key(at);
      if (floor + rest >= this.#best) {
        if (floor < this.#pruned) this.#pruned = floor;
        break;
      }
      const to = node[at] as number;
      if (this.#fromDone[to] === generation) continue;
      const arrives = arrivesAt === undefined ? amount : arrivesAt(to);
      if (arrives > (most[at] as number) || reach < (least[at] as number)) continue;
      if (excludedEdge !== undefined && excludedEdge[edge[at] as number] === 1) continue;
      if (excludedNode !== undefined && excludedNode[n] === 1) break;
      const cost = key + shrink * view.cost(at, arrives, weight);
      if (cost + rest >= this.#best) {
        if (cost < this.#pruned) this.#pruned = cost;
        continue;
      }
      this.#reachFrom(to, cost, edge[at] as number, n);
    }
    this.entriesFrom += at - start;
  }

  #expandTo(key: number, rest: number): void {
    const n = this.#backward.pop();
    const generation = this.#generation;
    if (this.#toDone[n] === generation) return;
    this.#toDone[n] = generation;
    const request = this.#request;
    for (const { source, target, edge, cost } of request.hints)
      if (target === n) this.#reachTo(source, key + cost, edge, n);
    this.entriesTo++;
    if (n >= request.nodeLimit || n === request.source) return;
    const {
      least: arrivesAt,
      view,
      amount,
      reach,
      weight,
      shrink,
      excludedEdge,
      excludedNode,
      source,
    } = request;
    const arrives = arrivesAt === undefined ? amount : arrivesAt(n);
    view.prepareInto(n, request.now);
    const { node, least, most, edge } = view;
    const start = view.into.start[n] as number;
    const end = start + (view.into.length[n] as number);
    let at = start;
    for (; at < end; at++) {
      if (key + shrink * view.key(at) + rest >= this.#best) break;
      if (arrives > (most[at] as number) || reach < (least[at] as number)) continue;
      const from = node[at] as number;
      // The source's channels were taken from its own side.
      if (from === source || this.#toDone[from] === generation) continue;
      if (excludedEdge !== undefined && excludedEdge[edge[at] as number] === 1) continue;
      if (excludedNode !== undefined && excludedNode[from] === 1) continue;
      const cost = key + shrink * view.cost(at, arrives, weight);
      if (cost + rest >= this.#best) continue;
      this.#reachTo(from, cost, edge[at] as number, n);
    }
    this.entriesTo += at - start;
  }

  #reachFrom(n: number, cost: number, edge: number, by: number): void {
    const generation = this.#generation;
    if (this.#fromStamp[n] === generation && (this.#fromCost[n] as number) <= cost) return;
    if (this.#fromDone[n] === generation) return;
    this.#fromStamp[n] = generation;
    this.#fromCost[n] = cost;
    this.#fromEdge[n] = edge;
    this.#fromNode[n] = by;
    this.#forward.push(cost, n);
    if (this.#toStamp[n] === generation) this.#meet(n, cost + (this.#toCost[n] as number));
  }

  #reachTo(n: number, cost: number, edge: number, by: number): void {
    const generation = this.#generation;
    if (this.#toStamp[n] === generation && (this.#toCost[n] as number) <= cost) return;
    this.#toStamp[n] = generation;
    this.#toCost[n] = cost;
    this.#toEdge[n] = edge;
    this.#toNode[n] = by;
    this.#backward.push(cost, n);
    if (this.#fromStamp[n] === generation) this.#meet(n, cost + (this.#fromCost[n] as number));
  }

  #meet(n: number, cost: number): void {
    if (cost >= this.#best) return;
    this.#best = cost;
    this.#meeting = n;
  }
}
