/**
 * The outputs that matter after a close, worked out anew from the confirmed spends: whose they are,
 * how we may spend them and from when, and what spent them. Pure, so that a reorg needs no undoing.
 */
import { p2wpkh, p2wsh, type Transaction, txid } from '../bitcoin/index.js';
import { type BlockHeight, type Bytes, equal, hex, type Sat, toHex } from '../bytes/index.js';
import {
  anchorScript,
  type Commitment,
  type CommitmentKeys,
  commitmentKeys,
  type HtlcOutput,
  htlcOutputScript,
  htlcScriptHead,
  offeredHtlcScriptOfHash,
  type RevokedHtlc,
  receivedHtlcScriptOfHash,
  type Side,
  toLocalScript,
  toRemoteScript,
} from '../channel/commitment/index.js';
import { publicKeyFromPrivate, ripemd160 } from '../crypto/index.js';
import type { Ending } from './classify.js';
import type { ChainSpend, OnchainChannel } from './types.js';

/** How we may spend an output. */
export type Way =
  /** to_local, and the output of our HTLC transactions: after `csv` blocks. */
  | {
      readonly kind: 'delayed';
      readonly point: Bytes;
      readonly csv: number;
      readonly script: Bytes;
    }
  /** to_remote: with anchors a script and one block's wait, else p2wpkh at once. */
  | { readonly kind: 'payment'; readonly script?: Bytes }
  /** Our HTLC-success or HTLC-timeout transaction, which the peer has signed. */
  | {
      readonly kind: 'htlcTransaction';
      readonly commitment: Commitment;
      readonly output: HtlcOutput;
      readonly remoteSignature: Bytes;
    }
  /** An HTLC of theirs in their commitment, with the preimage. */
  | { readonly kind: 'remoteSuccess'; readonly point: Bytes; readonly script: Bytes }
  /** An HTLC of ours in their commitment, after its expiry. */
  | { readonly kind: 'remoteTimeout'; readonly point: Bytes; readonly script: Bytes }
  /** Anything a cheater could have: by the key that its own secret gave us. */
  | {
      readonly kind: 'penalty';
      readonly secret: Bytes;
      readonly script: Bytes;
      /** HTLC outputs are opened by the key itself, delayed ones by a 1. */
      readonly key?: Bytes;
    }
  /** Our anchor: to pay for the commitment. */
  | { readonly kind: 'anchor'; readonly script: Bytes };

/** What an HTLC output is about; the payment hash is cut to what its script shows. */
export interface HtlcFacts {
  readonly offeredBy: Side;
  readonly id: bigint;
  /** RIPEMD160 of the payment hash. */
  readonly hash: Bytes;
  readonly cltvExpiry: BlockHeight;
}

export interface Followed {
  /** `outputKey` of the outpoint. */
  readonly key: string;
  readonly txid: Bytes;
  readonly vout: number;
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
  /** Of the block that holds it; absent in the mempool. */
  readonly height?: BlockHeight;
  /** `opaque`: an output of a close we do not know; a preimage may show in its spend. */
  readonly role: 'main' | 'theirs' | 'anchor' | 'htlc' | 'second' | 'opaque';
  readonly htlc?: HtlcFacts;
  /** Absent where it is not ours. */
  readonly way?: Way;
  readonly spend?: {
    readonly tx: Transaction;
    readonly index: number;
    readonly height: BlockHeight;
  };
}

export const outputKey = (id: Bytes, vout: number): string => `${toHex(id)}:${vout}`;

export const outpointOfKey = (key: string): { txid: Bytes; vout: number } => ({
  txid: hex(key.slice(0, 64)),
  vout: Number(key.slice(65)),
});

type Meaning = Pick<Followed, 'role' | 'htlc' | 'way'>;

/** What the outputs of the closing transaction mean, by position. */
function meanings(
  channel: OnchainChannel,
  ending: Ending,
  tx: Transaction,
): (Meaning | undefined)[] {
  switch (ending.kind) {
    case 'local':
      return ending.commitment.outputs.map((_, i) => ofLocal(channel, ending.commitment, i));
    case 'remote':
    case 'remoteNext':
      return ending.commitment.outputs.map((_, i) => ofRemote(ending.commitment, i));
    case 'revoked':
      return ofRevoked(channel, ending, tx);
    case 'future':
    case 'unknown':
      return byScript(tx, toRemoteMeaning(channel)).map((m) => m ?? { role: 'opaque' });
    case 'ownRevoked':
      return byScript(tx, ownDelayed(channel, ending.point)).map((m) => m ?? { role: 'opaque' });
    case 'mutual':
      return [];
  }
}

