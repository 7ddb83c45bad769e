/** BOLT 2, "Legacy Closing Negotiation": both sides agree on a fee by closing_signed. */
import { dustLimit, encodeTx, withWitness } from '../../bitcoin/index.js';
import { type Bytes, msatToSatFloor, type Sat, sat } from '../../bytes/index.js';
import type { MessageOf } from '../../wire/index.js';
import { feerateIn } from '../balances.js';
import {
  buildClosing,
  type Closing,
  closingWeight,
  commitmentFee,
  feeForWeight,
  fundingWitness,
  verifyClosing,
} from '../commitment/index.js';
import { failChannel, warnPeer } from '../faults.js';
import type { ClosingOffer, LiveState, Side } from '../state.js';
import type { Turn } from '../turn.js';
import { isDrained, isEmptied } from './shutdown.js';

/** Bitcoin's relay minimum, in satoshi for 1000 weight units. */
const MIN_FEERATE = 253;

interface Terms {
  readonly localScript: Bytes;
  readonly remoteScript: Bytes;
  readonly local: Sat;
  readonly remote: Sat;
}

function termsOf(s: LiveState): Terms {
  const { settledLocal, settledRemote } = s.commitments;
  const { localScript, remoteScript } = s.shutdown;
  if (localScript === undefined || remoteScript === undefined)
    throw new Error('closing without both scripts');
  return {
    localScript,
    remoteScript,
    local: msatToSatFloor(settledLocal),
    remote: msatToSatFloor(settledRemote),
  };
}

const smaller = (a: Sat, b: Sat): Sat => (a < b ? a : b);
const larger = (a: Sat, b: Sat): Sat => (a > b ? a : b);
const clamp = (value: Sat, minimum: Sat, maximum: Sat): Sat =>
  smaller(larger(value, minimum), maximum);

/** The scripts that get an output; the fee, which is small, is not taken off yet. */
function paidScripts(s: LiveState): Bytes[] {
  const { localScript, remoteScript, local, remote } = termsOf(s);
  const { dustLimit: limit } = s.params.local;
  const outputs = [
    { amount: local, script: localScript },
    { amount: remote, script: remoteScript },
  ];
  return outputs.filter(({ amount }) => amount >= limit).map(({ script }) => script);
}

/** What we would pay (or see paid), and the range in which we agree to anything. */
function firstOffer(s: LiveState, turn: Turn): ClosingOffer {
  const t = termsOf(s);
  const { fees } = turn.context;
  const { feerates } = s.shutdown;
  const weight = closingWeight(paidScripts(s));
  const payer = s.params.opener === 'local' ? t.local : t.remote;
  const minimum = smaller(feeForWeight(weight, feerates?.minimum ?? MIN_FEERATE), payer);
  const wanted = feeForWeight(weight, fees.mutualClose);
  if (feerates !== undefined) {
    const maximum = clamp(feeForWeight(weight, feerates.maximum), minimum, payer);
    return { feeSatoshis: clamp(wanted, minimum, maximum), minimum, maximum };
  }
  const ideal = clamp(wanted, minimum, payer);
  // BOLT 2, closing_signed: who does not pay has no reason to bound the fee from above.
  if (s.params.opener === 'remote') return { feeSatoshis: ideal, minimum, maximum: payer };
  const feerate = feerateIn(s.commitments.fees, 'local');
  const dear = larger(sat(ideal * 2n), commitmentFee(s.params.format, feerate, 0));
  return { feeSatoshis: ideal, minimum, maximum: clamp(dear, ideal, payer) };
}

function closingFor(s: LiveState, fee: Sat, signer: Side, without?: Side): Closing | undefined {
  const t = termsOf(s);
  return buildClosing(s.params, {
    local: { amount: t.local, scriptPubkey: t.localScript },
    remote: { amount: t.remote, scriptPubkey: t.remoteScript },
    fee,
    // BOLT 3, Legacy Closing Transaction: who signs leaves out what is below its own dust limit.
    dustLimit: s.params[signer].dustLimit,
    ...(without === undefined ? {} : { without }),
  });
}

const signClosing = (s: LiveState, closing: Closing, turn: Turn): Bytes =>
  turn.context.signer.sign({ kind: 'funding', channel: s.params.key }, closing.digest);

/** The opener begins once nothing is left in flight. */
export function negotiateIfDrained(s: LiveState, turn: Turn): LiveState {
  if (s.params.opener !== 'local' || s.shutdown.offer !== undefined) return s;
  if (s.link.kind !== 'online' || s.failure !== undefined || s.spent !== undefined) return s;
  return isDrained(s) || (s.link.peerHasDone && isEmptied(s)) ? negotiate(s, turn) : s;
}

/** The opener's first offer, whatever feerate is still on its way. */
export const negotiate = (s: LiveState, turn: Turn): LiveState =>
  propose(s, firstOffer(s, turn), turn);

function propose(s: LiveState, offer: ClosingOffer, turn: Turn): LiveState {
  const closing = closingFor(s, offer.feeSatoshis, 'local');
  if (closing === undefined) return failChannel(s, turn, 'no output would be left at a close');
  const { feeSatoshis, minimum, maximum } = offer;
  turn.send({
    kind: 'closingSigned',
    channelId: s.channelId,
    feeSatoshis,
    signature: signClosing(s, closing, turn),
    tlvs: { feeRange: { minFeeSatoshis: minimum, maxFeeSatoshis: maximum } },
  });
  return { ...s, shutdown: { ...s.shutdown, offer } };
}

