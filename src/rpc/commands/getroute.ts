import { z } from 'zod';
import { type NodeId, scidToString } from '../../core/bytes/index.js';
import { explainNoRoute } from '../../core/routing/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { exclusion } from './pay-shared.js';

export const getroute = defineCommand({
  name: 'getroute',
  category: 'routing',
  summary: 'Find the best route to a node.',
  description:
    'The route of least cost for an amount, for `sendpay` to take. A hop costs its fee, plus ' +
    'amount x delay x riskfactor / 5259600 for funds that may be stuck (riskfactor is percent a ' +
    'year), plus a penalty for the chance that the channel cannot carry the amount, by its ' +
    'capacity and by what earlier payments taught (see `listconstraints`).\n\n' +
    'Our own channels count with what they can spend now. A channel that failed is not offered ' +
    'again for what it could not carry, as long as that is known.',
  params: () =>
    z.object({
      id: p.nodeId().describe('The node to reach.'),
      amount_msat: p.msat().describe('What is to arrive.'),
      riskfactor: p.number().describe('What stuck funds cost, in percent a year; 10 is usual.'),
      cltv: p.integer(0, 0xffff).default(9).describe('Blocks the last hop is given.'),
      fromid: p.nodeId().optional().describe('Where the route begins; this node if left out.'),
      fuzzpercent: p
        .number(0, 100)
        .default(0)
        .describe(
          'Over- or underrate each fee by up to this much, at random, to be less predictable.',
        ),
      exclude: p
        .array(exclusion())
        .default([])
        .describe('Nodes, channels, or channels in one direction not to use.'),
      maxhops: p.integer(1, 20).default(20).describe('Hops at most.'),
    }),
  result: () =>
    r.object({
      route: r.array(
        r.object({
          id: r.nodeId().describe('The node at the end of this hop.'),
          channel: r.scid().describe('The channel to it.'),
          direction: r.integer().describe('0 from the lesser node id to the greater, else 1.'),
          amount_msat: r.msat().describe('What arrives there.'),
          delay: r.integer().describe('Blocks the HTLC that arrives there has.'),
          style: r.oneOf('tlv').describe('The form of its payload.'),
        }),
      ),
    }),
  errors: [{ code: codes.payRouteNotFound, meaning: 'There is no route; the message says why.' }],
  examples: [
    {
      cli: 'lightning-cli getroute 03c581bf310c4c97b05e5e6fed2f82d872f388ec9ab7f1feddfd5380ddb3c6531c 100000 10',
    },
  ],
  seeAlso: ['sendpay', 'listconstraints', 'pay'],
  run: (given, { node }) => {
    const { id, amount_msat, riskfactor, cltv, fromid, fuzzpercent, exclude, maxhops } = given;
    const found = node.routes.getroute({
      destination: id as NodeId,
      amountMsat: amount_msat,
      riskFactor: riskfactor,
      finalCltv: cltv,
      ...(fromid === undefined ? {} : { source: fromid as NodeId }),
      exclude,
      maxHops: maxhops,
      ...(fuzzpercent === 0 ? {} : { fuzzPercent: fuzzpercent, fuzzSeed: seed(node.entropy) }),
    });
    if (!found.ok) throw new RpcError(codes.payRouteNotFound, explainNoRoute(found.error));
    return {
      route: found.value.hops.map((hop) => ({
        id: hop.id,
        channel: scidToString(hop.channel),
        direction: hop.direction,
        amount_msat: hop.amountMsat,
        delay: hop.delay,
        style: 'tlv' as const,
      })),
    };
  },
});

const seed = (entropy: { bytes(count: number): Uint8Array }): number =>
  new DataView(entropy.bytes(4).buffer).getInt32(0);
