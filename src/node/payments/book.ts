/** Rows of payments: numbers, routes and failures as the store keeps them. */
import {
  type Bytes,
  concat,
  fromUtf8,
  msat,
  type NodeId,
  type ShortChannelId,
  scidFromString,
  scidToString,
  toHex,
  utf8,
} from '../../core/bytes/index.js';
import type { ChannelError } from '../../core/channel/index.js';
import { type FailureMessage, failureCode } from '../../core/onion/index.js';
import { failcodeName, type OpaqueFailure, type PaymentFailure } from '../../core/payment/index.js';
import type { Direction, RouteHop } from '../../core/routing/index.js';
import type { Store, Write } from '../../ports/index.js';
import { newest } from '../util/index.js';
import type { PaymentRow, Proof, StoredFailure } from './types.js';

/** Numbers that are given once and never again, whatever is deleted. */
export interface PaymentCounters {
  created: number;
  updated: number;
  deleted: number;
}

const COUNTERS = 'payments/counters';
export const NO_COUNTERS: Readonly<PaymentCounters> = { created: 0, updated: 0, deleted: 0 };

/**
 * The counters as they were written last, and never behind the rows: a number that is given twice
 * would put one payment's row in the place of another's.
 */
export async function loadCounters(store: Store): Promise<PaymentCounters> {
  const [[row], created, updated] = await Promise.all([
    store.select('vars', { where: { name: COUNTERS } }),
    newest(store, 'payments', 'created_index'),
    newest(store, 'payments', 'updated_index'),
  ]);
  const stored: PaymentCounters = {
    ...NO_COUNTERS,
    ...(row === undefined ? {} : (JSON.parse(fromUtf8(row.value)) as Partial<PaymentCounters>)),
  };
  return {
    ...stored,
    created: Math.max(stored.created, created),
    updated: Math.max(stored.updated, updated),
  };
}

/** Goes into the same commit as the rows whose numbers it counted. */
export const countersWrite = (counters: PaymentCounters): Write => ({
  put: 'vars',
  row: { name: COUNTERS, value: utf8(JSON.stringify(counters)) },
});

const proofName = (paymentHash: string): string => `payments/paid/${paymentHash}`;

export const proofOf = (row: PaymentRow): Proof => ({
  payment_preimage: row.preimage ?? '',
  amount_msat: row.amount_msat,
  destination: row.destination,
  completed_at: row.completed_at,
});

/** Kept when a successful payment is deleted: the hash is never paid again. */
export function proofWrite(row: PaymentRow): Write {
  const proof = proofOf(row);
  const value = { ...proof, amount_msat: proof.amount_msat?.toString() ?? null };
  return {
    put: 'vars',
    row: { name: proofName(row.payment_hash), value: utf8(JSON.stringify(value)) },
  };
}

export async function loadProof(store: Store, paymentHash: string): Promise<Proof | undefined> {
  const [row] = await store.select('vars', { where: { name: proofName(paymentHash) } });
  if (row === undefined) return undefined;
  const value = JSON.parse(fromUtf8(row.value)) as Omit<Proof, 'amount_msat'> & {
    amount_msat: string | null;
  };
  return { ...value, amount_msat: value.amount_msat === null ? null : BigInt(value.amount_msat) };
}

interface StoredHop {
  readonly id: NodeId;
  readonly channel: string;
  readonly direction: Direction;
  readonly amount_msat: string;
  readonly delay: number;
}

export const encodeRoute = (route: readonly RouteHop[]): string =>
  JSON.stringify(
    route.map(({ id, channel, direction, amountMsat, delay }): StoredHop => {
      const [scid, amount_msat] = [scidToString(channel), amountMsat.toString()];
      return { id, channel: scid, direction, amount_msat, delay };
    }),
  );

export const decodeRoute = (text: string): RouteHop[] =>
  (JSON.parse(text) as StoredHop[]).map(({ id, channel, direction, amount_msat, delay }) => ({
    id,
    channel: scidFromString(channel) as ShortChannelId,
    direction,
    amountMsat: msat(BigInt(amount_msat)),
    delay,
  }));

