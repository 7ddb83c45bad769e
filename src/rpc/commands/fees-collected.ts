import type { Store } from '../../ports/index.js';

interface Tally {
  /** What all forwards below `from` earned; each of them is over. */
  readonly sum: bigint;
  readonly from: number;
}

const tallies = new WeakMap<Store, Tally>();

/** What forwarding has earned, in msat. Each call reads only what was not over at the last one. */
export async function feesCollected(store: Store): Promise<bigint> {
  let { sum, from } = tallies.get(store) ?? { sum: 0n, from: 0 };
  const rows = await store.select('forwards', { order: 'created_index', from });
  let total = sum;
  let allOver = true;
  for (const { status, in_msat, out_msat, created_index } of rows) {
    if (status === 'settled' && out_msat !== null) total += in_msat - out_msat;
    allOver &&= status !== 'offered' && status !== 'received';
    if (allOver) [sum, from] = [total, created_index + 1];
  }
  tallies.set(store, { sum, from });
  return total;
}
