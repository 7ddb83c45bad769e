/**
 * The log as lines of text: `2026-02-03T12:00:00.000Z INFO    peer-02ab…: connected host=…`.
 *
 * By hand, since there is little to it: pino alone takes longer to load than the rest of a start,
 * and its JSON would only have to be read back into lines.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger, LogLevel, LogLine } from '../../ports/index.js';

export interface LogOptions {
  /** The level for subsystems whose name contains `subsystem` ('' for all); the last match counts. */
  readonly levels: readonly { readonly level: LogLevel; readonly subsystem: string }[];
  /** Absolute paths; `-` is the terminal. */
  readonly files: readonly string[];
  readonly prefix: string;
  readonly timestamps: boolean;
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, unusual: 2, broken: 3 };
const SHOWN: Record<LogLevel, string> = {
  debug: 'DEBUG  ',
  info: 'INFO   ',
  unusual: 'UNUSUAL',
  broken: 'BROKEN ',
};

/** Lines kept in memory for `getlog`. */
const KEPT = 4000;

function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
    case 'object':
      if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
      if (value instanceof Error) return JSON.stringify(value.message);
      return JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v));
    default:
      return String(value);
  }
}

/** No line of the log can be made to look like two, whatever a peer calls itself. */
const clean = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
  text.replace(/[\u0000-\u001f\u007f\u2028\u2029]/g, (c) => (c === '\n' ? '\\n' : '?'));

interface OpenFile {
  readonly path: string;
  /** `undefined`: the terminal. */
  readonly fd: number | undefined;
}

export class TextLog {
  readonly #options: LogOptions;
  #files: readonly OpenFile[] = [];
  #recent: LogLine[] = [];
  readonly logger: Logger;

  /** Throws where a file cannot be opened. */
  constructor(options: LogOptions) {
    this.#options = options;
    this.#files = this.#open();
    this.logger = this.#child('lightningd');
  }

  #open(): readonly OpenFile[] {
    return this.#options.files.map((path) => {
      if (path === '-') return { path, fd: undefined };
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        return { path, fd: openSync(path, 'a', 0o640) };
      } catch (error) {
        throw new Error(`${path}: the log cannot be written there (${(error as Error).message})`);
      }
    });
  }

  #levelOf(subsystem: string): number {
    let level: LogLevel = 'info';
    for (const entry of this.#options.levels)
      if (subsystem.includes(entry.subsystem)) level = entry.level;
    return RANK[level];
  }

  #child(subsystem: string): Logger {
    const threshold = this.#levelOf(subsystem);
    const at =
      (level: LogLevel) =>
      (message: string, values?: Record<string, unknown>): void => {
        if (RANK[level] >= threshold) this.#write(level, subsystem, message, values);
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('unusual'),
      error: at('broken'),
      child: (name) => this.#child(name),
    };
  }

  #write(
    level: LogLevel,
    subsystem: string,
    message: string,
    values: Record<string, unknown> | undefined,
  ): void {
    const time = Date.now();
    let text = message;
    for (const [name, value] of Object.entries(values ?? {}))
      if (value !== undefined) text += ` ${name}=${show(value)}`;
    text = clean(text);
    this.#recent.push({ time, level, subsystem, message: text });
    if (this.#recent.length >= 2 * KEPT) this.#recent = this.#recent.slice(-KEPT);
    const stamp = this.#options.timestamps ? `${new Date(time).toISOString()} ` : '';
    const line = `${stamp}${SHOWN[level]} ${this.#options.prefix}${subsystem}: ${text}\n`;
    for (const { fd } of this.#files) {
      try {
        if (fd === undefined) process.stdout.write(line);
        else writeSync(fd, line);
      } catch {
        // A full disk must not stop the node for its log: the store says so where it matters.
      }
    }
  }

  /** Oldest first. */
  recent(): readonly LogLine[] {
    return this.#recent.slice(-KEPT);
  }

  /** After the files were moved away (SIGHUP). Where they cannot be opened, the old ones stay. */
  reopen(): void {
    try {
      const files = this.#open();
      this.close();
      this.#files = files;
    } catch (error) {
      this.logger.error((error as Error).message);
    }
  }

  close(): void {
    for (const { fd } of this.#files) if (fd !== undefined) closeSync(fd);
    this.#files = [];
  }
}
