import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortChannelId, toHex } from '../../../src/core/bytes/index.js';
import { Graph, KNOWN } from '../../../src/core/gossip/index.js';

const idBytes = (n: number): Uint8Array => {
  const id = new Uint8Array(33).fill(7);
  id[0] = 2;
  // Equal but for one byte, so that the hash and the comparison both have work.
  id[1 + (n % 32)] = n;
  return id;
};

const action = fc.record({
  kind: fc.constantFrom('add', 'add', 'remove', 'update'),
  scid: fc.integer({ min: 0, max: 40 }),
  a: fc.integer({ min: 0, max: 11 }),
  b: fc.integer({ min: 0, max: 11 }),
  fee: fc.integer({ min: 0, max: 1000 }),
});

describe('the graph', () => {
  it('holds what was added and not removed, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const graph = new Graph();
        const model = new Map<number, { a: number; b: number; fee: number | undefined }>();
        for (const { kind, scid: n, a, b, fee } of actions) {
          const scid = shortChannelId(n, 1, 0);
          if (kind === 'add') {
            graph.addChannel({ scid, node1: idBytes(a), node2: idBytes(b), capacityMsat: n });
            if (!model.has(n)) model.set(n, { a, b, fee: undefined });
          } else if (kind === 'remove') {
            graph.removeChannel(graph.channel(scid));
            model.delete(n);
          } else {
            const known = model.get(n);
            if (known === undefined) continue;
            known.fee = fee;
            graph.setPolicy(graph.edge(scid, 1), {
              enabled: true,
              cltvDelta: 1,
              htlcMinimumMsat: 0,
              htlcMaximumMsat: 5,
              feeBaseMsat: fee,
              feeProportionalMillionths: 0,
              timestamp: 9,
            });
          }
        }
        expect(graph.channelCount).toBe(model.size);
        const degrees = new Map<string, number>();
        for (const [n, { a, b, fee }] of model) {
          const scid = shortChannelId(n, 1, 0);
          const c = graph.channel(scid);
          expect(graph.scid(c)).toBe(scid);
          expect(graph.capacity[c]).toBe(n);
          expect(toHex(graph.nodeId(graph.source[2 * c] as number))).toBe(toHex(idBytes(a)));
          expect(toHex(graph.nodeId(graph.source[2 * c + 1] as number))).toBe(toHex(idBytes(b)));
          expect(graph.policy(2 * c)).toBeUndefined();
          expect(graph.policy(2 * c + 1)?.feeBaseMsat).toBe(fee);
          for (const id of [idBytes(a), idBytes(b)]) {
            const key = toHex(id);
            degrees.set(key, (degrees.get(key) ?? 0) + 1);
          }
        }
        expect(graph.nodeCount).toBe(degrees.size);
        let rows = 0;
        for (const [id, degree] of degrees) {
          const n = graph.node(Buffer.from(id, 'hex'));
          expect(graph.incoming.length(n)).toBe(degree);
          rows += degree;
          const start = graph.incoming.start(n);
          for (let i = 0; i < degree; i++) {
            const e = graph.incoming.pool[start + i] as number;
            expect(graph.source[e ^ 1]).toBe(n);
            expect(graph.isLive(e >> 1)).toBe(true);
          }
        }
        expect(rows).toBe(2 * model.size);
        for (let n = 0; n <= 40; n++)
          if (!model.has(n)) expect(graph.channel(shortChannelId(n, 1, 0))).toBe(-1);
        for (let e = 0; e < 2 * graph.channelLimit; e++)
          if (!graph.isLive(e >> 1)) expect((graph.flags[e] as number) & KNOWN).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
