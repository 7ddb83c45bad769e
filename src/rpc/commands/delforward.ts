import { z } from 'zod';
import { scidToString } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { ChannelNames } from './listforwards.js';

export const delforward = defineCommand({
  name: 'delforward',
  category: 'channels',
  summary: 'Delete one of the forwards that are over.',
  description:
    'Takes a forward off `listforwards`. It must have ended, and the channel it came in on must ' +
    'have settled it for good; nothing depends on it any more then. `getinfo` no longer counts its ' +
    'fee.',
  params: () =>
    z.object({
      in_channel: p.scid().describe('The channel it came in on.'),
      in_htlc_id: p.u64().describe('Its id there.'),
      status: p.oneOf('settled', 'local_failed', 'failed').describe('How it ended.'),
    }),
  result: () => r.object({}),
  errors: [{ code: codes.noSuchForward, meaning: 'There is none like that which is over.' }],
  examples: [{ cli: 'lightning-cli delforward 103x1x0 7 failed' }],
  seeAlso: ['listforwards'],
  run: async ({ in_channel, in_htlc_id, status }, { node }) => {
    const name = scidToString(in_channel);
    for (const id of await new ChannelNames(node).idsOf(name))
      if (await node.channels.deleteForward(id, in_htlc_id, status)) return {};
    throw new RpcError(
      codes.noSuchForward,
      `no forward of HTLC ${in_htlc_id} of ${name} is over as ${status}`,
    );
  },
});
