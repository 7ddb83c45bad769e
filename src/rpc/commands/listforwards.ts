import { z } from 'zod';
import { scidToString } from '../../core/bytes/index.js';
import { failcodeName } from '../../core/payment/index.js';
import type { Tables } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { channelName } from './shared.js';

const statuses = ['offered', 'settled', 'local_failed', 'failed'] as const;

/** From the ids of channels, as the store has them, to the names that people know. */
export class ChannelNames {
  readonly #node: NodeApi;
  readonly #names = new Map<string, string>();

  constructor(node: NodeApi) {
    this.#node = node;
    for (const c of node.channels.list())
      this.#names.set(c.channelId, channelName(c) ?? c.channelId);
  }

  /** The ids of the channels that go, or went, by this name. */
  async idsOf(name: string): Promise<string[]> {
    const live = [...this.#names].filter(([, known]) => known === name).map(([id]) => id);
    const rows = await this.#node.store.select('channels', { where: { scid: name } });
    return [...new Set([...live, ...rows.map((row) => row.channel_id)])];
  }

  async of(channelId: string): Promise<string> {
    const known = this.#names.get(channelId);
    if (known !== undefined) return known;
    // A channel that is closed and forgotten in memory.
    const where = { channel_id: channelId as Tables['channels']['channel_id'] };
    const [row] = await this.#node.store.select('channels', { where, limit: 1 });
    const name = row?.scid ?? channelId;
    this.#names.set(channelId, name);
    return name;
  }
}

export const listforwards = defineCommand({
  name: 'listforwards',
  category: 'channels',
  summary: 'List what was forwarded, or was to be.',
  description:
    'Each HTLC that came in to be passed on: over which channels, what it earned, and how it ended.',
  params: () =>
    z.object({
      status: p
        .oneOf(...statuses)
        .optional()
        .describe('Only those that stand so.'),
      in_channel: p.scid().optional().describe('Only those that came in on this channel.'),
      out_channel: p.scid().optional().describe('Only those that went out on this channel.'),
      index: p.oneOf('created').optional().describe('By what `start` counts.'),
      start: p
        .integer(0, Number.MAX_SAFE_INTEGER)
        .optional()
        .describe('The first one, by the index.'),
      limit: p.integer().optional().describe('How many.'),
    }),
  result: () =>
    r.object({
      forwards: r.array(
        r.object({
          created_index: r.integer().describe('Its number, from 1 up.'),
          in_channel: r.string().describe('Where it came in.'),
          in_htlc_id: r.u64().describe('Its id there.'),
          in_msat: r.msat().describe('What came in.'),
          status: r.oneOf(...statuses).describe('How it stands.'),
          received_time: r.number().describe('When it came, in seconds since 1970.'),
          resolved_time: r.number().optional().describe('When it ended.'),
          out_channel: r.string().optional().describe('Where it went out.'),
          out_htlc_id: r.u64().optional().describe('Its id there.'),
          out_msat: r.msat().optional().describe('What went out.'),
          fee_msat: r.msat().optional().describe('What it earned, or would have.'),
          payment_hash: r.hash().describe('What its preimage hashes to.'),
          failcode: r.integer().optional().describe('Why we refused it, by BOLT 4.'),
          failreason: r.string().optional().describe('Its name: WIRE_FEE_INSUFFICIENT.'),
          style: r.oneOf('tlv').describe('The form of its onion.'),
        }),
      ),
    }),
  errors: [{ code: codes.badParameter, meaning: 'A parameter is wrong.' }],
  examples: [{ cli: 'lightning-cli listforwards settled' }],
  seeAlso: ['getinfo', 'listhtlcs'],
  run: async (params, { node }) => {
    const byChannel = params.in_channel !== undefined || params.out_channel !== undefined;
    const rows = await node.store.select('forwards', {
      order: 'created_index',
      ...(params.limit !== undefined && !byChannel && { limit: params.limit }),
      ...(params.start !== undefined && { from: params.start }),
      ...(params.status !== undefined && { where: { status: params.status } }),
    });
    const names = new ChannelNames(node);
    const wantedIn = params.in_channel && scidToString(params.in_channel);
    const wantedOut = params.out_channel && scidToString(params.out_channel);
    const forwards = [];
    for (const row of rows) {
      if (params.limit !== undefined && forwards.length >= params.limit) break;
      const inChannel = await names.of(row.in_channel);
      const outChannel = row.out_channel === null ? undefined : await names.of(row.out_channel);
      if (wantedIn !== undefined && inChannel !== wantedIn) continue;
      if (wantedOut !== undefined && outChannel !== wantedOut) continue;
      forwards.push({
        created_index: row.created_index,
        in_channel: inChannel,
        in_htlc_id: row.in_htlc_id,
        in_msat: row.in_msat,
        status: statuses.find((s) => s === row.status) ?? ('offered' as const),
        received_time: row.received_time,
        resolved_time: row.resolved_time ?? undefined,
        out_channel: outChannel,
        out_htlc_id: row.out_htlc_id ?? undefined,
        out_msat: row.out_msat ?? undefined,
        fee_msat: row.out_msat === null ? undefined : row.in_msat - row.out_msat,
        payment_hash: row.payment_hash,
        failcode: row.failcode ?? undefined,
        failreason: row.failcode === null ? undefined : failcodeName(row.failcode),
        style: 'tlv' as const,
      });
    }
    return { forwards };
  },
});
