import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { startThread } from '../../../../src/adapters/thread.js';
import { WorkerVerifier } from '../../../../src/adapters/verifier/index.js';
import { type Logger, silentLogger } from '../../../../src/ports/index.js';
import { batch, bits } from '../../../contract/verifier.js';

const open: WorkerVerifier[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((verifier) => verifier.close()));
});

const here = new URL('../../../../src/adapters/verifier/index.ts', import.meta.url).href;
const realThread = (): Worker => startThread(here, 'verify-worker', {});
/** Dies over whatever it is given. */
const deadlyThread = (): Worker =>
  new Worker(
    `require('node:worker_threads').parentPort.on('message', () => { throw new Error('mine') })`,
    { eval: true },
  );

function opened(threads: readonly (() => Worker)[]) {
  let started = 0;
  const said: string[] = [];
  const log: Logger = { ...silentLogger, warn: (text: string) => void said.push(text) };
  const start = (): Worker => (threads[Math.min(started++, threads.length - 1)] as () => Worker)();
  const verifier = new WorkerVerifier({ threads: 1, start }, { log });
  open.push(verifier);
  return { verifier, said, started: () => started };
}

const GOODS = [true, false, true];

describe('a thread that checks signatures', () => {
  it('is started with the first work, and not before', async () => {
    const { verifier, started } = opened([realThread]);
    expect(started()).toBe(0);
    await verifier.verify(batch(GOODS));
    await verifier.verify(batch(GOODS));
    expect(started()).toBe(1);
  });

  it('that dies is started anew, and what it had is checked by the next', async () => {
    const { verifier, said, started } = opened([deadlyThread, realThread]);
    const answers = await Promise.all([0, 1, 2].map((n) => verifier.verify(batch(GOODS, 3 * n))));
    for (const answer of answers) expect(bits(answer, 3)).toEqual(GOODS);
    expect(started()).toBe(2);
    expect(said.length).toBeGreaterThan(0);
  });

  it('that is killed between two batches is started anew', async () => {
    const threads: Worker[] = [];
    const { verifier, started } = opened([
      () => {
        const thread = realThread();
        threads.push(thread);
        return thread;
      },
    ]);
    expect(bits(await verifier.verify(batch(GOODS)), 3)).toEqual(GOODS);
    const under = verifier.verify(batch(GOODS, 10));
    await threads[0]?.terminate();
    expect(bits(await under, 3)).toEqual(GOODS);
    expect(bits(await verifier.verify(batch(GOODS, 20)), 3)).toEqual(GOODS);
    expect(started()).toBeGreaterThan(1);
  });

  it('whose batches fell thread after thread leaves them to us, who accept nothing unchecked', async () => {
    const { verifier } = opened([deadlyThread]);
    const answers = await Promise.all(
      [0, 1, 2, 3].map((n) => verifier.verify(batch(GOODS, 3 * n))),
    );
    for (const answer of answers) expect(bits(answer, 3)).toEqual(GOODS);
  });
});
