/**
 * What every implementation of the `Chain` port must do, and what every chain behind it must take
 * and refuse: the same transactions, valid and invalid, past each of them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeTx,
  encodeDer,
  OP,
  p2pkhOfHash,
  p2shOfHash,
  p2wpkhScriptCode,
  SIGHASH_ALL,
  SIGHASH_SINGLE_ANYONECANPAY,
  script,
  sighashV0,
  type Transaction,
  type TxOutput,
  txid,
  txVsize,
  unsignedInput,
  withWitness,
} from '../../src/core/bitcoin/index.js';
import { type Bytes, concat, EMPTY, equal, sat, toHex } from '../../src/core/bytes/index.js';
import { hash160, sha256, sign } from '../../src/core/crypto/index.js';
import type { BroadcastResult, Chain, ChainBlock } from '../../src/ports/index.js';
import {
  type Coin,
  cltvScript,
  csvScript,
  draft,
  encodeTx,
  hashScript,
  key,
  minus,
  multisig,
  p2trScript,
  p2wpkhScript,
  p2wsh,
  signP2tr,
  signP2wpkh,
  signP2wsh,
} from './chain-txs.js';

export interface ChainUnderTest {
  readonly port: Chain;
  /** Mines blocks; their reward goes to the script, or to whomever. */
  mine(blocks?: number, scriptPubkey?: Bytes): Promise<void>;
  /** A transaction that pays the script, waiting in the mempool. */
  pay(scriptPubkey: Bytes, amount: bigint): Promise<Bytes>;
  invalidate(blockHash: Bytes): Promise<void>;
  reconsider(blockHash: Bytes): Promise<void>;
  close(): Promise<void>;
}

const [alice, bob] = [key('alice'), key('bob')];
const AMOUNT = 100_000n;
const FEE = 1_000;
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The same signature with its s on the other side of the order: valid, and not standard. */
function highS(signature: Bytes): Bytes {
  const s = BigInt(`0x${toHex(signature.slice(32))}`);
  const other = (s <= HALF_ORDER ? ORDER - s : s).toString(16).padStart(64, '0');
  return concat(signature.slice(0, 32), new Uint8Array(Buffer.from(other, 'hex')));
}

