/** Who pays whom: senders of several kinds, and payees as often as life has them. */
import type { Graph } from '../../core/gossip/index.js';
import { admits, outgoingOf } from './edges.js';
import type { Random } from './random.js';

export interface Kind {
  readonly name: 'leaf' | 'merchant' | 'router' | 'hub';
  /** Channels in use at least; the next kind begins where it ends. */
  readonly channels: number;
  /** From one payment to the next. */
  readonly secondsBetween: number;
}

export const KINDS: readonly Kind[] = [
  { name: 'leaf', channels: 1, secondsBetween: 6 * 3600 },
  { name: 'merchant', channels: 4, secondsBetween: 3600 },
  { name: 'router', channels: 20, secondsBetween: 1200 },
  { name: 'hub', channels: 150, secondsBetween: 300 },
];

/** `zipf`: some payees again and again, most seldom; `uniform`: anybody, hardly anyone twice. */
export type PayeeLaw = 'zipf' | 'uniform';

/** Payees that a sender of the law of Zipf knows. */
const ACQUAINTANCES = 500;

/** Payees one after the other, never the sender itself. */
export function payeesOf(
  law: PayeeLaw,
  pool: readonly number[],
  sender: number,
  random: Random,
): () => number {
  const others = pool.filter((n) => n !== sender);
  const any = (): number => others[Math.floor(random() * others.length)] as number;
  if (law === 'uniform') return any;
  // The k-th is paid in proportion to 1/k.
  const known = Array.from({ length: Math.min(ACQUAINTANCES, others.length) }, any);
  const sums: number[] = [];
  for (let k = 0, sum = 0; k < known.length; k++) {
    sum += 1 / (k + 1);
    sums.push(sum);
  }
  return () => {
    const point = random() * (sums.at(-1) as number);
    return known[sums.findIndex((sum) => point < sum)] as number;
  };
}

export interface Person {
  readonly kind: Kind;
  readonly node: number;
}

/** So many senders, of all kinds in turn, each with a channel that may send the amount. */
export function pickSenders(
  graph: Graph,
  pool: readonly number[],
  count: number,
  sendable: (node: number) => number,
  amount: number,
  random: Random,
): Person[] {
  const able = pool.filter((n) => sendable(n) > amount * 1.05);
  const kindOf = (n: number): Kind =>
    KINDS.findLast((kind) => degree(graph, n) >= kind.channels) ?? (KINDS[0] as Kind);
  return Array.from({ length: count }, (_, i) => {
    const kind = KINDS[i % KINDS.length] as Kind;
    const such = able.filter((n) => kindOf(n) === kind);
    const from = such.length > 0 ? such : able;
    return { kind, node: from[Math.floor(random() * from.length)] as number };
  });
}

/** Channels of a node that it offers to use. */
const degree = (graph: Graph, n: number): number => outgoingOf(graph, n).length;

/** Nodes that reach each other with the amount in one part, as capacities and policies say. */
export function mutuallyReachable(graph: Graph, amount: number): number[] {
  const usable = (e: number): boolean =>
    admits(graph, e, amount) && amount <= (graph.capacity[e >> 1] as number);
  const sweep = (from: number, outwards: boolean): Set<number> => {
    const seen = new Set([from]);
    const stack = [from];
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      const start = graph.incoming.start(n);
      for (let i = 0; i < graph.incoming.length(n); i++) {
        const incoming = graph.incoming.pool[start + i] as number;
        const other = graph.source[incoming] as number;
        if (seen.has(other) || !usable(outwards ? incoming ^ 1 : incoming)) continue;
        seen.add(other);
        stack.push(other);
      }
    }
    return seen;
  };
  const hub = busiest(graph);
  const reached = sweep(hub, true);
  return [...sweep(hub, false)].filter((n) => reached.has(n)).sort((a, b) => a - b);
}

function busiest(graph: Graph): number {
  let best = 0;
  for (let n = 1; n < graph.nodeLimit; n++)
    if (graph.incoming.length(n) > graph.incoming.length(best)) best = n;
  return best;
}
