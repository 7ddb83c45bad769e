import { describe, expect, it } from 'vitest';
import { msat, shortChannelId } from '../../../src/core/bytes/index.js';
import { type PayGoal, PayPlan } from '../../../src/core/payment/index.js';
import { RouteTable } from '../../../src/core/routing/index.js';
import { explainStuck } from '../../../src/node/payments/stuck.js';
import { id, idBytes, NOW } from '../../support/small-graph.js';

const scid = (n: number) => shortChannelId(100 + n, 1, 0);
const SAT = 1000;

/** us (0) - 1 - 2, each a million sat; 1 asks a thousand sat, and 144 blocks. */
function table(): RouteTable {
  const made = new RouteTable();
  for (const [n, a, b] of [
    [0, 0, 1],
    [1, 1, 2],
  ] as const) {
    const ends = { node1: idBytes(a), node2: idBytes(b), capacityMsat: 1_000_000 * SAT };
    const c = made.addChannel({ scid: scid(n), ...ends });
    const policy = {
      enabled: true,
      cltvDelta: 144,
      htlcMinimumMsat: 1,
      htlcMaximumMsat: 1_000_000 * SAT,
      feeBaseMsat: 1_000 * SAT,
      feeProportionalMillionths: 0,
      timestamp: NOW,
    };
    for (const direction of [0, 1] as const) made.setPolicy(c, direction, policy, NOW);
  }
  return made;
}

function why(sat: number, more: Partial<PayGoal> = {}, routes = table()): string {
  const goal: PayGoal = {
    source: id(0),
    destination: id(2),
    amountMsat: msat(sat * SAT),
    maxFeeMsat: msat(5_000 * SAT),
    maxParts: 20,
    riskFactor: 10,
    ...more,
  };
  const next = new PayPlan(goal).next({
    localChannels: [
      { scid: scid(0), direction: 0, peer: id(1), spendableMsat: msat(3_000_000 * SAT) },
    ],
    reserved: [],
    now: NOW,
    getroutes: (request) => routes.getroutes(request),
  });
  return next.ok ? 'found' : explainStuck(next.error, goal);
}

describe('why a payment cannot go on', () => {
  it('has nothing to say where it can', () => {
    expect(why(500_000)).toBe('found');
  });

  it('our own balance: what we can send, and what is to be sent', () => {
    expect(why(3_000_001)).toBe(
      'No route: no capacity of our own: our channels send 3000000000msat at most, and ' +
        '3000001000msat are to be sent, fees beside them',
    );
    expect(why(3_000_001, { maxParts: 1 })).toContain('the largest channel of ours sends');
  });

  it("the payee's side: what its channels take in together", () => {
    expect(why(2_000_000)).toBe(
      'No route: no capacity at the destination: its 1 usable channels take in 1000000000msat ' +
        'together and 2000000000msat are to arrive',
    );
  });

  it("the payee's side, by what was learned", () => {
    const routes = table();
    const at = { scid: scid(1), direction: 0 } as const;
    routes.learn({ kind: 'upperBound', ...at, amountMsat: msat(1000) }, NOW);
    expect(why(500_000, {}, routes)).toMatch(/take in 999msat together, by what was learned/);
  });

  it('the fee limit: what the cheapest costs, over which limit', () => {
    expect(why(500_000, { maxFeeMsat: msat(999 * SAT) })).toBe(
      'Fee limit: the cheapest found costs 1000000msat, over the 999000msat allowed',
    );
  });

  it('the limit of blocks', () => {
    expect(why(500_000, { maxDelay: 100 })).toMatch(/none within 20 hops, 100 blocks/);
  });

  it('a payee that nobody knows', () => {
    expect(why(1_000, { destination: id(9) })).toContain(`destination ${id(9)} is unknown`);
  });

  it('route hints that are exhausted', () => {
    const routes = table();
    const hint = {
      scid: scid(7),
      direction: 0 as const,
      source: id(2),
      target: id(9),
      feeBaseMsat: 0,
      feeProportionalMillionths: 0,
      cltvDelta: 6,
    };
    const goal = { destination: id(9), hints: [hint] };
    expect(why(1_000, goal, routes)).toBe('found');
    routes.learn(
      { kind: 'channelUnusable', scid: scid(7), direction: 0, lasts: 'a_while', reason: 'x' },
      NOW,
    );
    const exhausted = /^The route hints of the invoice are exhausted, all 1\. No route: /;
    expect(why(1_000, goal, routes)).toMatch(exhausted);
    expect(why(1_000, { ...goal, maxParts: 1 }, routes)).toMatch(exhausted);
  });
});
