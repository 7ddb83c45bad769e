/** Fees: anchors, HTLC transactions with added coins, replacements as deadlines come near. */
import { describe, expect, it } from 'vitest';
import { decodeTx, encodeTx, type Transaction, txWeight } from '../../../src/core/bitcoin/index.js';
import { sat } from '../../../src/core/bytes/index.js';
import { type FundClaim, selectFeeInputs } from '../../../src/core/onchain/index.js';
import { DELAY, htlc, idOf, preimageOf, World, type WorldOptions } from './kit.js';

const COINS = 190_000n;

/** Alice's commitment is in the mempool, and the machine knows. */
function waiting(options: Partial<ConstructorParameters<typeof World>[0]> = {}): World {
  const w = new World({
    format: 'anchors',
    states: [{ alice: 500_000, htlcs: [htlc(7, 'local', 50_000, 160)] }],
    feeratePerKw: 500,
    ...options,
  });
  const tx = w.localCommitment();
  w.publish(tx);
  w.feed({ kind: 'spent', tx: encodeTx(tx) });
  return w;
}

describe('a commitment with anchors in the mempool', () => {
  it('needs nothing while it pays as much as is asked', () => {
    const w = waiting({ feeratePerKw: 253 });
    w.wait(3);
    expect(w.purposes()).toEqual(['close']);
    w.mine(1);
    expect(w.endings()).toEqual(['local']);
  });

  it('is paid for by its anchor where fees are higher', () => {
    const w = waiting({ feeratePerKw: 3000 });
    expect(w.purposes()).toEqual(['anchor_cpfp']);
    w.mine(1, 2900);
    expect(w.endings()).toEqual(['local']);
    expect(w.state.spends.length).toBe(2);
    expect(w.refused).toEqual([]);
  });

  it('confirms before the earliest expiry after fees rose tenfold', () => {
    const w = waiting({ feeratePerKw: 1500 });
    expect(w.purposes()).toEqual(['anchor_cpfp']);
    w.wait(2);
    w.feeratePerKw = 15_000;
    w.mine(5, 14_500);
    expect(w.state.spends[0]?.height).toBeLessThan(160);
    expect(w.refused).toEqual([]);
  });

  it('below what a mempool takes goes in as a package with its child', () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(7, 'local', 50_000, 160)] }],
      feeratePerKw: 3000,
    });
    // A full mempool, which asks for twice what the commitment pays.
    w.chain.mempool.minimumFeerate = 4000;
    const tx = encodeTx(w.localCommitment());
    expect(w.chain.submit(tx)?.kind).toBe('fee');
    w.feed({ kind: 'spent', tx });
    expect(w.refused).toEqual([]);
    w.mine(1, 2900);
    expect(w.endings()).toEqual(['local']);
  });

  it("the peer's commitment is paid for by our anchor too", () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(7, 'local', 50_000, 160)] }],
      feeratePerKw: 3000,
    });
    const tx = w.remoteCommitment(0);
    w.publish(tx);
    w.feed({ kind: 'spent', tx: encodeTx(tx) });
    w.mine(1, 2900);
    expect(w.endings()).toEqual(['remote']);
  });

  it('asks with every block for coins that are not there yet', () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(7, 'local', 50_000, 160)] }],
      feeratePerKw: 3000,
    });
    w.offline = true;
    w.feed({ kind: 'spent', tx: encodeTx(w.localCommitment()) });
    expect(w.state.claims[0]?.tx).toBeUndefined();
    w.offline = false;
    w.publish(w.localCommitment());
    w.wait(1);
    expect(w.purposes()).toEqual(['anchor_cpfp', 'close']);
  });
});

