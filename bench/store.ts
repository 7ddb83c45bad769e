/**
 * Durable commits a second: one after another, and with 50 at once.
 *     npx tsx bench/store.ts [DIR]      (DIR lies on the disk to measure)
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../src/adapters/store/sqlite/index.js';
import type { Write } from '../src/ports/index.js';

const dir = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'levin-bench-'));
const state = new Uint8Array(3000).map((_, i) => i * 31);

/** About what one step of a payment writes: a channel's state and a payment's row. */
const writes = (n: number): Write[] => [
  {
    put: 'channels',
    row: {
      channel_key: n % 50,
      channel_id: String(n % 50).padStart(64, '0'),
      peer_id: '02'.padEnd(66, '0'),
      status: 'CHANNELD_NORMAL',
      funding_txid: ''.padEnd(64, '0'),
      funding_vout: 0,
      scid: '103x1x0',
      closed_at: null,
      state,
    },
  },
  {
    put: 'payments',
    row: {
      created_index: n,
      updated_index: null,
      payment_hash: String(n).padStart(64, '0'),
      groupid: 1,
      partid: 0,
      status: 'pending',
      created_at: n,
      completed_at: null,
      amount_msat: 1000n,
      amount_sent_msat: 1001n,
      destination: '02'.padEnd(66, '0'),
      label: null,
      bolt11: null,
      description: null,
      preimage: null,
      route: '[]',
      shared_secrets: new Uint8Array(96),
      failure: null,
    },
  },
];

async function measure(inline: boolean, lanes: number, seconds: number): Promise<void> {
  const path = join(dir, `${inline}-${lanes}.sqlite3`);
  const store = await openStore({ path, inline });
  const end = performance.now() + seconds * 1000;
  const start = performance.now();
  const waits: number[] = [];
  let n = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const begun = performance.now();
      await store.commit(writes(n++));
      waits.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const rate = (n / (performance.now() - start)) * 1000;
  waits.sort((a, b) => a - b);
  const at = (q: number): string => (waits[Math.floor(waits.length * q)] ?? 0).toFixed(2);
  await store.close();
  console.log(
    `${inline ? 'inline' : 'worker'}, ${String(lanes).padStart(2)} at once: ` +
      `${rate.toFixed(0)} commits/s, median ${at(0.5)} ms, 95 % within ${at(0.95)} ms`,
  );
}

try {
  for (const inline of [false, true]) for (const lanes of [1, 50]) await measure(inline, lanes, 3);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
