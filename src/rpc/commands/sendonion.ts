import { z } from 'zod';
import type { NodeId } from '../../core/bytes/index.js';
import { decodeFailure } from '../../node/payments/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import {
  failureError,
  partNumber,
  secret32,
  sendpayError,
  sentJson,
  sentResult,
} from './payment-shapes.js';

/** BOLT 4: the length of a payment's onion. */
const ONION_LENGTH = 1366;

export const sendonion = defineCommand({
  name: 'sendonion',
  category: 'payment',
  summary: 'Pay with an onion of your own.',
  description:
    'As `sendpay`, with an onion that the caller has made (`createonion`). It is answered while it ' +
    'is pending; `waitsendpay` waits for the outcome. Failures can be read only with the shared ' +
    'secrets, and teach the route table nothing, which does not know the route.',
  params: () =>
    z.object({
      onion: p.hex().describe('The packet, 1366 bytes.'),
      first_hop: p
        .object({
          id: p.nodeId().describe('Our peer.'),
          channel: p.scid().optional().describe('The channel; left out: any with the peer.'),
          amount_msat: p.msat().describe('What is sent.'),
          delay: p.integer(0, 0xffff).describe('Blocks that are left when it arrives there.'),
        })
        .describe('As the first hop of a route.'),
      payment_hash: p.hash32().describe('The payment hash, to which the onion commits.'),
      label: p.label().optional().describe('A name for `listsendpays`.'),
      shared_secrets: p.array(secret32()).optional().describe('Those of every hop.'),
      partid: partNumber().default(0).describe('Which part; 0: the payment has one.'),
      bolt11: p.string().optional().describe('The invoice, to be kept with it.'),
      amount_msat: p.msat().optional().describe('What arrives, to be kept with it.'),
      destination: p.nodeId().optional().describe('Who is paid, to be kept with it.'),
      localinvreqid: p.hash32().optional().describe('Accepted for other tools; not used.'),
      groupid: partNumber(1).optional().describe('Which try; left out: a new one.'),
      description: p.string().optional().describe('What it is for, kept with it.'),
      total_amount_msat: p.msat().optional().describe('What all parts bring together.'),
    }),
  result: () => r.object(sentResult),
  errors: [
    { code: codes.payInProgress, meaning: 'A payment with this hash is in flight.' },
    { code: codes.payRhashAlreadyUsed, meaning: 'It has been paid; `data` holds the proof.' },
    { code: codes.payUnparseableOnion, meaning: 'The reply is unreadable; `data` holds it.' },
    { code: codes.payTryOtherRoute, meaning: 'Our own channel would not take it.' },
  ],
  seeAlso: ['createonion', 'sendpay', 'waitsendpay'],
  run: async (params, { node }) => {
    if (params.onion.length !== ONION_LENGTH)
      throw new RpcError(codes.badParameter, `onion: ${ONION_LENGTH} bytes wanted`);
    const { id, channel, amount_msat, delay } = params.first_hop;
    const result = await node.payments.sendonion({
      onion: params.onion,
      paymentHash: params.payment_hash,
      firstHop: { id: id as NodeId, channel, amountMsat: amount_msat, delay },
      sharedSecrets: params.shared_secrets,
      label: params.label,
      amountMsat: params.amount_msat,
      totalMsat: params.total_amount_msat === 0n ? undefined : params.total_amount_msat,
      bolt11: params.bolt11,
      destination: params.destination,
      description: params.description,
      partId: params.partid,
      groupId: params.groupid,
    });
    if (!result.ok) throw sendpayError(result.error);
    if (result.value.status === 'failed')
      throw failureError(result.value, decodeFailure(result.value));
    return sentJson(result.value);
  },
});
