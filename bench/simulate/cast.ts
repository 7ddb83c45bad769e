/** The senders of a row, found once for all streams of a worker that follow each other. */
import type { Graph } from '../../src/core/gossip/index.js';
import { castOf, type Person } from '../../src/lab/simulator/index.js';
import type { StreamJob } from './streams.js';

export class Casts {
  readonly #graph: Graph;
  #last: { readonly key: string; readonly cast: ReturnType<typeof castOf> } | undefined;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  of(job: StreamJob): { readonly person: Person; readonly pool: readonly number[] } {
    const key = `${job.model} ${job.amountSat} ${job.seed} ${job.senders}`;
    if (this.#last?.key !== key) this.#last = { key, cast: castOf(job, job.senders, this.#graph) };
    const { pool, people } = this.#last.cast;
    return { pool, person: people[job.sender] as Person };
  }
}
