import { describe, expect, it } from 'vitest';
import type { StoredBlock } from '../../../src/adapters/chain/embedded/index.js';
import {
  decodeAddress,
  decodeTx,
  NETWORKS,
  txid,
  txWeight,
} from '../../../src/core/bitcoin/index.js';
import { type Bytes, sat, toHex } from '../../../src/core/bytes/index.js';
import { outpointOf, walletForChannels } from '../../../src/node/wallet/index.js';
import { walletKit } from '../../support/wallet-kit.js';

const somewhere = Uint8Array.from([0, 20, ...new Uint8Array(20).fill(9)]);
const FEERATE = 1000;

const must = <T, E>(r: { ok: true; value: T } | { ok: false; error: E }): T => {
  if (!r.ok)
    throw new Error(JSON.stringify(r.error, (_, v) => (typeof v === 'bigint' ? `${v}` : v)));
  return r.value;
};

describe('wallet', () => {
  it('gives addresses of both kinds, each once', async () => {
    const { wallet } = await walletKit();
    const a = await wallet.newAddress();
    const b = await wallet.newAddress();
    const c = await wallet.newAddress('p2wpkh');
    expect(a.address).toMatch(/^bcrt1p/);
    expect(b.address).not.toBe(a.address);
    expect(c.address).toMatch(/^bcrt1q/);
    expect(decodeAddress(c.address, NETWORKS.regtest)).toEqual({ ok: true, value: c.scriptPubkey });
  });

  it('sees a payment once it is in a block', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.follower.sync();
    expect(kit.wallet.unspent()).toEqual([]);
    await kit.mine();
    const [output] = kit.wallet.unspent();
    expect(output).toMatchObject({ amount: 100_000n, confirmedHeight: kit.follower.height });
    expect(kit.wallet.balance()).toEqual({ available: 100_000n, total: 100_000n });
  });

  it.each(['p2wpkh', 'p2tr'] as const)(
    'spends %s outputs: the chain verifies its signatures',
    async (type) => {
      const kit = await walletKit();
      await kit.give(60_000n, type);
      await kit.give(70_000n, type);
      await kit.mine();
      const sent = must(
        await kit.wallet.withdraw([{ amount: sat(100_000), scriptPubkey: somewhere }], {
          feeratePerKw: FEERATE,
        }),
      );
      expect(kit.chain.mempool.get(toHex(sent.txid))).toBeDefined();
      const weight = txWeight(sent.tx);
      expect(Number(sent.fee)).toBeGreaterThanOrEqual(Math.ceil((weight * FEERATE) / 1000));
      expect(Number(sent.fee)).toBeLessThan(((weight + 16) * FEERATE) / 1000);
      expect(sent.payees).toEqual([{ vout: sent.payees[0]?.vout, amount: 100_000n }]);
      await kit.mine();
      expect(kit.wallet.balance().total).toBe(130_000n - 100_000n - sent.fee);
      expect(kit.wallet.transactions()).toHaveLength(3);
    },
  );

  it('withdraws everything, to the last satoshi', async () => {
    const kit = await walletKit();
    await kit.give(50_000n, 'p2wpkh');
    await kit.give(80_000n, 'p2tr');
    await kit.mine();
    const sent = must(
      await kit.wallet.withdraw([{ amount: 'all', scriptPubkey: somewhere }], {
        feeratePerKw: 253,
      }),
    );
    expect(sent.tx.outputs).toHaveLength(1);
    expect(sent.payees[0]?.amount).toBe(130_000n - sent.fee);
    await kit.mine();
    expect(kit.wallet.balance()).toEqual({ available: 0n, total: 0n });
  });

  it('leaves no change that would be dust', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    const sent = must(
      await kit.wallet.withdraw([{ amount: sat(99_700), scriptPubkey: somewhere }], {
        feeratePerKw: 253,
      }),
    );
    expect(sent.tx.outputs).toHaveLength(1);
    expect(sent.fee).toBe(300n);
  });

  it('keeps what a prepared transaction spends from another one, also after a restart', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    const payee = { amount: sat(60_000), scriptPubkey: somewhere };
    const first = must(await kit.wallet.fund([payee], { feeratePerKw: FEERATE }));
    expect(await kit.wallet.fund([payee], { feeratePerKw: FEERATE })).toMatchObject({
      ok: false,
      error: { code: 'insufficient_funds' },
    });
    await kit.stop();

    const again = await walletKit({ on: kit });
    expect((await again.wallet.fund([payee], { feeratePerKw: FEERATE })).ok).toBe(false);
    must(await again.wallet.publish(first.txid));
    expect(again.chain.mempool.get(toHex(first.txid))).toBeDefined();
    await again.mine();
    expect(again.wallet.balance().total).toBe(40_000n - first.fee);
  });

  it('gives the coins back when a prepared transaction is discarded', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    const payee = { amount: sat(60_000), scriptPubkey: somewhere };
    const first = must(await kit.wallet.fund([payee], { feeratePerKw: FEERATE }));
    must(await kit.wallet.release(first.txid));
    expect(await kit.wallet.publish(first.txid)).toEqual({
      ok: false,
      error: { code: 'unknown_transaction' },
    });
    const second = must(await kit.wallet.fund([payee], { feeratePerKw: FEERATE }));
    expect(second.txid).not.toEqual(first.txid);
  });

  it('frees a reservation that has run out', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    const payee = { amount: sat(60_000), scriptPubkey: somewhere };
    must(await kit.wallet.fund([payee], { feeratePerKw: FEERATE, reserveBlocks: 3 }));
    await kit.mine(2);
    expect((await kit.wallet.fund([payee], { feeratePerKw: FEERATE })).ok).toBe(false);
    await kit.mine(1);
    expect((await kit.wallet.fund([payee], { feeratePerKw: FEERATE })).ok).toBe(true);
  });

  it('sends no prepared transaction whose coins another one has taken meanwhile', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    const payee = { amount: sat(60_000), scriptPubkey: somewhere };
    const options = { feeratePerKw: FEERATE, reserveBlocks: 1 };
    const first = must(await kit.wallet.fund([payee], options));
    await kit.mine();
    const second = must(await kit.wallet.withdraw([payee], { feeratePerKw: FEERATE * 2 }));
    expect(await kit.wallet.publish(first.txid)).toMatchObject({
      ok: false,
      error: { code: 'broadcast_refused', reason: expect.stringContaining('insufficient fee') },
    });
    expect(kit.wallet.balance().total).toBe(40_000n - second.fee);
    await kit.mine();
    expect(kit.wallet.balance().total).toBe(40_000n - second.fee);
  });

  it('replaces a transaction of its own by one that pays more', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    const payee = { amount: sat(60_000), scriptPubkey: somewhere };
    const options = { feeratePerKw: FEERATE * 5, reserveBlocks: 1 };
    const dear = must(await kit.wallet.fund([payee], options));
    await kit.mine();
    const cheap = must(await kit.wallet.withdraw([payee], { feeratePerKw: FEERATE }));
    must(await kit.wallet.publish(dear.txid));
    expect(kit.chain.mempool.get(toHex(cheap.txid))).toBeUndefined();
    expect(kit.wallet.balance().total).toBe(40_000n - dear.fee);
    await kit.mine();
    expect(kit.wallet.balance()).toEqual({
      available: 40_000n - dear.fee,
      total: 40_000n - dear.fee,
    });
  });

  it('spends its own unconfirmed change only where that is asked for', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    const payee = { amount: sat(30_000), scriptPubkey: somewhere };
    must(await kit.wallet.withdraw([payee], { feeratePerKw: FEERATE }));
    expect((await kit.wallet.withdraw([payee], { feeratePerKw: FEERATE })).ok).toBe(false);
    const child = must(await kit.wallet.withdraw([payee], { feeratePerKw: FEERATE, minconf: 0 }));
    expect(kit.chain.mempool.get(toHex(child.txid))).toBeDefined();
  });

  it('spends exactly the coins that were named, and says why one cannot be', async () => {
    const kit = await walletKit();
    await kit.give(40_000n);
    await kit.give(90_000n);
    await kit.mine();
    const small = kit.wallet.unspent().find((o) => o.amount === 40_000n);
    const { txid, vout } = small as { txid: Bytes; vout: number };
    const payee = { amount: sat(10_000), scriptPubkey: somewhere };
    const made = must(await kit.wallet.fund([payee], { utxos: [{ txid, vout }] }));
    expect(made.inputs.map((o) => o.amount)).toEqual([40_000n]);
    const outpoint = outpointOf(txid, vout);
    expect(await kit.wallet.fund([payee], { utxos: [{ txid, vout }] })).toMatchObject({
      ok: false,
      error: { code: 'utxo_reserved', outpoint },
    });
    const unknown = { txid, vout: 77 };
    expect(await kit.wallet.fund([payee], { utxos: [unknown] })).toMatchObject({
      ok: false,
      error: { code: 'unknown_utxo' },
    });
  });

  it('keeps the emergency reserve while a channel needs it', async () => {
    const kit = await walletKit({ needsReserve: () => true });
    await kit.give(100_000n);
    await kit.mine();
    const asked = { amount: sat(90_000), scriptPubkey: somewhere };
    expect(await kit.wallet.withdraw([asked], { feeratePerKw: 253 })).toMatchObject({
      ok: false,
      error: { code: 'emergency_reserve', reserve: 25_000n },
    });
    must(
      await kit.wallet.withdraw([{ amount: 'all', scriptPubkey: somewhere }], {
        feeratePerKw: 253,
      }),
    );
    await kit.mine();
    expect(kit.wallet.balance().total).toBe(25_000n);
  });

  it('takes a payment back when a reorg does, and has it again when it returns', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    kit.chain.reorg(1, { empty: true });
    await kit.follower.sync();
    expect(kit.wallet.balance()).toEqual({ available: 0n, total: 100_000n });
    await kit.mine();
    expect(kit.wallet.balance()).toEqual({ available: 100_000n, total: 100_000n });
  });

  it('frees what a transaction of ours spent when another one confirms instead', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.give(50_000n);
    await kit.mine();
    const [a, b] = kit.wallet.unspent() as unknown as [
      { txid: Bytes; vout: number },
      { txid: Bytes; vout: number },
    ];
    const payee = { amount: sat(20_000), scriptPubkey: somewhere };
    const both = must(await kit.wallet.fund([payee], { utxos: [a, b], feeratePerKw: FEERATE }));
    must(await kit.wallet.publish(both.txid));
    // The same seed elsewhere spends one of the two coins, at a higher fee.
    const twin = await walletKit({
      on: { chain: kit.chain, clock: kit.clock },
      follower: { from: 100 },
    });
    const theft = must(await twin.wallet.fund([payee], { utxos: [a], feeratePerKw: FEERATE * 5 }));
    expect(kit.chain.submit(theft.raw)).toBeUndefined();
    await kit.mine();
    expect(kit.wallet.transactions().some((t) => toHex(t.txid) === toHex(both.txid))).toBe(false);
    const left = kit.wallet.unspent().reduce((sum, o) => sum + o.amount, 0n);
    expect(left).toBe(150_000n - 20_000n - theft.fee);
  });

  it('forgets a payment whose coins a reorg took away for good', async () => {
    const kit = await walletKit();
    const payer = await walletKit({ on: { chain: kit.chain, clock: kit.clock }, seed: 9 });
    const { scriptPubkey } = await payer.wallet.newAddress();
    const pay = (script: Bytes) =>
      must(kit.chain.faucet.pay([{ amount: sat(100_000), scriptPubkey: script }]));
    // Out of the same coins: only one of them can be in a chain.
    const [first, second] = [pay(scriptPubkey), pay(somewhere)];
    const mine = async (blocks: number) => {
      await kit.mine(blocks);
      await payer.follower.sync();
    };
    expect(kit.chain.submit(first.raw)).toBeUndefined();
    await mine(1);
    const payee = { amount: sat(50_000), ...(await kit.wallet.newAddress()) };
    must(await payer.wallet.withdraw([payee]));
    await mine(1);
    expect(kit.wallet.balance().available).toBe(50_000n);
    kit.chain.invalidate(kit.chain.ledger.at(kit.chain.ledger.height - 1) as StoredBlock);
    kit.chain.mineExactly([second.raw]);
    await mine(2);
    // It could come back with another reorg: that is waited for a while.
    expect(kit.wallet.balance()).toEqual({ available: 0n, total: 50_000n });
    await mine(6);
    expect(kit.wallet.balance().total).toBe(0n);
    expect(kit.wallet.transactions()).toEqual([]);
  });

  it('finds everything again from the seed alone', async () => {
    const kit = await walletKit();
    for (let i = 0; i < 12; i++)
      await kit.give(10_000n + BigInt(i), i % 2 === 0 ? 'p2tr' : 'p2wpkh');
    await kit.mine();
    must(await kit.wallet.withdraw([{ amount: sat(55_000), scriptPubkey: somewhere }]));
    await kit.mine(3);
    const fresh = await walletKit({
      on: { chain: kit.chain, clock: kit.clock },
      follower: { from: 1 },
    });
    expect(fresh.wallet.balance()).toEqual(kit.wallet.balance());
    expect(fresh.wallet.unspent()).toEqual(kit.wallet.unspent());
    const [next, again] = [await kit.wallet.newAddress(), await fresh.wallet.newAddress()];
    expect(again.address).toBe(next.address);
  });

  it('broadcasts again with every block what is in none', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    kit.port.fault = 'bitcoind, which is away';
    const payee = { amount: sat(60_000), scriptPubkey: somewhere };
    const sent = must(await kit.wallet.withdraw([payee], { feeratePerKw: FEERATE }));
    expect(kit.chain.mempool.get(toHex(sent.txid))).toBeUndefined();
    kit.port.fault = undefined;
    await kit.mine();
    expect(kit.chain.mempool.get(toHex(sent.txid))).toBeDefined();
    await kit.mine();
    expect(kit.wallet.balance().total).toBe(40_000n - sent.fee);
  });

  it('undoes a withdrawal that the chain refuses, and says why', async () => {
    const kit = await walletKit();
    await kit.give(100_000n);
    await kit.mine();
    kit.chain.mempool.minimumFeerate = 100_000;
    const payee = { amount: sat(60_000), scriptPubkey: somewhere };
    expect(await kit.wallet.withdraw([payee], { feeratePerKw: FEERATE })).toMatchObject({
      ok: false,
      error: {
        code: 'broadcast_refused',
        reason: expect.stringContaining('mempool min fee not met'),
      },
    });
    expect(kit.wallet.balance()).toEqual({ available: 100_000n, total: 100_000n });
  });

  it('funds a channel: signed and kept, broadcast later, or given up', async () => {
    const kit = await walletKit();
    await kit.give(200_000n);
    await kit.mine();
    const forChannels = walletForChannels(kit.wallet);
    const request = {
      scriptPubkey: Uint8Array.from([0, 32, ...new Uint8Array(32).fill(3)]),
      feeratePerKw: FEERATE,
      minconf: 1,
      utxos: undefined,
      anchors: true,
    };
    const all = must(await forChannels.spendableForChannel(request));
    const made = must(await forChannels.fund({ ...request, amount: all }));
    const tx = decodeTx(made.tx);
    expect(tx && txid(tx)).toEqual(made.txid);
    expect(tx?.outputs[made.vout]).toEqual({ amount: all, scriptPubkey: request.scriptPubkey });
    expect(kit.chain.mempool.size).toBe(0);
    forChannels.publish(made.txid);
    await kit.mine();
    await kit.mine();
    expect(kit.chain.ledger.blockOf(toHex(made.txid))).toBeDefined();
    expect(kit.wallet.balance().total).toBeGreaterThanOrEqual(25_000n);
  });
});
