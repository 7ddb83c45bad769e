import { describe, expect, it } from 'vitest';
import { msat } from '../../../src/core/bytes/index.js';
import { type ArrivedHtlc, addPart, type HtlcSet } from '../../../src/core/payment/index.js';

const part = (key: string, amount: bigint, total: bigint, promised = amount): ArrivedHtlc => ({
  key,
  amountMsat: msat(amount),
  cltvExpiry: 200,
  payload: {
    amtToForward: msat(promised),
    outgoingCltvValue: 200,
    paymentData: { paymentSecret: new Uint8Array(32), totalMsat: msat(total) },
  },
});

/** What becomes of the last of these parts. */
function outcome(...parts: readonly ArrivedHtlc[]) {
  let set: HtlcSet | undefined;
  let last = '';
  for (const each of parts) {
    const result = addPart(set, each);
    last = result.kind;
    set = result.kind === 'refused' ? undefined : result.set;
  }
  return last;
}

describe('the HTLCs of one payment', () => {
  it('wait until they promise the total', () => {
    expect(outcome(part('a', 999n, 1000n))).toBe('waiting');
    expect(outcome(part('a', 999n, 1000n), part('b', 1n, 1000n))).toBe('complete');
  });

  it('promise what their onions say, whatever more a relay has left with them', () => {
    expect(outcome(part('a', 1500n, 1000n, 900n))).toBe('waiting');
  });

  it('bring up to twice the total, in one or in several', () => {
    expect(outcome(part('a', 2000n, 1000n))).toBe('complete');
    expect(outcome(part('a', 2001n, 1000n))).toBe('refused');
    expect(outcome(part('a', 999n, 1000n), part('b', 1001n, 1000n))).toBe('complete');
    expect(outcome(part('a', 999n, 1000n), part('b', 1002n, 1000n))).toBe('refused');
  });

  it('count once, however often they are told', () => {
    expect(outcome(part('a', 600n, 1000n), part('a', 600n, 1000n))).toBe('waiting');
  });

  it('name one total', () => {
    expect(outcome(part('a', 600n, 1000n), part('b', 600n, 1001n))).toBe('refused');
  });
});
