import { randomBytes } from 'node:crypto';
import type { Entropy } from '../../ports/index.js';

/** The operating system's random bytes. */
export const systemEntropy: Entropy = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
};
