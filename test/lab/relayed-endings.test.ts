import { describe, it } from 'vitest';
import { relayedEnding, relayedEndings } from '../support/endings/relayed.js';

describe('a relayed payment, one of whose channels ends on the chain', () => {
  it.each(relayedEndings)('%s', (name) => relayedEnding(name), 60_000);
});
