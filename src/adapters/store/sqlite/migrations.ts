/**
 * What brings a file from one version of the schema to the next: number N stands at index N - 1.
 * A migration that was ever released is never changed; a change of the schema is a new one.
 */
export const migrations: readonly string[] = [
  // 1: the first release.
  `
CREATE TABLE vars (name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name)) STRICT, WITHOUT ROWID;
CREATE TABLE peers (
  node_id TEXT NOT NULL, address TEXT NOT NULL, feature_bits TEXT NOT NULL,
  PRIMARY KEY (node_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE channels (
  channel_key INTEGER NOT NULL PRIMARY KEY, channel_id TEXT NOT NULL, peer_id TEXT NOT NULL,
  status TEXT NOT NULL, funding_txid TEXT NOT NULL, funding_vout INTEGER NOT NULL, scid TEXT,
  closed_at INTEGER, state BLOB NOT NULL
) STRICT;
CREATE INDEX channels_by_peer_id ON channels (peer_id);
CREATE INDEX channels_by_channel_id ON channels (channel_id);
CREATE TABLE revoked (
  channel_key INTEGER NOT NULL, commitment_number INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (channel_key, commitment_number)
) STRICT, WITHOUT ROWID;
CREATE TABLE closings (
  channel_key INTEGER NOT NULL, spent_txid TEXT NOT NULL, state BLOB NOT NULL,
  PRIMARY KEY (channel_key, spent_txid)
) STRICT;
CREATE TABLE invoices (
  created_index INTEGER NOT NULL PRIMARY KEY, updated_index INTEGER, label TEXT NOT NULL,
  payment_hash TEXT NOT NULL, preimage TEXT NOT NULL, status TEXT NOT NULL,
  expires_at INTEGER NOT NULL, pay_index INTEGER, paid_at INTEGER, amount_received_msat INTEGER,
  amount_msat INTEGER, description TEXT, bolt11 TEXT NOT NULL, payment_secret TEXT NOT NULL,
  created_at INTEGER NOT NULL, paid_htlcs TEXT
) STRICT;
CREATE UNIQUE INDEX invoices_by_label ON invoices (label);
CREATE UNIQUE INDEX invoices_by_payment_hash ON invoices (payment_hash);
CREATE UNIQUE INDEX invoices_by_pay_index ON invoices (pay_index);
CREATE INDEX invoices_by_status_expires_at ON invoices (status, expires_at);
CREATE INDEX invoices_by_updated_index ON invoices (updated_index);
CREATE TABLE payments (
  created_index INTEGER NOT NULL PRIMARY KEY, updated_index INTEGER, payment_hash TEXT NOT NULL,
  groupid INTEGER NOT NULL, partid INTEGER NOT NULL, status TEXT NOT NULL,
  created_at INTEGER NOT NULL, completed_at INTEGER, amount_msat INTEGER,
  amount_sent_msat INTEGER NOT NULL, destination TEXT, label TEXT, bolt11 TEXT, description TEXT,
  preimage TEXT, route TEXT NOT NULL, shared_secrets BLOB NOT NULL, failure TEXT
) STRICT;
CREATE INDEX payments_by_payment_hash ON payments (payment_hash);
CREATE INDEX payments_by_status ON payments (status);
CREATE INDEX payments_by_updated_index ON payments (updated_index);
CREATE TABLE forwards (
  created_index INTEGER NOT NULL PRIMARY KEY, in_channel TEXT NOT NULL,
  in_htlc_id INTEGER NOT NULL, out_channel TEXT, out_htlc_id INTEGER, in_msat INTEGER NOT NULL,
  out_msat INTEGER, payment_hash TEXT NOT NULL, status TEXT NOT NULL,
  received_time INTEGER NOT NULL, resolved_time INTEGER, failcode INTEGER, resolution BLOB,
  told INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX forwards_by_in_channel_in_htlc_id ON forwards (in_channel, in_htlc_id);
CREATE INDEX forwards_by_told ON forwards (told);
CREATE INDEX forwards_by_status ON forwards (status);
CREATE INDEX forwards_by_out_channel_out_htlc_id ON forwards (out_channel, out_htlc_id);
CREATE TABLE gossip (
  key TEXT NOT NULL, seq INTEGER NOT NULL, timestamp INTEGER NOT NULL,
  amount_sat INTEGER NOT NULL, funding_txid BLOB, message BLOB NOT NULL, PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
CREATE INDEX gossip_by_seq ON gossip (seq);
CREATE TABLE constraints (
  key TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
CREATE TABLE wallet_outputs (
  outpoint TEXT NOT NULL, amount_sat INTEGER NOT NULL, script BLOB NOT NULL,
  key_type TEXT NOT NULL, change INTEGER NOT NULL, key_index INTEGER NOT NULL,
  confirmed_height INTEGER, spent_height INTEGER, spent_by TEXT, reserved_to_block INTEGER,
  coinbase INTEGER NOT NULL, PRIMARY KEY (outpoint)
) STRICT, WITHOUT ROWID;
CREATE TABLE wallet_transactions (
  txid TEXT NOT NULL, raw BLOB NOT NULL, height INTEGER, tx_index INTEGER,
  created_at INTEGER NOT NULL, PRIMARY KEY (txid)
) STRICT;
CREATE TABLE blocks (height INTEGER NOT NULL PRIMARY KEY, hash BLOB NOT NULL) STRICT;
`,
  // 2: what peers let us keep for them.
  `
CREATE TABLE peer_storage (
  node_id TEXT NOT NULL, blob BLOB NOT NULL, unused_since INTEGER, PRIMARY KEY (node_id)
) STRICT;
`,
  // 3: payments as they were asked for.
  `
CREATE TABLE pays (
  payment_hash TEXT NOT NULL, groupid INTEGER NOT NULL, status TEXT NOT NULL,
  created_at INTEGER NOT NULL, completed_at INTEGER, wish TEXT NOT NULL, failure TEXT,
  PRIMARY KEY (payment_hash, groupid)
) STRICT;
CREATE INDEX pays_by_status ON pays (status);
`,
  // 4: layers of the route table, and what tools keep with us.
  `
CREATE TABLE layers (
  name TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (name)
) STRICT;
CREATE TABLE datastore (
  key TEXT NOT NULL, data BLOB NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (key)
) STRICT;
`,
];
