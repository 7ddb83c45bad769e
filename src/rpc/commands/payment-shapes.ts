/** How payments and invoices look in answers and errors, the same in every command. */

import { z } from 'zod';
import { NETWORKS } from '../../core/bitcoin/index.js';
import type { Bytes, Result } from '../../core/bytes/index.js';
import { scidToString, toHex } from '../../core/bytes/index.js';
import type { InvoiceRow } from '../../node/invoices/index.js';
import {
  decodeFailure,
  decodeRoute,
  type Paid,
  type PayError,
  type PaymentRow,
  type PaymentStatus,
  type PayStatus,
  type Proof,
  readInvoice,
  type SendpayError,
  type StoredFailure,
} from '../../node/payments/index.js';
import { codes, RpcError } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import { param } from '../params.js';
import * as r from '../results.js';

const HASH = /^[0-9a-fA-F]{64}$/;
const INVOICE = /^(lightning:)?ln[a-z0-9]+$/i;

/** Contract: an invoice may stand where a payment_hash does. */
export const hashOrInvoice = () =>
  param<string>('hash|invoice', 'should be a 32 byte hex value or an invoice', (v) => {
    if (typeof v !== 'string') return undefined;
    if (HASH.test(v)) return v.toLowerCase();
    return INVOICE.test(v.trim()) ? v.trim() : undefined;
  });

/** Numbers that are given to parts and groups. */
export const partNumber = (min = 0) =>
  param<number>('u64', 'should be an unsigned 64 bit integer', (v) => {
    const n = typeof v === 'string' && /^\d{1,16}$/.test(v) ? Number(v) : v;
    return typeof n === 'number' && Number.isSafeInteger(n) && n >= min ? n : undefined;
  });

/** 32 secret bytes. */
export const secret32 = () =>
  param<Bytes>('secret', 'should be a 32 byte hex value', (v) =>
    typeof v === 'string' && HASH.test(v) ? new Uint8Array(Buffer.from(v, 'hex')) : undefined,
  );

const orNothing = <T>(value: T | null): T | undefined => (value === null ? undefined : value);

export const paymentResult = {
  created_index: r.integer().describe('1 for the first payment ever made, and so on.'),
  updated_index: r.integer().optional().describe('Counts changes of payments.'),
  id: r.integer().describe('The same as `created_index`.'),
  payment_hash: r.hash().describe('SHA256 of the preimage.'),
  groupid: r.integer().describe('Which try, of those with this hash.'),
  partid: r.integer().optional().describe('Which part of it, where there are several.'),
  status: r.oneOf('pending', 'complete', 'failed').describe('How it stands.'),
  created_at: r.integer().describe('When it was sent, seconds since 1970.'),
  completed_at: r.integer().optional().describe('When it ended.'),
  amount_msat: r.msat().optional().describe('What arrives.'),
  amount_sent_msat: r.msat().describe('What is sent, with fees.'),
  destination: r.nodeId().optional().describe('Who is paid.'),
  label: r.string().optional().describe('As given.'),
  bolt11: r.string().optional().describe('The invoice, if one was given.'),
  payment_preimage: r.hash().optional().describe('The proof of payment (only if complete).'),
};

/** A part as `sendpay`, `waitsendpay` and `listsendpays` answer it. */
export function paymentJson(row: PaymentRow) {
  return {
    created_index: row.created_index,
    updated_index: orNothing(row.updated_index),
    id: row.created_index,
    payment_hash: row.payment_hash,
    groupid: row.groupid,
    partid: row.partid === 0 ? undefined : row.partid,
    status: row.status,
    created_at: row.created_at,
    completed_at: orNothing(row.completed_at),
    amount_msat: orNothing(row.amount_msat),
    amount_sent_msat: row.amount_sent_msat,
    destination: orNothing(row.destination),
    label: orNothing(row.label),
    bolt11: orNothing(row.bolt11),
    payment_preimage: orNothing(row.preimage),
  };
}

/** What an answer says besides where the payment is still on its way. */
export const sentResult = {
  ...paymentResult,
  message: r.string().optional().describe('How to learn of its end (only if pending).'),
};

export const sentJson = (row: PaymentRow) => ({
  ...paymentJson(row),
  message: row.status === 'pending' ? 'Monitor status with listpays or waitsendpay' : undefined,
});

