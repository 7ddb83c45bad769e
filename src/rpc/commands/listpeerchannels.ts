import { z } from 'zod';
import { scidToString, toHex } from '../../core/bytes/index.js';
import type { LiveChannel, PeerPolicy } from '../../node/channels/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { channelTypeResult, shownChannelType, shownTxid } from './shared.js';

const policyResult = () =>
  r.object({
    htlc_minimum_msat: r.msat(),
    htlc_maximum_msat: r.msat(),
    cltv_expiry_delta: r.integer(),
    fee_base_msat: r.msat(),
    fee_proportional_millionths: r.integer(),
  });

const htlcResult = () =>
  r.object({
    direction: r.oneOf('in', 'out').describe('`out` where we offered it.'),
    id: r.u64().describe('Its number in that direction.'),
    amount_msat: r.msat().describe('What it carries.'),
    expiry: r.integer().describe('The block at which it times out.'),
    payment_hash: r.hash().describe('What its preimage hashes to.'),
    local_trimmed: r.boolean().optional().describe('It is too small for an output of its own.'),
    state: r.string().describe('How far both sides have agreed on it.'),
  });

/** The least and the most that was ours, as `listclosedchannels` has it too. */
export const extremes = {
  result: {
    min_to_us_msat: r
      .msat()
      .optional()
      .describe('The least that was ever ours, HTLCs in flight left aside.'),
    max_to_us_msat: r.msat().optional().describe('And the most.'),
  },
  of: ({ tally }: Pick<LiveChannel, 'tally'>) => ({
    min_to_us_msat: tally?.least,
    max_to_us_msat: tally?.most,
  }),
};

const passageResult = {
  in_payments_offered: r.integer().optional().describe('HTLCs that came in over it.'),
  in_offered_msat: r.msat().optional().describe('What they carried.'),
  in_payments_fulfilled: r.integer().optional().describe('Those that ended with a preimage.'),
  in_fulfilled_msat: r.msat().optional().describe('What these carried.'),
  out_payments_offered: r.integer().optional().describe('HTLCs that went out over it.'),
  out_offered_msat: r.msat().optional().describe('What they carried.'),
  out_payments_fulfilled: r.integer().optional().describe('Those that ended with a preimage.'),
  out_fulfilled_msat: r.msat().optional().describe('What these carried.'),
};

const channelResult = r.object({
  peer_id: r.nodeId().describe('The peer.'),
  peer_connected: r.boolean().describe('Whether it is connected.'),
  reestablished: r
    .boolean()
    .optional()
    .describe('Since the connection both know how the channel stands (only if connected).'),
  state: r.string().describe('As Core Lightning names it; `CHANNELD_NORMAL` is the usual one.'),
  opener: r.oneOf('local', 'remote').optional().describe('Who paid for it.'),
  features: r.array(r.string()).describe('What was agreed on for it.'),
  channel_type: channelTypeResult().optional().describe('The type it was opened with.'),
  channel_id: r.hash().describe('Its id, temporary before the funding is known.'),
  short_channel_id: r.scid().optional().describe('Where the funding lies in the chain.'),
  direction: r.integer().optional().describe('0 where our id is the lesser one, else 1.'),
  alias: r
    .object({ local: r.scid().optional(), remote: r.scid().optional() })
    .optional()
    .describe('Other names for it, each given by one side.'),
  funding_txid: r.txid().optional().describe('The funding transaction.'),
  funding_outnum: r.integer().optional().describe('Its output that is the channel.'),
  private: r.boolean().describe('Whether gossip is told nothing of it.'),
  feerate: r
    .object({ perkw: r.integer(), perkb: r.integer() })
    .optional()
    .describe('Of the commitment transaction.'),
  funding: r
    .object({
      local_funds_msat: r.msat(),
      remote_funds_msat: r.msat(),
      pushed_msat: r.msat(),
    })
    .optional()
    .describe('Who put in what at the start.'),
  to_us_msat: r.msat().describe('What is ours, pending HTLCs of ours counted.'),
  ...extremes.result,
  total_msat: r.msat().describe('What the channel holds.'),
  spendable_msat: r.msat().describe('The largest HTLC we could send now.'),
  receivable_msat: r.msat().describe('The largest HTLC the peer could send now.'),
  fee_base_msat: r.msat().optional().describe('What we take for each forward into it.'),
  fee_proportional_millionths: r.integer().optional().describe('And of the amount.'),
  minimum_htlc_in_msat: r.msat().optional().describe('The smallest HTLC we accept.'),
  minimum_htlc_out_msat: r.msat().optional().describe('The smallest HTLC we send.'),
  maximum_htlc_out_msat: r.msat().optional().describe('The largest HTLC we send.'),
  dust_limit_msat: r.msat().optional().describe('The smallest output of our commitment.'),
  our_reserve_msat: r.msat().optional().describe('What we must keep.'),
  their_reserve_msat: r.msat().optional().describe('What the peer must keep.'),
  our_to_self_delay: r.integer().optional().describe('Blocks we wait after closing alone.'),
  their_to_self_delay: r.integer().optional().describe('Blocks the peer waits.'),
  our_max_htlc_value_in_flight_msat: r.msat().optional().describe('All HTLCs we accept at once.'),
  their_max_htlc_value_in_flight_msat: r.msat().optional().describe('And the peer.'),
  max_accepted_htlcs: r.integer().optional().describe('How many HTLCs we accept at once.'),
  updates: r
    .object({
      local: policyResult().describe('Ours.'),
      remote: policyResult().optional().describe("The peer's, once it has come."),
    })
    .optional()
    .describe('The channel_updates.'),
  close_to: r.hex().optional().describe('The script that we close to.'),
  closer: r
    .oneOf('local', 'remote')
    .optional()
    .describe('Who began to close it, where that is known.'),
  status: r.array(r.string()).describe('What people should know.'),
  ...passageResult,
  htlcs: r.array(htlcResult()).describe('The HTLCs in it.'),
});

