import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHsmSecret, loadHsmSecret } from '../../../src/adapters/signer/index.js';
import { hex } from '../../../src/core/bytes/index.js';

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

  describe('of words (BIP 39)', () => {
    const words = `${'abandon '.repeat(11)}about`;
    const write = (check: string): string => {
      const path = join(folder, `words-${check.slice(0, 8)}`);
      writeFileSync(path, Buffer.concat([Buffer.from(check, 'hex'), Buffer.from(words)]));
      return path;
    };
    // BIP 39's vectors for these words.
    const bare = '5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1';
    const sealed =
      'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553' +
      '1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04';

    it('is read as it is', async () => {
      const path = write('00'.repeat(32));
      expect(await loadHsmSecret(path)).toEqual({ ok: true, value: hex(bare) });
      expect(await loadHsmSecret(path, 'TREZOR')).toEqual(failed({ code: 'not_encrypted' }));
    });

    it('opens with its passphrase alone', async () => {
      const path = write(createHash('sha256').update(hex(sealed)).digest('hex'));
      expect(await loadHsmSecret(path)).toEqual(failed({ code: 'passphrase_needed' }));
      expect(await loadHsmSecret(path, 'TREZORS')).toEqual(failed({ code: 'wrong_passphrase' }));
      const value = hex(sealed.slice(0, 64));
      expect(await loadHsmSecret(path, 'TREZOR')).toEqual({ ok: true, value });
    });

    it('is refused where a word is wrong', async () => {
      const path = write('00'.repeat(32));
      writeFileSync(path, readFileSync(path, 'latin1').replace('about', 'abott'), 'latin1');
      expect(await loadHsmSecret(path)).toMatchObject(failed({ code: 'malformed' }));
    });
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
