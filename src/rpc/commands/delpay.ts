import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { partNumber, paymentJson, paymentResult } from './payment-shapes.js';

export const delpay = defineCommand({
  name: 'delpay',
  category: 'payment',
  summary: 'Delete a payment that is over from the list.',
  description:
    'Deletes what `listsendpays` tells of a payment. The proof of a success is kept all the same: ' +
    'a hash that was paid is never paid again.',
  params: () =>
    z.object({
      payment_hash: p.hash32().describe('The payment hash.'),
      status: p.oneOf('complete', 'failed').describe('Must be its status.'),
      partid: partNumber().optional().describe('Only this part.'),
      groupid: partNumber(1).optional().describe('Only this try.'),
    }),
  result: () => r.object({ payments: r.array(r.object(paymentResult)).describe('As they were.') }),
  errors: [
    { code: codes.payNoSuchPayment, meaning: 'There is no such payment, or not in that status.' },
  ],
  seeAlso: ['listsendpays', 'listpays'],
  run: async ({ payment_hash, status, partid, groupid }, { node }) => {
    const result = await node.payments.delete(payment_hash, status, {
      ...(partid === undefined ? {} : { partId: partid }),
      ...(groupid === undefined ? {} : { groupId: groupid }),
    });
    if (result.ok) return { payments: result.value.map(paymentJson) };
    const { error } = result;
    const message =
      error.code === 'unknown_payment'
        ? `Unknown payment with payment_hash: ${payment_hash}`
        : `Payment with hash ${payment_hash} has status ${error.current}, not ${status}`;
    throw new RpcError(codes.payNoSuchPayment, message);
  },
});
