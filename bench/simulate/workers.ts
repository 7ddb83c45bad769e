/** Jobs for processes of the same program: one takes the next when it has done the last. */
import { type ChildProcess, fork } from 'node:child_process';

export class Workers<Job extends object, Done> {
  readonly #waiting: { readonly job: Job; readonly end: (done: Done) => void }[] = [];
  readonly #all: ChildProcess[];
  readonly #free: ChildProcess[];
  #begun = 0;
  #given = 0;
  #done = 0;

  /** `program` is started anew with `file` for each of them, and answers messages. */
  constructor(options: { readonly program: string; readonly file: string; readonly size: number }) {
    this.#begun = performance.now();
    this.#all = Array.from({ length: options.size }, () => {
      const child = fork(options.program, [options.file], { serialization: 'advanced' });
      child.on('exit', (code) => {
        if (code !== null && code !== 0) process.exit(code);
      });
      return child;
    });
    this.#free = [...this.#all];
  }

  run(job: Job): Promise<Done> {
    this.#given++;
    return new Promise((end) => {
      this.#waiting.push({ job, end });
      this.#next();
    });
  }

  stop(): void {
    for (const child of this.#all) child.disconnect();
  }

  get seconds(): number {
    return (performance.now() - this.#begun) / 1000;
  }

  #next(): void {
    while (this.#free.length > 0 && this.#waiting.length > 0) {
      const child = this.#free.pop() as ChildProcess;
      const { job, end } = this.#waiting.shift() as { job: Job; end: (done: Done) => void };
      child.once('message', (done) => {
        this.#free.push(child);
        this.#done++;
        console.error(`${this.#done} of ${this.#given} streams, ${this.seconds.toFixed(0)} s`);
        end(done as Done);
        this.#next();
      });
      child.send(job);
    }
  }
}

/** Where this process is a worker, it answers each job and the function says so. */
export function answersAsWorker<Job, Done>(make: (file: string) => (job: Job) => Done): boolean {
  if (process.send === undefined) return false;
  const answer = make(process.argv[2] as string);
  process.on('message', (job) => {
    process.send?.(answer(job as Job) as object);
  });
  return true;
}
