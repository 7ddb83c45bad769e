/** Which transactions the next block takes. */
import type { Mempool, MempoolEntry } from './mempool.js';

const MAX_WEIGHT = 3_990_000;

interface Package {
  readonly entries: readonly MempoolEntry[];
  readonly fee: bigint;
  readonly weight: number;
}

/**
 * The best paying transactions, each after those it needs, judged together with them as miners
 * do. What pays less than `minFeerate` (satoshi per 1000 weight units) is left to wait.
 */
export function blockTemplate(mempool: Mempool, minFeerate = 0): readonly MempoolEntry[] {
  const left = new Set(mempool.entries());
  const chosen: MempoolEntry[] = [];
  let weight = 4000;
  for (;;) {
    let best: Package | undefined;
    for (const entry of left) {
      const entries = [...mempool.ancestors(entry), entry].filter((e) => left.has(e));
      const found = {
        entries,
        fee: entries.reduce((sum, e) => sum + e.fee, 0n),
        weight: entries.reduce((sum, e) => sum + e.weight, 0),
      };
      if (weight + found.weight > MAX_WEIGHT) continue;
      if (best === undefined || pays(found, best)) best = found;
    }
    if (best === undefined || best.fee * 1000n < BigInt(best.weight) * BigInt(minFeerate)) break;
    weight += best.weight;
    for (const entry of inOrder(mempool, best.entries)) {
      left.delete(entry);
      chosen.push(entry);
    }
  }
  return chosen;
}

const pays = (a: Package, b: Package): boolean =>
  a.fee * BigInt(b.weight) > b.fee * BigInt(a.weight);

/** Fewer ancestors first: parents have fewer than their children. */
const inOrder = (mempool: Mempool, entries: readonly MempoolEntry[]): MempoolEntry[] =>
  entries
    .map((entry) => ({ entry, depth: mempool.ancestors(entry).length }))
    .sort((a, b) => a.depth - b.depth)
    .map(({ entry }) => entry);
