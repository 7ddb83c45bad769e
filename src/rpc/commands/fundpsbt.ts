import { z } from 'zod';
import { type FundPsbtRequest, fundPsbt } from '../../node/wallet/index.js';
import { defineCommand } from '../command.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import * as r from '../results.js';
import {
  fundOptions,
  minconfParam,
  reservationsResult,
  shownReservation,
  walletErrors,
  walletRefusal,
} from './wallet-shared.js';

const common = {
  reserve: p.integer(0, 1_000_000).default(72).describe('Blocks the inputs stay reserved; 0: not.'),
  locktime: p.integer().optional().describe('nLockTime; the height unless given.'),
  min_witness_weight: p.integer(0, 100_000).optional().describe('Count each witness at least so.'),
  excess_as_change: p.boolean().default(false).describe('Give back what is too much.'),
};

const result = () =>
  r.object({
    psbt: r.string().describe('The PSBT with inputs of the wallet, unsigned.'),
    feerate_per_kw: r.integer().describe('Satoshi per 1000 weight units.'),
    estimated_final_weight: r.integer().describe('Of the whole transaction once it is signed.'),
    excess_msat: r.msat().describe('What the inputs bring beyond the amount and the fee.'),
    change_outnum: r.integer().optional().describe('The output that gives the excess back.'),
    reservations: reservationsResult().optional().describe('What is reserved now.'),
  });

async function run(node: NodeApi, request: FundPsbtRequest) {
  const before = node.wallet.unspent();
  const made = await fundPsbt(node.wallet, request);
  if (!made.ok) throw walletRefusal(made.error);
  const { psbt, inputs, estimatedFinalWeight, excess, changeVout } = made.value;
  const was = (o: (typeof inputs)[number]) =>
    before.find((b) => b.txid === o.txid && b.vout === o.vout) ?? o;
  const reserved = (request.reserveBlocks ?? 0) > 0;
  return {
    psbt,
    feerate_per_kw: request.feeratePerKw,
    estimated_final_weight: estimatedFinalWeight,
    excess_msat: excess * 1000n,
    change_outnum: changeVout,
    reservations: reserved ? inputs.map((o) => shownReservation(node, was(o))) : undefined,
  };
}

interface Common {
  reserve: number;
  locktime?: number | undefined;
  min_witness_weight?: number | undefined;
  excess_as_change: boolean;
}

const shared = ({ reserve, locktime, min_witness_weight, excess_as_change }: Common) => ({
  reserveBlocks: reserve,
  excessAsChange: excess_as_change,
  ...(locktime === undefined ? {} : { locktime }),
  ...(min_witness_weight === undefined ? {} : { minWitnessWeight: min_witness_weight }),
});

export const fundpsbt = defineCommand({
  name: 'fundpsbt',
  category: 'bitcoin',
  summary: 'Choose inputs of the wallet for a PSBT.',
  description:
    'Answers a PSBT whose inputs bring `satoshi` and the fee for a transaction that weighs ' +
    '`startweight` without them. The caller adds the outputs; then `signpsbt` and `sendpsbt`.',
  params: () =>
    z.object({
      satoshi: p.satOrAll().describe('The amount in satoshi, or `all`.'),
      feerate: p.feerate().describe('See `feerates`.'),
      startweight: p.integer(0, 4_000_000).describe('Weight of everything but the inputs.'),
      minconf: minconfParam(),
      ...common,
      nonwrapped: p.boolean().optional().describe('All outputs of the wallet are native segwit.'),
      opening_anchor_channel: p.boolean().optional().describe('Keep the emergency reserve.'),
    }),
  result,
  errors: walletErrors,
  examples: [{ cli: 'lightning-cli fundpsbt 100000 normal 250' }],
  seeAlso: ['utxopsbt', 'signpsbt', 'sendpsbt', 'unreserveinputs'],
  run: (params, { node }) => {
    const { satoshi, feerate, startweight, minconf, opening_anchor_channel: keep } = params;
    return run(node, {
      ...fundOptions(node, { feerate, minconf }),
      ...shared(params),
      amount: satoshi,
      startWeight: startweight,
      ...(keep === undefined ? {} : { keepReserve: keep }),
    });
  },
});

export const utxopsbt = defineCommand({
  name: 'utxopsbt',
  category: 'bitcoin',
  summary: 'Make a PSBT of chosen inputs of the wallet.',
  description: 'As `fundpsbt`, with exactly the outputs that `utxos` names.',
  params: () =>
    z.object({
      satoshi: p.satOrAll().describe('The amount in satoshi, or `all`.'),
      feerate: p.feerate().describe('See `feerates`.'),
      startweight: p.integer(0, 4_000_000).describe('Weight of everything but the inputs.'),
      utxos: p.array(p.outpoint()).describe('The outputs of the wallet to spend.'),
      ...common,
      reservedok: p.boolean().default(false).describe('Take reserved outputs, too.'),
      opening_anchor_channel: p.boolean().optional().describe('Keep the emergency reserve.'),
    }),
  result,
  errors: walletErrors,
  examples: [{ cli: 'lightning-cli utxopsbt 100000 normal 250 \'["02f6…:1"]\'' }],
  seeAlso: ['fundpsbt', 'signpsbt', 'sendpsbt'],
  run: (params, { node }) => {
    const { satoshi, feerate, startweight, utxos, reservedok } = params;
    const { opening_anchor_channel: keep } = params;
    return run(node, {
      ...fundOptions(node, { feerate, utxos }),
      ...shared(params),
      amount: satoshi,
      startWeight: startweight,
      reservedOk: reservedok,
      ...(keep === undefined ? {} : { keepReserve: keep }),
    });
  },
});
