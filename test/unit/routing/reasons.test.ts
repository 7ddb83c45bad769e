import { describe, expect, it } from 'vitest';
import { msat, type NodeId, shortChannelId, toHex } from '../../../src/core/bytes/index.js';
import { explainNoRoute, RouteTable } from '../../../src/core/routing/index.js';

const NOW = 1_700_000_000;
const idBytes = (n: number): Uint8Array => new Uint8Array(33).fill(n + 2).fill(2, 0, 1);
const id = (n: number): NodeId => toHex(idBytes(n)) as NodeId;
const scid = (a: number, b: number) => shortChannelId(100 + 10 * a + b, 1, 0);

/** Two ways from 0 to 3: over 1, and over 2. Capacities in satoshi by the ends of a channel. */
function diamond(capacities: Readonly<Record<string, number>> = {}): RouteTable {
  const table = new RouteTable();
  for (const [a, b] of [
    [0, 1],
    [1, 3],
    [0, 2],
    [2, 3],
    [3, 4],
  ] as const) {
    const capacityMsat = (capacities[`${a}${b}`] ?? 1_000_000) * 1000;
    const ends = { node1: idBytes(a), node2: idBytes(b) };
    const c = table.addChannel({ scid: scid(a, b), ...ends, capacityMsat });
    for (const direction of [0, 1] as const)
      table.setPolicy(
        c,
        direction,
        {
          enabled: true,
          cltvDelta: 40,
          htlcMinimumMsat: 1,
          htlcMaximumMsat: capacityMsat,
          feeBaseMsat: 1000,
          feeProportionalMillionths: 100,
          timestamp: NOW,
        },
        NOW,
      );
  }
  return table;
}

function why(table: RouteTable, more: object = {}, sat = 500_000) {
  const found = table.getroute({
    source: id(0),
    destination: id(4),
    amountMsat: msat(sat * 1000),
    riskFactor: 10,
    now: NOW,
    ...more,
  });
  if (found.ok) throw new Error('there is a route');
  return found.error;
}

const fail = (table: RouteTable, a: number, b: number, sat: number): void => {
  const at = { scid: scid(a, b), direction: 0 } as const;
  table.learn({ kind: 'upperBound', ...at, amountMsat: msat(sat * 1000) }, NOW);
};

describe('why there is no route', () => {
  it('no way is wide enough: what the widest carries', () => {
    const reason = why(diamond({ '13': 300_000, '02': 200_000 }));
    expect(reason).toMatchObject({ code: 'no_capacity', widestMsat: 300_000_000n });
    expect(explainNoRoute(reason)).toContain('the widest carries 300000000msat');
  });

  it('both ways are closed by what was learned: each is named', () => {
    const table = diamond();
    fail(table, 1, 3, 400_000);
    fail(table, 0, 2, 450_000);
    const reason = why(table);
    expect(reason.code).toBe('excluded_by_constraints');
    const text = explainNoRoute(reason);
    expect(text).toContain('399999999msat at most');
    expect(text).toContain('449999999msat at most');
  });

  it('a way that is only learned to be closed is told of before one that is excluded', () => {
    const table = diamond();
    fail(table, 1, 3, 400_000);
    expect(why(table, { exclude: [{ nodeId: id(2) }] }).code).toBe('excluded_by_constraints');
    expect(why(table, { exclude: [{ nodeId: id(1) }, { nodeId: id(2) }] }).code).toBe(
      'excluded_by_request',
    );
  });

  it('what was learned is not to blame where the capacity would not do either', () => {
    const table = diamond({ '13': 300_000, '23': 300_000 });
    fail(table, 1, 3, 100_000);
    expect(why(table)).toMatchObject({ code: 'no_capacity', widestMsat: 300_000_000n });
  });

  it('there is a way, but longer than allowed', () => {
    expect(why(diamond(), { maxHops: 2 })).toEqual({ code: 'limits', maxHops: 2, maxDelay: 2016 });
    expect(why(diamond(), { maxDelay: 80 })).toEqual({ code: 'limits', maxHops: 20, maxDelay: 80 });
  });
});