/** Which way a part went, and why it failed, beside what `paymentResult` says of it. */
export const attemptResult = {
  route: r
    .array(
      r.object({
        id: r.nodeId().describe('The node at the end of the hop.'),
        channel: r.scidDir().describe('The channel and its direction.'),
        amount_msat: r.msat().describe('What was to arrive there.'),
        delay: r.integer().describe('Blocks left there.'),
      }),
    )
    .optional()
    .describe('The way it took; not known of an onion that the caller made.'),
  failure: r
    .object({
      message: r.string().describe('Who failed it, and why.'),
      kind: r
        .oneOf('unreadable_reply', 'refused_by_payee', 'failed_on_the_way')
        .describe('Whose word it is.'),
      erring_index: r.integer().optional().describe('Which node of the way; 0 is this one.'),
      erring_node: r.nodeId().optional().describe('Its id.'),
      erring_channel: r.scid().optional().describe('The channel it would not or could not use.'),
      erring_direction: r.integer().optional().describe('And its direction.'),
      failcode: r.integer().optional().describe('The code of BOLT 4.'),
      failcodename: r.string().optional().describe('Its name.'),
      raw_message: r.hex().optional().describe('The failure as it came.'),
      onionreply: r.hex().optional().describe('What came back, where nobody can read it.'),
      refusal: r.string().optional().describe("Our own channel's reason, where it was that."),
      retry: r.boolean().describe('Whether another way may do.'),
      learned: r
        .array(z.record(z.string(), z.unknown()).meta({ result: 'object' }))
        .describe('What changed in the route table, as `listconstraints` shows it.'),
    })
    .optional()
    .describe('Where it failed.'),
};

export function attemptJson(row: PaymentRow) {
  const route = decodeRoute(row.route).map((hop) => ({
    id: hop.id as string,
    channel: `${scidToString(hop.channel)}/${hop.direction}`,
    amount_msat: hop.amountMsat as bigint,
    delay: hop.delay,
  }));
  return {
    route: route.length === 0 ? undefined : route,
    failure: row.status === 'failed' ? shownFailure(decodeFailure(row)) : undefined,
  };
}

const shownFailure = ({ learned, ...failure }: StoredFailure) => ({
  ...failure,
  learned: learned as Record<string, unknown>[],
});

/**
 * How a payment stands by its parts, of which `asked` was looked at after them: what was going on
 * when somebody began to look has not failed by what he saw meanwhile.
 */
export function standing(
  rows: readonly PaymentRow[],
  asked: PayStatus | undefined,
  goesOn: boolean,
): PaymentStatus {
  if (rows.some((row) => row.status === 'complete')) return 'complete';
  if (goesOn || rows.some((row) => row.status === 'pending')) return 'pending';
  return asked === undefined || asked.status === 'failed' ? 'failed' : 'pending';
}

const FAILURE_CODES = {
  unreadable_reply: codes.payUnparseableOnion,
  refused_by_payee: codes.payDestinationPermFail,
  failed_on_the_way: codes.payTryOtherRoute,
} as const;

/** Contract, sendpay: who failed it, whether to try again, and what the route table learned. */
export function failureError(row: PaymentRow, failure: StoredFailure): RpcError {
  const { kind, message, ...data } = failure;
  return new RpcError(FAILURE_CODES[kind], `failed: ${message}`, { ...paymentJson(row), ...data });
}

const proofJson = (proof: Proof) => ({
  payment_preimage: proof.payment_preimage,
  amount_msat: orNothing(proof.amount_msat),
  destination: orNothing(proof.destination),
  completed_at: orNothing(proof.completed_at),
});

/** Why a sendpay was not made, or failed. */
export function sendpayError(error: SendpayError): RpcError {
  switch (error.code) {
    case 'bad_parameter':
      return new RpcError(codes.badParameter, `${error.field}: ${error.reason}`);
    case 'invoice_expired':
      return new RpcError(codes.payInvoiceExpired, 'Invoice expired', {
        expires_at: error.expiresAt,
      });
    case 'in_progress':
      return new RpcError(codes.payInProgress, `Already in progress: ${error.reason}`);
    case 'already_paid':
      return new RpcError(
        codes.payRhashAlreadyUsed,
        'Already paid: the preimage is in data',
        proofJson(error.proof),
      );
    case 'failed':
      return failureError(error.row, error.failure);
  }
}

/** Why a pay ended without success; `data` tells of every attempt. */
export function payError(error: PayError): RpcError {
  switch (error.code) {
    case 'refused':
      return failureError(error.row, error.failure);
    case 'stuck':
      return stuckError(error);
    case 'out_of_time':
      return new RpcError(codes.payStoppedRetrying, error.message, attemptsJson(error.attempts));
    case 'stopping':
      return new RpcError(
        codes.general,
        'the node stops; the payment goes on after its next start, and listpays tells its end',
      );
    default:
      return sendpayError(error);
  }
}