describe('what is paid for a commitment with anchors', () => {
  const feesPaid = (w: World) =>
    w.state.claims.filter((c) => c.purpose === 'anchor_cpfp').map((c) => c.fee ?? 0n);

  it('is no more than its HTLCs are worth, beyond what it costs without hurry', () => {
    const states = [{ alice: 500_000, htlcs: [htlc(7, 'local', 2000, 140)] }];
    const w = waiting({ states, feeratePerKw: 2000 });
    const [calm] = feesPaid(w);
    expect(calm).toBeGreaterThan(1500n);
    w.wait(40);
    // The expiry is long over, and no price has brought it into a block.
    expect(feesPaid(w).every((fee) => fee <= 4500n)).toBe(true);
    expect(w.refused).toEqual([]);
    w.feeratePerKw = 4000;
    w.wait(12);
    // Fees of all have risen: our balance is worth that.
    expect(feesPaid(w).some((fee) => fee > 6000n)).toBe(true);
  });

  it('does not rise for an HTLC that has no output', () => {
    const states = [{ alice: 500_000, htlcs: [htlc(7, 'local', 500, 140)] }];
    const w = waiting({ states, feeratePerKw: 2000 });
    const before = feesPaid(w);
    w.wait(30);
    expect(feesPaid(w)).toEqual(before);
  });

  it('rises for an HTLC whose preimage came after the close', () => {
    const states = [{ alice: 500_000, htlcs: [htlc(8, 'remote', 60_000, 140)] }];
    const w = waiting({ states, feeratePerKw: 1000 });
    const [before] = feesPaid(w);
    w.wait(2);
    w.feed({ kind: 'preimage', preimage: preimageOf(8) });
    w.wait(140 - 4 - w.height);
    expect(feesPaid(w)[0]).toBeGreaterThan(2n * (before ?? 0n));
    expect(w.refused).toEqual([]);
    w.mine(1);
    expect(w.state.spends.length).toBeGreaterThan(1);
  });
});

describe("the peer's commitment without anchors in the mempool", () => {
  const stuck = (htlcs: WorldOptions['states'][0]['htlcs'], feeratePerKw = 3000): World => {
    const w = new World({
      format: 'staticRemotekey',
      opener: 'remote',
      states: [{ alice: 500_000, htlcs }],
      feeratePerKw,
    });
    const tx = w.remoteCommitment(0);
    w.publish(tx);
    w.feed({ kind: 'spent', tx: encodeTx(tx) });
    return w;
  };

  it('is paid for by our balance in it where an HTLC is at stake', () => {
    const w = stuck([htlc(7, 'local', 50_000, 160)]);
    expect(w.purposes()).toEqual(['balance_cpfp']);
    w.mine(1, 2900);
    expect(w.endings()).toEqual(['remote']);
    expect(w.state.spends.length).toBe(2);
    expect(w.refused).toEqual([]);
    w.mine(160 - w.height + 2);
    expect(w.wallet.balance() - COINS).toBeGreaterThan(550_000n - 10_000n);
  });

  it('is paid for by more as fees rise, and confirms before the expiry', () => {
    const w = stuck([htlc(7, 'local', 50_000, 160)], 1500);
    w.wait(2);
    w.feeratePerKw = 15_000;
    w.mine(3, 14_500);
    expect(w.endings()).toEqual(['remote']);
    expect(w.state.spends[0]?.height).toBeLessThan(160);
    expect(w.refused).toEqual([]);
  });

  it('is paid for by no more than the HTLC is worth', () => {
    const w = stuck([htlc(7, 'local', 2000, 160)], 30_000);
    w.wait(20);
    const paid = w.state.claims.map((c) => c.fee ?? 0n);
    expect(paid.every((fee) => fee <= 2000n)).toBe(true);
    expect(w.refused).toEqual([]);
  });

  it('is left to itself where nothing presses, and the log says that it waits', () => {
    const w = stuck([]);
    w.wait(7);
    expect(w.purposes()).toEqual(['close']);
    const notes = w.said.filter((e) => e.kind === 'note' && e.text.startsWith('the close waits'));
    expect(notes.length).toBe(1);
  });
});

describe('a commitment of ours without anchors in the mempool', () => {
  it('cannot be helped, and the log says so', () => {
    const w = waiting({ format: 'staticRemotekey', feeratePerKw: 3000 });
    w.wait(7);
    expect(w.purposes()).toEqual(['close']);
    const notes = w.said.flatMap((e) => (e.kind === 'note' ? [e.text] : []));
    expect(notes).toEqual([
      expect.stringMatching(/the close waits: it pays \d+ .* without anchors .* block 160 on/),
    ]);
  });
});

