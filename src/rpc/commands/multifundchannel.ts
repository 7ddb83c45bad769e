import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { hasFeature } from '../../core/wire/index.js';
import type { SharedFailure } from '../../node/channels/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { connectRefusal, target } from './connect.js';
import {
  channelParams,
  checkChannel,
  coinsOf,
  fundingErrors,
  fundParamsOf,
  fundRefusal,
} from './funding-shared.js';
import {
  badParameter,
  channelTypeBits,
  channelTypeResult,
  nodeIdOf,
  perKwOf,
  scriptOf,
  shownChannelType,
  shownTxid,
} from './shared.js';

/** More would not fit into one transaction that is relayed, with some room. */
const MOST = 100;

const destination = () =>
  p.object({
    id: target().describe('The peer, alone or as `id@host:port`.'),
    ...channelParams,
    amount: p.satOrAll().describe('What to put in; `all` at most once.'),
  });

type Destination = z.output<ReturnType<typeof destination>>;

interface Failed {
  readonly id: string;
  readonly method: 'connect' | 'fundchannel_start' | 'fundchannel_complete';
  readonly error: RpcError;
}

function check(destinations: readonly Destination[]): void {
  if (destinations.length === 0 || destinations.length > MOST)
    throw badParameter('destinations', `should be 1 to ${MOST}`, `${destinations.length}`);
  if (destinations.filter(({ amount }) => amount === 'all').length > 1)
    throw badParameter('destinations', "should have 'all' at most once", 'all');
  const seen = new Set<string>();
  for (const destination of destinations) {
    const { nodeId } = destination.id;
    if (seen.has(nodeId)) throw badParameter('destinations', 'should name each peer once', nodeId);
    seen.add(nodeId);
    checkChannel(destination);
  }
}

/** Connects to all at once; answers those that are not to be reached. */
async function connectAll(
  node: NodeApi,
  destinations: readonly Destination[],
): Promise<readonly Failed[]> {
  const tried = destinations.map(async ({ id }): Promise<Failed[]> => {
    const result = await node.peers.connect(nodeIdOf(id.nodeId), id.host, id.port);
    if (result.ok) return [];
    return [{ id: id.nodeId, method: 'connect', error: connectRefusal(result.error) }];
  });
  return (await Promise.all(tried)).flat();
}

const failedOf = ({ peerId, stage, error }: SharedFailure): Failed => ({
  id: peerId,
  method: `fundchannel_${stage}`,
  error: fundRefusal(error),
});

const shownFailure = ({ id, method, error: { code, message } }: Failed) => ({
  ...{ id, method },
  error: { code, message },
});

/** As Core Lightning: the error of the last peer that failed, with who that was. */
function refusal(error: RpcError, failed: readonly Failed[]): RpcError {
  const last = failed.at(-1);
  if (last === undefined) return error;
  const { id, method } = last;
  return new RpcError(error.code, error.message, { id, method, failed: failed.map(shownFailure) });
}