function passages({ tally }: LiveChannel): Partial<z.input<typeof channelResult>> {
  if (tally === undefined) return {};
  return {
    in_payments_offered: tally.in.offered,
    in_offered_msat: tally.in.offeredMsat,
    in_payments_fulfilled: tally.in.fulfilled,
    in_fulfilled_msat: tally.in.fulfilledMsat,
    out_payments_offered: tally.out.offered,
    out_offered_msat: tally.out.offeredMsat,
    out_payments_fulfilled: tally.out.fulfilled,
    out_fulfilled_msat: tally.out.fulfilledMsat,
  };
}

/** The sides of a channel, in Core Lightning's words. */
function sides({ local, remote }: LiveChannel): Partial<z.input<typeof channelResult>> {
  if (local === undefined || remote === undefined) return {};
  return {
    minimum_htlc_in_msat: local.htlcMinimum,
    dust_limit_msat: local.dustLimit * 1000n,
    our_reserve_msat: local.reserve * 1000n,
    their_reserve_msat: remote.reserve * 1000n,
    // The delay that the peer asked for is the one we wait.
    our_to_self_delay: remote.toSelfDelay,
    their_to_self_delay: local.toSelfDelay,
    our_max_htlc_value_in_flight_msat: local.maxHtlcValueInFlight,
    their_max_htlc_value_in_flight_msat: remote.maxHtlcValueInFlight,
    max_accepted_htlcs: local.maxAcceptedHtlcs,
  };
}

function policy({ policy, peerPolicy }: LiveChannel): Partial<z.input<typeof channelResult>> {
  if (policy === undefined) return {};
  return {
    fee_base_msat: BigInt(policy.feeBaseMsat),
    fee_proportional_millionths: policy.feeProportionalMillionths,
    minimum_htlc_out_msat: policy.htlcMinimumMsat,
    maximum_htlc_out_msat: policy.htlcMaximumMsat,
    updates: {
      local: shownPolicy(policy),
      remote: peerPolicy && shownPolicy(peerPolicy),
    },
  };
}

const shownPolicy = (policy: PeerPolicy): z.input<ReturnType<typeof policyResult>> => ({
  htlc_minimum_msat: policy.htlcMinimumMsat,
  htlc_maximum_msat: policy.htlcMaximumMsat,
  cltv_expiry_delta: policy.cltvExpiryDelta,
  fee_base_msat: BigInt(policy.feeBaseMsat),
  fee_proportional_millionths: policy.feeProportionalMillionths,
});

/** The bits that BOLT 2 gives each type. */
function typeBits(type: NonNullable<LiveChannel['type']>): number[] {
  return [
    12,
    ...(type.anchors ? [22] : []),
    ...(type.scidAlias ? [46] : []),
    ...(type.zeroconf ? [50] : []),
  ];
}

/** A channel's type as answers have it. */
export const shownTypeOf = ({ type }: Pick<LiveChannel, 'type'>) =>
  type && shownChannelType(typeBits(type));

function features(type: LiveChannel['type']): string[] {
  if (type === undefined) return [];
  return ['option_static_remotekey', ...(type.anchors ? ['option_anchors'] : [])];
}

function funding(c: LiveChannel): z.input<typeof channelResult>['funding'] {
  const ours = c.opener === 'local';
  return {
    local_funds_msat: ours ? c.totalMsat : 0n,
    remote_funds_msat: ours ? 0n : c.totalMsat,
    pushed_msat: c.pushMsat,
  };
}

