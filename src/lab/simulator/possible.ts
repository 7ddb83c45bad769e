/** What was possible for one who knew how all funds lie. */
import type { Graph } from '../../core/gossip/index.js';
import { feeOf, Heap } from '../../core/routing/index.js';
import { admits, incomingOf, isInUse, outgoingOf } from './edges.js';
import type { World } from './world.js';

/**
 * Whether the amount goes in one part, by policies and for `maxFee` at most, in millisatoshi: the
 * least that must arrive at each node, from the destination back. (More than the least could reach a minimum that the least
 * does not; no node asks for a minimum that it so nearly has.)
 */
export function isPossible(
  world: World,
  source: number,
  destination: number,
  amount: number,
  maxFee: number,
): boolean {
  const { graph } = world;
  const least = new Float64Array(graph.nodeLimit).fill(Number.POSITIVE_INFINITY);
  const done = new Uint8Array(graph.nodeLimit);
  const heap = new Heap();
  least[destination] = amount;
  heap.push(amount, destination);
  while (heap.size > 0) {
    const n = heap.pop();
    if (done[n] === 1) continue;
    done[n] = 1;
    const arrives = least[n] as number;
    const start = graph.incoming.start(n);
    for (let i = 0; i < graph.incoming.length(n); i++) {
      const e = graph.incoming.pool[start + i] as number;
      const from = graph.source[e] as number;
      if (done[from] === 1 || !isInUse(graph, e) || arrives > world.liquidity(e)) continue;
      // The ends of ways are found cheapest first.
      if (from === source) return arrives - amount <= maxFee;
      if (!admits(graph, e, arrives)) continue;
      const fee = feeOf(graph.feeBase[e] as number, graph.feeRate[e] as number, arrives);
      if ((least[from] as number) <= arrives + fee) continue;
      least[from] = arrives + fee;
      heap.push(arrives + fee, from);
    }
  }
  return false;
}

/** Where ways end: near the payee, near the sender, or between (by fees and minima, say). */
export type Bottleneck = 'payee' | 'sender' | 'between';

/** A neighbourhood that a payment cannot enter or leave has so few nodes. */
const NEAR = 100;

/** Why an amount is not possible in one part. */
export function bottleneckOf(
  world: World,
  source: number,
  destination: number,
  amount: number,
): Bottleneck {
  const { graph } = world;
  const passes = (e: number): boolean =>
    amount <= world.liquidity(e) && (graph.source[e] === source || admits(graph, e, amount));
  const into = (n: number): number[] =>
    incomingOf(graph, n)
      .filter((e) => isInUse(graph, e) && passes(e))
      .map((e) => graph.source[e] as number);
  const outOf = (n: number): number[] =>
    outgoingOf(graph, n)
      .filter(passes)
      .map((e) => graph.source[e ^ 1] as number);
  if (!isMoreThanNear(destination, into)) return 'payee';
  return isMoreThanNear(source, outOf) ? 'between' : 'sender';
}

function isMoreThanNear(from: number, next: (n: number) => readonly number[]): boolean {
  const seen = new Set([from]);
  for (const n of seen) {
    for (const other of next(n)) seen.add(other);
    if (seen.size > NEAR) return true;
  }
  return false;
}

/**
 * What no payment from one node to another can surpass in any number of parts: `wanted` where that
 * flows, else a lesser amount. Fees and policies are not counted.
 */
export function mostInParts(
  world: World,
  source: number,
  destination: number,
  wanted: number,
): number {
  const { graph } = world;
  const flow = new Map<number, number>();
  // Mostly one of the ends has not enough: that needs no search.
  const ends = [world.outgoing(source), incomingOf(graph, destination)];
  const most = ends.map((edges) => edges.reduce((sum, e) => sum + roomOf(world, e, flow), 0));
  if (Math.min(...most) < wanted) return Math.min(...most);
  let total = 0;
  while (total < wanted) {
    const way = widening(world, source, destination, flow);
    if (way === undefined) break;
    let amount = wanted - total;
    for (const e of way) amount = Math.min(amount, roomOf(world, e, flow));
    for (const e of way) flow.set(e & ~1, netOf(e, flow) + ((e & 1) === 0 ? amount : -amount));
    total += amount;
  }
  return total;
}

/** What flows over a channel along its first edge. */
const netOf = (e: number, flow: ReadonlyMap<number, number>): number => flow.get(e & ~1) ?? 0;

/** How much more an edge takes, by its own funds or by taking back. */
function roomOf(world: World, e: number, flow: ReadonlyMap<number, number>): number {
  const along = (e & 1) === 0 ? netOf(e, flow) : -netOf(e, flow);
  return (isInUse(world.graph, e) ? world.liquidity(e) : 0) - along;
}

const UNSEEN = -2;

/** A shortest way that takes more. */
function widening(
  world: World,
  source: number,
  destination: number,
  flow: ReadonlyMap<number, number>,
): number[] | undefined {
  const { graph } = world;
  const by = new Int32Array(graph.nodeLimit).fill(UNSEEN);
  by[destination] = -1;
  const queue = [destination];
  for (let at = 0; at < queue.length; at++) {
    const n = queue[at] as number;
    const start = graph.incoming.start(n);
    for (let i = 0; i < graph.incoming.length(n); i++) {
      const e = graph.incoming.pool[start + i] as number;
      const from = graph.source[e] as number;
      if (by[from] !== UNSEEN || roomOf(world, e, flow) < 1) continue;
      by[from] = e;
      if (from === source) return wayOf(graph, source, destination, by);
      queue.push(from);
    }
  }
  return undefined;
}

function wayOf(graph: Graph, source: number, destination: number, by: Int32Array): number[] {
  const way: number[] = [];
  for (let n = source; n !== destination; ) {
    const e = by[n] as number;
    way.push(e);
    n = graph.source[e ^ 1] as number;
  }
  return way;
}