/** The transaction that the peer signed, with its own output or without. */
function signedByPeer(s: LiveState, fee: Sat, signature: Bytes): Closing | undefined {
  for (const closing of [closingFor(s, fee, 'remote'), closingFor(s, fee, 'remote', 'remote')])
    if (closing !== undefined && verifyClosing(s.params, closing, signature)) return closing;
  return undefined;
}

export function onClosingSigned(
  s: LiveState,
  m: MessageOf<'closingSigned'>,
  turn: Turn,
): LiveState {
  if (!isEmptied(s)) return warnPeer(s, turn, 'closing_signed while the channel is in use');
  const { feeSatoshis, signature } = m;
  const theirs = signedByPeer(s, feeSatoshis, signature);
  // BOLT 2, closing_signed: the signature is good for the close with this fee.
  if (theirs === undefined) return warnPeer(s, turn, 'closing_signed: bad signature or fee');
  // BOLT 2, closing_signed: no output is below the dust limit of its script.
  if (theirs.tx.outputs.some((o) => o.amount < dustLimit(o.scriptPubkey)))
    return failChannel(s, turn, 'closing_signed: an output would be dust');
  const { offer } = s.shutdown;
  if (offer !== undefined && feeSatoshis === offer.feeSatoshis)
    return conclude(s, theirs, signature, turn);
  return m.tlvs.feeRange === undefined
    ? haggle(s, m, theirs, turn)
    : within(s, m, m.tlvs.feeRange, theirs, turn);
}

type Range = { readonly minFeeSatoshis: Sat; readonly maxFeeSatoshis: Sat };

/** The modern way: the opener names a range, the other side picks from it. */
function within(
  s: LiveState,
  m: MessageOf<'closingSigned'>,
  range: Range,
  theirs: Closing,
  turn: Turn,
): LiveState {
  const { feeSatoshis, signature } = m;
  const { offer } = s.shutdown;
  const ours = offer ?? firstOffer(s, turn);
  const minimum = larger(ours.minimum, range.minFeeSatoshis);
  const maximum = smaller(ours.maximum, range.maxFeeSatoshis);
  if (minimum > maximum) {
    // BOLT 2, closing_signed: without an overlap a warning, and time to think again.
    turn.sendWarning(s.channelId, `no overlap with fees of ${ours.minimum} to ${ours.maximum} sat`);
    return s;
  }
  const fits = feeSatoshis >= minimum && feeSatoshis <= maximum;
  if (s.params.opener === 'local') {
    // BOLT 2, closing_signed: the answer to the opener lies in both ranges.
    if (!fits) return failChannel(s, turn, 'closing_signed: fee outside of both ranges');
    return accept(s, { ...ours, feeSatoshis }, theirs, signature, turn);
  }
  // BOLT 2, closing_signed: after our choice the opener has none but to agree.
  if (offer !== undefined)
    return failChannel(s, turn, 'closing_signed: the opener did not take our fee');
  const chosen = clamp(ours.feeSatoshis, minimum, maximum);
  const next = { feeSatoshis: chosen, minimum: ours.minimum, maximum: ours.maximum };
  return chosen === feeSatoshis ? accept(s, next, theirs, signature, turn) : propose(s, next, turn);
}

/** The old way, without ranges: strictly between the last two fees until they meet. */
function haggle(
  s: LiveState,
  m: MessageOf<'closingSigned'>,
  theirs: Closing,
  turn: Turn,
): LiveState {
  const { feeSatoshis: fee, signature } = m;
  const { offer, lastRemoteFee } = s.shutdown;
  const ours = offer ?? firstOffer(s, turn);
  const heard = { ...s, shutdown: { ...s.shutdown, lastRemoteFee: fee } };
  if (offer !== undefined && lastRemoteFee !== undefined) {
    const [low, high] = [
      smaller(offer.feeSatoshis, lastRemoteFee),
      larger(offer.feeSatoshis, lastRemoteFee),
    ];
    // BOLT 2, closing_signed: each fee lies strictly between the last two.
    if (fee <= low || fee >= high)
      return warnPeer(s, turn, 'closing_signed: fee not between the last two');
  }
  if (fee >= ours.minimum && fee <= ours.maximum)
    return accept(heard, { ...ours, feeSatoshis: fee }, theirs, signature, turn);
  if (offer === undefined) return propose(heard, ours, turn);
  const middle = sat((fee + ours.feeSatoshis) / 2n);
  const meets = middle === fee || middle === ours.feeSatoshis;
  return meets
    ? accept(heard, { ...ours, feeSatoshis: fee }, theirs, signature, turn)
    : propose(heard, { ...ours, feeSatoshis: middle }, turn);
}

/** Agrees to the peer's fee: tells it, and goes to the chain. */
function accept(
  s: LiveState,
  offer: ClosingOffer,
  theirs: Closing,
  signature: Bytes,
  turn: Turn,
): LiveState {
  const concluded = conclude(s, theirs, signature, turn);
  return propose(concluded, offer, turn);
}

function conclude(s: LiveState, closing: Closing, theirs: Bytes, turn: Turn): LiveState {
  const ours = signClosing(s, closing, turn);
  const tx = encodeTx(withWitness(closing.tx, 0, fundingWitness(s.params, ours, theirs)));
  turn.persist();
  turn.emit({ kind: 'broadcast', tx, purpose: 'mutual close' });
  return { ...s, shutdown: { ...s.shutdown, tx } };
}
