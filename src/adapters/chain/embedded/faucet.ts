/** The chain's own wallet: miners' rewards go to it, tests and demos are paid from it. */
import {
  encodeAddress,
  encodeDer,
  NETWORKS,
  p2wpkh,
  p2wpkhScriptCode,
  SIGHASH_ALL,
  sighashCache,
  sighashV0,
  type Transaction,
  txWeight,
  unsignedInput,
  withWitness,
} from '../../../core/bitcoin/index.js';
import {
  type Bytes,
  concat,
  err,
  fromHex,
  ok,
  type Result,
  type Sat,
  sat,
  toHex,
  utf8,
} from '../../../core/bytes/index.js';
import { hash160, publicKeyFromPrivate, sha256, sign } from '../../../core/crypto/index.js';
import { COINBASE_MATURITY } from './consensus.js';
import type { Ledger } from './ledger.js';
import type { Mempool } from './mempool.js';
import { dustThreshold, feeAt } from './policy.js';
import { type ChainTx, type Coin, chainTx, UNCONFIRMED } from './types.js';

interface FaucetKey {
  readonly privateKey: Bytes;
  readonly publicKey: Bytes;
  readonly scriptPubkey: Bytes;
}

interface FaucetCoin extends Coin {
  readonly outpoint: string;
  readonly key: FaucetKey;
}

/** Satoshi per 1000 virtual bytes. */
const FEERATE = 2000;
const MAX_CHAIN = 24;
/** Of a p2wpkh input's witness, in weight: two counts, signature, key. */
const WITNESS_WEIGHT = 109;

export class Faucet {
  readonly #keys: FaucetKey[] = [];
  readonly #byScript = new Map<string, FaucetKey>();

  constructor(
    readonly seed: string,
    readonly ledger: Ledger,
    readonly mempool: Mempool,
  ) {
    this.newScript();
  }

  /** A script of the faucet's that was never given out before. */
  newScript(): Bytes {
    const index = this.#keys.length;
    const privateKey = sha256(
      concat(
        utf8(`levin faucet ${this.seed} `),
        Uint8Array.of(index & 0xff, (index >> 8) & 0xff, index >> 16),
      ),
    );
    const publicKey = publicKeyFromPrivate(privateKey) as Bytes;
    const key = { privateKey, publicKey, scriptPubkey: p2wpkh(publicKey) };
    this.#keys.push(key);
    this.#byScript.set(toHex(key.scriptPubkey), key);
    return key.scriptPubkey;
  }

  newAddress(): string {
    return encodeAddress(this.newScript(), NETWORKS.regtest) as string;
  }

  /** Where rewards go unless told otherwise. */
  get minerScript(): Bytes {
    return (this.#keys[0] as FaucetKey).scriptPubkey;
  }

  isMine(scriptPubkey: Bytes): boolean {
    return this.#byScript.has(toHex(scriptPubkey));
  }

  /** What can be spent now: mature coins, the oldest first, then its own that wait for a block. */
  #coins(): FaucetCoin[] {
    const found: FaucetCoin[] = [];
    for (const [outpoint, coin] of this.ledger.coins) {
      const key = this.#byScript.get(toHex(coin.scriptPubkey));
      if (key === undefined || this.mempool.spender(outpoint) !== undefined) continue;
      const depth = this.ledger.height + 1 - coin.height;
      if (!coin.coinbase || depth >= COINBASE_MATURITY) found.push({ ...coin, outpoint, key });
    }
    for (const entry of this.mempool.entries()) {
      if (this.mempool.ancestors(entry).length >= MAX_CHAIN) continue;
      for (const [n, output] of entry.tx.outputs.entries()) {
        const outpoint = `${entry.key}:${n}`;
        const key = this.#byScript.get(toHex(output.scriptPubkey));
        if (key === undefined || this.mempool.spender(outpoint) !== undefined) continue;
        found.push({ ...output, outpoint, key, height: UNCONFIRMED, coinbase: false });
      }
    }
    return found.sort((a, b) => a.height - b.height);
  }

  get balance(): Sat {
    return sat(this.#coins().reduce((sum, c) => sum + c.amount, 0n));
  }

  /** A signed payment, not yet handed to the mempool. */
  pay(
    outputs: readonly { readonly amount: Sat; readonly scriptPubkey: Bytes }[],
  ): Result<ChainTx, string> {
    const coins = this.#coins();
    const wanted = outputs.reduce((sum, o) => sum + o.amount, 0n);
    const chosen: FaucetCoin[] = [];
    let total = 0n;
    for (const coin of coins) {
      chosen.push(coin);
      total += coin.amount;
      const draft = this.#draft(chosen, [
        ...outputs,
        { amount: sat(0), scriptPubkey: this.minerScript },
      ]);
      const fee = feeAt(
        FEERATE,
        Math.ceil((txWeight(draft) + 2 + WITNESS_WEIGHT * chosen.length) / 4),
      );
      if (total < wanted + fee) continue;
      const change = { amount: sat(total - wanted - fee), scriptPubkey: this.minerScript };
      const all =
        change.amount < dustThreshold(change.scriptPubkey) ? outputs : [...outputs, change];
      return ok(this.#sign(this.#draft(chosen, all), chosen));
    }
    return err('Insufficient funds');
  }

  #draft(coins: readonly FaucetCoin[], outputs: Transaction['outputs']): Transaction {
    const inputs = coins.map(({ outpoint }) => {
      const txid = fromHex(outpoint.slice(0, 64)) as Bytes;
      return unsignedInput(txid, Number(outpoint.slice(65)), 0xfffffffd);
    });
    return { version: 2, inputs, outputs, locktime: 0 };
  }

  #sign(draft: Transaction, coins: readonly FaucetCoin[]): ChainTx {
    const cache = sighashCache(draft);
    let signed = draft;
    for (const [i, { amount, key }] of coins.entries()) {
      const code = p2wpkhScriptCode(hash160(key.publicKey));
      const digest = sighashV0(draft, i, code, amount, SIGHASH_ALL, cache);
      const signature = encodeDer(sign(key.privateKey, digest) as Bytes, SIGHASH_ALL);
      signed = withWitness(signed, i, [signature, key.publicKey]);
    }
    return chainTx(signed);
  }
}