describe('HTLC transactions of an anchor channel', () => {
  it('wait for coins, take them, and are replaced by dearer ones as the expiry comes near', () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(8, 'remote', 60_000, 170)] }],
      known: [8],
    });
    w.confirm(w.localCommitment());
    const versions = () => w.state.claims.find((c) => c.purpose === 'htlc_success')?.versions ?? [];
    expect(versions().length).toBe(1);
    w.wait(20);
    expect(versions().length).toBe(1);
    w.wait(170 - 6 - w.height);
    const before = versions().length;
    w.wait(4);
    expect(versions().length).toBe(before + 4);
    expect(w.refused).toEqual([]);
    w.mine(1);
    w.mine(DELAY + 10);
    expect(w.wallet.balance() - COINS).toBeGreaterThan(545_000n);
  });

  it('are replaced by dearer ones, though one great coin came in place of small ones', () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(8, 'remote', 60_000, 170)] }],
      known: [8],
      feeratePerKw: 4000,
    });
    w.wallet.offers = (coin) => coin.amount < 2000n;
    for (let i = 0; i < 30; i++) w.chain.send(w.wallet.script('p2wpkh', 1), sat(1500));
    w.mine(2);
    w.confirm(w.localCommitment());
    const claim = () => w.state.claims.find((c) => c.purpose === 'htlc_success');
    expect(claim()?.tx?.inputs.length).toBeGreaterThan(5);
    w.wallet.offers = () => true;
    w.feeratePerKw = 5100;
    w.wait(2);
    expect(claim()?.tx?.inputs.length).toBe(2);
    expect(w.refused).toEqual([]);
  });

  it('go for what the coins pay when no time is left, and fees are higher', () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(8, 'remote', 60_000, 170)] }],
      known: [8],
      feeratePerKw: 8000,
    });
    w.chain.send(w.wallet.script('p2wpkh', 1), sat(6000));
    w.mine(1);
    w.wallet.offers = (coin) => coin.amount === 6000n;
    w.confirm(w.localCommitment());
    const claim = () => w.state.claims.find((c) => c.purpose === 'htlc_success');
    w.wait(170 - 7 - w.height);
    expect(claim()?.tx).toBeUndefined();
    w.wait(1);
    expect(claim()?.feeratePerKw).toBeGreaterThan(4000);
    expect(claim()?.feeratePerKw).toBeLessThan(8000);
    w.mine(1, 4000);
    const confirmed = w.state.spends.map(({ tx }) => idOf(tx));
    expect(confirmed).toContain(claim()?.versions.at(-1));
    expect(w.refused).toEqual([]);
  });

  it('are not made dearer by a start, which does not know what is asked', () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(8, 'remote', 60_000, 170)] }],
      known: [8],
    });
    w.confirm(w.localCommitment());
    w.wait(3);
    const claim = () => w.state.claims.find((c) => c.purpose === 'htlc_success');
    const before = claim();
    w.feeratePerKw = 5000;
    w.broadcasts.length = 0;
    w.restart();
    expect(claim()).toEqual(before);
    expect(w.purposes()).toEqual(['htlc_success']);
    w.feed({ kind: 'block', height: w.height });
    expect(claim()?.feeratePerKw).toBe(5000);
    expect(w.refused).toEqual([]);
  });

  it('whose coin another transaction took ask for another one, and owe it nothing', () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(8, 'remote', 3000, 300)] }],
      known: [8],
      feeratePerKw: 1500,
    });
    w.confirm(w.localCommitment());
    const claim = () => w.state.claims.find((c) => c.purpose === 'htlc_success');
    expect(claim()?.fee).toBeGreaterThan(1500n);
    w.feed({ kind: 'coinsGone', claim: claim()?.id ?? '' });
    expect(claim()?.tx).toBeUndefined();
    w.feeratePerKw = 500;
    w.wait(1);
    // Less than the version that can confirm no more.
    expect(claim()?.fee).toBeLessThan(1000n);
  });

  it('let go of the coins of versions that did not confirm, once one has', () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(8, 'remote', 60_000, 170)] }],
      known: [8],
      feeratePerKw: 4000,
    });
    w.confirm(w.localCommitment());
    expect([...w.wallet.reserved.keys()]).toEqual(['1']);
    w.mine(2);
    expect(w.state.spends.length).toBe(2);
    expect([...w.wallet.reserved.keys()]).toEqual(['1']);
    w.mine(1);
    expect([...w.wallet.reserved.keys()]).toEqual([]);
    // A reorg takes it back all the same, and it is broadcast again.
    w.reorgForgetting(3);
    w.mine(DELAY + 10);
    expect(w.wallet.balance() - COINS).toBeGreaterThan(545_000n);
    expect(w.refused).toEqual([]);
  });

  it('go together where there are fewer coins than HTLCs, so that all are in before they expire', () => {
    const ids = Array.from({ length: 12 }, (_, i) => i + 1);
    const w = new World({
      format: 'anchors',
      states: [{ alice: 300_000, htlcs: ids.map((id) => htlc(id, 'remote', 30_000, 140)) }],
      known: ids,
    });
    // One coin, as a wallet of one channel has it.
    const [only] = w.wallet.coins();
    w.wallet.offers = (coin) => coin === only || coin.amount > 90_000n;
    w.confirm(w.localCommitment());
    const taken = () => w.state.spends.reduce((n, { tx }) => n + tx.inputs.length, 0);
    w.mine(3);
    expect(w.refused).toEqual([]);
    // The commitment, and 12 HTLCs by two transactions, each with a coin.
    expect(taken()).toBe(1 + 12 + 2);
    w.mine(DELAY + 10);
    expect(w.wallet.balance() - COINS).toBeGreaterThan(300_000n + 12n * 28_000n);
  });

  it('go together by halves, where the coin does not pay for all', () => {
    const ids = Array.from({ length: 12 }, (_, i) => i + 1);
    const w = new World({
      format: 'anchors',
      feeratePerKw: 12_000,
      states: [{ alice: 300_000, htlcs: ids.map((id) => htlc(id, 'remote', 30_000, 140)) }],
      known: ids,
    });
    w.wallet.offers = (coin) => coin.amount > 60_000n;
    w.confirm(w.localCommitment());
    w.mine(8);
    const taken = () => w.state.spends.reduce((n, { tx }) => n + tx.inputs.length, 0);
    expect(w.refused).toEqual([]);
    expect(taken()).toBeGreaterThan(1 + 8);
  });

  it('go together by what they wait for: those that time out at one height', () => {
    const ids = [1, 2, 3, 4, 5, 6];
    const w = new World({
      format: 'anchors',
      states: [
        { alice: 300_000, htlcs: ids.map((id) => htlc(id, 'local', 30_000, id < 4 ? 130 : 131)) },
      ],
    });
    w.wallet.offers = (coin) => coin.amount > 90_000n;
    w.confirm(w.localCommitment());
    w.mine(131 - w.height + 5);
    expect(w.refused).toEqual([]);
    for (const id of ids) expect(w.outcomes(id)).toEqual(['htlcFailed']);
    expect(w.height).toBeLessThan(137);
  });

  it('cost no more than the HTLC is worth', () => {
    const w = new World({
      format: 'anchors',
      states: [{ alice: 500_000, htlcs: [htlc(8, 'remote', 1000, 170)] }],
      known: [8],
      feeratePerKw: 5000,
    });
    w.confirm(w.localCommitment());
    expect(w.broadcasts).toEqual([]);
    w.feeratePerKw = 500;
    w.wait(1);
    expect(w.purposes()).toEqual(['htlc_success']);
  });
});