const htlcFacts = ({ htlc }: HtlcOutput): HtlcFacts => ({
  offeredBy: htlc.offeredBy,
  id: htlc.id,
  hash: ripemd160(htlc.paymentHash),
  cltvExpiry: htlc.cltvExpiry,
});

function ofLocal(channel: OnchainChannel, c: Commitment, index: number): Meaning | undefined {
  const output = c.outputs[index];
  if (output === undefined) return undefined;
  const point = c.keys.perCommitmentPoint;
  const csv = c.channel.remote.toSelfDelay;
  switch (output.kind) {
    case 'toLocal':
      return { role: 'main', way: { kind: 'delayed', point, csv, script: output.witnessScript } };
    case 'toRemote':
      return { role: 'theirs' };
    case 'anchor':
      return output.side === 'local'
        ? { role: 'anchor', way: { kind: 'anchor', script: output.witnessScript } }
        : { role: 'theirs' };
    case 'htlc': {
      const remoteSignature = channel.local.htlcSignatures[c.htlcs.indexOf(output)];
      if (remoteSignature === undefined) return { role: 'htlc', htlc: htlcFacts(output) };
      const way = { kind: 'htlcTransaction', commitment: c, output, remoteSignature } as const;
      return { role: 'htlc', htlc: htlcFacts(output), way };
    }
  }
}

function ofRemote(c: Commitment, index: number): Meaning | undefined {
  const output = c.outputs[index];
  if (output === undefined) return undefined;
  const point = c.keys.perCommitmentPoint;
  switch (output.kind) {
    case 'toLocal':
      return { role: 'theirs' };
    case 'toRemote': {
      const script = output.witnessScript;
      return {
        role: 'main',
        way: { kind: 'payment', ...(script === undefined ? {} : { script }) },
      };
    }
    case 'anchor':
      return output.side === 'local'
        ? { role: 'anchor', way: { kind: 'anchor', script: output.witnessScript } }
        : { role: 'theirs' };
    case 'htlc': {
      const mine = output.htlc.offeredBy === 'local';
      const script = output.witnessScript;
      const way = { kind: mine ? 'remoteTimeout' : 'remoteSuccess', point, script } as const;
      return { role: 'htlc', htlc: htlcFacts(output), way };
    }
  }
}

interface ByScript {
  readonly scriptPubkey: Bytes;
  readonly meaning: Meaning;
}

/** For transactions we did not build: each known script is looked for among the outputs. */
function byScript(tx: Transaction, known: readonly ByScript[]): (Meaning | undefined)[] {
  const left = [...known];
  return tx.outputs.map((output) => {
    const at = left.findIndex((k) => equal(k.scriptPubkey, output.scriptPubkey));
    // Two HTLCs may share one script: each stands for one output.
    return at < 0 ? undefined : left.splice(at, 1)[0]?.meaning;
  });
}

/** BOLT 5, data loss: our own output is found in a commitment we know nothing else of. */
function toRemoteMeaning(channel: OnchainChannel): ByScript[] {
  const { commitment } = channel;
  const key = commitment.local.points.paymentBasepoint;
  if (commitment.format === 'staticRemotekey')
    return [{ scriptPubkey: p2wpkh(key), meaning: { role: 'main', way: { kind: 'payment' } } }];
  const script = toRemoteScript(key);
  const anchor = anchorScript(commitment.local.points.fundingPubkey);
  return [
    {
      scriptPubkey: p2wsh(script),
      meaning: { role: 'main', way: { kind: 'payment', script } },
    },
    {
      scriptPubkey: p2wsh(anchor),
      meaning: { role: 'anchor', way: { kind: 'anchor', script: anchor } },
    },
  ];
}

function ownDelayed(channel: OnchainChannel, point: Bytes): ByScript[] {
  const keys = commitmentKeys(channel.commitment, 'local', point);
  const csv = channel.commitment.remote.toSelfDelay;
  const script = toLocalScript(keys.revocation, keys.ownerDelayed, csv);
  const way: Way = { kind: 'delayed', point, csv, script };
  return [{ scriptPubkey: p2wsh(script), meaning: { role: 'main', way } }];
}

type Revoked = Extract<Ending, { kind: 'revoked' }>;

