import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { packRows, unpackWrites } from './codec.js';
import type { StoreErrorCode } from './errors.js';
import { StoreError, storeError } from './errors.js';
import { Executor, type Outcome, type Request } from './executor.js';
import type { FromWorker, PackedOutcome, PlainError, ToWorker } from './protocol.js';

/** The store's thread: everything that came while the disk was syncing shares the next sync. */
const port = parentPort as NonNullable<typeof parentPort>;
const { path } = workerData as { path: string };

const plain = (error: { code: StoreErrorCode; message: string }): PlainError => ({
  code: error.code,
  message: error.message,
});

function pack(outcome: Outcome, transfer: ArrayBuffer[]): PackedOutcome {
  if (outcome === undefined) return undefined;
  if ('error' in outcome) return { error: plain(outcome.error) };
  const packed = packRows(outcome.table, outcome.rows);
  transfer.push(packed.bytes.buffer as ArrayBuffer);
  return packed;
}

function unpacked({ requests, blobs }: Exclude<ToWorker, 'close'>): readonly Request[] {
  const commits = requests.flatMap((request) => ('commit' in request ? [request.commit] : []));
  unpackWrites(commits, blobs);
  return requests;
}

function serve(executor: Executor): void {
  port.on('message', (first: ToWorker) => {
    const requests: Request[] = [];
    let closing = false;
    for (
      let message: ToWorker | undefined = first;
      message !== undefined && !closing;
      message = receiveMessageOnPort(port)?.message
    ) {
      if (message === 'close') closing = true;
      else requests.push(...unpacked(message));
    }
    const transfer: ArrayBuffer[] = [];
    const outcomes = executor.run(requests).map((outcome) => pack(outcome, transfer));
    port.postMessage({ outcomes } satisfies FromWorker, transfer);
    if (!closing) return;
    executor.close();
    port.postMessage({ closed: true } satisfies FromWorker);
    port.close();
  });
}

try {
  serve(new Executor(path));
  port.postMessage({ opened: true } satisfies FromWorker);
} catch (error) {
  const failure = error instanceof StoreError ? error : storeError(error, path);
  port.postMessage({ failed: plain(failure) } satisfies FromWorker);
  port.close();
}
