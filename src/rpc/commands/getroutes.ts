import { z } from 'zod';

import { explainNoRoutes, type NoLayeredRoutes } from '../../core/routing/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { shownDirection } from './askrene-shared.js';
import { badParameter, nodeIdOf } from './shared.js';

/** Percent a year, as `pay` has it by default. */
const RISK_FACTOR = 10;
/** BOLT 4, max_htlc_cltv. */
const MOST_DELAY = 2016;

export const getroutes = defineCommand({
  name: 'getroutes',
  category: 'routing',
  summary: 'Find the best routes for an amount in parts, from any node to any node.',
  description:
    'Routes whose amounts together are what is to arrive: the min-cost flow over fees and the ' +
    'chances that channels carry their share, within a limit of fees for all of them. What ' +
    '`askrene-reserve` holds is left alone.\n\n' +
    '`layers` name what is laid over gossip, a later one before an earlier one: those of ' +
    '`askrene-create-layer`; `xpay`, what payments taught this node; `auto.localchans`, our own ' +
    'channels (private ones too) with what they can send and take in now; `auto.sourcefree`, for a ' +
    'source that pays itself no fee and needs no blocks; `auto.include_fees`, by which the amount ' +
    'is what is sent and the fees come out of it; and `auto.no_mpp_support`, for one part only. ' +
    '`getroutes` without `xpay` knows nothing of earlier payments.\n\n' +
    'The fields `next_node_id`, `amount_msat` and `delay` of a hop are older names of ' +
    '`node_id_out`, `amount_in_msat` and `cltv_in`.',
  params: () =>
    z.object({
      source: p.nodeId().describe('Where the routes begin.'),
      destination: p.nodeId().describe('Where they end.'),
      amount_msat: p.msat().describe('What is to arrive, in all.'),
      layers: p.array(p.string()).describe('Names of layers; none is fine.'),
      maxfee_msat: p.msat().describe('Fees at most, of all routes together.'),
      final_cltv: p.integer().describe('Blocks that the last node is given.'),
      maxdelay: p.integer().default(MOST_DELAY).describe('Blocks of a route at most; up to 2016.'),
      maxparts: p.integer(1).default(100).describe('Routes at most.'),
    }),
  result: () =>
    r.object({
      probability_ppm: r
        .integer()
        .describe('The chance that all routes carry their amounts, in millionths.'),
      routes: r.array(
        r.object({
          probability_ppm: r.integer().describe('The chance of this one.'),
          amount_msat: r.msat().describe('What arrives by it.'),
          final_cltv: r.integer().describe('The blocks of the last node, as asked.'),
          path: r.array(
            r.object({
              short_channel_id_dir: r.scidDir().describe('The channel and direction.'),
              node_id_in: r.nodeId().describe('The node where it starts.'),
              node_id_out: r.nodeId().describe('The node where it ends.'),
              amount_in_msat: r.msat().describe('What the node at its start must have.'),
              amount_out_msat: r.msat().describe('What arrives at its end.'),
              cltv_in: r.integer().describe('Blocks that the node at its start must have.'),
              cltv_out: r.integer().describe('Blocks that the node at its end is given.'),
              next_node_id: r.nodeId().describe('As node_id_out.'),
              amount_msat: r.msat().describe('As amount_in_msat.'),
              delay: r.integer().describe('As cltv_in.'),
            }),
          ),
        }),
      ),
    }),
  errors: [
    { code: codes.payRouteNotFound, meaning: 'There are no routes; the message says why.' },
    {
      code: codes.payRouteTooExpensive,
      meaning: 'There are, but for maxfee_msat or maxdelay; the message says what they would take.',
    },
    { code: codes.payInsufficientFunds, meaning: 'The channels of the source cannot carry it.' },
    { code: codes.payUserError, meaning: 'maxdelay is above 2016.' },
    {
      code: codes.payDestinationInsufficientCapacity,
      meaning: 'The channels of the destination cannot carry it.',
    },
  ],
  examples: [
    {
      cli: 'lightning-cli getroutes 03c581bf310c4c97b05e5e6fed2f82d872f388ec9ab7f1feddfd5380ddb3c6531c 02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5 1000000sat \'["auto.localchans", "auto.sourcefree", "xpay"]\' 10000sat 18',
    },
  ],
  seeAlso: ['askrene-create-layer', 'askrene-reserve', 'getroute', 'pay'],
  run: (given, { node }) => {
    const { source, destination, amount_msat, layers, final_cltv, maxdelay } = given;
    const { routes } = node;
    const unknown = layers.find((name) => !routes.layers.knows(name));
    if (unknown !== undefined) throw badParameter('layers', 'unknown layer', unknown);
    if (amount_msat === 0n) throw new RpcError(codes.badParameter, 'amount_msat: must be non-zero');
    if (source === destination)
      throw new RpcError(codes.badParameter, 'destination: is the source itself');
    if (maxdelay > MOST_DELAY)
      throw new RpcError(codes.payUserError, `maxdelay: ${MOST_DELAY} at most`);
    const found = routes.getroutes({
      source: nodeIdOf(source),
      destination: nodeIdOf(destination),
      amountMsat: amount_msat,
      maxFeeMsat: given.maxfee_msat,
      finalCltv: final_cltv,
      maxDelay: maxdelay,
      maxParts: given.maxparts,
      riskFactor: RISK_FACTOR,
      layers,
    });
    if (!found.ok) throw new RpcError(codeOf(found.error), explainNoRoutes(found.error));
    return {
      probability_ppm: millionths(found.value.chance),
      routes: found.value.routes.map(({ chance, amountMsat, path }) => ({
        probability_ppm: millionths(chance),
        amount_msat: amountMsat,
        final_cltv,
        path: path.map((hop) => ({
          short_channel_id_dir: shownDirection(hop),
          node_id_in: hop.from,
          node_id_out: hop.to,
          amount_in_msat: hop.amountIn,
          amount_out_msat: hop.amountOut,
          cltv_in: hop.delayIn,
          cltv_out: hop.delayOut,
          next_node_id: hop.to,
          amount_msat: hop.amountIn,
          delay: hop.delayIn,
        })),
      })),
    };
  },
});

const millionths = (chance: number): number => Math.floor(chance * 1e6);

function codeOf(error: NoLayeredRoutes): number {
  switch (error.code) {
    case 'too_dear':
    case 'too_slow':
      return codes.payRouteTooExpensive;
    case 'end_total':
      return error.side === 'out'
        ? codes.payInsufficientFunds
        : codes.payDestinationInsufficientCapacity;
    default:
      return codes.payRouteNotFound;
  }
}
