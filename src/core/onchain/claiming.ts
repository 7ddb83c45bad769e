/** Claims in their life: made, broadcast, replaced by dearer ones, confirmed, or lost to another. */
import { encodeTx, type Transaction, txid, txWeight } from '../bitcoin/index.js';
import { assertNever, type BlockHeight, type Sat, sat, toHex } from '../bytes/index.js';
import {
  type Claimable,
  fundedTemplate,
  fundedTransaction,
  fundedWeight,
  type Price,
  sweep,
  total,
} from './claims.js';
import type { Ending } from './classify.js';
import {
  atStake,
  type CloseScene,
  closeDeadline,
  feerateForClose,
  htlcsAtStake,
  isForClose,
  missingFee,
  payingItem,
  wantedForClose,
} from './for-close.js';
import { type CloseView, depth } from './outcomes.js';
import type { Followed } from './outputs.js';
import {
  claimable,
  firstFeerate,
  isLastCall,
  leastBump,
  mustSplit,
  nextFeerate,
  type Preimages,
  type Want,
  wanted,
} from './plan.js';
import { regroup } from './together.js';
import type { Turn } from './turn.js';
import { type Claim, type OnchainState, SAFE_DEPTH } from './types.js';

type ByKey = ReadonlyMap<string, Followed>;

interface Scene extends CloseScene {
  readonly byKey: ByKey;
}

type Standing = 'open' | 'confirmed' | 'lost';

/** How a claim stands by what is confirmed. */
function standing(claim: Claim, byKey: ByKey): Standing {
  let confirmed = false;
  for (const key of claim.outputs) {
    const output = byKey.get(key);
    if (output === undefined) return 'lost';
    if (output.spend === undefined) continue;
    if (!claim.versions.includes(toHex(txid(output.spend.tx)))) return 'lost';
    confirmed = true;
  }
  return confirmed ? 'confirmed' : 'open';
}

