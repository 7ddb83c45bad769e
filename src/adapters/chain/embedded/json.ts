/** Blocks and transactions as bitcoind's RPC shows them. Amounts are bitcoin with eight decimals. */
import {
  encodeAddress,
  encodeTxStripped,
  NETWORKS,
  scriptKind,
} from '../../../core/bitcoin/index.js';
import { type Bytes, concat, Reader, shownHash, toHex, Writer } from '../../../core/bytes/index.js';
import type { EmbeddedChain } from './chain.js';
import { isCoinbase } from './consensus.js';
import type { MempoolEntry } from './mempool.js';
import type { ChainTx, StoredBlock } from './types.js';

/** Marks what must stand in JSON as a number with eight decimals. */
class Btc {
  constructor(readonly sat: bigint) {}
  toJSON(): string {
    const sign = this.sat < 0n ? '-' : '';
    const digits = (this.sat < 0n ? -this.sat : this.sat).toString().padStart(9, '0');
    return `${MARK}${sign}${digits.slice(0, -8)}.${digits.slice(-8)}`;
  }
}

const MARK = '\u0000btc ';
const MARKED = /"\\u0000btc (-?[0-9.]+)"/g;

export const btc = (sat: bigint | number): Btc => new Btc(BigInt(sat));

/** JSON with its amounts as exact numbers. */
export const toJson = (value: unknown): string => JSON.stringify(value).replace(MARKED, '$1');

/** Hashes are shown reversed. */
export const shown = shownHash;

const TYPES: Record<ReturnType<typeof scriptKind>, string> = {
  p2pkh: 'pubkeyhash',
  p2sh: 'scripthash',
  p2wpkh: 'witness_v0_keyhash',
  p2wsh: 'witness_v0_scripthash',
  p2tr: 'witness_v1_taproot',
  witnessUnknown: 'witness_unknown',
  opReturn: 'nulldata',
  other: 'nonstandard',
};

export function scriptJson(scriptPubkey: Bytes): Record<string, unknown> {
  const address = encodeAddress(scriptPubkey, NETWORKS.regtest);
  const type = TYPES[scriptKind(scriptPubkey)];
  return { hex: toHex(scriptPubkey), ...(address === undefined ? {} : { address }), type };
}

export function txJson(entry: ChainTx): Record<string, unknown> {
  const { tx, raw, weight, vsize } = entry;
  const coinbase = isCoinbase(tx);
  const vin = tx.inputs.map((input) => ({
    ...(coinbase
      ? { coinbase: toHex(input.scriptSig) }
      : { txid: shown(input.txid), vout: input.vout, scriptSig: { hex: toHex(input.scriptSig) } }),
    ...(input.witness.length > 0 ? { txinwitness: input.witness.map(toHex) } : {}),
    sequence: input.sequence,
  }));
  const vout = tx.outputs.map((output, n) => ({
    value: btc(output.amount),
    n,
    scriptPubKey: scriptJson(output.scriptPubkey),
  }));
  return {
    txid: shown(entry.txid),
    hash: shown(entry.wtxid),
    version: tx.version,
    size: raw.length,
    vsize,
    weight,
    locktime: tx.locktime,
    vin,
    vout,
    hex: toHex(raw),
  };
}

export function rawBlock(block: StoredBlock): Bytes {
  const w = new Writer().bytes(block.header);
  if (block.txs.length < 0xfd) w.u8(block.txs.length);
  else w.u8(0xfd).u16le(block.txs.length);
  return concat(w.finish(), ...block.txs.map((t) => t.raw));
}

export function headerJson(chain: EmbeddedChain, block: StoredBlock): Record<string, unknown> {
  const { ledger } = chain;
  const reader = new Reader(block.header);
  const version = reader.u32le();
  reader.take(32);
  const merkleRoot = reader.take(32);
  reader.u32le();
  const [bits, nonce] = [reader.u32le(), reader.u32le()];
  const active = ledger.isActive(block);
  const next = active ? ledger.at(block.height + 1) : undefined;
  return {
    hash: shown(block.hash),
    confirmations: active ? ledger.height - block.height + 1 : -1,
    height: block.height,
    version,
    merkleroot: shown(merkleRoot),
    time: block.time,
    mediantime: active ? ledger.medianTime(block.height) : block.time,
    nonce,
    bits: bits.toString(16),
    nTx: block.txs.length,
    ...(block.height === 0 ? {} : { previousblockhash: shown(block.previous) }),
    ...(next === undefined ? {} : { nextblockhash: shown(next.hash) }),
  };
}

export function blockJson(
  chain: EmbeddedChain,
  block: StoredBlock,
  whole: boolean,
): Record<string, unknown> {
  const weight = 320 + block.txs.reduce((sum, t) => sum + t.weight, 0);
  return {
    ...headerJson(chain, block),
    size: rawBlock(block).length,
    strippedsize: 81 + block.txs.reduce((sum, t) => sum + encodeTxStripped(t.tx).length, 0),
    weight,
    tx: block.txs.map((t) => (whole ? txJson(t) : shown(t.txid))),
  };
}

export function entryJson(chain: EmbeddedChain, entry: MempoolEntry): Record<string, unknown> {
  const { mempool } = chain;
  const [ancestors, descendants] = [mempool.ancestors(entry), mempool.descendants(entry)];
  const total = (list: readonly MempoolEntry[], what: (e: MempoolEntry) => bigint): bigint =>
    [entry, ...list].reduce((sum, e) => sum + what(e), 0n);
  const fee = (e: MempoolEntry): bigint => e.fee;
  const size = (e: MempoolEntry): bigint => BigInt(e.vsize);
  return {
    vsize: entry.vsize,
    weight: entry.weight,
    time: entry.time,
    height: entry.height,
    descendantcount: descendants.length + 1,
    descendantsize: Number(total(descendants, size)),
    ancestorcount: ancestors.length + 1,
    ancestorsize: Number(total(ancestors, size)),
    wtxid: shown(entry.wtxid),
    fees: {
      base: btc(entry.fee),
      modified: btc(entry.fee),
      ancestor: btc(total(ancestors, fee)),
      descendant: btc(total(descendants, fee)),
    },
    depends: ancestors
      .filter((a) => entry.tx.inputs.some((i) => toHex(i.txid) === a.key))
      .map((a) => shown(a.txid)),
    spentby: descendants
      .filter((d) => d.tx.inputs.some((i) => toHex(i.txid) === entry.key))
      .map((d) => shown(d.txid)),
    'bip125-replaceable': true,
  };
}
