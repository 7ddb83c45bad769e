/**
 * HTLC transactions that wait for coins of the wallet, where there are fewer coins than HTLCs: what
 * found no coin of its own goes together with others of its kind, so that one coin pays for all and
 * none is left to its expiry. The peer's signatures (SIGHASH_SINGLE|ANYONECANPAY) allow it for one
 * locktime: all that have a preimage, or those that time out at one height.
 */
import type { BlockHeight } from '../bytes/index.js';
import { type Claimable, feeOf, fundedTemplate, fundedWeight } from './claims.js';
import { firstFeerate } from './plan.js';
import type { Claim, OnchainFees } from './types.js';

/** A claim that has waited for coins since a block before, and what it is to spend. */
export interface Needy {
  readonly claim: Claim;
  readonly items: readonly Claimable[];
}

export interface Regrouped {
  /** In the place of the claims of the same id. */
  readonly changed: ReadonlyMap<string, Claim>;
  readonly dropped: ReadonlySet<string>;
}

/** Alone it would cost more than it brings: it may not be a burden to others. */
function isWorthIt({ claim, items }: Needy, height: BlockHeight, fees: OnchainFees): boolean {
  const value = items.reduce((sum, { output }) => sum + output.amount, 0n);
  return value > feeOf(fundedWeight(items), firstFeerate(claim.deadline, height, fees));
}

/** One claim for all of them, under the name of the first. */
function merged(group: readonly Needy[], height: BlockHeight): Claim {
  const [first] = group as readonly [Needy, ...Needy[]];
  const deadlines = group.flatMap(({ claim }) => claim.deadline ?? []);
  return {
    ...first.claim,
    outputs: group.flatMap(({ claim }) => claim.outputs),
    ...(deadlines.length === 0 ? {} : { deadline: Math.min(...deadlines) }),
    madeAt: height,
  };
}

/** The coins did not do for all: the greater half goes first, the rest begins anew. */
function halved({ claim, items }: Needy, height: BlockHeight): Claim {
  const greatest = [...items].sort((a, b) => Number(b.output.amount - a.output.amount));
  const kept = greatest.slice(0, Math.ceil(greatest.length / 2));
  return { ...claim, outputs: kept.map(({ output }) => output.key), madeAt: height };
}

export function regroup(
  needy: readonly Needy[],
  height: BlockHeight,
  fees: OnchainFees,
): Regrouped {
  const changed = new Map<string, Claim>();
  const dropped = new Set<string>();
  const groups = new Map<string, Needy[]>();
  for (const each of needy) {
    const { claim, items } = each;
    if (items.length > 1) changed.set(claim.id, halved(each, height));
    else if (isWorthIt(each, height, fees)) {
      const kind = `${claim.purpose}/${fundedTemplate(items).locktime}`;
      groups.set(kind, [...(groups.get(kind) ?? []), each]);
    }
  }
  for (const group of groups.values()) {
    const [first, ...others] = group as [Needy, ...Needy[]];
    if (others.length === 0) continue;
    changed.set(first.claim.id, merged(group, height));
    for (const { claim } of others) dropped.add(claim.id);
  }
  return { changed, dropped };
}
