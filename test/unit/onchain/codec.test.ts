/** What is kept on disk is read by every later version: frozen states, as each version wrote them. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equal, hex, toHex } from '../../../src/core/bytes/index.js';
import { decodeOnchain, encodeOnchain, step } from '../../../src/core/onchain/index.js';
import { htlc, World } from './kit.js';

const frozen = (version: number) =>
  hex(
    readFileSync(
      new URL(`../../vectors/levin/onchain-v${version}.hex`, import.meta.url),
      'utf8',
    ).trim(),
  );

/** A close with everything in it: spends, rows, preimages, claims with and without transactions. */
function world(): World {
  const w = new World({
    format: 'anchors',
    states: [
      { alice: 300_000, htlcs: [htlc(7, 'local', 50_000, 180), htlc(8, 'remote', 60_000, 180)] },
      { alice: 500_000, htlcs: [htlc(9, 'local', 40_000, 190)] },
    ],
  });
  w.confirm(w.remoteCommitment(0));
  w.confirm(w.bobSecondStage(0, 7));
  w.mine(5);
  w.feed({ kind: 'spent', tx: w.encode(w.remoteCommitment(1)) });
  return w;
}

describe('the stored state', () => {
  it.each([1, 2])('of version %i is read', (version) => {
    const w = world();
    const decoded = decodeOnchain(frozen(version), w.channel);
    if (!decoded.ok) throw new Error(decoded.error.code);
    expect(decoded.value.spends.length).toBe(4);
    expect(decoded.value.preimages.length).toBe(0);
    expect(decoded.value.revokedRows.length).toBe(1);
    expect([...decoded.value.told]).toEqual([[9n, 'failed']]);
    expect(decoded.value.claims.map((c) => c.fee !== undefined)).toEqual(
      decoded.value.claims.map(() => version > 1),
    );
  });

  it('of the present version is written as it was', () => {
    const decoded = decodeOnchain(frozen(2), world().channel);
    expect(decoded.ok && toHex(encodeOnchain(decoded.value))).toBe(toHex(frozen(2)));
  });

  it('that is damaged is refused, and never throws', () => {
    const w = world();
    const good = encodeOnchain(w.state);
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const bad = Uint8Array.from(good);
        bad[at] = value;
        const decoded = decodeOnchain(bad, w.channel);
        if (decoded.ok) encodeOnchain(decoded.value);
      }),
    );
    for (let n = 0; n < good.length; n += 7)
      expect(decodeOnchain(good.slice(0, n), w.channel).ok).toBe(false);
  });
});

describe('hostile inputs', () => {
  it('a spend by bytes that are no transaction, or of another, changes nothing', () => {
    const w = world();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 400 }), (tx, height) => {
        const { state } = step(w.state, { kind: 'spent', tx, height }, w.context());
        expect(equal(encodeOnchain(state), encodeOnchain(w.state))).toBe(true);
      }),
    );
  });

  it('coins for a claim that is gone are given back', () => {
    const w = world();
    const input = { kind: 'claimFunded', claim: '99', feeratePerKw: 1, inputs: [] } as const;
    expect(step(w.state, input, w.context()).effects).toContainEqual({
      kind: 'releaseClaim',
      claim: '99',
    });
  });
});