describe('sweeps', () => {
  it('follow the estimates after a while, and pay what they say', () => {
    const w = new World({
      format: 'anchors',
      opener: 'remote',
      states: [{ alice: 500_000, htlcs: [] }],
    });
    w.confirm(w.remoteCommitment(0));
    const last = () => decodeTx(w.broadcasts.at(-1)?.tx as Uint8Array) as Transaction;
    const fee = () => 500_000n - (last().outputs[0]?.amount ?? 0n);
    const rate = (Number(fee()) * 1000) / txWeight(last());
    // Signatures are a byte or two shorter than the longest, which are reckoned with.
    expect(rate).toBeGreaterThanOrEqual(1000);
    expect(rate).toBeLessThan(1010);
    const first = fee();
    w.feeratePerKw = 4000;
    w.wait(5);
    expect(fee()).toBe(first);
    w.wait(2);
    expect(fee()).toBeGreaterThan(first * 3n);
    expect(w.refused).toEqual([]);
    w.mine(1);
    expect(w.wallet.balance()).toBeGreaterThan(COINS + 480_000n);
  });

  it('that are not worth their fee wait for a cheaper day', () => {
    const w = new World({
      format: 'anchors',
      opener: 'remote',
      states: [{ alice: 700, htlcs: [] }],
      feeratePerKw: 50_000,
    });
    w.raiseMinimum(5000);
    w.confirm(w.remoteCommitment(0));
    expect(w.broadcasts).toEqual([]);
    w.raiseMinimum(253);
    w.wait(1);
    expect(w.purposes()).toEqual(['sweep']);
    expect(w.refused).toEqual([]);
  });
});

