/** BOLT 5, "Failing a Channel": a close that waits in the mempool is paid for by who spends it. */
import { type Transaction, txWeight } from '../bitcoin/index.js';
import { type BlockHeight, type Sat, sat, toHex } from '../bytes/index.js';
import { type CommitmentHtlc, isTrimmed } from '../channel/commitment/index.js';
import { ripemd160 } from '../crypto/index.js';
import { type Claimable, feeOf } from './claims.js';
import type { CloseView } from './outcomes.js';
import type { Followed } from './outputs.js';
import { firstFeerate, type Preimages, type Want } from './plan.js';
import type { Turn } from './turn.js';
import type { OnchainFees, OnchainState } from './types.js';

export interface CloseScene {
  readonly close: CloseView;
  /** The closing transaction. */
  readonly tx: Transaction;
  readonly preimages: Preimages;
}

const BY_ANCHOR = 'anchor_cpfp';
const BY_BALANCE = 'balance_cpfp';

export const isForClose = (purpose: string): boolean =>
  purpose === BY_ANCHOR || purpose === BY_BALANCE;

/** How often, in blocks, the log says that a close waits which nothing can be done about. */
const REMIND = 6;

/** An output that may be spent while the close waits: our anchor, or to_remote without anchors. */
export function payingItem(output: Followed): Claimable | undefined {
  const { way, spend } = output;
  if (way === undefined || spend !== undefined) return undefined;
  const free = way.kind === 'anchor' || (way.kind === 'payment' && way.script === undefined);
  return free ? { output, way } : undefined;
}

/** By how much the unconfirmed close pays less than the feerate asks. */
export function missingFee(state: OnchainState, { tx }: CloseScene, feeratePerKw: number): Sat {
  const missing = feeOf(txWeight(tx), feeratePerKw) - paidBy(state, tx);
  return sat(missing > 0n ? missing : 0n);
}

const paidBy = ({ channel }: OnchainState, tx: Transaction): bigint =>
  channel.commitment.fundingAmount - tx.outputs.reduce((sum, output) => sum + output.amount, 0n);

/** The HTLCs in the close that we can claim. */
export function htlcsAtStake(state: OnchainState, scene: CloseScene): Sat {
  const ours = claimableHtlcs(state, scene);
  return sat(ours.reduce((sum, htlc) => sum + htlc.amountMsat, 0n) / 1000n);
}

/** What we have in the close: our balance, and those HTLCs. */
export const atStake = (state: OnchainState, scene: CloseScene): Sat =>
  sat(htlcsAtStake(state, scene) + state.channel.local.spec.localMsat / 1000n);

/**
 * An HTLC we offered comes back after its expiry; one of the peer's is ours by its preimage. What
 * has no output cannot be claimed, however soon the close is in a block.
 */
function claimableHtlcs(
  { channel: { commitment, local } }: OnchainState,
  { preimages }: CloseScene,
): readonly CommitmentHtlc[] {
  const { feeratePerKw, htlcs } = local.spec;
  const { dustLimit } = commitment.local;
  return htlcs.filter(
    (htlc) =>
      !isTrimmed(commitment.format, feeratePerKw, dustLimit, 'local', htlc) &&
      (htlc.offeredBy === 'local' || preimages.has(toHex(ripemd160(htlc.paymentHash)))),
  );
}

/** By when the close should be in a block; a preimage that comes later may bring it nearer. */
export function closeDeadline(state: OnchainState, scene: CloseScene): BlockHeight | undefined {
  const expiries = claimableHtlcs(state, scene).map((htlc) => htlc.cltvExpiry);
  return expiries.length === 0 ? undefined : Math.min(...expiries);
}

/** BIP 141 weight of a coin that pays, and of change. */
const COIN_AND_CHANGE = 272 + 124;

/**
 * Of a wished feerate for the close and what spends its anchor (of this weight, without coins) what
 * is reasonable: our balance waits unharmed, so that haste may cost what the HTLCs are worth, and
 * no more.
 */
export function feerateForClose(
  wished: number,
  weight: number,
  state: OnchainState,
  scene: CloseScene,
  fees: OnchainFees,
): number {
  const all = txWeight(scene.tx) + weight + COIN_AND_CHANGE;
  const worth = htlcsAtStake(state, scene) + paidBy(state, scene.tx);
  const calm = firstFeerate(undefined, state.height, fees);
  return Math.min(wished, Math.max(calm, Math.floor((Number(worth) * 1000) / all)));
}

/** The transaction that pays for a close which waits, where one can and it is worth it. */
export function wantedForClose(
  state: OnchainState,
  scene: CloseScene,
  turn: Turn,
): Want | undefined {
  const { close } = scene;
  if (close.height !== undefined) return undefined;
  const deadline = closeDeadline(state, scene);
  const feerate = firstFeerate(deadline, state.height, turn.context.fees);
  if (missingFee(state, scene, feerate) === 0n) return undefined;
  const item = close.followed.map(payingItem).find((found) => found !== undefined);
  // A balance pays for HTLCs only: without them it may as well wait for a cheaper day.
  const useless = item?.way.kind === 'payment' && deadline === undefined;
  if (item === undefined || useless) {
    remind(state, scene, deadline, feerate, turn);
    return undefined;
  }
  if (state.claims.some((claim) => claim.outputs.includes(item.output.key))) return undefined;
  const purpose = item.way.kind === 'anchor' ? BY_ANCHOR : BY_BALANCE;
  return { purpose, items: [item], ...(deadline === undefined ? {} : { deadline }) };
}

/** Tells the operator of a close that is stuck and that the machine cannot help. */
function remind(
  state: OnchainState,
  { close, tx }: CloseScene,
  deadline: BlockHeight | undefined,
  feerate: number,
  turn: Turn,
): void {
  if (!turn.tick || state.height % REMIND !== 0) return;
  const pays = Math.floor((Number(paidBy(state, tx)) * 1000) / txWeight(tx));
  const rates = `it pays ${pays} sat per 1000 weight, and ${feerate} are asked now`;
  const urgent = deadline === undefined ? '' : `; an HTLC is at stake from block ${deadline} on`;
  const remedy =
    close.ending.kind === 'mutual'
      ? 'spending our output of it with a high feerate would help (docs/recovery.md)'
      : 'without anchors nothing can be added to it';
  turn.note('warn', `the close waits: ${rates}; ${remedy}${urgent}`);
}
