/** What was learned, as several commands name and show it. */
import type { ConstraintSubject } from '../../node/routes/index.js';
import { nodeId, param, scid, scidDir } from '../params.js';
import * as r from '../results.js';

/** A node, a channel, or a channel in one direction. */
export const constraintSubject = () =>
  param<ConstraintSubject>(
    'pubkey|short_channel_id|short_channel_id_dir',
    'should be a node id, a short_channel_id or a short_channel_id_dir',
    (value) => {
      const node = nodeId().safeParse(value);
      if (node.success) return { nodeId: node.data as never };
      const directed = scidDir().safeParse(value);
      if (directed.success) return directed.data;
      const channel = scid().safeParse(value);
      return channel.success ? { scid: channel.data } : undefined;
    },
  );

export const constraintResult = () =>
  r.object({
    short_channel_id_dir: r.scidDir().optional().describe('The channel and direction it is about.'),
    node_id: r.nodeId().optional().describe('Or the node.'),
    minimum_msat: r.msat().optional().describe('It carries at least this much.'),
    maximum_msat: r.msat().optional().describe('It carries at most this much.'),
    usable: r.boolean().optional().describe('False: it is not used.'),
    until: r
      .integer()
      .or(r.oneOf('update'))
      .optional()
      .describe('Until when it is not used, in seconds since 1970, or until an `update`.'),
    reason: r.string().optional().describe('The error that said so.'),
    blame_ppm: r
      .integer()
      .optional()
      .describe('The chance, in millionths, that an error nobody owned up to was its own.'),
    timestamp: r.integer().describe('When the newest of it was learned, seconds since 1970.'),
  });
