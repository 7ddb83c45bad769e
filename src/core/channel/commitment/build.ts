/** BOLT 3, "Commitment Transaction Construction" and the second-stage HTLC transactions. */
import {
  p2wpkh,
  p2wsh,
  SIGHASH_ALL,
  SIGHASH_SINGLE_ANYONECANPAY,
  sighashV0,
  type Transaction,
  txid,
  unsignedInput,
} from '../../bitcoin/index.js';
import { type Bytes, compare, concat, msatToSatFloor, type Sat, sat } from '../../bytes/index.js';
import { sha256 } from '../../crypto/index.js';
import { ANCHOR_AMOUNT, type CommitmentFigures, commitmentFigures, htlcFee } from './fees.js';
import { type CommitmentKeys, commitmentKeys, otherSide } from './keys.js';
import {
  anchorScript,
  fundingScript,
  htlcScriptHead,
  offeredHtlcScript,
  receivedHtlcScript,
  toLocalScript,
  toRemoteScript,
} from './scripts.js';
import type { CommitmentChannel, CommitmentHtlc, CommitmentSpec, Side } from './types.js';

export interface HtlcOutput {
  readonly kind: 'htlc';
  readonly vout: number;
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
  readonly witnessScript: Bytes;
  readonly htlc: CommitmentHtlc;
}

/** One output of a commitment and what it is for. */
export type CommitmentOutput =
  | HtlcOutput
  | {
      readonly kind: 'toLocal';
      readonly vout: number;
      readonly amount: Sat;
      readonly scriptPubkey: Bytes;
      readonly witnessScript: Bytes;
    }
  | {
      readonly kind: 'toRemote';
      readonly vout: number;
      readonly amount: Sat;
      readonly scriptPubkey: Bytes;
      /** Absent where the output is p2wpkh. */
      readonly witnessScript?: Bytes;
    }
  | {
      readonly kind: 'anchor';
      readonly vout: number;
      readonly amount: Sat;
      readonly scriptPubkey: Bytes;
      readonly witnessScript: Bytes;
      /** Whose funding key spends it. */
      readonly side: Side;
    };

/** A commitment transaction without signatures, and the meaning of each of its outputs. */
export interface Commitment {
  readonly channel: CommitmentChannel;
  readonly owner: Side;
  readonly spec: CommitmentSpec;
  readonly keys: CommitmentKeys;
  readonly figures: CommitmentFigures;
  readonly tx: Transaction;
  /** Internal byte order. */
  readonly txid: Bytes;
  /** In the order of the transaction. */
  readonly outputs: readonly CommitmentOutput[];
  /** The HTLC outputs in that order: the order of `htlc_signature`s. */
  readonly htlcs: readonly HtlcOutput[];
}

interface ChannelCache {
  readonly fundingScript: Bytes;
  readonly obscuringFactor: bigint;
}
const caches = new WeakMap<CommitmentChannel, ChannelCache>();

function cacheOf(channel: CommitmentChannel): ChannelCache {
  let cache = caches.get(channel);
  if (cache === undefined) {
    const opener = channel[channel.opener].points;
    const accepter = channel[otherSide(channel.opener)].points;
    cache = {
      fundingScript: fundingScript(opener.fundingPubkey, accepter.fundingPubkey),
      obscuringFactor: obscuringFactor(opener.paymentBasepoint, accepter.paymentBasepoint),
    };
    caches.set(channel, cache);
  }
  return cache;
}

/** The lower 48 bits of the hash of both payment basepoints, the opener's first. */
export function obscuringFactor(openerPayment: Bytes, accepterPayment: Bytes): bigint {
  const hash = sha256(concat(openerPayment, accepterPayment));
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(24) & 0xffff_ffff_ffffn;
}

/** The witness script of the channel's funding output. */
export const channelFundingScript = (channel: CommitmentChannel): Bytes =>
  cacheOf(channel).fundingScript;

/** The scriptpubkey of the channel's funding output. */
export const channelFundingOutput = (channel: CommitmentChannel): Bytes =>
  p2wsh(channelFundingScript(channel));

/** The number a commitment of this channel carries, read from its locktime and sequence. */
export function readCommitmentNumber(
  channel: CommitmentChannel,
  tx: Transaction,
): bigint | undefined {
  const [input] = tx.inputs;
  if (input === undefined || tx.inputs.length !== 1) return undefined;
  if (tx.locktime >>> 24 !== 0x20 || input.sequence >>> 24 !== 0x80) return undefined;
  const obscured = (BigInt(input.sequence & 0xffffff) << 24n) | BigInt(tx.locktime & 0xffffff);
  return obscured ^ cacheOf(channel).obscuringFactor;
}

type Unplaced<T> = T extends CommitmentOutput ? Omit<T, 'vout'> : never;
type Draft = Unplaced<CommitmentOutput>;

const expiryOf = (output: Draft): number => (output.kind === 'htlc' ? output.htlc.cltvExpiry : 0);

/** BOLT 3, "Transaction Output Ordering": amount, script, then expiry; ids decide what is equal. */
function byOutputOrder(a: Draft, b: Draft): number {
  if (a.amount !== b.amount) return a.amount < b.amount ? -1 : 1;
  return compare(a.scriptPubkey, b.scriptPubkey) || expiryOf(a) - expiryOf(b) || byId(a, b);
}

function byId(a: Draft, b: Draft): number {
  if (a.kind !== 'htlc' || b.kind !== 'htlc') return 0;
  return a.htlc.id < b.htlc.id ? -1 : 1;
}

