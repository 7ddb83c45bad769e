import { createHash, type Hash } from 'node:crypto';
import type { Clock, Logger } from '../ports/index.js';

/** One thing that happened, at a time of the virtual clock. */
export interface TraceEntry {
  /** Milliseconds since the run began. */
  readonly at: number;
  /** The node it happened to, or `lab`. */
  readonly node: string;
  readonly kind: 'net' | 'store' | 'chain' | 'log' | 'lab';
  readonly text: string;
}

export interface TraceOptions {
  /** How many of the last entries are kept for a person to read; the hash covers all of them. */
  readonly keep?: number;
}

/** Long hex strings are for the hash, not for people. */
const short = (text: string): string =>
  text.replace(/[0-9a-f]{100,}/g, (hex) => `${hex.slice(0, 32)}… (${hex.length / 2} bytes)`);

const BIGINTS = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value;

/**
 * What happened in a run, in order: every byte that arrived, every commit, every broadcast, every
 * line of the logs. Two runs are the same, byte for byte, where `digest` is.
 */
export class Trace {
  readonly #clock: Clock;
  readonly #start: number;
  readonly #keep: number;
  readonly #hash: Hash;
  #entries: TraceEntry[] = [];
  #count = 0;

  constructor(options: TraceOptions, deps: { readonly clock: Clock }) {
    this.#clock = deps.clock;
    this.#start = deps.clock.now();
    this.#keep = options.keep ?? 5_000;
    this.#hash = createHash('sha256');
  }

  add(node: string, kind: TraceEntry['kind'], text: string): void {
    const at = this.#clock.now() - this.#start;
    this.#hash.update(`${at} ${node} ${kind} ${text}\n`);
    this.#count++;
    this.#entries.push({ at, node, kind, text });
    if (this.#entries.length > 2 * this.#keep) this.#entries = this.#entries.slice(-this.#keep);
  }

  /** How many things have happened. */
  get count(): number {
    return this.#count;
  }

  /** The last things that happened, oldest first. */
  get entries(): readonly TraceEntry[] {
    return this.#entries.slice(-this.#keep);
  }

  /** SHA256 over all entries so far, in hex. */
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** The last entries as lines, for a failed test to show. */
  text(lines = 200): string {
    return this.entries
      .slice(-lines)
      .map(({ at, node, kind, text }) => `${(at / 1000).toFixed(3)} ${node} ${kind} ${short(text)}`)
      .join('\n');
  }

  /** A logger whose lines become entries. */
  logger(node: string, subsystem = ''): Logger {
    const line =
      (level: string) =>
      (message: string, values?: Record<string, unknown>): void => {
        const more = values === undefined ? '' : ` ${JSON.stringify(values, BIGINTS)}`;
        this.add(node, 'log', `${level} ${subsystem}${subsystem && ': '}${message}${more}`);
      };
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('unusual'),
      error: line('broken'),
      child: (name) => this.logger(node, subsystem ? `${subsystem}-${name}` : name),
    };
  }
}
