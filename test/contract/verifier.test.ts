import { InlineVerifier, WorkerVerifier } from '../../src/adapters/verifier/index.js';
import { silentLogger } from '../../src/ports/index.js';
import { verifierContract } from './verifier.js';

verifierContract('inline', () => new InlineVerifier());
verifierContract('in a thread', () => new WorkerVerifier({ threads: 1 }, { log: silentLogger }));
verifierContract(
  'in three threads',
  () => new WorkerVerifier({ threads: 3 }, { log: silentLogger }),
);
