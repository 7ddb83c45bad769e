/**
 * What a node keeps. One row type a table; a `commit` is one durable transaction, and commits
 * that are due together share one sync of the disk. Binary states are versioned inside.
 */
export interface Tables {
  /** Small values by name: counters, the last block seen, the schema's own notes. */
  vars: { name: string; value: Uint8Array };
  /** Peers we keep in touch with since a channel ties us, or the operator asked. */
  peers: { node_id: string; address: string; feature_bits: string };
  /** A live or closing channel; `state` is the core's encoding, `status` its name for people. */
  channels: {
    channel_key: number;
    channel_id: string;
    peer_id: string;
    status: string;
    funding_txid: string;
    funding_vout: number;
    scid: string | null;
    closed_at: number | null;
    state: Uint8Array;
  };
  /** One row for each commitment of the peer that was revoked: what a penalty needs. */
  revoked: { channel_key: number; commitment_number: number; data: Uint8Array };
  /** On-chain endings being claimed, one a funding output that was spent. */
  closings: { channel_key: number; spent_txid: string; state: Uint8Array };
  invoices: {
    created_index: number;
    updated_index: number | null;
    label: string;
    payment_hash: string;
    preimage: string;
    status: string;
    expires_at: number;
    pay_index: number | null;
    paid_at: number | null;
    amount_received_msat: bigint | null;
    amount_msat: bigint | null;
    description: string | null;
    bolt11: string;
    payment_secret: string;
    created_at: number;
    /** JSON: the HTLCs that paid it, `channel id/htlc id`, so that a restart fulfils them again. */
    paid_htlcs: string | null;
  };
  /** One part of one try to pay; a `pay` is a group of them. */
  payments: {
    created_index: number;
    updated_index: number | null;
    payment_hash: string;
    groupid: number;
    partid: number;
    status: string;
    created_at: number;
    completed_at: number | null;
    amount_msat: bigint | null;
    amount_sent_msat: bigint;
    destination: string | null;
    label: string | null;
    bolt11: string | null;
    description: string | null;
    preimage: string | null;
    /** JSON: the hops, for `listsendpays` and for reading the errors after a restart. */
    route: string;
    /** The shared secrets of the onion, 32 bytes each, in route order. */
    shared_secrets: Uint8Array;
    /** JSON: what the failure said and taught, where it failed. */
    failure: string | null;
  };
  /** One `pay`, so that it goes on after a restart, and is told as one whatever its parts do. */
  pays: {
    payment_hash: string;
    groupid: number;
    /** `pending` until it is certain that nothing more is sent and nothing is in flight. */
    status: string;
    created_at: number;
    completed_at: number | null;
    /** JSON: what is wished for, and within which limits. */
    wish: string;
    /** JSON: why it failed. */
    failure: string | null;
  };
  /** An incoming HTLC that was forwarded, by the channel and id it came in on. */
  forwards: {
    created_index: number;
    in_channel: string;
    in_htlc_id: bigint;
    out_channel: string | null;
    out_htlc_id: bigint | null;
    in_msat: bigint;
    out_msat: bigint | null;
    payment_hash: string;
    status: string;
    received_time: number;
    resolved_time: number | null;
    failcode: number | null;
    /** What the incoming side must be told once it is known: a preimage or a failure. */
    resolution: Uint8Array | null;
    /** 1 once the incoming channel has settled it for good: nobody needs it any more but people. */
    told: number;
  };
  /**
   * Raw gossip messages, so that they are relayed exactly; key: `c:scid`, `u:scid/dir`, `n:id`.
   * `seq` counts every put, so that what came after a snapshot of the graph is found by it (an
   * index); an empty message marks a deletion since then. Of a channel: `amount_sat` is its
   * capacity (else 0), `funding_txid` its transaction, `timestamp` the height at which its output
   * was spent (0: it is not); of an update or a node: `timestamp` is the message's.
   */
  gossip: {
    key: string;
    seq: number;
    timestamp: number;
    amount_sat: number;
    funding_txid: Uint8Array | null;
    message: Uint8Array;
  };
  /** What payments taught: key `scid/dir` or a node id. */
  constraints: { key: string; data: string };
  /** Layers of the route table that are kept: the core's encoding. */
  layers: { name: string; data: string };
  /** What tools keep with us: key is a JSON array of strings, `generation` counts its updates. */
  datastore: { key: string; data: Uint8Array; generation: number };
  wallet_outputs: {
    outpoint: string;
    amount_sat: bigint;
    script: Uint8Array;
    key_type: string;
    change: number;
    key_index: number;
    confirmed_height: number | null;
    spent_height: number | null;
    spent_by: string | null;
    reserved_to_block: number | null;
    coinbase: number;
  };
  wallet_transactions: {
    txid: string;
    raw: Uint8Array;
    height: number | null;
    tx_index: number | null;
    created_at: number;
  };
  /** The one blob that each peer lets us keep; `unused_since`: the height at which its last channel went. */
  peer_storage: { node_id: string; blob: Uint8Array; unused_since: number | null };
  /** Hashes of the last blocks followed, to find the fork point of a reorg after a restart. */
  blocks: { height: number; hash: Uint8Array };
}

export type TableName = keyof Tables;

export type Write = {
  [T in TableName]:
    | { readonly put: T; readonly row: Tables[T] }
    /** Deletes the rows whose columns equal those named; an empty `where` deletes none. */
    | { readonly delete: T; readonly where: Partial<Tables[T]> };
}[TableName];

export interface Query<T extends TableName> {
  readonly where?: Partial<Tables[T]>;
  /** Only the rows of these keys, in their order: of a table whose key is one column of text. */
  readonly keys?: readonly string[];
  /** Column, ascending unless `descending`. */
  readonly order?: keyof Tables[T] & string;
  readonly descending?: boolean;
  /** Rows with `order` column >= this. */
  readonly from?: number | string;
  readonly limit?: number;
}

export interface CommitOptions {
  /**
   * It need not outlive a power cut, and so does not wait for the disk: what can be had again. It
   * is durable with the next commit that is.
   */
  readonly lazy?: boolean;
}

export interface Store {
  /** Resolves once all writes are durable. A rejection means the disk failed: the node stops. */
  commit(writes: readonly Write[], options?: CommitOptions): Promise<void>;
  /** Sees every commit that was called before it. */
  select<T extends TableName>(table: T, query?: Query<T>): Promise<Tables[T][]>;
  close(): Promise<void>;
}
