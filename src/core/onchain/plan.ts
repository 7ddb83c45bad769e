/** Which outputs are to be claimed now, together or apart, by when, and at what feerate. */
import type { BlockHeight, Bytes } from '../bytes/index.js';
import { toHex } from '../bytes/index.js';
import { type Claimable, RELAY_INCREMENT } from './claims.js';
import type { Followed } from './outputs.js';
import { type Claim, type OnchainChannel, type OnchainFees, SECURITY_DELAY } from './types.js';

/** Blocks after its expiry within which our claim of a timed-out HTLC is to be confirmed. */
const TIMEOUT_GRACE = 10;
/** The confirmation target where nothing presses. */
const NO_HURRY = 12;
/** A replacement pays more by this factor, and by BIP 125's increment. */
const BUMP_FACTOR = 1.25;

/** A transaction that is wanted. */
export interface Want {
  readonly purpose: string;
  readonly items: readonly Claimable[];
  readonly deadline?: BlockHeight;
}

/** Known preimages by RIPEMD160 of the payment hash, in hex. */
export type Preimages = ReadonlyMap<string, Bytes>;

/** The output with what it takes to spend it, if a block on top of `height` may hold the spend. */
export function claimable(
  output: Followed,
  height: BlockHeight,
  preimages: Preimages,
): Claimable | undefined {
  const { way, htlc, height: at } = output;
  if (way === undefined || output.spend !== undefined || at === undefined) return undefined;
  const next = height + 1;
  const expired = htlc !== undefined && height >= htlc.cltvExpiry;
  const preimage = htlc === undefined ? undefined : preimages.get(toHex(htlc.hash));
  switch (way.kind) {
    case 'delayed':
      return next >= at + way.csv ? { output, way } : undefined;
    case 'payment':
    case 'penalty':
      return { output, way };
    case 'remoteTimeout':
      return expired ? { output, way } : undefined;
    case 'remoteSuccess':
      return preimage === undefined ? undefined : { output, way, preimage };
    case 'htlcTransaction':
      if (htlc?.offeredBy === 'local') return expired ? { output, way } : undefined;
      return preimage === undefined ? undefined : { output, way, preimage };
    case 'anchor':
      return undefined;
  }
}

function deadlineOf(channel: OnchainChannel, { output, way }: Claimable): BlockHeight | undefined {
  const { htlc, height } = output;
  switch (way.kind) {
    case 'delayed':
    case 'payment':
    case 'anchor':
      return undefined;
    case 'penalty':
      return (height ?? 0) + channel.commitment.local.toSelfDelay;
    case 'remoteTimeout':
    case 'remoteSuccess':
    case 'htlcTransaction': {
      const expiry = htlc?.cltvExpiry ?? 0;
      return htlc?.offeredBy === 'local' ? expiry + TIMEOUT_GRACE : expiry;
    }
  }
}

const purposeOf = ({ output, way }: Claimable): string => {
  if (way.kind === 'penalty') return 'penalty';
  if (output.role !== 'htlc') return 'sweep';
  return output.htlc?.offeredBy === 'local' ? 'htlc_timeout' : 'htlc_success';
};

/** The transactions wanted for outputs that no claim of ours spends yet. */
export function wanted(
  channel: OnchainChannel,
  free: readonly Claimable[],
  height: BlockHeight,
): Want[] {
  const wants: Want[] = [];
  const sweeps = free.filter((item) => purposeOf(item) === 'sweep');
  if (sweeps.length > 0) wants.push({ purpose: 'sweep', items: sweeps });
  const penalties: Claimable[] = [];
  for (const item of free) {
    const purpose = purposeOf(item);
    if (purpose === 'sweep') continue;
    const deadline = deadlineOf(channel, item);
    const dated = deadline === undefined ? {} : { deadline };
    // BOLT 5, Revoked Transaction Close Handling: all in one, until the time to be pinned is over.
    if (purpose === 'penalty' && !isLate(deadline, height)) penalties.push(item);
    else wants.push({ purpose, items: [item], ...dated });
  }
  if (penalties.length > 0) {
    const deadline = Math.min(...penalties.map((item) => deadlineOf(channel, item) ?? height));
    wants.push({ purpose: 'penalty', items: penalties, deadline });
  }
  return wants;
}

const isLate = (deadline: BlockHeight | undefined, height: BlockHeight): boolean =>
  deadline !== undefined && deadline - height <= SECURITY_DELAY;

/** Whether a claim of several penalties is to be split into one each. */
export const mustSplit = (claim: Claim, height: BlockHeight): boolean =>
  claim.purpose === 'penalty' && claim.outputs.length > 1 && isLate(claim.deadline, height);

/** However near the deadline, never more than so many times what the next blocks ask for. */
const MOST_OF_ESTIMATE = 10;

/** The estimate for confirmation within `blocks`. */
export function feerateWithin(fees: OnchainFees, blocks: number): number {
  const fits = fees.targets.filter((t) => t.blocks <= blocks).at(-1) ?? fees.targets[0];
  return Math.max(fees.minimum, fits?.feeratePerKw ?? fees.minimum);
}

/** The feerate of a first version. */
export const firstFeerate = (
  deadline: BlockHeight | undefined,
  height: BlockHeight,
  fees: OnchainFees,
): number =>
  feerateWithin(fees, deadline === undefined ? NO_HURRY : Math.max(1, deadline - height));

/** Blocks before a deadline from which on each one raises the price. */
const LAST_CALL = 6;

export const isLastCall = (deadline: BlockHeight | undefined, height: BlockHeight): boolean =>
  deadline !== undefined && deadline - height <= LAST_CALL;

/** What a replacement must pay at least to be relayed (BIP 125). */
export const leastBump = (feeratePerKw: number): number =>
  Math.max(Math.ceil(feeratePerKw * BUMP_FACTOR), feeratePerKw + RELAY_INCREMENT);

/**
 * The feerate of the next version, or `undefined` where this one is still good. Estimates are
 * followed; as the deadline comes near, each wait in vain raises the price whatever they say.
 */
export function nextFeerate(
  claim: Claim,
  height: BlockHeight,
  fees: OnchainFees,
): number | undefined {
  const least = leastBump(claim.feeratePerKw);
  const estimate = firstFeerate(claim.deadline, height, fees);
  const waited = height - claim.madeAt;
  if (waited < 1) return undefined;
  // No mempool holds it any more.
  if (claim.feeratePerKw < fees.minimum) return Math.max(estimate, least);
  if (claim.deadline === undefined) return waited >= 6 && estimate >= least ? estimate : undefined;
  const left = claim.deadline - height;
  const impatient = isLastCall(claim.deadline, height) || (left <= SECURITY_DELAY && waited >= 3);
  const most = feerateWithin(fees, 1) * MOST_OF_ESTIMATE;
  if (impatient && least <= most) return Math.max(estimate, least);
  return estimate >= least ? estimate : undefined;
}
