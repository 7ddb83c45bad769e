/** What pay, xpay and keysend share: their limits, their errors, and what they tell meanwhile. */
import { type NodeId, scidFromString, scidToString } from '../../core/bytes/index.js';
import type { ConstraintJson, Exclusion } from '../../core/routing/index.js';
import type { PayEvent, PayLimits, PayProgress } from '../../node/payments/index.js';
import type { Notify } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';

/** A node id, a channel, or a channel in one direction (`103x1x0/1`). */
export const exclusion = () =>
  p.param<Exclusion>(
    'pubkey|short_channel_id|short_channel_id_dir',
    'should be a node id, a short_channel_id or a short_channel_id_dir',
    (v) => {
      if (typeof v !== 'string') return undefined;
      if (/^0[23][0-9a-fA-F]{64}$/.test(v)) return { nodeId: v.toLowerCase() as NodeId };
      const m = /^([^/]+)(?:\/([01]))?$/.exec(v);
      const scid = m ? scidFromString((m[1] as string).replaceAll(':', 'x')) : undefined;
      if (scid === undefined) return undefined;
      const direction = m?.[2] === undefined ? {} : { direction: Number(m[2]) as 0 | 1 };
      return { channel: { scid, ...direction } };
    },
  );

/** Their declarations; each command names those that it takes, in its own order. */
export const limits = {
  maxfeepercent: p
    .number(0, 100)
    .optional()
    .describe('The fee of all parts together at most, in percent; 0.5 if left out.'),
  retry_for: p
    .integer()
    .default(60)
    .describe(
      'Seconds in which new parts are sent, not counting a minute in which those in flight wait at ' +
        'the payee and no other can be sent.',
    ),
  maxdelay: p.integer(0, 0xffff).default(2016).describe('Blocks that the funds may be stuck.'),
  exemptfee: p
    .msat()
    .optional()
    .describe('A fee up to this is fine whatever the percentage; 5000msat.'),
  maxfee: p
    .msat()
    .optional()
    .describe('The fee of all parts together at most, in place of percentages.'),
  exclude: p.array(exclusion()).optional().describe('Nodes and channels not to be used.'),
  partial_msat: p
    .msat()
    .optional()
    .describe('Pay only this much: others pay the rest, and it arrives once all of it is there.'),
};

interface Given {
  readonly riskfactor?: number | undefined;
  readonly maxfeepercent?: number | undefined;
  readonly exemptfee?: PayLimits['exemptFee'];
  readonly maxfee?: PayLimits['maxFee'];
  readonly retry_for?: number | undefined;
  readonly maxdelay?: number | undefined;
  readonly exclude?: readonly Exclusion[] | undefined;
}

/** `maxfee` says it all; together with the other two it is ambiguous. */
export function limitsOf(given: Given): PayLimits {
  const { maxfee, maxfeepercent, exemptfee } = given;
  if (maxfee !== undefined && (maxfeepercent !== undefined || exemptfee !== undefined))
    throw new RpcError(codes.badParameter, 'maxfee: not together with maxfeepercent or exemptfee');
  return {
    riskFactor: given.riskfactor,
    maxFeePercent: maxfeepercent,
    exemptFee: exemptfee,
    maxFee: maxfee,
    retryFor: given.retry_for,
    maxDelay: given.maxdelay,
    exclude: given.exclude,
  };
}

export const payErrors = [
  { code: codes.payDestinationPermFail, meaning: 'The payee refused it.' },
  {
    code: codes.payRouteNotFound,
    meaning:
      'There is no route, or our own channels have too little: the message says why, with the ' +
      'figures, and `data.attempts` what was tried.',
  },
  {
    code: codes.payRouteTooExpensive,
    meaning: 'The cheapest that was found costs more than the limit leaves: both are told.',
  },
  { code: codes.payStoppedRetrying, meaning: 'The time is over.' },
] as const;

export const invoiceErrors = [
  { code: codes.payInProgress, meaning: 'A payment with this hash is in flight.' },
  ...payErrors,
  { code: codes.payInvoiceExpired, meaning: 'The invoice has expired.' },
] as const;

/** Tells a client that asked how the payment goes. */
export function teller(notify: Notify): PayProgress {
  return (event) => {
    const total = Math.max(1, event.retryFor);
    notify.progress({ num: Math.min(event.elapsed, total - 1), total });
    notify.message(textOf(event));
  };
}

function textOf(event: PayEvent): string {
  switch (event.kind) {
    case 'sending': {
      const { attempt, partId, amountMsat, feeMsat, hops } = event;
      const way = hops.map(({ channel, direction }) => `${scidToString(channel)}/${direction}`);
      const what = partId === 0 ? 'the whole' : `part ${partId}`;
      return `Sending ${what}, attempt ${attempt}: ${amountMsat}msat, fee ${feeMsat}msat, over ${way.join(' ')}`;
    }
    case 'failed': {
      const what = event.partId === 0 ? 'It' : `Part ${event.partId}`;
      const learned = (event.failure.learned as readonly ConstraintJson[]).map(learnedText);
      const lesson = learned.length === 0 ? '' : `; learned: ${learned.join(', ')}`;
      return `${what} failed: ${event.failure.message}${lesson}`;
    }
    case 'retrying':
      return (
        `Trying another way for ${event.leftMsat}msat, for a fee of ${event.feeLeftMsat}msat at ` +
        `most; ${event.inFlight} parts are in flight`
      );
    case 'waiting':
      return `Waiting for ${event.inFlight} parts in flight. ${event.reason}`;
  }
}

function learnedText(constraint: ConstraintJson): string {
  const { short_channel_id_dir, node_id, minimum_msat, maximum_msat, usable } = constraint;
  const what = short_channel_id_dir ?? `node ${node_id}`;
  if (usable === false) return `${what} is not usable`;
  const bounds = [
    ...(minimum_msat === undefined ? [] : [`at least ${minimum_msat}msat`]),
    ...(maximum_msat === undefined ? [] : [`at most ${maximum_msat}msat`]),
  ];
  return `${what} carries ${bounds.length === 0 ? 'perhaps' : bounds.join(' and ')}`;
}
