import { z } from 'zod';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';

/** The server carries it out itself: it is about the connection, not about the node. */
export const notifications = defineCommand({
  name: 'notifications',
  category: 'utility',
  summary: 'Ask for messages of progress on this connection.',
  description:
    'While it is enabled, a command that takes long sends notifications before its answer: ' +
    '`message` with a text and a level, and `progress` with the number of the step.',
  params: () =>
    z.object({
      enable: p.boolean().describe('Whether notifications are sent from now on.'),
    }),
  result: () => r.object({}),
  examples: [{ cli: 'lightning-cli notifications true', reply: {} }],
  run: () => ({}),
});
