import { parentPort } from 'node:worker_threads';
import { checkAll } from './check.js';

/** A verifier's thread: a batch in, its bits out, in order. */
const port = parentPort as NonNullable<typeof parentPort>;
port.on('message', (checks: Uint8Array) => {
  const good = checkAll(checks);
  port.postMessage(good, [good.buffer as ArrayBuffer]);
});
