/**
 * A plain search for the cheapest route: labels by cost from the destination back, no bounds, no
 * prepared rows, arrays made anew each time. Slow, and simple enough to be trusted.
 */
import { DISABLED, type Graph, KNOWN, UNROUTABLE } from '../src/core/gossip/index.js';

export interface PlainOptions {
  readonly riskFactor: number;
  readonly penaltyBaseMsat: number;
  readonly penaltyMillionths: number;
  readonly onesided: number;
}

interface Label {
  readonly node: number;
  readonly cost: number;
  readonly amount: number;
}

/** The cost of the cheapest route between two nodes; nothing where there is none. */
export function cheapestCost(
  graph: Graph,
  source: number,
  destination: number,
  amount: number,
  options: PlainOptions,
): number | undefined {
  const weight = options.penaltyBaseMsat + (options.penaltyMillionths * amount) / 1e6;
  const least = new Map<number, number>();
  const queue = new Queue();
  queue.push({ node: destination, cost: 0, amount });
  for (let label = queue.pop(); label !== undefined; label = queue.pop()) {
    const { node, cost } = label;
    if ((least.get(node) ?? Number.POSITIVE_INFINITY) <= label.amount) continue;
    if (node === source) return cost;
    least.set(node, label.amount);
    const start = graph.incoming.start(node);
    for (let i = 0; i < graph.incoming.length(node); i++) {
      const e = graph.incoming.pool[start + i] as number;
      if (((graph.flags[e] as number) & (KNOWN | DISABLED | UNROUTABLE)) !== KNOWN) continue;
      const capacity = graph.capacity[e >> 1] as number;
      if (label.amount < (graph.htlcMinimum[e] as number)) continue;
      if (label.amount > Math.min(capacity, graph.htlcMaximum[e] as number)) continue;
      const from = graph.source[e] as number;
      const penalty = -weight * Math.log(chance(label.amount / capacity, options.onesided));
      if (from === source) {
        queue.push({ node: from, cost: cost + penalty, amount: label.amount });
        continue;
      }
      const rate = BigInt(graph.feeRate[e] as number);
      const fee = (graph.feeBase[e] as number) + Number((BigInt(label.amount) * rate) / 1_000_000n);
      const next = label.amount + fee;
      if ((least.get(from) ?? Number.POSITIVE_INFINITY) <= next) continue;
      const risk = (next * (graph.cltvDelta[e] as number) * options.riskFactor) / 5_259_600;
      queue.push({ node: from, cost: cost + fee + risk + penalty, amount: next });
    }
  }
  return undefined;
}

function chance(x: number, onesided: number): number {
  const below = (1 - onesided) * x + onesided * 0.5 * ((2 * x - 1) ** 9 + 1);
  return Math.max(1e-6, 1 - below);
}

class Queue {
  readonly #heap: Label[] = [];

  push(label: Label): void {
    const heap = this.#heap;
    let at = heap.push(label) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as Label).cost <= label.cost) break;
      heap[at] = heap[parent] as Label;
      at = parent;
    }
    heap[at] = label;
  }

  pop(): Label | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Label).cost < (heap[child] as Label).cost)
        child++;
      if ((heap[child] as Label).cost >= last.cost) break;
      heap[at] = heap[child] as Label;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
