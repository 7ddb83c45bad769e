import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { failureError, partNumber, paymentJson, paymentResult } from './payment-shapes.js';

export const waitsendpay = defineCommand({
  name: 'waitsendpay',
  category: 'payment',
  summary: 'Wait for the outcome of a payment that sendpay has sent.',
  description:
    'Answers when the payment has succeeded, with its preimage, or fails as `sendpay` would have. ' +
    'A `timeout` of 0 looks and does not wait.',
  params: () =>
    z.object({
      payment_hash: p.hash32().describe('The payment hash.'),
      timeout: p.integer().optional().describe('Seconds; left out: for as long as it takes.'),
      partid: partNumber().optional().describe('Which part; left out: 0.'),
      groupid: partNumber(1).optional().describe('Which try; left out: the newest.'),
    }),
  result: () => r.object(paymentResult),
  errors: [
    { code: codes.payInProgress, meaning: 'The time is over, the payment goes on.' },
    { code: codes.payUnparseableOnion, meaning: 'The reply of the failing node is unreadable.' },
    { code: codes.payDestinationPermFail, meaning: 'The final node refused it: do not retry.' },
    { code: codes.payTryOtherRoute, meaning: 'A node on the way failed: try another route.' },
    { code: codes.payNoSuchPayment, meaning: 'No such payment was sent.' },
  ],
  seeAlso: ['sendpay', 'listsendpays'],
  run: async ({ payment_hash, timeout, partid, groupid }, { node, signal }) => {
    const result = await node.payments.waitsendpay(payment_hash, {
      signal,
      ...(timeout === undefined ? {} : { timeout }),
      ...(partid === undefined ? {} : { partId: partid }),
      ...(groupid === undefined ? {} : { groupId: groupid }),
    });
    if (result.ok) return paymentJson(result.value);
    const { error } = result;
    if (error.code === 'failed') throw failureError(error.row, error.failure);
    if (error.code === 'unknown_payment')
      throw new RpcError(codes.payNoSuchPayment, 'Never attempted payment for this hash');
    throw new RpcError(codes.payInProgress, 'Timed out while waiting');
  },
});
