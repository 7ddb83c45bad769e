import type { TableName, Tables } from '../../../ports/index.js';

/**
 * The tables as this version of the code knows them. Statements and conversions are derived from
 * this declaration; the SQL that makes the tables is in `migrations.ts`, frozen, and a test holds
 * the two together.
 *
 * `int` is a number (up to 2^53), `big` a bigint of 64 bits, `text` a string, `blob` bytes; a `?`
 * allows null.
 */
export type ColumnKind = 'int' | 'big' | 'text' | 'blob' | 'int?' | 'big?' | 'text?' | 'blob?';

type KindOf<V> = V extends number | null
  ? 'int' | 'int?'
  : V extends bigint | null
    ? 'big' | 'big?'
    : V extends string | null
      ? 'text' | 'text?'
      : 'blob' | 'blob?';

export interface TableDeclaration<Row> {
  readonly columns: { readonly [C in keyof Row]: KindOf<Row[C]> };
  /** A `put` with the key of a row that is there replaces that row. */
  readonly key: readonly (keyof Row & string)[];
  readonly unique?: readonly (readonly (keyof Row & string)[])[];
  readonly indexes?: readonly (readonly (keyof Row & string)[])[];
}

export const schema: { readonly [T in TableName]: TableDeclaration<Tables[T]> } = {
  vars: { columns: { name: 'text', value: 'blob' }, key: ['name'] },
  peers: {
    columns: { node_id: 'text', address: 'text', feature_bits: 'text' },
    key: ['node_id'],
  },
  channels: {
    columns: {
      channel_key: 'int',
      channel_id: 'text',
      peer_id: 'text',
      status: 'text',
      funding_txid: 'text',
      funding_vout: 'int',
      scid: 'text?',
      closed_at: 'int?',
      state: 'blob',
    },
    key: ['channel_key'],
    indexes: [['peer_id'], ['channel_id']],
  },
  revoked: {
    columns: { channel_key: 'int', commitment_number: 'int', data: 'blob' },
    key: ['channel_key', 'commitment_number'],
  },
  closings: {
    columns: { channel_key: 'int', spent_txid: 'text', state: 'blob' },
    key: ['channel_key', 'spent_txid'],
  },
  invoices: {
    columns: {
      created_index: 'int',
      updated_index: 'int?',
      label: 'text',
      payment_hash: 'text',
      preimage: 'text',
      status: 'text',
      expires_at: 'int',
      pay_index: 'int?',
      paid_at: 'int?',
      amount_received_msat: 'big?',
      amount_msat: 'big?',
      description: 'text?',
      bolt11: 'text',
      payment_secret: 'text',
      created_at: 'int',
      paid_htlcs: 'text?',
    },
    key: ['created_index'],
    unique: [['label'], ['payment_hash'], ['pay_index']],
    indexes: [['status', 'expires_at'], ['updated_index']],
  },
  payments: {
    columns: {
      created_index: 'int',
      updated_index: 'int?',
      payment_hash: 'text',
      groupid: 'int',
      partid: 'int',
      status: 'text',
      created_at: 'int',
      completed_at: 'int?',
      amount_msat: 'big?',
      amount_sent_msat: 'big',
      destination: 'text?',
      label: 'text?',
      bolt11: 'text?',
      description: 'text?',
      preimage: 'text?',
      route: 'text',
      shared_secrets: 'blob',
      failure: 'text?',
    },
    key: ['created_index'],
    indexes: [['payment_hash'], ['status'], ['updated_index']],
  },
  pays: {
    columns: {
      payment_hash: 'text',
      groupid: 'int',
      status: 'text',
      created_at: 'int',
      completed_at: 'int?',
      wish: 'text',
      failure: 'text?',
    },
    key: ['payment_hash', 'groupid'],
    indexes: [['status']],
  },
  forwards: {
    columns: {
      created_index: 'int',
      in_channel: 'text',
      in_htlc_id: 'big',
      out_channel: 'text?',
      out_htlc_id: 'big?',
      in_msat: 'big',
      out_msat: 'big?',
      payment_hash: 'text',
      status: 'text',
      received_time: 'int',
      resolved_time: 'int?',
      failcode: 'int?',
      resolution: 'blob?',
      told: 'int',
    },
    key: ['created_index'],
    // No HTLC is forwarded twice: the store itself refuses a second row for one.
    unique: [['in_channel', 'in_htlc_id']],
    indexes: [['told'], ['status'], ['out_channel', 'out_htlc_id']],
  },
  gossip: {
    columns: {
      key: 'text',
      seq: 'int',
      timestamp: 'int',
      amount_sat: 'int',
      funding_txid: 'blob?',
      message: 'blob',
    },
    key: ['key'],
    indexes: [['seq']],
  },
  constraints: { columns: { key: 'text', data: 'text' }, key: ['key'] },
  layers: { columns: { name: 'text', data: 'text' }, key: ['name'] },
  datastore: { columns: { key: 'text', data: 'blob', generation: 'int' }, key: ['key'] },
  wallet_outputs: {
    columns: {
      outpoint: 'text',
      amount_sat: 'big',
      script: 'blob',
      key_type: 'text',
      change: 'int',
      key_index: 'int',
      confirmed_height: 'int?',
      spent_height: 'int?',
      spent_by: 'text?',
      reserved_to_block: 'int?',
      coinbase: 'int',
    },
    key: ['outpoint'],
  },
  wallet_transactions: {
    columns: {
      txid: 'text',
      raw: 'blob',
      height: 'int?',
      tx_index: 'int?',
      created_at: 'int',
    },
    key: ['txid'],
  },
  blocks: { columns: { height: 'int', hash: 'blob' }, key: ['height'] },
  peer_storage: {
    columns: { node_id: 'text', blob: 'blob', unused_since: 'int?' },
    key: ['node_id'],
  },
};
