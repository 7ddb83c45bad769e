import { z } from 'zod';
import type { NodeId } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import {
  hashOrInvoice,
  partNumber,
  secret32,
  sendpayError,
  sentJson,
  sentResult,
} from './payment-shapes.js';

const hop = p.object({
  id: p.nodeId().describe('The node at the far end of the channel.'),
  channel: p.scid().optional().describe('The channel; left out: any known between the nodes.'),
  direction: p.integer(0, 1).optional().describe('Its direction; follows from the node ids.'),
  amount_msat: p.msat().describe('What arrives at the node.'),
  delay: p.integer(0, 0xffff).describe('Blocks that are left when it arrives there.'),
});

/** `103x1x0` and `1` of `103x1x0/1`. */
const partOf = (value: unknown, part: 0 | 1): string | undefined =>
  typeof value === 'string' ? value.split('/', 2)[part] : undefined;

/** A hop as `getroute` gives it, or as `getroutes` does. */
const hopOfEither = p.alsoCalled(hop, {
  id: (given) => given['node_id_out'],
  channel: (given) => partOf(given['short_channel_id_dir'], 0),
  direction: (given) => partOf(given['short_channel_id_dir'], 1),
  amount_msat: (given) => given['amount_out_msat'],
  delay: (given) => given['cltv_out'],
});

export const sendpay = defineCommand({
  name: 'sendpay',
  category: 'payment',
  summary: 'Pay along a route, and answer when the payment has succeeded or failed.',
  description:
    'Sends the funds along `route`, as `getroute` gives it, and answers once the payment has ended. ' +
    'On success the answer holds the preimage, whose SHA256 is the payment hash.\n\n' +
    'Once a payment has succeeded, every further `sendpay` with its hash fails, with the proof in ' +
    "the error's data: it is the guard against paying twice. After a failure a new try may be made.\n\n" +
    'An error of a node on the way (204) updates the route table, so that `getroute` then offers ' +
    'another route, if there is one; `data` says where it failed and what was learned. An error of ' +
    'the final node (203) says: do not retry.\n\n' +
    'In place of the payment hash an invoice may be given: hash, payment secret, metadata and the ' +
    'check of the amount come from it. One part of several (`partid` above 0) is answered while it ' +
    'is pending; `waitsendpay` waits for it. With `--sendpay-compat=cln` so is every payment, and a ' +
    'success is repeated as a success.',
  params: () =>
    z.object({
      route: p
        .array(hopOfEither)
        .describe(
          'The hops; amounts and delays are cumulative. Those of a `path` of `getroutes` do as well.',
        ),
      payment_hash: hashOrInvoice().describe('The payment hash, or the invoice that tells it.'),
      label: p.label().optional().describe('A name for `listsendpays`.'),
      amount_msat: p.msat().optional().describe('What all parts bring together.'),
      bolt11: p.string().optional().describe('The invoice, to be kept and checked against.'),
      payment_secret: secret32().optional().describe('As the payee gave it.'),
      partid: partNumber().default(0).describe('Which part; 0: the payment has one.'),
      localinvreqid: p.hash32().optional().describe('Accepted for other tools; not used.'),
      groupid: partNumber(1).optional().describe('Which try; left out: a new one.'),
      payment_metadata: p.hex().optional().describe('As the payee gave it.'),
      description: p.string().optional().describe('What it is for, kept with it.'),
    }),
  result: () =>
    r.object({
      ...sentResult,
      preimage: r.hash().optional().describe('The same as `payment_preimage`.'),
    }),
  errors: [
    { code: codes.badParameter, meaning: 'A malformed route or parameter; the message names it.' },
    { code: codes.payInProgress, meaning: 'A payment with this hash is in flight.' },
    { code: codes.payRhashAlreadyUsed, meaning: 'It has been paid; `data` holds the proof.' },
    { code: codes.payUnparseableOnion, meaning: 'The reply of the failing node is unreadable.' },
    { code: codes.payDestinationPermFail, meaning: 'The final node refused it: do not retry.' },
    { code: codes.payTryOtherRoute, meaning: 'A node on the way failed: try another route.' },
    { code: codes.payInvoiceExpired, meaning: 'The invoice has expired.' },
  ],
  examples: [
    {
      cli: 'lightning-cli sendpay "$(lightning-cli getroute $ID 10000 10 | jq .route)" lnbc100n1…',
    },
  ],
  seeAlso: ['getroute', 'waitsendpay', 'listsendpays', 'pay', 'listconstraints'],
  run: async (params, { node, signal }) => {
    const result = await node.payments.sendpay(
      {
        route: params.route.map(({ id, channel, direction, amount_msat, delay }) => ({
          id: id as NodeId,
          channel,
          direction: direction as 0 | 1 | undefined,
          amountMsat: amount_msat,
          delay,
        })),
        paymentHash: params.payment_hash,
        label: params.label,
        amountMsat: params.amount_msat,
        bolt11: params.bolt11,
        paymentSecret: params.payment_secret,
        partId: params.partid,
        groupId: params.groupid,
        paymentMetadata: params.payment_metadata,
        description: params.description,
      },
      signal,
    );
    if (!result.ok) throw sendpayError(result.error);
    const json = sentJson(result.value);
    return { ...json, preimage: json.payment_preimage };
  },
});
