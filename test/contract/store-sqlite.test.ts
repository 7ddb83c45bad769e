import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openStore } from '../../src/adapters/store/sqlite/index.js';
import { storeContract } from './store.js';

const dir = mkdtempSync(join(tmpdir(), 'levin-store-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let files = 0;
for (const inline of [false, true])
  storeContract(inline ? 'inline' : 'in a worker', async () => {
    const path = join(dir, `${++files}.sqlite3`);
    return { path, open: () => openStore({ path, inline }) };
  });