describe('selectFeeInputs', () => {
  const request: FundClaim = {
    kind: 'fundClaim',
    claim: '1',
    purpose: 'htlc_success',
    weight: 700,
    paid: sat(0),
    feeratePerKw: 1000,
    extraFee: sat(0),
    maxFee: sat(50_000),
    needsChange: false,
  };
  const w = new World({ format: 'anchors', states: [{ alice: 500_000, htlcs: [] }] });
  const script = w.wallet.script('p2wpkh', 0);
  const coin = (amount: number, vout: number) => ({
    txid: new Uint8Array(32),
    vout,
    amount: sat(amount),
    scriptPubkey: script,
    ref: { kind: 'wallet', type: 'p2wpkh', change: false, index: 0 } as const,
  });

  it('takes the fewest coins, the largest first', () => {
    const chosen = selectFeeInputs(request, [coin(500, 0), coin(9000, 1), coin(8000, 2)], script);
    expect(chosen?.inputs.map((c) => c.vout)).toEqual([1]);
    expect(chosen?.change?.amount).toBeGreaterThan(7500n);
  });

  it('leaves what would be dust to the fee, unless the claim needs an output', () => {
    const coins = [coin(1100, 0)];
    expect(selectFeeInputs(request, coins, script)?.change).toBeUndefined();
    expect(selectFeeInputs({ ...request, needsChange: true }, coins, script)).toBeUndefined();
  });

  it('pays more than what it replaces, in all and by weight, however few coins it takes', () => {
    // Eight small coins made the old version heavy; one great coin makes the new one light.
    const replaces = { fee: sat(4000), weight: 2900 };
    const chosen = selectFeeInputs({ ...request, replaces }, [coin(9000, 0)], script);
    const fee = 9000n - (chosen?.change?.amount ?? 0n);
    expect(fee).toBeGreaterThan(4000n + 200n);
    // The other way round: as heavy a one at the old feerate is not enough.
    const light = { fee: sat(4000), weight: 1000 };
    const coins = Array.from({ length: 8 }, (_, i) => coin(2000, i));
    const many = selectFeeInputs({ ...request, replaces: light }, coins, script);
    const sum = BigInt(many?.inputs.length ?? 0) * 2000n - (many?.change?.amount ?? 0n);
    expect(Number(sum) / (700 + 272 * (many?.inputs.length ?? 0))).toBeGreaterThan(4);
  });

  it('refuses where coins are short or the fee is more than it is worth', () => {
    expect(selectFeeInputs(request, [], script)).toBeUndefined();
    expect(selectFeeInputs(request, [coin(300, 0), coin(300, 1)], script)).toBeUndefined();
    expect(
      selectFeeInputs({ ...request, maxFee: sat(900) }, [coin(9000, 0)], script),
    ).toBeUndefined();
  });
});
