import { z } from 'zod';
import { readBackups } from '../../node/backup/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import { recoverRefusal, stubsResult } from './recovery-shared.js';
import { badParameter } from './shared.js';

export const recoverchannel = defineCommand({
  name: 'recoverchannel',
  category: 'channels',
  summary: 'Take up channels from backups of each.',
  description:
    'As `emergencyrecover`, for channels that `staticbackup` once showed. A channel that the ' +
    'store knows is left as it is.',
  params: () =>
    z.object({
      scb: p.array(p.hex()).describe('Backups of channels, as `staticbackup` shows them.'),
    }),
  result: () => stubsResult(),
  errors: [
    { code: codes.general, meaning: 'The chain does not answer.' },
    { code: codes.badParameter, meaning: 'One of them is no backup of a channel.' },
  ],
  examples: [{ cli: 'lightning-cli recoverchannel \'["0001…"]\'' }],
  seeAlso: ['staticbackup', 'emergencyrecover'],
  run: async ({ scb }, { node }) => {
    const backups = readBackups(scb);
    if (!backups.ok) throw badParameter('scb', 'should be backups of channels', `${backups.error}`);
    const recovered = await node.backups.takeUp(backups.value);
    if (!recovered.ok) throw recoverRefusal(recovered.error);
    return { stubs: [...recovered.value] };
  },
});