const revokedKeys = (channel: OnchainChannel, ending: Revoked): CommitmentKeys =>
  commitmentKeys(channel.commitment, 'remote', publicKeyFromPrivate(ending.secret) as Bytes);

const revokedDelayedScript = (channel: OnchainChannel, keys: CommitmentKeys): Bytes =>
  toLocalScript(keys.revocation, keys.ownerDelayed, channel.commitment.local.toSelfDelay);

function ofRevoked(
  channel: OnchainChannel,
  ending: Revoked,
  tx: Transaction,
): (Meaning | undefined)[] {
  const { format } = channel.commitment;
  const { secret } = ending;
  const keys = revokedKeys(channel, ending);
  const head = htlcScriptHead(keys);
  const delayed = revokedDelayedScript(channel, keys);
  const known = toRemoteMeaning(channel);
  known.push({
    scriptPubkey: p2wsh(delayed),
    meaning: { role: 'main', way: { kind: 'penalty', secret, script: delayed } },
  });
  const scriptOf = (h: RevokedHtlc): Bytes =>
    h.offeredBy === 'remote'
      ? offeredHtlcScriptOfHash(keys, h.hash, format, head)
      : receivedHtlcScriptOfHash(keys, h.hash, h.cltvExpiry, format, head);
  for (const htlc of ending.htlcs ?? []) {
    const script = scriptOf(htlc);
    const way: Way = { kind: 'penalty', secret, script, key: keys.revocation };
    known.push({ scriptPubkey: p2wsh(script), meaning: { role: 'htlc', htlc, way } });
  }
  return byScript(tx, known);
}

/** What a transaction that spends an HTLC output makes of it: a delayed output of its owner. */
function secondStage(
  channel: OnchainChannel,
  ending: Ending,
  first: Followed,
): { readonly vout: number; readonly meaning: Meaning } | undefined {
  const { spend } = first;
  if (first.role !== 'htlc' || spend === undefined) return undefined;
  let script: Bytes;
  let way: Way;
  if (ending.kind === 'local') {
    const c = ending.commitment;
    script = htlcOutputScript(c);
    const csv = c.channel.remote.toSelfDelay;
    way = { kind: 'delayed', point: c.keys.perCommitmentPoint, csv, script };
  } else if (ending.kind === 'revoked') {
    script = revokedDelayedScript(channel, revokedKeys(channel, ending));
    way = { kind: 'penalty', secret: ending.secret, script };
  } else return undefined;
  // Signed with SIGHASH_SINGLE or alone: the output lies where the input does.
  const output = spend.tx.outputs[spend.index];
  if (output === undefined || !equal(output.scriptPubkey, p2wsh(script))) return undefined;
  return {
    vout: spend.index,
    meaning: { role: 'second', way, ...(first.htlc === undefined ? {} : { htlc: first.htlc }) },
  };
}

/** Every followed output of the close `tx`, the second stage included. */
export function followOutputs(
  channel: OnchainChannel,
  ending: Ending,
  tx: Transaction,
  height: BlockHeight | undefined,
  spends: readonly ChainSpend[],
): Followed[] {
  const byOutpoint = new Map<string, NonNullable<Followed['spend']>>();
  for (const spend of spends) {
    for (const [index, input] of spend.tx.inputs.entries())
      byOutpoint.set(outputKey(input.txid, input.vout), { ...spend, index });
  }
  const place = (
    parent: Transaction,
    id: Bytes,
    vout: number,
    at: BlockHeight | undefined,
    meaning: Meaning,
  ): Followed => {
    const output = parent.outputs[vout] as Transaction['outputs'][number];
    const key = outputKey(id, vout);
    const spend = byOutpoint.get(key);
    return {
      key,
      txid: id,
      vout,
      amount: output.amount,
      scriptPubkey: output.scriptPubkey,
      ...(at === undefined ? {} : { height: at }),
      ...meaning,
      ...(spend === undefined ? {} : { spend }),
    };
  };
  const closeId = txid(tx);
  const followed: Followed[] = [];
  for (const [vout, meaning] of meanings(channel, ending, tx).entries()) {
    if (meaning === undefined) continue;
    const first = place(tx, closeId, vout, height, meaning);
    followed.push(first);
    const second = secondStage(channel, ending, first);
    if (second === undefined || first.spend === undefined) continue;
    const { tx: parent, height: at } = first.spend;
    followed.push(place(parent, txid(parent), second.vout, at, second.meaning));
  }
  return followed;
}
