/** BOLT 11: an invoice as a value, and what can be wrong with one. */
import type { Bytes, Msat, ShortChannelId } from '../bytes/index.js';
import type { FeatureName } from '../wire/index.js';

/** What stands behind `ln`; testnet and testnet4 share one. */
export type InvoicePrefix = 'bc' | 'tb' | 'tbs' | 'bcrt';

/** One channel of a way to the payee that gossip does not tell. */
export interface RouteHintHop {
  /** The node at the start of the channel. */
  readonly nodeId: Bytes;
  readonly shortChannelId: ShortChannelId;
  readonly feeBaseMsat: number;
  readonly feeProportionalMillionths: number;
  readonly cltvExpiryDelta: number;
}

/** An address on the chain: a witness version (0 to 16), or 17 for P2PKH, 18 for P2SH. */
export interface Fallback {
  readonly version: number;
  readonly program: Bytes;
}

/** A tagged field that we do not read: its data in units of 5 bits. */
export interface UnknownField {
  readonly tag: number;
  readonly words: readonly number[];
}

/** What a payee states; everything but the signature. */
export interface InvoiceTerms {
  readonly prefix: InvoicePrefix;
  /** Left out: the payer chooses. */
  readonly amountMsat?: Msat;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly paymentHash: Bytes;
  readonly paymentSecret: Bytes;
  /** Exactly one of `description` and `descriptionHash` is there. */
  readonly description?: string;
  readonly descriptionHash?: Bytes;
  readonly metadata?: Bytes;
  /** Seconds after `timestamp`; 3600 where the invoice names none. */
  readonly expiry: number;
  /** Blocks; 18 where the invoice names none. */
  readonly minFinalCltvExpiryDelta: number;
  readonly fallbacks: readonly Fallback[];
  /** Ways to the payee, the best first. */
  readonly routeHints: readonly (readonly RouteHintHop[])[];
  /** Big-endian, without leading zero bytes. */
  readonly features: Bytes;
  readonly unknown: readonly UnknownField[];
}

export interface Invoice extends InvoiceTerms {
  /** The node that signed: named by the invoice, or recovered from the signature. */
  readonly payee: Bytes;
  /** Whether the invoice names its payee (`n`). */
  readonly namesPayee: boolean;
  readonly signature: Bytes;
}

export const DEFAULT_EXPIRY = 3600;
export const DEFAULT_MIN_FINAL_CLTV = 18;

export type InvoiceError =
  /** No separator, a wrong character, or upper and lower case mixed. */
  | { readonly code: 'not_bech32' }
  | { readonly code: 'bad_checksum' }
  | { readonly code: 'unknown_prefix'; readonly prefix: string }
  | { readonly code: 'bad_amount'; readonly amount: string }
  /** Less than a millisatoshi: pico-bitcoin that do not end in 0. */
  | { readonly code: 'sub_millisatoshi'; readonly amount: string }
  | { readonly code: 'too_short' }
  /** A field whose data is cut off, or that no reader can take. */
  | { readonly code: 'bad_field'; readonly field: string }
  | { readonly code: 'missing_field'; readonly field: string }
  | { readonly code: 'description_and_hash' }
  | { readonly code: 'unknown_required_feature'; readonly bit: number }
  | { readonly code: 'missing_feature_dependency'; readonly feature: FeatureName }
  | { readonly code: 'bad_signature' };

/** The terms cannot be written as an invoice. */
export type InvoiceEncodeError =
  | { readonly code: 'bad_amount' }
  | { readonly code: 'bad_timestamp' }
  | { readonly code: 'description_or_hash' }
  /** More than 639 bytes, or of the wrong length. */
  | { readonly code: 'field_length'; readonly field: string };

/** The second after which a payer should not pay, and the payee does not accept. */
export const expiresAt = (invoice: Pick<InvoiceTerms, 'timestamp' | 'expiry'>): number =>
  invoice.timestamp + invoice.expiry;
