/** Closes amid reorgs, fees that jump, coins that come and go, and restarts: all is claimed in the end. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeTx } from '../../src/core/bitcoin/index.js';
import { htlc, preimageOf, World } from '../unit/onchain/kit.js';

const htlcs = fc.array(
  fc.record({
    mine: fc.boolean(),
    sats: fc.constantFrom(400, 900, 3000, 30_000, 60_000),
    expiry: fc.integer({ min: 135, max: 175 }),
    known: fc.boolean(),
  }),
  { maxLength: 6 },
);

const event = fc.oneof(
  fc.record({ kind: fc.constant('mine'), blocks: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('mineAbove'), feerate: fc.integer({ min: 253, max: 8000 }) }),
  fc.record({ kind: fc.constant('wait'), blocks: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('reorg'),
    depth: fc.integer({ min: 1, max: 6 }),
    how: fc.constantFrom('again', 'empty', 'forgotten'),
  }),
  fc.record({ kind: fc.constant('feerate'), feerate: fc.integer({ min: 253, max: 15_000 }) }),
  fc.record({ kind: fc.constant('coins'), above: fc.constantFrom(0, 20_000, 80_000, 120_000) }),
  fc.record({ kind: fc.constant('restart') }),
  fc.record({ kind: fc.constant('preimage'), id: fc.integer({ min: 1, max: 6 }) }),
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

const story = fc.record({
  format: fc.constantFrom('anchors', 'staticRemotekey'),
  opener: fc.constantFrom('local', 'remote'),
  close: fc.constantFrom('local', 'remote', 'revoked'),
  inMempool: fc.boolean(),
  alice: fc.constantFrom(20_000, 300_000, 500_000),
  feeratePerKw: fc.integer({ min: 253, max: 6000 }),
  htlcs,
  events: fc.array(event, { minLength: 20, maxLength: 50 }),
});

function happen(w: World, base: number, e: Event): void {
  if (e.kind === 'mine') w.mine(e.blocks);
  else if (e.kind === 'mineAbove') w.mine(1, e.feerate);
  else if (e.kind === 'wait') w.wait(e.blocks);
  else if (e.kind === 'feerate') w.feeratePerKw = e.feerate;
  else if (e.kind === 'coins') w.wallet.offers = ({ amount }) => amount > BigInt(e.above);
  else if (e.kind === 'restart') w.restart();
  else if (e.kind === 'preimage') w.feed({ kind: 'preimage', preimage: preimageOf(e.id) });
  // Never the block with the funding output.
  else if (w.height - e.depth <= base) return;
  else if (e.how === 'forgotten') w.reorgForgetting(e.depth);
  else w.reorg(e.depth, e.how === 'empty');
}

it('a close is resolved whatever happens meanwhile, and nothing invalid is ever broadcast', () => {
  fc.assert(
    fc.property(story, (s) => {
      const all = s.htlcs.map((h, i) => htlc(i + 1, h.mine ? 'local' : 'remote', h.sats, h.expiry));
      const w = new World({
        ...{ format: s.format, opener: s.opener, feeratePerKw: s.feeratePerKw },
        states: [
          { alice: 150_000, htlcs: all },
          { alice: s.alice, htlcs: all },
        ],
        known: s.htlcs.flatMap((h, i) => (h.known ? [i + 1] : [])),
      });
      const base = w.height;
      w.mine(2);
      const tx =
        s.close === 'local'
          ? w.localCommitment()
          : w.remoteCommitment(s.close === 'remote' ? 1 : 0);
      if (s.inMempool) w.feed({ kind: 'spent', tx: encodeTx(tx) });
      else w.confirm(tx);
      for (const e of s.events) happen(w, base, e);
      // Quiet days: fees are low, coins are there, and the close comes into a block at last.
      w.feeratePerKw = 300;
      w.wallet.offers = () => true;
      w.mine(20);
      if (w.state.spends.length === 0) w.confirm(tx);
      w.mine(260);
      expect(w.resolved()).toBe(true);
      expect(w.refused.filter((reason) => !/missingorspent|insufficient fee/.test(reason))).toEqual(
        [],
      );
    }),
    { numRuns: 25, seed: 1 },
  );
}, 120_000);