/** The outputs of a claim with what it takes to spend them; `undefined` where one cannot be now. */
function itemsOf(claim: Claim, scene: Scene, height: BlockHeight): Claimable[] | undefined {
  const items: Claimable[] = [];
  for (const key of claim.outputs) {
    const output = scene.byKey.get(key);
    if (output === undefined) return undefined;
    const item = isForClose(claim.purpose)
      ? payingItem(output)
      : claimable(output, height, scene.preimages);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

/** Whether the claim's fee can only come from coins of the wallet. */
const needsCoins = ([item]: readonly Claimable[]): boolean =>
  item !== undefined &&
  (item.way.kind === 'anchor' ||
    (item.way.kind === 'htlcTransaction' && item.way.commitment.channel.format === 'anchors'));

export function settleClaims(
  state: OnchainState,
  close: CloseView,
  tx: Transaction,
  preimages: Preimages,
  turn: Turn,
): OnchainState {
  const byKey = new Map(close.followed.map((output) => [output.key, output]));
  const scene: Scene = { byKey, close, tx, preimages };
  sayClose(scene, turn);
  let next = useCoins(keepClaims(state, scene, turn), scene, turn);
  if (!turn.prices) return next;
  const taken = new Set(next.claims.flatMap((claim) => claim.outputs));
  const free: Claimable[] = [];
  for (const output of close.followed) {
    const item = taken.has(output.key) ? undefined : claimable(output, next.height, preimages);
    if (item !== undefined) free.push(item);
  }
  for (const want of wanted(next.channel, free, next.height))
    next = makeClaim(next, want, scene, turn);
  const want = wantedForClose(next, scene, turn);
  return want === undefined ? next : makeClaim(next, want, scene, turn);
}

/** A close that waits is said again with every block, before what spends it. */
function sayClose({ close, tx }: Scene, turn: Turn): void {
  if (!turn.tick || close.height !== undefined || !isWelcome(close.ending)) return;
  turn.emit({ kind: 'broadcast', tx: encodeTx(tx), purpose: 'close' });
}

/** Whether we help it into a block, whoever made it; not one that we would be punished for. */
function isWelcome({ kind }: Ending): boolean {
  switch (kind) {
    case 'mutual':
    case 'local':
    case 'remote':
    case 'remoteNext':
    case 'revoked':
    case 'future':
      return true;
    case 'ownRevoked':
    case 'unknown':
      return false;
    default:
      return assertNever(kind);
  }
}

/** Drops what is lost or to be split, replaces what waits in vain, says the rest again. */
function keepClaims(before: OnchainState, scene: Scene, turn: Turn): OnchainState {
  const state = turn.tick && turn.prices ? together(before, scene, turn) : before;
  const claims: Claim[] = [];
  for (const known of state.claims) {
    const claim = redated(state, known, scene, turn);
    const stands = standing(claim, scene.byKey);
    if (stands === 'confirmed') {
      // Coins of other versions are free from here on; a reorg less deep finds them still its own.
      if (turn.tick && isFunded(claim) && isSafe(claim, scene, state.height))
        turn.emit({ kind: 'releaseClaim', claim: claim.id });
      claims.push(claim);
      continue;
    }
    if (stands === 'lost') {
      turn.persist();
      turn.emit({ kind: 'releaseClaim', claim: claim.id });
      continue;
    }
    claims.push(split(state, claim, scene, turn) ?? renew(state, claim, scene, turn));
  }
  return { ...state, claims };
}

/** Whether coins of the wallet are among its inputs. */
const isFunded = ({ tx, outputs }: Claim): boolean =>
  tx !== undefined && tx.inputs.length > outputs.length;

function isSafe({ outputs: [key] }: Claim, { byKey }: Scene, height: BlockHeight): boolean {
  const at = key === undefined ? undefined : byKey.get(key)?.spend?.height;
  return at !== undefined && depth(at, height) >= SAFE_DEPTH;
}

/** What pays for the close is in haste from when a preimage made an HTLC of the peer's ours. */
function redated(state: OnchainState, claim: Claim, scene: Scene, turn: Turn): Claim {
  if (!isForClose(claim.purpose) || scene.close.height !== undefined) return claim;
  const deadline = closeDeadline(state, scene);
  if (deadline === claim.deadline) return claim;
  turn.persist();
  const { deadline: _, ...rest } = claim;
  return deadline === undefined ? rest : { ...rest, deadline };
}

/** Those that waited for coins in vain try it together. */
function together(state: OnchainState, scene: Scene, turn: Turn): OnchainState {
  const { height } = state;
  const needy = state.claims.flatMap((claim) => {
    if (claim.tx !== undefined || claim.madeAt >= height) return [];
    const items = standing(claim, scene.byKey) === 'open' && itemsOf(claim, scene, height);
    return items && items[0]?.way.kind === 'htlcTransaction' ? [{ claim, items }] : [];
  });
  const { changed, dropped } = regroup(needy, height, turn.context.fees);
  if (changed.size === 0) return state;
  turn.persist();
  for (const claim of dropped) turn.emit({ kind: 'releaseClaim', claim });
  const kept = state.claims.filter(({ id }) => !dropped.has(id));
  return { ...state, claims: kept.map((claim) => changed.get(claim.id) ?? claim) };
}

/**
 * BOLT 5, Revoked Transaction Close Handling: what is left of a claim of many when each is to be
 * claimed by itself. The first to be replaced pays for the whole (BIP 125, rule 3), so that it
 * keeps the fewest outputs that can, the greatest first; nothing where only all of them can.
 */
function split(state: OnchainState, claim: Claim, scene: Scene, turn: Turn): Claim | undefined {
  const { channel, height } = state;
  const { fees, signer } = turn.context;
  if (!turn.prices || !mustSplit(claim, height)) return undefined;
  const items = itemsOf(claim, scene, height)?.sort((a, b) =>
    Number(b.output.amount - a.output.amount),
  );
  if (items === undefined) return undefined;
  const feeratePerKw = firstFeerate(claim.deadline, height, fees);
  const price = { feeratePerKw, minimum: fees.minimum, replaces: claim.fee };
  for (let count = 1; count < items.length; count++) {
    const kept = items.slice(0, count);
    const made = sweep(kept, channel.sweepScript, price, { key: channel.key, signer });
    if (made === undefined) continue;
    turn.persist();
    const outputs = kept.map((item) => item.output.key);
    return say(newVersion({ ...claim, outputs }, made, height), scene, turn);
  }
  return undefined;
}

/** A claim that is still open: broadcast again with every block, dearer where it waits in vain. */
function renew(state: OnchainState, claim: Claim, scene: Scene, turn: Turn): Claim {
  const { height } = state;
  const items = itemsOf(claim, scene, height);
  if (!turn.tick) return claim;
  // A reorg may have put what it spends back before its time: it goes along, or waits for its turn.
  if (items === undefined)
    return mayFollowAtOnce(claim.tx, height) ? say(claim, scene, turn) : claim;
  const { fees } = turn.context;
  // The anchor's spend has done its work once the close is in a block; it follows by itself.
  const idle = isForClose(claim.purpose) && scene.close.height !== undefined;
  const dearer = idle || !turn.prices ? undefined : nextFeerate(claim, height, fees);
  if (needsCoins(items)) {
    say(claim, scene, turn);
    if (turn.prices && (claim.tx === undefined || dearer !== undefined)) {
      const wished = dearer ?? firstFeerate(claim.deadline, height, fees);
      askForCoins(state, claim, wished, items, scene, turn);
    }
    return claim;
  }
  const version =
    dearer === undefined ? undefined : replaced(state, claim, items, dearer, scene, turn);
  return say(version ?? claim, scene, turn);
}

/** BIP 68: whether it may stand in one block with what it spends. */
const mayFollowAtOnce = (tx: Transaction | undefined, height: BlockHeight): boolean =>
  tx !== undefined &&
  tx.locktime <= height &&
  tx.inputs.every(({ sequence }) => sequence >= 0x80000000 || (sequence & 0xffff) === 0);

/** A version that pays more, if the value of its outputs allows one that is relayed. */
function replaced(
  state: OnchainState,
  claim: Claim,
  items: readonly Claimable[],
  feerate: number,
  scene: Scene,
  turn: Turn,
): Claim | undefined {
  if (items[0]?.way.kind === 'htlcTransaction') return undefined;
  const { channel, height } = state;
  const minimum = leastBump(claim.feeratePerKw);
  const price = priceOf(state, claim, scene, { feeratePerKw: feerate, minimum });
  const made = sweep(
    items,
    channel.sweepScript,
    { ...price, replaces: claim.fee },
    { key: channel.key, signer: turn.context.signer },
  );
  if (made === undefined) return undefined;
  turn.persist();
  return newVersion(claim, made, height);
}

/** What a claim's newest version is. */
type Version = Required<Pick<Claim, 'tx' | 'feeratePerKw'>> & Pick<Claim, 'fee'>;

const newVersion = (claim: Claim, version: Version, height: BlockHeight): Claim => ({
  ...claim,
  ...version,
  versions: [...claim.versions, toHex(txid(version.tx))],
  madeAt: height,
});

/** Broadcasts a claim's newest version. */
function say(claim: Claim, scene: Scene, turn: Turn): Claim {
  if (claim.tx === undefined) return claim;
  const parent =
    isForClose(claim.purpose) && scene.close.height === undefined
      ? { parent: encodeTx(scene.tx) }
      : {};
  turn.emit({ kind: 'broadcast', tx: encodeTx(claim.tx), purpose: claim.purpose, ...parent });
  return claim;
}

function makeClaim(state: OnchainState, want: Want, scene: Scene, turn: Turn): OnchainState {
  const { channel, height } = state;
  const { fees, signer } = turn.context;
  const { items, purpose, deadline } = want;
  const feeratePerKw = firstFeerate(deadline, height, fees);
  const claim: Claim = {
    id: String(state.nextClaim),
    purpose,
    outputs: items.map((item) => item.output.key),
    ...(deadline === undefined ? {} : { deadline }),
    feeratePerKw,
    versions: [],
    madeAt: height,
  };
  const add = (made: Claim): OnchainState => {
    turn.persist();
    return {
      ...state,
      nextClaim: state.nextClaim + 1,
      claims: [...state.claims, say(made, scene, turn)],
    };
  };
  if (needsCoins(items)) {
    askForCoins(state, claim, feeratePerKw, items, scene, turn);
    return add(claim);
  }
  const wallet = { key: channel.key, signer };
  const [first] = items;
  if (first?.way.kind === 'htlcTransaction')
    return add(
      newVersion(
        claim,
        { tx: fundedTransaction([first], [], undefined, wallet), feeratePerKw },
        height,
      ),
    );
  const price = priceOf(state, want, scene, { feeratePerKw, minimum: fees.minimum });
  const made = sweep(items, channel.sweepScript, price, wallet);
  if (made !== undefined) return add(newVersion(claim, made, height));
  // Together they are not worth a transaction; one of them alone may be.
  if (items.length === 1) return state;
  return items.reduce(
    (next, item) => makeClaim(next, { ...want, items: [item] }, scene, turn),
    state,
  );
}

/** What an unconfirmed close lacks is paid by who spends its output; no more than is at stake. */
function priceOf(
  state: OnchainState,
  { purpose }: Pick<Claim, 'purpose'>,
  scene: Scene,
  price: Price,
): Price {
  if (!isForClose(purpose) || scene.close.height !== undefined) return price;
  const extra = missingFee(state, scene, price.feeratePerKw);
  return { ...price, extra, most: htlcsAtStake(state, scene) };
}

/** What is at stake where coins pay the fee: no more is spent on it. */
function askForCoins(
  state: OnchainState,
  claim: Claim,
  wished: number,
  items: readonly Claimable[],
  scene: Scene,
  turn: Turn,
): void {
  const [item] = items;
  if (item === undefined) return;
  const anchor = item.way.kind === 'anchor';
  const weight = fundedWeight(items);
  const { fees } = turn.context;
  const feeratePerKw = anchor ? feerateForClose(wished, weight, state, scene, fees) : wished;
  // No mempool takes less in the place of the version that it has.
  const least = claim.tx === undefined ? fees.minimum : leastBump(claim.feeratePerKw);
  if (claim.tx !== undefined && feeratePerKw < Math.min(wished, least)) return;
  // Several are halved where the coins do not do; one may go for less when there is no time left.
  const lastCall = items.length === 1 && isLastCall(claim.deadline, state.height);
  turn.emit({
    kind: 'fundClaim',
    claim: claim.id,
    purpose: claim.purpose,
    weight,
    paid: anchor ? item.output.amount : sat(0),
    feeratePerKw,
    ...(lastCall && least < feeratePerKw ? { leastFeeratePerKw: least } : {}),
    extraFee: anchor ? missingFee(state, scene, feeratePerKw) : sat(0),
    maxFee: anchor ? atStake(state, scene) : total(items),
    needsChange: fundedTemplate(items).outputs.length === 0,
    ...(claim.fee === undefined || claim.tx === undefined
      ? {}
      : { replaces: { fee: claim.fee, weight: txWeight(claim.tx) } }),
  });
}

/** The wallet's coins are here: sign with them and broadcast. */
function useCoins(state: OnchainState, scene: Scene, turn: Turn): OnchainState {
  const { funded } = turn;
  if (funded === undefined) return state;
  const claim = state.claims.find((c) => c.id === funded.claim);
  const items = claim && itemsOf(claim, scene, state.height);
  if (claim === undefined || items === undefined || standing(claim, scene.byKey) !== 'open') {
    turn.emit({ kind: 'releaseClaim', claim: funded.claim });
    return state;
  }
  const wallet = { key: state.channel.key, signer: turn.context.signer };
  const tx = fundedTransaction(items, funded.inputs, funded.change, wallet);
  const sum = (amounts: readonly { readonly amount: Sat }[]): bigint =>
    amounts.reduce((all, { amount }) => all + amount, 0n);
  const fee = sat(total(items) + sum(funded.inputs) - sum(tx.outputs));
  const made = newVersion(claim, { tx, fee, feeratePerKw: funded.feeratePerKw }, state.height);
  turn.persist();
  say(made, scene, turn);
  return { ...state, claims: state.claims.map((c) => (c.id === claim.id ? made : c)) };
}
