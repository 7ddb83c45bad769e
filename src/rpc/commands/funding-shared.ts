/** What fundchannel and multifundchannel say alike of a channel that is opened. */
import type { z } from 'zod';
import type { FundError, FundParams } from '../../node/channels/index.js';
import { codes, RpcError } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import { badParameter, nodeIdOf, scriptOf } from './shared.js';

/** Their declarations; each command names those that it takes, in its own order. */
export const channelParams = {
  amount: p.satOrAll().describe('What to put in, or `all`.'),
  announce: p.boolean().default(true).describe('Whether gossip is told of it.'),
  push_msat: p.msat().optional().describe('A gift to the peer out of the amount.'),
  close_to: p.string().optional().describe('Where our part goes when we close together.'),
  request_amt: p.sat().optional().describe('Not offered here: liquidity cannot be leased.'),
  compact_lease: p.string().optional().describe('Not offered here.'),
  mindepth: p
    .integer(0, 1000)
    .optional()
    .describe('Confirmations to wait for, where the peer asks for fewer.'),
  reserve: p.sat().optional().describe('What the peer must keep.'),
};

type Given = z.output<z.ZodObject<typeof channelParams>>;

/** Throws -32602 for what no peer could be asked. */
export function checkChannel({ amount, push_msat, request_amt, compact_lease }: Given): void {
  if (request_amt !== undefined || compact_lease !== undefined)
    throw new RpcError(codes.badParameter, 'request_amt: liquidity cannot be leased here');
  if (push_msat !== undefined && amount !== 'all' && push_msat > amount * 1000n)
    throw badParameter('push_msat', 'should be at most the amount', `${push_msat}`);
}

export const fundParamsOf = (node: NodeApi, peerId: string, d: Given): FundParams => ({
  peerId: nodeIdOf(peerId),
  amount: d.amount,
  announce: d.announce,
  ...(d.push_msat !== undefined && { pushMsat: d.push_msat }),
  ...(d.close_to !== undefined && { closeTo: scriptOf(node, 'close_to', d.close_to) }),
  ...(d.mindepth !== undefined && { minimumDepth: d.mindepth }),
  ...(d.reserve !== undefined && { reserve: d.reserve }),
});

/** Coins as the wallet names them. */
export const coinsOf = (utxos: readonly { txid: string; vout: number }[]): string[] =>
  utxos.map(({ txid, vout }) => `${txid}:${vout}`);

export const fundingErrors = [
  { code: codes.fundCannotAfford, meaning: 'The wallet has not enough.' },
  { code: codes.fundStillSyncing, meaning: 'The chain is not followed to its tip yet.' },
] as const;

export function fundRefusal(error: FundError): RpcError {
  switch (error.code) {
    case 'peer_not_connected':
      return new RpcError(codes.fundingUnknownPeer, 'Peer not connected');
    case 'peer_refused':
      return new RpcError(codes.general, `The peer refused: ${error.message}`);
    case 'aborted':
      return new RpcError(codes.general, `The opening ended: ${error.message}`);
    case 'insufficient_funds':
      return new RpcError(codes.fundCannotAfford, error.message);
    case 'bad_request':
      return new RpcError(codes.general, error.message);
  }
}
