import type { PackedRows } from './codec.js';
import type { StoreErrorCode } from './errors.js';
import type { Request } from './executor.js';

/** What goes to the store's thread; `blobs` are the byte strings of all commits, in order. */
export type ToWorker =
  | { readonly requests: readonly Request[]; readonly blobs: Uint8Array }
  | 'close';

/** What comes back. */
export interface PlainError {
  readonly code: StoreErrorCode;
  readonly message: string;
}

export type PackedOutcome = undefined | PackedRows | { readonly error: PlainError };

export type FromWorker =
  | { readonly opened: true }
  | { readonly failed: PlainError }
  | { readonly outcomes: readonly PackedOutcome[] }
  | { readonly closed: true };