export const multifundchannel = defineCommand({
  name: 'multifundchannel',
  category: 'channels',
  summary: 'Open channels with several peers by one transaction.',
  description:
    'As `fundchannel`, with one funding transaction for all the channels: cheaper, and one wait ' +
    'for all. Peers that are not connected are called. The transaction is broadcast once every ' +
    'peer has signed our way back out; where one of them fails before that, none of the channels ' +
    'is made, or, where `minchannels` allows it, the others begin anew without it.',
  params: () =>
    z.object({
      destinations: p.array(destination()).describe('The channels, each with another peer.'),
      feerate: p.feerate().optional().describe('Of the funding transaction.'),
      minconf: p.integer().default(1).describe('Confirmations of the coins that are spent.'),
      utxos: p.array(p.outpoint()).optional().describe('Spend these coins and no others.'),
      minchannels: p
        .integer(1, MOST)
        .optional()
        .describe('Go on as long as so many are left; all of them unless given.'),
      commitment_feerate: p.feerate().optional().describe('Of the first commitments.'),
    }),
  result: () =>
    r.object({
      tx: r.hex().describe('The funding transaction.'),
      txid: r.txid().describe('Its id.'),
      channel_ids: r
        .array(
          r.object({
            id: r.nodeId().describe('The peer.'),
            channel_id: r.hash().describe('The channel.'),
            channel_type: channelTypeResult().describe('What was agreed on.'),
            outnum: r.integer().describe('The output that is the channel.'),
            close_to: r
              .hex()
              .optional()
              .describe('Where our part goes, if the peer is bound to it.'),
          }),
        )
        .describe('The channels that were opened.'),
      failed: r
        .array(
          r.object({
            id: r.nodeId().describe('The peer.'),
            method: r
              .oneOf('connect', 'openchannel_init', 'fundchannel_start', 'fundchannel_complete')
              .describe('What failed: the call, its acceptance, or its signature.'),
            error: r
              .object({
                code: r.integer().describe('The number of the error.'),
                message: r.string().describe('The error.'),
              })
              .describe('Why.'),
          }),
        )
        .optional()
        .describe('Peers without a channel, where `minchannels` allows it.'),
    }),
  errors: [
    { code: codes.general, meaning: 'Too many peers refused or went away; nothing was spent.' },
    ...fundingErrors,
    { code: codes.connectAllAddressesFailed, meaning: 'A peer could not be reached.' },
    { code: codes.badParameter, meaning: 'A parameter is wrong.' },
  ],
  examples: [
    {
      cli: 'lightning-cli multifundchannel \'[{"id":"02f6…b","amount":1000000},{"id":"03a1…7","amount":"all"}]\'',
    },
  ],
  seeAlso: ['fundchannel', 'connect', 'listpeerchannels'],
  run: async ({ destinations, ...params }, { node }) => {
    check(destinations);
    if (!node.chain.synced) throw new RpcError(codes.fundStillSyncing, 'Still reading blocks');
    const minChannels = Math.min(params.minchannels ?? destinations.length, destinations.length);
    const unreached = await connectAll(node, destinations);
    const left = destinations.filter((d) => !unreached.some(({ id }) => id === d.id.nodeId));
    const [first] = unreached;
    if (first !== undefined && left.length < minChannels) throw refusal(first.error, unreached);
    const { feerate, minconf, utxos, commitment_feerate } = params;
    const commitment = commitment_feerate && perKwOf(node, commitment_feerate);
    const result = await node.channels.fundTogether(
      left.map((d) => ({
        ...fundParamsOf(node, d.id.nodeId, d),
        ...(commitment !== undefined && { commitmentFeeratePerKw: commitment }),
      })),
      {
        feeratePerKw: feerate && perKwOf(node, feerate),
        minconf,
        utxos: utxos && coinsOf(utxos),
        minChannels,
      },
    );
    const { failed: more } = result.ok ? result.value : result.error;
    const failed = [...unreached, ...more.map(failedOf)];
    if (!result.ok) throw refusal(fundRefusal(result.error.error), failed);
    const { tx, txid, channels } = result.value;
    const closeTo = (peerId: string): string | undefined => {
      const given = left.find((d) => d.id.nodeId === peerId)?.close_to;
      const peer = node.peers.connected(nodeIdOf(peerId));
      const bound = peer !== undefined && hasFeature(peer.features, 'optionUpfrontShutdownScript');
      return given === undefined || !bound ? undefined : toHex(scriptOf(node, 'close_to', given));
    };
    return {
      tx: toHex(tx),
      txid: shownTxid(txid),
      channel_ids: channels.map(({ peerId, channelId, vout, channelType }) => ({
        id: peerId,
        channel_id: channelId,
        channel_type: shownChannelType(channelTypeBits(channelType)),
        outnum: vout,
        close_to: closeTo(peerId),
      })),
      failed: failed.length === 0 ? undefined : failed.map(shownFailure),
    };
  },
});
