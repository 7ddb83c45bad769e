/** Biases as a factor on the cost of edges. */
import { fromHex } from '../bytes/index.js';
import type { Graph } from '../gossip/index.js';
import { channelKey } from './constraint-text.js';
import type { Layer } from './layer.js';
import type { HintChannel } from './overlay.js';
import type { SearchRequest } from './search-request.js';

/** A bias of 100 makes an edge cost a thirtieth, one of -100 thirty times as much. */
const EXTREME = Math.log(30);
const factorOf = (bias: number): number =>
  Math.exp((-Math.max(-100, Math.min(100, bias)) * EXTREME) / 100);

/**
 * The factor of each edge; nothing where no layer has a bias. Biases of a channel, of its two ends
 * and of several layers add up. Factors are scaled so that the least is 1, which changes no order
 * of routes and keeps the bounds of the search true. `hints`: as the search numbers its overlay.
 */
export function biasOf(
  graph: Graph,
  layers: readonly Layer[],
  hints: readonly HintChannel[],
): SearchRequest['bias'] {
  const sums = new Map<number, number>();
  const add = (e: number, bias: number): void => {
    sums.set(e, (sums.get(e) ?? 0) + bias);
  };
  for (const { nodeId, inBias, outBias } of layers.flatMap((layer) => layer.nodeBiases)) {
    const n = graph.node(fromHex(nodeId) ?? new Uint8Array());
    for (let i = 0; n >= 0 && i < graph.incoming.length(n); i++) {
      const e = graph.incoming.pool[graph.incoming.start(n) + i] as number;
      add(e, inBias);
      add(e ^ 1, outBias);
    }
    hints.forEach((hint, i) => {
      if (hint.target === nodeId) add(-1 - i, inBias);
      if (hint.source === nodeId) add(-1 - i, outBias);
    });
  }
  for (const { scid, direction, bias } of layers.flatMap((layer) => layer.biases)) {
    const e = graph.edge(scid, direction);
    if (e >= 0) add(e, bias);
    hints.forEach((hint, i) => {
      if (channelKey(hint.scid, hint.direction) === channelKey(scid, direction)) add(-1 - i, bias);
    });
  }
  if (sums.size === 0) return undefined;
  const factors = new Map([...sums].map(([e, bias]) => [e, factorOf(bias)]));
  const least = Math.min(1, ...factors.values());
  return (e) => Math.max(1, (factors.get(e) ?? 1) / least);
}
