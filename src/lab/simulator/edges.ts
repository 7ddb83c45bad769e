/** Edges of the graph as its policies have them, whatever the funds. */
import { DISABLED, type Graph, KNOWN } from '../../core/gossip/index.js';

/** There is a policy, and it does not say "disabled". */
export const isInUse = (graph: Graph, e: number): boolean =>
  ((graph.flags[e] as number) & (KNOWN | DISABLED)) === KNOWN;

/** Whether the policy lets an amount pass. */
export const admits = (graph: Graph, e: number, amount: number): boolean =>
  isInUse(graph, e) &&
  amount >= (graph.htlcMinimum[e] as number) &&
  amount <= (graph.htlcMaximum[e] as number);

/** Edges into a node, in use or not. */
export function incomingOf(graph: Graph, n: number): number[] {
  const start = graph.incoming.start(n);
  return Array.from(
    { length: graph.incoming.length(n) },
    (_, i) => graph.incoming.pool[start + i] as number,
  );
}

/** Edges out of a node that are in use. */
export const outgoingOf = (graph: Graph, n: number): number[] =>
  incomingOf(graph, n)
    .map((e) => e ^ 1)
    .filter((e) => isInUse(graph, e));