export function chainContract(name: string, open: () => Promise<ChainUnderTest>): void {
  describe(`chain: ${name}`, () => {
    let chain: ChainUnderTest;
    let port: Chain;

    beforeAll(async () => {
      chain = await open();
      port = chain.port;
    }, 120_000);
    afterAll(() => chain?.close(), 60_000);

    async function tipBlock(): Promise<ChainBlock> {
      const block = await port.block((await port.tip()).hash);
      if (block === undefined) throw new Error('the tip has no block');
      return block;
    }

    /** A confirmed coin of this script. */
    async function coin(scriptPubkey: Bytes, amount = AMOUNT): Promise<Coin> {
      const id = await chain.pay(scriptPubkey, amount);
      await chain.mine();
      for (const raw of (await tipBlock()).transactions) {
        const tx = decodeTx(raw) as Transaction;
        if (!equal(txid(tx), id)) continue;
        const vout = tx.outputs.findIndex((o) => equal(o.scriptPubkey, scriptPubkey));
        return { txid: id, vout, output: tx.outputs[vout] as TxOutput };
      }
      throw new Error('the payment did not confirm');
    }

    const alices = (): Promise<Coin> => coin(p2wpkhScript(alice));

    async function accepts(tx: Transaction): Promise<void> {
      expect(await port.broadcast(encodeTx(tx))).toEqual({ kind: 'accepted' });
      await chain.mine();
      const found = (await tipBlock()).transactions.map(toHex);
      expect(found).toContain(toHex(encodeTx(tx)));
    }

    async function refuses(tx: Transaction, reason: RegExp): Promise<void> {
      const answer: BroadcastResult = await port.broadcast(encodeTx(tx));
      expect(answer).toMatchObject({ kind: 'refused', reason: expect.stringMatching(reason) });
    }

    /** A payment of a coin of alice's to bob. */
    const payment = (c: Coin, options: Partial<Parameters<typeof draft>[1]> = {}): Transaction =>
      signP2wpkh(
        draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))], ...options }),
        0,
        c,
        alice,
      );

    describe('scripts', () => {
      it('accepts a signature of the key (p2wpkh)', async () => {
        await accepts(payment(await alices()));
      });

      it('accepts a signature of the key (p2tr, key path), beside another input', async () => {
        const coins = [await coin(p2trScript(alice)), await alices()];
        const outputs = [{ amount: sat(199_000), scriptPubkey: p2trScript(bob) }];
        const tx = draft(coins, { outputs });
        await accepts(signP2wpkh(signP2tr(tx, 0, coins, alice), 1, coins[1] as Coin, alice));
      });

      it('refuses a signature that is wrong in one bit (p2tr)', async () => {
        const c = await coin(p2trScript(alice));
        const tx = signP2tr(
          draft([c], { outputs: [minus(c, FEE, p2trScript(bob))] }),
          0,
          [c],
          alice,
        );
        const bad = Uint8Array.from(tx.inputs[0]?.witness[0] as Bytes);
        bad[40] = (bad[40] as number) ^ 1;
        await refuses(withWitness(tx, 0, [bad]), /script-verify-flag-failed/);
      });

      it('refuses a signature over another amount', async () => {
        const c = await alices();
        const tx = draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))] });
        const wrong = { ...c, output: { ...c.output, amount: sat(AMOUNT - 1n) } };
        await refuses(signP2wpkh(tx, 0, wrong, alice), /script-verify-flag-failed/);
      });

      it('refuses a signature over other outputs', async () => {
        const c = await alices();
        const { inputs } = payment(c);
        const other = draft([c], { outputs: [minus(c, FEE + 1, p2wpkhScript(bob))] });
        await refuses({ ...other, inputs }, /script-verify-flag-failed/);
      });

      it('refuses a signature of another key', async () => {
        const c = await alices();
        const tx = draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))] });
        await refuses(signP2wpkh(tx, 0, c, bob), /script-verify-flag-failed/);
      });

      it('refuses a signature with a high s', async () => {
        const c = await alices();
        const tx = draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))] });
        const digest = sighashV0(tx, 0, p2wpkhScriptCode(hash160(alice.point)), c.output.amount);
        const high = encodeDer(highS(sign(alice.secret, digest) as Bytes), SIGHASH_ALL);
        await refuses(withWitness(tx, 0, [high, alice.point]), /script-verify-flag-failed/);
      });

      it('refuses an input without a witness', async () => {
        const c = await alices();
        await refuses(
          draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))] }),
          /script-verify-flag-failed/,
        );
      });

      it('refuses a scriptSig on a witness program', async () => {
        const c = await alices();
        const tx = payment(c);
        const inputs = tx.inputs.map((i) => ({ ...i, scriptSig: Uint8Array.of(OP.ONE) }));
        await refuses({ ...tx, inputs }, /script-verify-flag-failed/);
      });

      const two = multisig(alice, bob);
      const spendTwo = (c: Coin, dummy = EMPTY, first = alice) =>
        signP2wsh(
          draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))] }),
          0,
          c,
          two,
          (signature) => [dummy, signature(first), signature(bob)],
        );

      it('accepts both signatures of a 2-of-2 (p2wsh)', async () => {
        await accepts(spendTwo(await coin(p2wsh(two))));
      });

      it('refuses a 2-of-2 where one signature is of a stranger', async () => {
        await refuses(
          spendTwo(await coin(p2wsh(two)), EMPTY, key('mallory')),
          /script-verify-flag-failed/,
        );
      });

      it('refuses a 2-of-2 whose dummy element is not empty', async () => {
        await refuses(
          spendTwo(await coin(p2wsh(two)), Uint8Array.of(1)),
          /script-verify-flag-failed/,
        );
      });

      it('refuses a witness script of another hash', async () => {
        const c = await coin(p2wsh(two));
        const tx = spendTwo(c);
        const witness = [...(tx.inputs[0]?.witness.slice(0, -1) ?? []), multisig(bob, alice)];
        await refuses(withWitness(tx, 0, witness), /script-verify-flag-failed/);
      });

      it('accepts a preimage, and refuses another one', async () => {
        const preimage = sha256(Uint8Array.of(1, 2, 3));
        const witnessScript = hashScript(hash160(preimage), alice);
        const c = await coin(p2wsh(witnessScript));
        const spend = (secret: Bytes) =>
          signP2wsh(
            draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))] }),
            0,
            c,
            witnessScript,
            (signature) => [signature(alice), secret],
          );
        await refuses(spend(sha256(preimage)), /script-verify-flag-failed/);
        await accepts(spend(preimage));
      });

      it('accepts a fee that was added to an input signed SINGLE|ANYONECANPAY', async () => {
        const [htlc, purse] = [await coin(p2wsh(two)), await alices()];
        const bare = draft([htlc], {
          outputs: [{ amount: htlc.output.amount, scriptPubkey: p2wpkhScript(bob) }],
        });
        const signed = signP2wsh(bare, 0, htlc, two, (signature) => [
          EMPTY,
          signature(alice, SIGHASH_SINGLE_ANYONECANPAY),
          signature(bob, SIGHASH_SINGLE_ANYONECANPAY),
        ]);
        const bumped = {
          ...signed,
          inputs: [...signed.inputs, unsignedInput(purse.txid, purse.vout, 0xfffffffd)],
          outputs: [...signed.outputs, minus(purse, FEE, p2wpkhScript(alice))],
        };
        await accepts(signP2wpkh(bumped, 1, purse, alice));
      });

      it('refuses an uncompressed key in a witness program', async () => {
        // A point of 65 bytes with a valid form: twice x would not be on the curve, so take G's.
        const long = new Uint8Array(
          Buffer.from(
            '0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8',
            'hex',
          ),
        );
        const one = Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0));
        const c = await coin(p2wpkhScript({ secret: one, point: long }));
        const tx = draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))] });
        await refuses(
          signP2wpkh(tx, 0, c, { secret: one, point: long }),
          /script-verify-flag-failed/,
        );
      });
    });

    describe('locks', () => {
      it('refuses a transaction before its nLockTime, and accepts it then', async () => {
        const c = await alices();
        const { height } = await port.tip();
        const tx = payment(c, { locktime: height + 2 });
        await refuses(tx, /non-final/);
        await chain.mine(2);
        await accepts(tx);
      });

      it('refuses a transaction before its nLockTime in seconds', async () => {
        const c = await alices();
        const { time } = await tipBlock();
        await refuses(payment(c, { locktime: time + 1_000_000 }), /non-final/);
      });

      it('lets a final sequence override nLockTime', async () => {
        const c = await alices();
        const { height } = await port.tip();
        await accepts(payment(c, { locktime: height + 100, sequence: 0xffffffff }));
      });

      it('refuses an input before its relative lock has run out (BIP 68), and accepts it then', async () => {
        const c = await alices();
        const tx = payment(c, { sequence: 3 });
        await refuses(tx, /non-BIP68-final/);
        await chain.mine(2);
        await accepts(tx);
      });

      it('refuses an input before its relative lock in seconds has run out', async () => {
        const c = await alices();
        await refuses(payment(c, { sequence: (1 << 22) | 1000 }), /non-BIP68-final/);
      });

      it('does not lock a transaction of version 1', async () => {
        const c = await alices();
        await accepts(payment(c, { sequence: 1000, version: 1 }));
      });

      const csv = csvScript(3, alice);
      const spendCsv = (c: Coin, sequence: number, version = 2) =>
        signP2wsh(
          draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))], sequence, version }),
          0,
          c,
          csv,
          (signature) => [signature(alice)],
        );

      it('enforces OP_CHECKSEQUENCEVERIFY', async () => {
        const c = await coin(p2wsh(csv));
        await refuses(spendCsv(c, 3), /non-BIP68-final/);
        await refuses(spendCsv(c, 1), /script-verify-flag-failed|non-BIP68-final/);
        await chain.mine(2);
        await refuses(spendCsv(c, 2), /script-verify-flag-failed/);
        await refuses(spendCsv(c, 0xfffffffd), /script-verify-flag-failed/);
        await refuses(spendCsv(c, 3, 1), /script-verify-flag-failed/);
        await accepts(spendCsv(c, 3));
      });

      it('enforces OP_CHECKLOCKTIMEVERIFY', async () => {
        const { height } = await port.tip();
        const cltv = cltvScript(height + 4, alice);
        const c = await coin(p2wsh(cltv));
        const spend = (locktime: number, sequence = 0xfffffffd) =>
          signP2wsh(
            draft([c], { outputs: [minus(c, FEE, p2wpkhScript(bob))], locktime, sequence }),
            0,
            c,
            cltv,
            (signature) => [signature(alice)],
          );
        await refuses(spend(height + 4), /non-final/);
        await refuses(spend(height), /script-verify-flag-failed/);
        await chain.mine(3);
        await refuses(spend(height + 4, 0xffffffff), /script-verify-flag-failed/);
        await accepts(spend(height + 4));
      });

      it('refuses a coinbase that is not 100 blocks deep', async () => {
        await chain.mine(1, p2wpkhScript(alice));
        const [reward] = (await tipBlock()).transactions;
        const tx = decodeTx(reward as Bytes) as Transaction;
        const c = { txid: txid(tx), vout: 0, output: tx.outputs[0] as TxOutput };
        await refuses(payment(c), /bad-txns-premature-spend-of-coinbase/);
        await chain.mine(98);
        await refuses(payment(c), /bad-txns-premature-spend-of-coinbase/);
        await chain.mine(1);
        await accepts(payment(c));
      });
    });

    describe('coins', () => {
      it('refuses an input that never was', async () => {
        const c = await alices();
        await refuses(payment({ ...c, txid: sha256(c.txid) }), /missingorspent/);
        await refuses(payment({ ...c, vout: 77 }), /missingorspent/);
      });

      it('refuses an input that a block has spent', async () => {
        const c = await alices();
        await accepts(payment(c));
        const again = draft([c], { outputs: [minus(c, FEE * 5, p2wpkhScript(alice))] });
        await refuses(signP2wpkh(again, 0, c, alice), /missingorspent/);
      });

      it('refuses more out than in', async () => {
        const c = await alices();
        const outputs = [{ amount: sat(AMOUNT + 1n), scriptPubkey: p2wpkhScript(bob) }];
        await refuses(payment(c, { outputs }), /bad-txns-in-belowout/);
      });

      it('refuses the same input twice', async () => {
        const c = await alices();
        const outputs = [{ amount: sat(AMOUNT * 2n - 5000n), scriptPubkey: p2wpkhScript(bob) }];
        const tx = draft([c, c], { outputs });
        await refuses(
          signP2wpkh(signP2wpkh(tx, 0, c, alice), 1, c, alice),
          /bad-txns-inputs-duplicate/,
        );
      });

      it('refuses a transaction without outputs', async () => {
        await refuses(payment(await alices(), { outputs: [] }), /bad-txns-vout-empty/);
      });

      it('refuses what is no transaction', async () => {
        const tx = encodeTx(payment(await alices()));
        for (const bytes of [tx.slice(0, -1), concat(tx, Uint8Array.of(0)), EMPTY])
          expect(await port.broadcast(bytes)).toMatchObject({ kind: 'refused' });
      });

      it('spends the output of a transaction that waits', async () => {
        const c = await alices();
        const parent = payment(c);
        const child = { txid: txid(parent), vout: 0, output: parent.outputs[0] as TxOutput };
        expect(await port.broadcast(encodeTx(parent))).toEqual({ kind: 'accepted' });
        const tx = draft([child], { outputs: [minus(child, FEE, p2wpkhScript(alice))] });
        await accepts(signP2wpkh(tx, 0, child, bob));
      });
    });

    describe('what mempools take', () => {
      it('refuses a fee below the relay minimum', async () => {
        const c = await alices();
        const size = txVsize(payment(c));
        // Each output makes another signature, of a byte or two more or less: a vbyte of doubt.
        const paying = (fee: number) => payment(c, { outputs: [minus(c, fee, p2wpkhScript(bob))] });
        await refuses(paying(0), /min relay fee not met/);
        await refuses(paying(size - 2), /min relay fee not met/);
        await accepts(paying(size + 1));
      });

      it.each([
        ['p2wpkh', p2wpkhScript(bob), 294],
        ['p2wsh', p2wsh(Uint8Array.of(OP.ONE)), 330],
        ['p2tr', p2trScript(bob), 330],
        ['p2pkh', p2pkhOfHash(hash160(bob.point)), 546],
        ['p2sh', p2shOfHash(hash160(bob.point)), 540],
      ])('refuses dust, and takes what is just none (%s)', async (_, scriptPubkey, limit) => {
        const c = await alices();
        const paying = (amount: number) =>
          payment(c, {
            outputs: [
              { amount: sat(amount), scriptPubkey },
              minus(c, FEE + amount, p2wpkhScript(bob)),
            ],
          });
        await refuses(paying(limit - 1), /dust/);
        await accepts(paying(limit));
      });

      it('refuses a version that means nothing', async () => {
        await refuses(payment(await alices(), { version: 0 }), /version/);
        await refuses(payment(await alices(), { version: 4 }), /version/);
      });

      it('refuses an output script of no known form', async () => {
        const c = await alices();
        const odd = script(OP.ONE, OP.DROP, OP.ONE);
        await refuses(payment(c, { outputs: [minus(c, FEE, odd)] }), /scriptpubkey/);
      });

      it('takes a short OP_RETURN', async () => {
        const c = await alices();
        const data = script(OP.RETURN, new Uint8Array(32).fill(7));
        await accepts(
          payment(c, {
            outputs: [{ amount: sat(0), scriptPubkey: data }, minus(c, FEE, p2wpkhScript(bob))],
          }),
        );
      });

      it('replaces a transaction by one that pays more, and by no other', async () => {
        const c = await alices();
        const paying = (fee: number, sequence: number) =>
          payment(c, { outputs: [minus(c, fee, p2wpkhScript(bob))], sequence });
        // Final sequences: replacement needs no signal.
        const first = paying(1_000, 0xffffffff);
        expect(await port.broadcast(encodeTx(first))).toEqual({ kind: 'accepted' });
        expect(await port.spender?.(c.txid, c.vout)).toEqual(encodeTx(first));
        await refuses(paying(900, 0xffffffff), /insufficient fee/);
        await refuses(paying(1_050, 0xffffffff), /insufficient fee/);
        await accepts(paying(2_000, 0xffffffff));
        expect(await port.utxo(txid(first), 0, true)).toBeUndefined();
        expect(await port.spender?.(c.txid, c.vout)).toBeUndefined();
      });

      it('says that a transaction is known, in the mempool and in a block', async () => {
        const tx = encodeTx(payment(await alices()));
        expect(await port.broadcast(tx)).toEqual({ kind: 'accepted' });
        expect(['accepted', 'known']).toContain((await port.broadcast(tx)).kind);
        await chain.mine();
        expect(await port.broadcast(tx)).toEqual({ kind: 'known' });
      });

      it('takes a child together with its parent', async () => {
        const c = await alices();
        const parent = payment(c, { outputs: [minus(c, 150, p2wpkhScript(bob))] });
        const out = { txid: txid(parent), vout: 0, output: parent.outputs[0] as TxOutput };
        const child = signP2wpkh(
          draft([out], { outputs: [minus(out, 5_000, p2wpkhScript(alice))] }),
          0,
          out,
          bob,
        );
        const answer = await port.broadcastPackage([encodeTx(parent), encodeTx(child)]);
        expect(answer).toEqual({ kind: 'accepted' });
        await chain.mine();
        expect(await port.utxo(txid(child), 0)).toMatchObject({ confirmations: 1 });
      });

      it('refuses a package whose parent pays less than the relay minimum', async () => {
        const c = await alices();
        const parent = payment(c, { outputs: [minus(c, 0, p2wpkhScript(bob))] });
        const out = { txid: txid(parent), vout: 0, output: parent.outputs[0] as TxOutput };
        const child = signP2wpkh(
          draft([out], { outputs: [minus(out, 5_000, p2wpkhScript(alice))] }),
          0,
          out,
          bob,
        );
        const answer = await port.broadcastPackage([encodeTx(parent), encodeTx(child)]);
        expect(answer).toMatchObject({ kind: 'refused' });
      });

      it('refuses a package that is no child with its parents', async () => {
        const [a, b] = [payment(await alices()), payment(await alices())];
        const answer = await port.broadcastPackage([encodeTx(a), encodeTx(b)]);
        expect(answer).toMatchObject({ kind: 'refused' });
      });
    });

    describe('blocks', () => {
      it('shows them by height and hash, each on the one before', async () => {
        await chain.mine(2);
        const tip = await port.tip();
        expect(await port.blockHash(tip.height)).toEqual(tip.hash);
        const block = await tipBlock();
        expect(block).toMatchObject({ height: tip.height, hash: tip.hash });
        expect(await port.blockHash(tip.height - 1)).toEqual(block.previous);
        expect(block.transactions).toHaveLength(1);
        expect(decodeTx(block.transactions[0] as Bytes)).toBeDefined();
      });

      it('tells the ids of a block in its order, where it has them for less than the block', async () => {
        await coin(p2wpkhScript(alice));
        const { hash, transactions } = await tipBlock();
        const ids = transactions.map((raw) => txid(decodeTx(raw) as Transaction));
        if (port.txids !== undefined) expect(await port.txids(hash)).toEqual(concat(...ids));
      });

      it('knows no block above the tip and none of an unknown hash', async () => {
        const { height } = await port.tip();
        expect(await port.blockHash(height + 1)).toBeUndefined();
        expect(await port.block(sha256(EMPTY))).toBeUndefined();
        if (port.txids !== undefined) expect(await port.txids(sha256(EMPTY))).toBeUndefined();
      });

      it('tells an output from one that is spent, with and without the mempool', async () => {
        const c = await alices();
        await chain.mine();
        const found = { ...c.output, confirmations: 2 };
        expect(await port.utxo(c.txid, c.vout)).toEqual(found);
        const tx = payment(c);
        expect(await port.broadcast(encodeTx(tx))).toEqual({ kind: 'accepted' });
        expect(await port.utxo(c.txid, c.vout)).toEqual(found);
        expect(await port.utxo(c.txid, c.vout, true)).toBeUndefined();
        expect(await port.utxo(txid(tx), 0)).toBeUndefined();
        expect(await port.utxo(txid(tx), 0, true)).toMatchObject({ confirmations: 0 });
        await chain.mine();
        expect(await port.utxo(c.txid, c.vout)).toBeUndefined();
        expect(await port.utxo(txid(tx), 0)).toMatchObject({ confirmations: 1 });
      });

      it('takes blocks back in a reorg; what they held waits again', async () => {
        const c = await alices();
        const tx = payment(c);
        const before = await port.tip();
        await accepts(tx);
        await chain.mine();
        const old = await port.tip();
        const lost = (await port.blockHash(before.height + 1)) as Bytes;
        await chain.invalidate(lost);
        expect(await port.tip()).toEqual(before);
        expect(await port.utxo(txid(tx), 0)).toBeUndefined();
        expect(await port.utxo(txid(tx), 0, true)).toMatchObject({ confirmations: 0 });
        // The old blocks are still known by their hashes; they are in no chain.
        expect(await port.block(lost)).toMatchObject({ height: before.height + 1 });
        expect(await port.blockHash(before.height + 1)).toBeUndefined();
        await chain.mine(1, p2wpkhScript(bob));
        expect(await port.utxo(txid(tx), 0)).toMatchObject({ confirmations: 1 });
        await chain.reconsider(lost);
        expect(await port.tip()).toEqual(old);
        expect(await port.utxo(txid(tx), 0)).toMatchObject({ confirmations: 2 });
      });
    });

    it('tells fees in satoshi per 1000 weight units, none below the relay minimum', async () => {
      const { minimum, targets } = await port.feeEstimates();
      expect(minimum).toBe(253);
      const blocks = targets.map((t) => t.blocks);
      expect(blocks).toEqual([...blocks].sort((a, b) => a - b));
      for (const target of targets) expect(target.feeratePerKw).toBeGreaterThanOrEqual(253);
    });
  });
}