function htlcDrafts(
  channel: CommitmentChannel,
  owner: Side,
  keys: CommitmentKeys,
  htlcs: readonly CommitmentHtlc[],
): Draft[] {
  if (htlcs.length === 0) return [];
  const head = htlcScriptHead(keys);
  const { format } = channel;
  return htlcs.map((htlc) => {
    const witnessScript =
      htlc.offeredBy === owner
        ? offeredHtlcScript(keys, htlc.paymentHash, format, head)
        : receivedHtlcScript(keys, htlc.paymentHash, htlc.cltvExpiry, format, head);
    const amount = msatToSatFloor(htlc.amountMsat);
    return { kind: 'htlc', amount, scriptPubkey: p2wsh(witnessScript), witnessScript, htlc };
  });
}

function balanceDrafts(
  channel: CommitmentChannel,
  owner: Side,
  keys: CommitmentKeys,
  figures: CommitmentFigures,
): Draft[] {
  const drafts: Draft[] = [];
  const other = otherSide(owner);
  const { dustLimit } = channel[owner];
  const anchors = channel.format === 'anchors';
  const anchor = (side: Side): Draft => {
    const witnessScript = anchorScript(channel[side].points.fundingPubkey);
    const scriptPubkey = p2wsh(witnessScript);
    return { kind: 'anchor', amount: ANCHOR_AMOUNT, scriptPubkey, witnessScript, side };
  };
  // BOLT 3, Commitment Transaction Construction: each balance from the owner's dust limit on,
  // and an anchor for each that is there, or for both where an HTLC is.
  const hasHtlcs = figures.untrimmed.length > 0;
  const hasOwner = figures.toOwner >= dustLimit;
  const hasOther = figures.toOther >= dustLimit;
  if (hasOwner) {
    const delay = channel[other].toSelfDelay;
    const witnessScript = toLocalScript(keys.revocation, keys.ownerDelayed, delay);
    const scriptPubkey = p2wsh(witnessScript);
    drafts.push({ kind: 'toLocal', amount: figures.toOwner, scriptPubkey, witnessScript });
  }
  if (hasOther) {
    const witnessScript = anchors ? toRemoteScript(keys.otherPayment) : undefined;
    drafts.push({
      kind: 'toRemote',
      amount: figures.toOther,
      scriptPubkey: witnessScript === undefined ? p2wpkh(keys.otherPayment) : p2wsh(witnessScript),
      ...(witnessScript === undefined ? {} : { witnessScript }),
    });
  }
  if (anchors && (hasOwner || hasHtlcs)) drafts.push(anchor(owner));
  if (anchors && (hasOther || hasHtlcs)) drafts.push(anchor(other));
  return drafts;
}

/**
 * The commitment of `owner` for `spec`. `perCommitmentPoint` is the owner's for that number; all
 * points must be valid ones.
 */
export function buildCommitment(
  channel: CommitmentChannel,
  owner: Side,
  perCommitmentPoint: Bytes,
  spec: CommitmentSpec,
): Commitment {
  const keys = commitmentKeys(channel, owner, perCommitmentPoint);
  const figures = commitmentFigures(channel, owner, spec);
  const drafts = htlcDrafts(channel, owner, keys, figures.untrimmed).concat(
    balanceDrafts(channel, owner, keys, figures),
  );
  drafts.sort(byOutputOrder);
  const outputs = drafts.map((draft, vout): CommitmentOutput => ({ ...draft, vout }));
  const obscured = spec.commitmentNumber ^ cacheOf(channel).obscuringFactor;
  const sequence = (0x80000000 | Number(obscured >> 24n)) >>> 0;
  const tx: Transaction = {
    version: 2,
    inputs: [unsignedInput(channel.fundingTxid, channel.fundingVout, sequence)],
    outputs,
    locktime: (0x20000000 | Number(obscured & 0xffffffn)) >>> 0,
  };
  return {
    channel,
    owner,
    spec,
    keys,
    figures,
    tx,
    txid: txid(tx),
    outputs,
    htlcs: outputs.filter((o): o is HtlcOutput => o.kind === 'htlc'),
  };
}

/** The digest that both funding keys sign. */
export const commitmentDigest = (c: Commitment): Bytes =>
  sighashV0(c.tx, 0, channelFundingScript(c.channel), c.channel.fundingAmount);

/**
 * The second-stage transaction of an HTLC output: HTLC-timeout where the owner offered it, else
 * HTLC-success. Unsigned, as both sides sign it.
 */
export function htlcTransaction(c: Commitment, output: HtlcOutput): Transaction {
  const { format } = c.channel;
  const offered = output.htlc.offeredBy === c.owner;
  const fee = htlcFee(format, c.spec.feeratePerKw, offered);
  return {
    version: 2,
    inputs: [unsignedInput(c.txid, output.vout, format === 'anchors' ? 1 : 0)],
    outputs: [{ amount: sat(output.amount - fee), scriptPubkey: p2wsh(htlcOutputScript(c)) }],
    locktime: offered ? output.htlc.cltvExpiry : 0,
  };
}

/** The witness script of the output of the owner's HTLC transactions. */
export const htlcOutputScript = (c: Commitment): Bytes =>
  toLocalScript(c.keys.revocation, c.keys.ownerDelayed, c.channel[otherSide(c.owner)].toSelfDelay);

/** How the other side signs the owner's HTLC transactions. */
export const htlcSighashType = (c: Commitment): number =>
  c.channel.format === 'anchors' ? SIGHASH_SINGLE_ANYONECANPAY : SIGHASH_ALL;

/** The digest of an HTLC transaction that the other side's htlc key signs. */
export const htlcDigest = (c: Commitment, output: HtlcOutput): Bytes =>
  sighashV0(htlcTransaction(c, output), 0, output.witnessScript, output.amount, htlcSighashType(c));
