import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHsmSecret, loadHsmSecret } from '../../../src/adapters/signer/index.js';

const entropy = { bytes: (n: number) => new Uint8Array(randomBytes(n)) };
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hsm-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const failed = (error: object): object => ({ ok: false, error });

describe('hsm_secret', () => {
  it('is created once, with 32 bytes, for its owner alone, and read again', async () => {
    const path = join(folder, 'plain');
    expect(await loadHsmSecret(path)).toEqual(failed({ code: 'not_found' }));
    const made = await createHsmSecret(path, { entropy });
    expect(made.ok && made.value.length).toBe(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path).length).toBe(32);
    expect(await loadHsmSecret(path)).toEqual(made);
    expect(await createHsmSecret(path, { entropy })).toEqual(failed({ code: 'already_exists' }));
    expect(await loadHsmSecret(path)).toEqual(made);
    expect(await loadHsmSecret(path, 'x')).toEqual(failed({ code: 'not_encrypted' }));
  });

  it('that others could read is closed to them when it is loaded', async () => {
    const path = join(folder, 'open');
    await createHsmSecret(path, { entropy });
    chmodSync(path, 0o644);
    expect((await loadHsmSecret(path)).ok).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('with a passphrase opens with that one alone, and shows no byte of the seed', async () => {
    const path = join(folder, 'sealed');
    const made = await createHsmSecret(path, { entropy }, { passphrase: 'correct horse' });
    if (!made.ok) throw new Error('not made');
    expect(readFileSync(path).includes(Buffer.from(made.value.slice(0, 8)))).toBe(false);
    expect(await loadHsmSecret(path)).toEqual(failed({ code: 'passphrase_needed' }));
    expect(await loadHsmSecret(path, 'wrong')).toEqual(failed({ code: 'wrong_passphrase' }));
    expect(await loadHsmSecret(path, 'correct horse')).toEqual(made);
  });

  it('damaged in any way is refused, never taken for a seed', async () => {
    const path = join(folder, 'damaged');
    const made = await createHsmSecret(join(folder, 'good'), { entropy }, { passphrase: 'p' });
    expect(made.ok).toBe(true);
    const good = readFileSync(join(folder, 'good'));
    for (const bad of [new Uint8Array(0), new Uint8Array(31), good.subarray(0, 83)]) {
      writeFileSync(path, bad);
      expect(await loadHsmSecret(path, 'p')).toEqual(
        failed({ code: 'malformed', length: bad.length }),
      );
    }
    for (const at of [0, 8, 9, 10]) {
      const bad = Buffer.from(good);
      bad[at] = 255;
      writeFileSync(path, bad);
      expect(await loadHsmSecret(path, 'p')).toEqual(failed({ code: 'malformed', length: 88 }));
    }
    for (const at of [11, 15, 30, 45, 87]) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 1;
      writeFileSync(path, bad);
      expect(await loadHsmSecret(path, 'p')).toEqual(failed({ code: 'wrong_passphrase' }));
    }
    expect((await loadHsmSecret(folder)).ok).toBe(false);
  });
});
