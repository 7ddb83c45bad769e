/** One line of the log: a subsystem, what happened, and the values that matter. */
export interface Logger {
  debug(message: string, values?: Record<string, unknown>): void;
  info(message: string, values?: Record<string, unknown>): void;
  /** "unusual": something an operator should know of. */
  warn(message: string, values?: Record<string, unknown>): void;
  /** "broken": money or the node's own state may be at stake. */
  error(message: string, values?: Record<string, unknown>): void;
  /** A logger of a subsystem, `peer-0379…`, `chain`, `rpc`. */
  child(subsystem: string): Logger;
}

export type LogLevel = 'debug' | 'info' | 'unusual' | 'broken';

/** One line as it is kept in memory, for `getlog`. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly level: LogLevel;
  readonly subsystem: string;
  readonly message: string;
}

export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
