/** What was possible for one who knew how all funds lie. */
import { DISABLED, type Graph, KNOWN } from '../../core/gossip/index.js';
import { feeOf, Heap } from '../../core/routing/index.js';
import type { World } from './world.js';

const inUse = (graph: Graph, e: number): boolean =>
  ((graph.flags[e] as number) & (KNOWN | DISABLED)) === KNOWN;

/**
 * Whether the amount goes in one part, fees and policies counted: the least that must arrive at
 * each node, from the destination back. (More than the least could reach a minimum that the least
 * does not; no node asks for a minimum that it so nearly has.)
 */
export function isPossible(
  world: World,
  source: number,
  destination: number,
  amount: number,
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
      if (done[from] === 1 || !inUse(graph, e) || arrives > world.liquidity(e)) continue;
      if (from === source) return true;
      if (arrives < (graph.htlcMinimum[e] as number)) continue;
      if (arrives > (graph.htlcMaximum[e] as number)) continue;
      const fee = feeOf(graph.feeBase[e] as number, graph.feeRate[e] as number, arrives);
      if ((least[from] as number) <= arrives + fee) continue;
      least[from] = arrives + fee;
      heap.push(arrives + fee, from);
    }
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

const incomingOf = (graph: Graph, n: number): number[] => {
  const start = graph.incoming.start(n);
  return Array.from(
    { length: graph.incoming.length(n) },
    (_, i) => graph.incoming.pool[start + i] as number,
  );
};

/** What flows over a channel along its first edge. */
const netOf = (e: number, flow: ReadonlyMap<number, number>): number => flow.get(e & ~1) ?? 0;

/** How much more an edge takes, by its own funds or by taking back. */
function roomOf(world: World, e: number, flow: ReadonlyMap<number, number>): number {
  const along = (e & 1) === 0 ? netOf(e, flow) : -netOf(e, flow);
  return (inUse(world.graph, e) ? world.liquidity(e) : 0) - along;
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
