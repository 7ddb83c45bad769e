/**
 * The machine: it takes in what the chain shows and then settles, that is, works out anew from the
 * confirmed spends what is to be watched, told and claimed. Total and synchronous.
 */
import { decodeTx, type Transaction, txid } from '../bitcoin/index.js';
import { assertNever, type BlockHeight, type Bytes, equal } from '../bytes/index.js';
import type { RevokedRow } from '../channel/commitment/index.js';
import { settleClaims } from './claiming.js';
import { classify, type Ending } from './classify.js';
import { type CloseView, outcomeOf, preimageMap, shownPreimages } from './outcomes.js';
import { followOutputs, outpointOfKey, outputKey } from './outputs.js';
import type { Preimages } from './plan.js';
import { isResolved } from './resolved.js';
import { Turn } from './turn.js';
import type {
  ChainSpend,
  Claim,
  OnchainChannel,
  OnchainContext,
  OnchainInput,
  OnchainState,
  OnchainStep,
  OutgoingHtlc,
} from './types.js';

/** The machine of a channel whose end is near: `spent` or `block` comes next. */
export function openOnchain(channel: OnchainChannel, height: BlockHeight): OnchainState {
  return {
    channel,
    height,
    spends: [],
    revokedRows: [],
    preimages: [],
    claims: [],
    told: new Map(),
    watched: new Set(),
    nextClaim: 1,
    resolved: false,
  };
}

export function step(
  state: OnchainState,
  input: OnchainInput,
  context: OnchainContext,
): OnchainStep {
  const turn = new Turn(input, context);
  const taken = take(state, input, turn);
  return { state: settle(taken, turn), effects: turn.finish() };
}

function take(state: OnchainState, input: OnchainInput, turn: Turn): OnchainState {
  switch (input.kind) {
    case 'spent':
      return takeSpend(state, input.tx, input.height, turn);
    case 'revoked':
      turn.persist();
      return { ...state, revokedRows: mergeRows(state.revokedRows, input.rows) };
    case 'block':
      return { ...state, height: input.height };
    case 'disconnected':
      return disconnect(state, input.height, turn);
    case 'preimage':
      return learn(state, [input.preimage], turn);
    case 'claimFunded':
      // Used when claims are settled; where no close is known any more it comes to nothing.
      return state;
    case 'coinsGone':
      turn.persist();
      return { ...state, claims: state.claims.map((c) => (c.id === input.claim ? unmade(c) : c)) };
    case 'restored':
      // Watches and broadcasts are the node's own memory: settling says them again.
      return { ...state, watched: new Set() };
    default:
      return assertNever(input);
  }
}

/** Its version can confirm no more, and needs not be paid more than: it asks for coins anew. */
const unmade = ({ tx: _, fee: __, ...rest }: Claim): Claim => rest;

const mergeRows = (known: readonly RevokedRow[], rows: readonly RevokedRow[]): RevokedRow[] =>
  [...new Map([...known, ...rows].map((row) => [row.commitmentNumber, row])).values()].sort(
    (a, b) => (a.commitmentNumber < b.commitmentNumber ? -1 : 1),
  );

/** Adds preimages that are new. */
function learn(state: OnchainState, found: readonly Bytes[], turn: Turn): OnchainState {
  const fresh = found.filter(
    (p) => p.length === 32 && !state.preimages.some((known) => equal(known, p)),
  );
  if (fresh.length === 0) return state;
  turn.persist();
  return { ...state, preimages: [...state.preimages, ...fresh] };
}

const spendsFunding = (channel: OnchainChannel, tx: Transaction): boolean =>
  tx.inputs.some(
    (input) =>
      input.vout === channel.commitment.fundingVout &&
      equal(input.txid, channel.commitment.fundingTxid),
  );

function takeSpend(
  state: OnchainState,
  raw: Bytes,
  height: BlockHeight | undefined,
  turn: Turn,
): OnchainState {
  const tx = decodeTx(raw);
  if (tx === undefined) {
    turn.note('warn', 'told of a spend by bytes that are no transaction');
    return state;
  }
  const learned = learn(state, shownPreimages(state.channel, tx), turn);
  if (height === undefined) {
    if (!spendsFunding(state.channel, tx)) return learned;
    turn.persist();
    return { ...learned, unconfirmed: tx };
  }
  const id = txid(tx);
  const others = learned.spends.filter((spend) => !equal(txid(spend.tx), id));
  const known = learned.spends.find((spend) => equal(txid(spend.tx), id));
  if (known?.height === height) return learned;
  turn.persist();
  return { ...learned, spends: [...others, { tx, height }] };
}

/** What was confirmed in the blocks taken back is so no longer; the rest follows by settling. */
function disconnect(state: OnchainState, from: BlockHeight, turn: Turn): OnchainState {
  const height = Math.min(state.height, from - 1);
  const spends = state.spends.filter((spend) => spend.height < from);
  if (spends.length === state.spends.length) return { ...state, height };
  turn.persist();
  turn.note('warn', `a reorg took back what was confirmed from block ${from} on`);
  const closing = closingSpend(state);
  const undone = closing !== undefined && closing.height >= from;
  return { ...state, height, spends, ...(undone ? { unconfirmed: closing.tx } : {}) };
}

/** The confirmed spend of the funding output. */
const closingSpend = (state: OnchainState): ChainSpend | undefined =>
  state.spends.find((spend) => spendsFunding(state.channel, spend.tx));

