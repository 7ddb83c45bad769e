import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import * as r from '../results.js';

export const staticbackup = defineCommand({
  name: 'staticbackup',
  category: 'channels',
  summary: 'Show the backup of each channel.',
  description:
    'What `emergency.recover` holds, one entry a channel and not encrypted: enough, together with ' +
    '`hsm_secret`, to get the money of a channel back with `recoverchannel`. It holds no secret ' +
    'and does not change with payments.',
  params: () => z.object({}),
  result: () => r.object({ scb: r.array(r.hex()).describe('The backup of each channel.') }),
  examples: [{ cli: 'lightning-cli staticbackup' }],
  seeAlso: ['recoverchannel', 'emergencyrecover'],
  run: async (_, { node }) => ({ scb: (await node.backups.list()).map(toHex) }),
});