function stuckError({ stuck, message, attempts }: PayError & { code: 'stuck' }): RpcError {
  const tried = attemptsJson(attempts);
  switch (stuck.code) {
    case 'too_dear':
      return new RpcError(codes.payRouteTooExpensive, message, {
        fee_msat: stuck.feeMsat,
        maxfee_msat: stuck.maxFeeMsat,
        ...tried,
      });
    case 'own_balance':
      return new RpcError(codes.payRouteNotFound, message, {
        spendable_msat: stuck.spendableMsat,
        needed_msat: stuck.neededMsat,
        ...tried,
      });
    case 'no_route':
      return new RpcError(codes.payRouteNotFound, message, tried);
    case 'too_many_parts':
    case 'too_many_attempts':
      return new RpcError(codes.payStoppedRetrying, message, tried);
  }
}

const attemptsJson = (rows: readonly PaymentRow[]) => ({
  attempts: rows.map((row) => {
    const failure = row.failure === null ? {} : (JSON.parse(row.failure) as object);
    return { ...paymentJson(row), ...failure };
  }),
});

export const payResult = {
  payment_preimage: r.hash().describe('The proof of payment.'),
  payment_hash: r.hash().describe('SHA256 of the preimage.'),
  created_at: r.integer().describe('When it was sent, seconds since 1970.'),
  parts: r.integer().describe('How many attempts it took.'),
  amount_msat: r.msat().describe('What arrived.'),
  amount_sent_msat: r.msat().describe('What was sent, with fees.'),
  status: r.oneOf('complete').describe('It is paid.'),
  destination: r.nodeId().optional().describe('Who was paid.'),
};

export function payJson(rows: readonly PaymentRow[], attempts: number) {
  const [first] = rows as [PaymentRow];
  const sum = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n);
  return {
    payment_preimage: first.preimage ?? '',
    payment_hash: first.payment_hash,
    created_at: first.created_at,
    parts: Math.max(attempts, rows.length),
    amount_msat: sum(rows.map((row) => row.amount_msat ?? 0n)),
    amount_sent_msat: sum(rows.map((row) => row.amount_sent_msat)),
    status: 'complete' as const,
    destination: orNothing(first.destination),
  };
}

/** What pay and keysend answer; throws why there is no answer. */
export function paidJson(result: Result<Paid, PayError>) {
  if (!result.ok) throw payError(result.error);
  return payJson(result.value.rows, result.value.attempts);
}

export const invoiceResult = {
  created_index: r.integer().describe('1 for the first invoice ever made, and so on.'),
  updated_index: r.integer().optional().describe('Counts changes of invoices.'),
  label: r.string().describe('As given.'),
  description: r.string().optional().describe('As given.'),
  payment_hash: r.hash().describe('SHA256 of the preimage.'),
  status: r.oneOf('unpaid', 'paid', 'expired').describe('How it stands.'),
  expires_at: r.integer().describe('When it can no longer be paid, seconds since 1970.'),
  amount_msat: r.msat().optional().describe('What is asked for; left out: any amount.'),
  bolt11: r.string().optional().describe('The invoice itself.'),
  pay_index: r.integer().optional().describe('1 for the first invoice ever paid (only if paid).'),
  amount_received_msat: r.msat().optional().describe('What came (only if paid).'),
  paid_at: r.integer().optional().describe('When it came (only if paid).'),
  payment_preimage: r.hash().optional().describe('The proof of payment (only if paid).'),
};

export function invoiceJson(row: InvoiceRow) {
  const paid = row.status === 'paid';
  return {
    created_index: row.created_index,
    updated_index: orNothing(row.updated_index),
    label: row.label,
    description: orNothing(row.description),
    payment_hash: row.payment_hash,
    status: row.status,
    expires_at: row.expires_at,
    amount_msat: orNothing(row.amount_msat),
    bolt11: row.bolt11 === '' ? undefined : row.bolt11,
    pay_index: orNothing(row.pay_index),
    amount_received_msat: orNothing(row.amount_received_msat),
    paid_at: orNothing(row.paid_at),
    payment_preimage: paid ? row.preimage : undefined,
  };
}

/** The payment hash that a filter names, by itself or by an invoice; throws -32602. */
export function filterHash(
  node: NodeApi,
  given: { readonly payment_hash?: string | undefined; readonly bolt11?: string | undefined },
  field = 'bolt11',
): string | undefined {
  if (given.bolt11 === undefined) return given.payment_hash;
  if (given.payment_hash !== undefined)
    throw new RpcError(codes.badParameter, `Can only specify one of {${field}} or {payment_hash}`);
  const prefix = NETWORKS[node.settings.network].invoicePrefix;
  const read = readInvoice(given.bolt11, prefix, field);
  if (!read.ok) throw sendpayError(read.error);
  return toHex(read.value.paymentHash);
}
