/** The SignatureVerifier port: in threads of their own for the daemon, inline for the lab. */
import { availableParallelism } from 'node:os';
import type { Logger, SignatureVerifier } from '../../ports/index.js';
import { WorkerVerifier } from './worker-verifier.js';

export { InlineVerifier } from './inline.js';
export { WorkerVerifier } from './worker-verifier.js';

/** More would only wait for the node's own thread, which applies the answers. */
const MOST_THREADS = 3;

/** As many threads as there are cores beside the one that the node itself uses; one at least. */
export function openVerifier(deps: { readonly log: Logger }): SignatureVerifier {
  const threads = Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1));
  return new WorkerVerifier({ threads }, deps);
}
