import { z } from 'zod';
import { defineCommand } from '../command.js';
import * as r from '../results.js';

export const stop = defineCommand({
  name: 'stop',
  category: 'utility',
  summary: 'End the daemon.',
  description:
    'Connections are closed and everything is on disk; payments in flight go on with the next ' +
    'start. The answer comes before the end.',
  params: () => z.object({}),
  result: () => r.string().describe('`Shutdown complete`.'),
  examples: [{ cli: 'lightning-cli stop', reply: 'Shutdown complete' }],
  run: (_, { node }) => {
    node.requestStop();
    return 'Shutdown complete';
  },
});