/** The close that is known and in no block. */
export const waitingClose = (state: OnchainState): Transaction | undefined =>
  closingSpend(state) === undefined ? state.unconfirmed : undefined;

/**
 * Followed outputs that nothing in a block spends, while an HTLC of ours has no outcome: what spends
 * one in the mempool may show its preimage.
 */
export function openPlaces(state: OnchainState): readonly { txid: Bytes; vout: number }[] {
  const { channel, told, spends, watched } = state;
  if (channel.outgoing.every((htlc) => told.has(htlc.id))) return [];
  const spent = new Set(
    spends.flatMap(({ tx }) => tx.inputs.map((input) => outputKey(input.txid, input.vout))),
  );
  return [...watched].filter((key) => !spent.has(key)).map(outpointOfKey);
}

/** Whether a transaction shows a preimage that is new. */
export const showsPreimage = ({ channel, preimages }: OnchainState, tx: Transaction): boolean =>
  shownPreimages(channel, tx).some(
    (found) => ![...channel.preimages, ...preimages].some((known) => equal(known, found)),
  );

function settle(state: OnchainState, turn: Turn): OnchainState {
  const { channel } = state;
  const closing = closingSpend(state);
  const tx = closing?.tx ?? state.unconfirmed;
  if (tx === undefined) {
    if (turn.funded !== undefined) turn.emit({ kind: 'releaseClaim', claim: turn.funded.claim });
    return state;
  }
  const ending = classify(channel, tx, state.revokedRows, turn.context.signer);
  const followed = followOutputs(channel, ending, tx, closing?.height, state.spends);
  const close: CloseView = {
    ending,
    followed,
    ...(closing === undefined ? {} : { height: closing.height }),
  };
  const preimages = preimageMap([...channel.preimages, ...state.preimages]);
  let next = watch(tellEnding(state, ending, tx, turn), close, turn);
  next = tellOutcomes(next, close, preimages, turn);
  if (!turn.plans) return next;
  next = settleClaims(next, close, tx, preimages, turn);
  if (next.resolved || !isResolved(next, close, preimages)) return next;
  turn.persist();
  turn.emit({ kind: 'resolved' });
  return { ...next, resolved: true };
}

const RESTORED =
  'the close is of a state that this node has lost: our balance in it is claimed, HTLCs are not';

/** Says what the close is when it is first seen, and where a reorg put another in its place. */
function tellEnding(
  state: OnchainState,
  ending: Ending,
  tx: Transaction,
  turn: Turn,
): OnchainState {
  const id = txid(tx);
  if (state.classified !== undefined && equal(state.classified, id)) return state;
  turn.persist();
  turn.emit({ kind: 'classified', ending: ending.kind, txid: id });
  switch (ending.kind) {
    case 'revoked':
      turn.note('warn', `the peer broadcast its revoked commitment ${ending.number}`);
      if (ending.htlcs === undefined)
        turn.note(
          'error',
          'the HTLCs of the revoked commitment are not known: they are not claimed',
        );
      break;
    case 'future':
      if (state.channel.lost) turn.note('warn', RESTORED);
      else
        turn.note(
          'error',
          `the peer's commitment ${ending.number} is unknown to us: data was lost`,
        );
      break;
    case 'ownRevoked':
      if (state.channel.lost) turn.note('warn', RESTORED);
      else
        turn.note(
          'error',
          `our own commitment ${ending.number}, which is not our latest, is on the chain`,
        );
      break;
    case 'unknown':
      turn.note('error', 'an unknown transaction spends the funding output: funds may be lost');
      break;
    case 'mutual':
    case 'local':
    case 'remote':
    case 'remoteNext':
      break;
  }
  return { ...state, classified: id };
}

function watch(state: OnchainState, close: CloseView, turn: Turn): OnchainState {
  const fresh = close.followed.filter((o) => o.role !== 'theirs' && !state.watched.has(o.key));
  if (fresh.length === 0) return state;
  for (const { txid: id, vout, scriptPubkey } of fresh)
    turn.emit({ kind: 'watch', txid: id, vout, scriptPubkey });
  return { ...state, watched: new Set([...state.watched, ...fresh.map((o) => o.key)]) };
}

function tellOutcomes(
  state: OnchainState,
  close: CloseView,
  preimages: Preimages,
  turn: Turn,
): OnchainState {
  const told = new Map(state.told);
  for (const htlc of state.channel.outgoing) {
    const before = told.get(htlc.id);
    if (before === 'fulfilled') continue;
    const outcome = outcomeOf(state.channel, htlc, close, state.height, preimages);
    if (outcome === undefined || outcome.kind === before) continue;
    told.set(htlc.id, outcome.kind);
    turn.persist();
    if (outcome.kind === 'fulfilled') {
      if (before === 'failed')
        turn.note('error', `HTLC ${htlc.id} was failed upstream, and now its preimage is seen`);
      turn.emit({ kind: 'htlcFulfilled', ...named(htlc), preimage: outcome.preimage });
    } else {
      const failure = { kind: 'onchain' } as const;
      const { paymentHash } = htlc;
      turn.emit({ kind: 'htlcFailed', ...named(htlc), paymentHash, failure });
    }
  }
  return told.size === state.told.size && sameValues(told, state.told) ? state : { ...state, told };
}

const sameValues = <K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean =>
  [...a].every(([key, value]) => b.get(key) === value);

const named = (htlc: OutgoingHtlc) => ({
  htlcId: htlc.id,
  origin: htlc.origin,
  amountMsat: htlc.amountMsat,
});
