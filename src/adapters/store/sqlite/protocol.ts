import type { PackedRows } from './codec.js';
import type { StoreErrorCode } from './errors.js';

/** What goes between the store's two halves: `Request[]` or `'close'` one way, this the other. */
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
