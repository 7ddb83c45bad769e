/** Block headers and the coinbase, at regtest's difficulty. */
import {
  blockHash,
  merkleRoot,
  OP,
  pushNumber,
  type Transaction,
  type TxOutput,
} from '../../../core/bitcoin/index.js';
import { type Bytes, concat, hex, type Sat, sat, Writer } from '../../../core/bytes/index.js';
import { sha256d } from '../../../core/crypto/index.js';
import { type ChainTx, chainTx } from './types.js';

/** Regtest's target: the hash's highest bit must be zero, so that two tries do on average. */
const BITS = 0x207fffff;
const MAX_TARGET_BYTE = 0x7f;
const HALVING_INTERVAL = 150;
const ZERO = new Uint8Array(32);

/** The genesis block of regtest, as every bitcoind on regtest has it. */
export const GENESIS = {
  header: hex(
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000',
  ),
  coinbase: hex(
    '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
  ),
};

export const subsidy = (height: number): Sat => {
  const halvings = Math.floor(height / HALVING_INTERVAL);
  return sat(halvings >= 64 ? 0n : 5_000_000_000n >> BigInt(halvings));
};

/** The coinbase of the block at `height`: BIP 34's height, BIP 141's witness commitment. */
export function makeCoinbase(
  height: number,
  scriptPubkey: Bytes,
  fees: bigint,
  txs: readonly ChainTx[],
  extraNonce: Bytes,
): ChainTx {
  const root = merkleRoot([ZERO, ...txs.map((t) => t.wtxid)]);
  const commitment = sha256d(concat(root, ZERO));
  const outputs: TxOutput[] = [
    { amount: sat(subsidy(height) + fees), scriptPubkey },
    {
      amount: sat(0),
      scriptPubkey: concat(Uint8Array.of(OP.RETURN, 36), hex('aa21a9ed'), commitment),
    },
  ];
  const tx: Transaction = {
    version: 2,
    inputs: [
      {
        txid: ZERO,
        vout: 0xffffffff,
        scriptSig: concat(pushNumber(height), Uint8Array.of(extraNonce.length), extraNonce),
        sequence: 0xffffffff,
        witness: [ZERO],
      },
    ],
    outputs,
    locktime: 0,
  };
  return chainTx(tx);
}

/** A header over these transactions with its proof of work. */
export function mineHeader(
  previous: Bytes,
  time: number,
  txs: readonly ChainTx[],
): { readonly header: Bytes; readonly hash: Bytes } {
  const root = merkleRoot(txs.map((t) => t.txid));
  for (let nonce = 0; ; nonce++) {
    const header = new Writer()
      .u32le(0x20000000)
      .bytes(previous)
      .bytes(root)
      .u32le(time)
      .u32le(BITS)
      .u32le(nonce)
      .finish();
    const hash = blockHash(header);
    if ((hash[31] as number) < MAX_TARGET_BYTE) return { header, hash };
  }
}
