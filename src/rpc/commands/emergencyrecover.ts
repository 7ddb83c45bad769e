import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import { recoverRefusal, stubsResult } from './recovery-shared.js';

export const emergencyrecover = defineCommand({
  name: 'emergencyrecover',
  category: 'channels',
  summary: 'Take up the channels of a store that was lost.',
  description:
    'Reads `emergency.recover`, and what connected peers returned of what they keep for us, and ' +
    'takes up every channel that the store does not know. Their states are lost: each peer is ' +
    'called and asked to close, and what its commitment pays to us goes to the wallet. This ' +
    'depends on the peers: use it when the store is lost, and only then. An old copy of the store ' +
    'must never be used instead: it may cost all the money in its channels.',
  params: () => z.object({}),
  result: () => stubsResult(),
  errors: [
    { code: codes.general, meaning: 'The file is not of this seed, or the chain does not answer.' },
  ],
  examples: [{ cli: 'lightning-cli emergencyrecover' }],
  seeAlso: ['staticbackup', 'recoverchannel', 'listpeerchannels'],
  run: async (_, { node }) => {
    const recovered = await node.backups.recover();
    if (!recovered.ok) throw recoverRefusal(recovered.error);
    return { stubs: [...recovered.value] };
  },
});
