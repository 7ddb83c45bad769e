/** Payments as they were asked for: what a `pay` wishes, on disk while it goes on and after. */
import { fromHex, msat, type NodeId, toHex } from '../../core/bytes/index.js';
import type { PayGoal } from '../../core/payment/index.js';
import type { Store, Tables, Write } from '../../ports/index.js';
import type { PaymentStatus, PayStatus, SendpayParams, StoredPayFailure } from './types.js';

/** Whom, how much, and how; whatever it was that told us. */
export interface Wish {
  readonly paymentHash: string;
  readonly goal: PayGoal;
  /** What the whole set brings; more than `goal.amountMsat` where others pay too. */
  readonly totalMsat: bigint;
  /** Milliseconds since the epoch: when it began, and from when on no new part is sent. */
  readonly began: number;
  readonly deadline: number;
  /** Names of layers; one that is gone by then counts no more. */
  readonly layers?: readonly string[];
  readonly send: Omit<SendpayParams, 'route' | 'groupId' | 'partId' | 'amountMsat'>;
}

export type PayRow = Tables['pays'] & { readonly status: PaymentStatus };

/** Version 1: JSON with `{ $n }` for amounts and `{ $x }` for bytes. */
const encodeWish = (wish: Wish): string =>
  JSON.stringify({ v: 1, ...wish }, (_, value: unknown) => {
    if (typeof value === 'bigint') return { $n: value.toString() };
    return value instanceof Uint8Array ? { $x: toHex(value) } : value;
  });

export const decodeWish = (text: string): Wish =>
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    const { $n, $x } = value as { readonly $n?: unknown; readonly $x?: unknown };
    if (typeof $n === 'string') return BigInt($n);
    return typeof $x === 'string' ? fromHex($x) : value;
  }) as Wish;

export const newPayRow = (wish: Wish, groupid: number): PayRow => ({
  payment_hash: wish.paymentHash,
  groupid,
  status: 'pending',
  created_at: Math.floor(wish.began / 1000),
  completed_at: null,
  wish: encodeWish(wish),
  failure: null,
});

export const putPay = (row: PayRow): Write => ({ put: 'pays', row });

export const endedPay = (
  row: PayRow,
  status: 'complete' | 'failed',
  now: number,
  failure?: StoredPayFailure,
): PayRow => ({
  ...row,
  status,
  completed_at: now,
  failure: failure === undefined ? null : JSON.stringify(failure),
});

export const selectPays = (store: Store, where: Partial<PayRow>): Promise<PayRow[]> =>
  store.select('pays', { where }) as Promise<PayRow[]>;

export function payStatus(row: PayRow): PayStatus {
  const { goal, deadline } = decodeWish(row.wish);
  return {
    paymentHash: row.payment_hash,
    groupId: row.groupid,
    status: row.status,
    createdAt: row.created_at,
    completedAt: row.completed_at ?? undefined,
    destination: goal.destination as NodeId,
    amountMsat: msat(goal.amountMsat),
    maxFeeMsat: msat(goal.maxFeeMsat),
    deadline: Math.floor(deadline / 1000),
    failure: row.failure === null ? undefined : (JSON.parse(row.failure) as StoredPayFailure),
  };
}