const STATUS: Record<LiveChannel['status'], string> = {
  OPENINGD: 'The channel is being agreed on.',
  CHANNELD_AWAITING_LOCKIN: 'The funding transaction waits for confirmations.',
  CHANNELD_NORMAL: 'In normal operation.',
  CHANNELD_SHUTTING_DOWN: 'Closing: HTLCs are being settled first.',
  CLOSINGD_SIGEXCHANGE: 'Closing: the fee is being agreed on.',
  CLOSINGD_COMPLETE: 'Closed together: the transaction waits for a block.',
  AWAITING_UNILATERAL: 'Failed: our commitment transaction waits for a block.',
  FUNDING_SPEND_SEEN: 'The funding output is being spent.',
  ONCHAIN: 'Closed: what is ours is being claimed on the chain.',
  CLOSED: 'Closed and done with.',
};

const BEHIND = 'Failed: the commitment transaction of the peer is waited for.';

const statusOf = ({ status, behind }: LiveChannel): string =>
  behind === true && status === 'AWAITING_UNILATERAL' ? BEHIND : STATUS[status];

function shown(node: NodeApi, c: LiveChannel): z.input<typeof channelResult> {
  const { local } = c.closeScripts ?? {};
  const named = c.localAlias !== undefined || c.remoteAlias !== undefined;
  return {
    peer_id: c.peerId,
    peer_connected: c.peerConnected,
    reestablished: c.peerConnected ? c.online : undefined,
    state: c.status,
    opener: c.opener,
    features: features(c.type),
    channel_type: shownTypeOf(c),
    channel_id: c.channelId,
    short_channel_id: c.scid === undefined ? undefined : scidToString(c.scid),
    direction: c.scid === undefined ? undefined : node.nodeId < c.peerId ? 0 : 1,
    alias: named
      ? {
          local: c.localAlias === undefined ? undefined : scidToString(c.localAlias),
          remote: c.remoteAlias === undefined ? undefined : scidToString(c.remoteAlias),
        }
      : undefined,
    funding_txid: c.fundingTxid && shownTxid(c.fundingTxid),
    funding_outnum: c.fundingVout,
    private: c.private,
    feerate:
      c.feeratePerKw === undefined
        ? undefined
        : { perkw: c.feeratePerKw, perkb: c.feeratePerKw * 4 },
    funding: funding(c),
    to_us_msat: c.toLocalMsat,
    ...extremes.of(c),
    total_msat: c.totalMsat,
    spendable_msat: c.spendableMsat,
    receivable_msat: c.receivableMsat,
    ...policy(c),
    ...sides(c),
    close_to: local && toHex(local),
    closer: c.closer,
    status: [`${c.status}:${statusOf(c)}${c.reason === undefined ? '' : ` ${c.reason}`}`],
    ...passages(c),
    htlcs: c.htlcs.map((htlc) => ({
      direction: htlc.direction,
      id: htlc.id,
      amount_msat: htlc.amountMsat,
      expiry: htlc.cltvExpiry,
      payment_hash: htlc.paymentHash,
      local_trimmed: htlc.localTrimmed || undefined,
      state: htlc.state,
    })),
  };
}

export const listpeerchannels = defineCommand({
  name: 'listpeerchannels',
  category: 'channels',
  summary: 'List our own channels.',
  description:
    'Every channel that is being opened, is open, or is closing; with its balance, what both sides ' +
    'ask of each other, what has gone through it, and the HTLCs in it. At most one of the ' +
    'parameters may be given.',
  params: () =>
    z.object({
      id: p.nodeId().optional().describe('Only those with this peer.'),
      short_channel_id: p.scid().optional().describe('Only this one, by its place or its alias.'),
      channel_id: p.hash32().optional().describe('Only this one, by its id.'),
    }),
  result: () => r.object({ channels: r.array(channelResult) }),
  errors: [{ code: codes.badParameter, meaning: 'More than one parameter was given.' }],
  examples: [{ cli: 'lightning-cli listpeerchannels' }],
  seeAlso: ['fundchannel', 'close', 'setchannel', 'listpeers'],
  run: ({ id, short_channel_id: scid, channel_id }, { node }) => {
    if ([id, scid, channel_id].filter((given) => given !== undefined).length > 1)
      throw new RpcError(
        codes.badParameter,
        'only one of id, short_channel_id and channel_id may be given',
      );
    const list = scid === undefined ? node.channels.list() : [node.channels.byScid(scid)];
    const channels = list.filter(
      (c): c is LiveChannel =>
        c !== undefined &&
        c.status !== 'CLOSED' &&
        (id === undefined || c.peerId === id) &&
        (channel_id === undefined || c.channelId === channel_id),
    );
    return { channels: channels.map((c) => shown(node, c)) };
  },
});
