/** BOLT 3, "Fees" and "Trimmed Outputs": plain arithmetic, cheap enough for every check. */
import { type Msat, msatToSatFloor, type Sat, sat } from '../../bytes/index.js';
import { otherSide } from './keys.js';
import type {
  CommitmentChannel,
  CommitmentFormat,
  CommitmentHtlc,
  CommitmentSpec,
  Side,
} from './types.js';

/** The fixed amount of an anchor output. */
export const ANCHOR_AMOUNT = sat(330);

const COMMITMENT_WEIGHT: Readonly<Record<CommitmentFormat, number>> = {
  staticRemotekey: 724,
  anchors: 1124,
};
/** What each untrimmed HTLC adds to the weight of a commitment. */
export const HTLC_OUTPUT_WEIGHT = 172;

const HTLC_TIMEOUT_WEIGHT: Readonly<Record<CommitmentFormat, number>> = {
  staticRemotekey: 663,
  anchors: 666,
};
const HTLC_SUCCESS_WEIGHT: Readonly<Record<CommitmentFormat, number>> = {
  staticRemotekey: 703,
  anchors: 706,
};

/** Satoshis for `weight` at a feerate per 1000 weight units, rounded down as BOLT 3 has it. */
export const feeForWeight = (weight: number, feeratePerKw: number): Sat =>
  sat(Math.floor((weight * feeratePerKw) / 1000));

/** Expected weight with `htlcs` untrimmed HTLCs. */
export const commitmentWeight = (format: CommitmentFormat, htlcs: number): number =>
  COMMITMENT_WEIGHT[format] + HTLC_OUTPUT_WEIGHT * htlcs;

/** The base fee, which the opener pays; without the anchors' amounts. */
export const commitmentFee = (format: CommitmentFormat, feeratePerKw: number, htlcs: number): Sat =>
  feeForWeight(commitmentWeight(format, htlcs), feeratePerKw);

/** What the opener pays for both anchors; none on a channel without them. */
export const anchorsCost = (format: CommitmentFormat): Sat =>
  format === 'anchors' ? sat(2n * ANCHOR_AMOUNT) : sat(0);

export const htlcTimeoutWeight = (format: CommitmentFormat): number => HTLC_TIMEOUT_WEIGHT[format];
export const htlcSuccessWeight = (format: CommitmentFormat): number => HTLC_SUCCESS_WEIGHT[format];

/** The fee of the second-stage transaction of an HTLC that the commitment's owner offered or received. */
export function htlcFee(format: CommitmentFormat, feeratePerKw: number, offered: boolean): Sat {
  if (format === 'anchors') return sat(0);
  const weight = offered ? HTLC_TIMEOUT_WEIGHT[format] : HTLC_SUCCESS_WEIGHT[format];
  return feeForWeight(weight, feeratePerKw);
}

/** Whether the HTLC has no output in a commitment of `owner`. */
export function isTrimmed(
  format: CommitmentFormat,
  feeratePerKw: number,
  dustLimit: Sat,
  owner: Side,
  htlc: Pick<CommitmentHtlc, 'offeredBy' | 'amountMsat'>,
): boolean {
  // BOLT 3, Trimmed Outputs: less the fee of its own transaction it is below the owner's dust limit.
  const fee = htlcFee(format, feeratePerKw, htlc.offeredBy === owner);
  return msatToSatFloor(htlc.amountMsat) - fee < dustLimit;
}

/** What a commitment comes to, without its scripts. */
export interface CommitmentFigures {
  readonly untrimmed: readonly CommitmentHtlc[];
  /** Sum of the HTLCs that have no output. */
  readonly trimmedMsat: Msat;
  /** The base fee the opener owes. */
  readonly fee: Sat;
  /** To owner and other, after fee and anchors; 0 where the opener cannot pay them. Not yet trimmed. */
  readonly toOwner: Sat;
  readonly toOther: Sat;
  /** By how much the opener's balance falls short of fee and anchors; 0 as a rule. */
  readonly missing: Sat;
}

export function commitmentFigures(
  channel: Pick<CommitmentChannel, 'format' | 'opener' | 'local' | 'remote'>,
  owner: Side,
  spec: CommitmentSpec,
): CommitmentFigures {
  const { format, opener } = channel;
  const dust = channel[owner].dustLimit;
  const untrimmed: CommitmentHtlc[] = [];
  let trimmed = 0n;
  for (const htlc of spec.htlcs) {
    if (isTrimmed(format, spec.feeratePerKw, dust, owner, htlc)) trimmed += htlc.amountMsat;
    else untrimmed.push(htlc);
  }
  const fee = commitmentFee(format, spec.feeratePerKw, untrimmed.length);
  const cost = fee + anchorsCost(format);
  const balance = {
    local: msatToSatFloor(spec.localMsat),
    remote: msatToSatFloor(spec.remoteMsat),
  };
  const left = balance[opener] - cost;
  balance[opener] = sat(left > 0n ? left : 0n);
  return {
    untrimmed,
    trimmedMsat: trimmed as Msat,
    fee,
    toOwner: balance[owner],
    toOther: balance[otherSide(owner)],
    missing: sat(left < 0n ? -left : 0n),
  };
}
