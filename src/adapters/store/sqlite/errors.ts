export type StoreErrorCode =
  /** Another process has the file open. */
  | 'locked'
  /** Written by a later version of this program. */
  | 'newer_schema'
  /** No SQLite file, or not one of ours, or damaged. */
  | 'corrupt'
  | 'disk_full'
  | 'read_only'
  | 'io'
  /** A row that a unique index forbids, or a value that is no column's: our bug. */
  | 'invalid'
  | 'closed';

/** What opening a store and its commits reject with. */
export class StoreError extends Error {
  constructor(
    readonly code: StoreErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'StoreError';
  }
}

/** SQLite's primary result codes (the low byte of an extended one) that have a name of ours. */
const NAMES: Readonly<Record<number, readonly [StoreErrorCode, string]>> = {
  5: ['locked', 'it is in use by another lightningd'],
  6: ['locked', 'it is in use by another lightningd'],
  8: ['read_only', 'it cannot be written to'],
  10: ['io', 'the disk failed'],
  11: ['corrupt', 'the file is damaged'],
  13: ['disk_full', 'the disk is full'],
  14: ['io', 'it cannot be opened'],
  19: ['invalid', 'a rule of the schema forbids the row'],
  20: ['invalid', 'a value of the wrong type'],
  23: ['io', 'access is denied'],
  26: ['corrupt', 'it is not a database'],
};

/** The library gives some errors without their number: then SQLite's own words tell. */
const WORDS: readonly (readonly [RegExp, number])[] = [
  [/constraint failed/, 19],
  [/malformed/, 11],
  [/not a database/, 26],
  [/is full/, 13],
  [/disk I\/O/, 10],
  [/readonly/, 8],
  [/locked/, 5],
];

/** Whatever the database library threw, as a coded error that names the file. */
export function storeError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const {
    sqliteCode,
    code,
    message = String(error),
  } = error as {
    sqliteCode?: number;
    code?: string;
    message?: string;
  };
  const number = sqliteCode ?? WORDS.find(([words]) => words.test(message))?.[1];
  const known = number === undefined ? undefined : NAMES[number & 0xff];
  if (known) return new StoreError(known[0], `${path}: ${known[1]} (${message})`);
  return new StoreError(code === 'ERR_SQLITE_ERROR' ? 'io' : 'invalid', `${path}: ${message}`);
}
