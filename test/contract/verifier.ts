/** What every implementation of the `SignatureVerifier` port must do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicKeyFromPrivate, sha256, sign } from '../../src/core/crypto/index.js';
import { CHECK_BYTES, type SignatureVerifier } from '../../src/ports/index.js';

const bytes = (text: string): Uint8Array => sha256(new TextEncoder().encode(text));

/** Check number `n`, good unless told otherwise. */
export function check(n: number, good = true): Uint8Array {
  const key = bytes(`key ${n}`);
  const digest = bytes(`digest ${n}`);
  const out = new Uint8Array(CHECK_BYTES);
  out.set(digest);
  out.set(sign(key, digest) as Uint8Array, 32);
  out.set(publicKeyFromPrivate(key) as Uint8Array, 96);
  if (!good) out[n % 32] = (out[n % 32] as number) ^ 1;
  return out;
}

export function batch(goods: readonly boolean[], from = 0): Uint8Array {
  const out = new Uint8Array(goods.length * CHECK_BYTES);
  goods.forEach((good, i) => {
    out.set(check(from + i, good), i * CHECK_BYTES);
  });
  return out;
}

export const bits = (answer: Uint8Array, count: number): boolean[] =>
  Array.from({ length: count }, (_, i) => (((answer[i >> 3] as number) >> (i & 7)) & 1) === 1);

export function verifierContract(name: string, open: () => SignatureVerifier): void {
  describe(`a verifier of signatures, ${name}`, () => {
    let verifier: SignatureVerifier;
    beforeAll(() => {
      verifier = open();
    });
    afterAll(() => verifier.close());

    it('says of each check whether it is good', async () => {
      const goods = Array.from({ length: 21 }, (_, i) => i % 3 !== 1);
      const answer = await verifier.verify(batch(goods));
      expect(answer.length).toBe(3);
      expect(bits(answer, 21)).toEqual(goods);
    });

    it('answers an empty batch', async () => {
      expect((await verifier.verify(new Uint8Array(0))).length).toBe(0);
    });

    it('finds no signature in what is none, and no key in what is none', async () => {
      const wrong = [
        (c: Uint8Array) => c.fill(0, 32, 96),
        (c: Uint8Array) => c.fill(255, 32, 96),
        (c: Uint8Array) => c.fill(0, 96),
        (c: Uint8Array) => c.fill(5, 96),
        (c: Uint8Array) => c.fill(0),
      ];
      const checks = new Uint8Array(CHECK_BYTES * wrong.length);
      wrong.forEach((spoil, i) => {
        const one = check(i);
        spoil(one);
        checks.set(one, i * CHECK_BYTES);
      });
      expect(bits(await verifier.verify(checks), wrong.length)).toEqual(wrong.map(() => false));
    });

    it('takes many batches at once, and mixes up none', async () => {
      const answers = await Promise.all(
        Array.from({ length: 12 }, async (_, n) => {
          const goods = Array.from({ length: 8 }, (_, i) => (n & (1 << (i & 3))) !== 0);
          return { goods, answer: await verifier.verify(batch(goods, 8 * n)) };
        }),
      );
      for (const { goods, answer } of answers) expect(bits(answer, 8)).toEqual(goods);
    });

    it('answers nothing any more once it is closed', async () => {
      const other = open();
      await other.verify(batch([true]));
      await other.close();
      let answered = false;
      void other.verify(batch([true])).then(() => {
        answered = true;
      });
      await new Promise((done) => setTimeout(done, 50));
      expect(answered).toBe(false);
    });
  });
}
