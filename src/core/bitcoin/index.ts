/** Bitcoin as Lightning needs it: transactions, scripts, sighashes, addresses, blocks. */
export * from './address.js';
export * from './block.js';
export * from './der.js';
export * from './networks.js';
export * from './script.js';
export * from './sighash.js';
export * from './taproot.js';
export {
  compactSizeLength,
  decodeTx,
  decodeWhole,
  encodeTx,
  encodeTxStripped,
  MAX_MONEY,
  readCompactSize,
  type Transaction,
  type TxInput,
  type TxOutput,
  txid,
  txVsize,
  txWeight,
  unsignedInput,
  withWitness,
  wtxid,
} from './transaction.js';