export const encodeSecrets = (secrets: readonly Bytes[]): Bytes => concat(...secrets);

export function decodeSecrets(bytes: Bytes): Bytes[] {
  const out: Bytes[] = [];
  for (let at = 0; at + 32 <= bytes.length; at += 32) out.push(bytes.slice(at, at + 32));
  return out;
}

const jsonNumber = (_: string, value: unknown): unknown =>
  // Amounts are below 2^53 msat in the route table, as everywhere in routing.
  typeof value === 'bigint' ? Number(value) : value;

export const encodeFailure = (failure: StoredFailure): string =>
  JSON.stringify(failure, jsonNumber);

export const decodeFailure = (row: PaymentRow): StoredFailure =>
  row.failure === null
    ? { kind: 'failed_on_the_way', message: 'unknown', retry: true, learned: [] }
    : (JSON.parse(row.failure) as StoredFailure);

/** As it is kept and shown. */
export function storedFailure(
  failure: PaymentFailure,
  learned: readonly unknown[],
  hops: number,
  cause?: ChannelError,
): StoredFailure {
  if (failure.kind === 'unreadable_reply') {
    const message = 'the reply cannot be read: some node on the way changed it, or made it badly';
    return { kind: failure.kind, message, retry: failure.retry, learned };
  }
  const { erringIndex, erringNode, failcodename } = failure;
  const channel = scidToString(failure.erringChannel);
  const name = failcodename.replace(/^WIRE_/, '').toLowerCase();
  const at = `${channel}/${failure.erringDirection}`;
  const who =
    erringIndex === 0
      ? `our own channel ${at}${cause ? ` (${causeText(cause)})` : ''}`
      : erringIndex === hops
        ? `the final node ${erringNode}`
        : `node ${erringNode} (hop ${erringIndex} of ${hops}), next channel ${at}`;
  return {
    kind: failure.kind,
    message: `${name} from ${who}`,
    erring_index: erringIndex,
    failcode: failure.failcode,
    failcodename,
    erring_node: erringNode,
    erring_channel: channel,
    erring_direction: failure.erringDirection,
    raw_message: toHex(failure.rawMessage),
    retry: failure.retry,
    learned,
    ...(cause === undefined ? {} : { refusal: cause.code }),
  };
}

/** The failure of an onion that the caller made. */
export function opaqueFailure(
  failure: OpaqueFailure | undefined,
  reason: Bytes | undefined,
): StoredFailure {
  if (failure === undefined)
    return {
      kind: 'unreadable_reply',
      message: 'the reply cannot be read with the shared secrets given; it is in onionreply',
      ...(reason === undefined ? {} : { onionreply: toHex(reason) }),
      retry: true,
      learned: [],
    };
  const { erringIndex, failcode, failcodename, final, rawMessage } = failure;
  return {
    kind: final ? 'refused_by_payee' : 'failed_on_the_way',
    message: `${failcodename.replace(/^WIRE_/, '').toLowerCase()} from hop ${erringIndex}`,
    erring_index: erringIndex,
    failcode,
    failcodename,
    raw_message: toHex(rawMessage),
    retry: !final,
    learned: [],
  };
}

/** Our own channel would not take an onion that the caller made. */
export const opaqueRefusal = (message: FailureMessage, cause: ChannelError): StoredFailure => {
  const failcode = failureCode(message);
  const failcodename = failcodeName(failcode);
  return {
    kind: 'failed_on_the_way',
    message: `our own channel would not take it (${causeText(cause)})`,
    erring_index: 0,
    failcode,
    failcodename,
    retry: true,
    learned: [],
  };
};

/** A coded error with its figures: `insufficient_balance: available 1000, actual 2000`. */
function causeText(cause: ChannelError): string {
  const { code, ...figures } = cause;
  const parts = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  return parts.length === 0 ? code : `${code}: ${parts.join(', ')}`;
}
