import { describe, expect, it } from 'vitest';
import { shortChannelId } from '../../../src/core/bytes/index.js';
import { Graph } from '../../../src/core/gossip/index.js';
import {
  PartSender,
  RouteSender,
  randomFrom,
  SENDERS,
  type Sender,
  type SenderDeps,
  simulate,
  type Tally,
} from '../../../src/lab/simulator/index.js';

const id = (n: number): Uint8Array => {
  const bytes = new Uint8Array(33).fill(n + 1);
  bytes[0] = 2;
  return bytes;
};

/** A small network of our own: a ring of 30 nodes with chords, fees and sizes by chance. */
function network(): Graph {
  const graph = new Graph();
  const random = randomFrom(3);
  for (let i = 0; i < 120; i++) {
    const a = i % 30;
    const b = i < 30 ? (a + 1) % 30 : Math.floor(random() * 30);
    if (a === b) continue;
    const capacityMsat = Math.floor(1e8 * (1 + 9 * random()));
    const c = graph.addChannel({
      scid: shortChannelId(100 + i, 1, 0),
      node1: id(Math.min(a, b)),
      node2: id(Math.max(a, b)),
      capacityMsat,
    });
    for (const direction of [0, 1])
      graph.setPolicy(2 * c + direction, {
        enabled: true,
        cltvDelta: 40,
        htlcMinimumMsat: 1,
        htlcMaximumMsat: capacityMsat,
        feeBaseMsat: 0,
        feeProportionalMillionths: Math.floor(500 * random()),
        timestamp: 1,
      });
  }
  return graph;
}

const run = (sender: (deps: SenderDeps) => Sender, amountSat = 50_000): Tally =>
  simulate(
    {
      model: 'bimodal',
      amountSat,
      payments: 200,
      senders: 4,
      seed: 5,
      secondsBetween: 10,
      stirred: 0,
    },
    { graph: network(), sender },
  );

const byRoute = (name: string) => (deps: SenderDeps) =>
  new RouteSender(SENDERS[name] as (typeof SENDERS)[string], deps);

describe('the payment simulator', () => {
  it('gives the same run for the same seed', () => {
    expect(run(byRoute('getroute'))).toEqual(run(byRoute('getroute')));
  });

  it('shows that a route table that learns pays more, and more at the first try', () => {
    const plain = run(byRoute('fee only'));
    const excluding = run(byRoute('fee only, exclude'));
    const learning = run(byRoute('getroute'));
    expect(learning.paid).toBeGreaterThan(plain.paid);
    expect(learning.paid).toBeGreaterThanOrEqual(excluding.paid);
    expect(learning.firstTry).toBeGreaterThan(excluding.firstTry);
    expect(learning.attempts).toBeLessThan(excluding.attempts);
  });

  it('shows that parts pay what one part cannot', () => {
    const options = { rounds: 5, maxFeePpm: 20_000, maxParts: 20 };
    const single = run(byRoute('getroute'), 400_000);
    const parts = run((deps) => new PartSender(options, deps), 400_000);
    expect(parts.paid).toBeGreaterThan(single.paid);
    expect(parts.partsPerPayment).toBeGreaterThan(1);
    expect(parts.feePpm).toBeLessThan(20_000);
  });
});
