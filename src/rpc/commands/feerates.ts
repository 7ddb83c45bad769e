import { z } from 'zod';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';

/** BOLT 3: weights of a funding transaction of one input, and of what closes a channel. */
const WEIGHT = {
  opening: 610,
  mutualClose: 673,
  unilateral: 724,
  anchors: 1124,
  timeout: 663,
  success: 703,
};

const rates = () =>
  r.object({
    min_acceptable: r.integer().describe('The least a peer may ask of us.'),
    max_acceptable: r.integer().describe('The most a peer may ask of us.'),
    floor: r.integer().describe('What a mempool accepts.'),
    opening: r.integer().optional().describe('For funding a channel.'),
    mutual_close: r.integer().optional().describe('For closing together.'),
    unilateral_close: r.integer().optional().describe('For a commitment without anchors.'),
    unilateral_anchor_close: r.integer().optional().describe('For a commitment with anchors.'),
    penalty: r.integer().optional().describe('For punishing a cheater.'),
    estimates: r
      .array(
        r.object({
          blockcount: r.integer().describe('To confirm within so many blocks.'),
          feerate: r.integer().describe('What the chain’s source estimates.'),
          smoothed_feerate: r.integer().describe('The same: estimates are not smoothed.'),
        }),
      )
      .describe('What is known; empty where the source has no estimate.'),
  });

export const feerates = defineCommand({
  name: 'feerates',
  category: 'bitcoin',
  summary: 'Show the feerates in use and what they would cost.',
  description:
    '`perkw` is satoshi per 1000 weight units, `perkb` per 1000 virtual bytes. Where the source of ' +
    'the chain knows no estimate, a fallback is used and a warning says so.',
  params: () => z.object({ style: p.oneOf('perkb', 'perkw').describe('The unit.') }),
  result: () =>
    r.object({
      perkb: rates().optional().describe('Satoshi per 1000 virtual bytes.'),
      perkw: rates().optional().describe('Satoshi per 1000 weight units.'),
      onchain_fee_estimates: r
        .object({
          opening_channel_satoshis: r.u64().describe('Funding a channel.'),
          mutual_close_satoshis: r.u64().describe('Closing together.'),
          unilateral_close_satoshis: r.u64().describe('Closing alone, with anchors.'),
          unilateral_close_nonanchor_satoshis: r.u64().describe('Closing alone, without.'),
          htlc_timeout_satoshis: r.u64().describe('Taking back an HTLC.'),
          htlc_success_satoshis: r.u64().describe('Claiming an HTLC.'),
        })
        .describe('Estimates of whole fees.'),
      warning_missing_feerates: r.string().optional().describe('No estimates are known.'),
    }),
  examples: [{ cli: 'lightning-cli feerates perkw' }],
  seeAlso: ['withdraw', 'fundchannel'],
  run: ({ style }, { node }) => {
    const { chain } = node;
    const fees = chain.fees();
    const unit = style === 'perkb' ? 4 : 1;
    const { targets, minimum } = chain.estimates;
    const opening = chain.feerateFor(12);
    const shown = {
      min_acceptable: fees.minimum * unit,
      max_acceptable: fees.maximum * unit,
      floor: minimum * unit,
      opening: opening * unit,
      mutual_close: fees.mutualClose * unit,
      unilateral_close: fees.commitment * unit,
      unilateral_anchor_close: fees.anchorCommitment * unit,
      penalty: chain.feerateFor(6) * unit,
      estimates: targets.map(({ blocks, feeratePerKw }) => ({
        blockcount: blocks,
        feerate: feeratePerKw * unit,
        smoothed_feerate: feeratePerKw * unit,
      })),
    };
    const cost = (weight: number, perKw: number) => BigInt(Math.ceil((weight * perKw) / 1000));
    return {
      ...(style === 'perkb' ? { perkb: shown } : { perkw: shown }),
      onchain_fee_estimates: {
        opening_channel_satoshis: cost(WEIGHT.opening, opening),
        mutual_close_satoshis: cost(WEIGHT.mutualClose, fees.mutualClose),
        unilateral_close_satoshis: cost(WEIGHT.anchors, fees.anchorCommitment),
        unilateral_close_nonanchor_satoshis: cost(WEIGHT.unilateral, fees.commitment),
        htlc_timeout_satoshis: cost(WEIGHT.timeout, fees.commitment),
        htlc_success_satoshis: cost(WEIGHT.success, fees.commitment),
      },
      warning_missing_feerates:
        targets.length === 0 ? 'Some fee estimates unavailable: bitcoind startup?' : undefined,
    };
  },
});
