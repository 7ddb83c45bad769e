/** A process that commits to a store, and says on its output what was acknowledged. */
import { writeSync } from 'node:fs';
import { openStore } from '../../src/adapters/store/sqlite/index.js';

const [path = '', lanes = '1'] = process.argv.slice(2);
const store = await openStore({ path });
const bytes = (n: number): Uint8Array => new Uint8Array(Buffer.from(String(n)));

async function lane(name: string): Promise<void> {
  const [row] = await store.select('vars', { where: { name } });
  for (let n = row ? Number(Buffer.from(row.value)) + 1 : 1; ; n++) {
    await store.commit([
      { put: 'vars', row: { name, value: bytes(n) } },
      { put: 'vars', row: { name: `${name} twin`, value: bytes(n) } },
    ]);
    writeSync(1, `${name} ${n}\n`);
  }
}

writeSync(1, 'open 0\n');
await Promise.all(Array.from({ length: Number(lanes) }, (_, i) => lane(`lane${i}`)));
