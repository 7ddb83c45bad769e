import type { NetworkParams } from '../../core/bitcoin/index.js';
import type {
  BlockHeight,
  Bytes,
  ChannelId,
  Msat,
  ShortChannelId,
} from '../../core/bytes/index.js';
import type { Invoice, RouteHintHop } from '../../core/invoice/index.js';
import type { CompletePayload, FailureMessage } from '../../core/onion/index.js';
import type { Clock, Entropy, Logger, Signer, Store, Tables } from '../../ports/index.js';

export interface InvoicesOptions {
  readonly network: NetworkParams;
  /** `--cltv-final`: blocks that an HTLC must have left when it arrives. */
  readonly cltvFinal: number;
  /** Blocks before its expiry at which an HTLC that we fulfilled is taken to the chain. */
  readonly fulfillDeadline: number;
  /** What the `9` field says: `featuresFor(ours, 'invoice')`. */
  readonly features: Bytes;
}

/** Channels to name in an invoice: those that are needed, all private ones, none, or these. */
export type Expose = 'auto' | 'all' | 'none' | readonly ShortChannelId[];

export interface RouteHints {
  readonly hints: readonly (readonly RouteHintHop[])[];
  /** `warning_capacity` and its like, for the answer of `invoice`. */
  readonly warnings?: Readonly<Record<string, string>>;
}

/** The end of an HTLC that arrived here. */
export type InvoiceSettlement =
  | { readonly kind: 'fulfill'; readonly preimage: Bytes }
  | { readonly kind: 'fail'; readonly failure: FailureMessage };

export interface InvoicesDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly signer: Signer;
  readonly log: Logger;
  height(): BlockHeight;
  /**
   * True where `height` is the present; else a promise of whether it comes to be in good time, with
   * nothing where the node stops before.
   */
  whenCurrent(): true | Promise<boolean | undefined>;
  /** Our channels by which a payer may come, where gossip does not tell. */
  routeHints(expose: Expose, amountMsat: Msat | undefined): RouteHints;
  settle(channelId: ChannelId, htlcId: bigint, settlement: InvoiceSettlement): void;
  /** The disk failed: stop the node. */
  fatal(error: unknown): void;
}

/** An HTLC whose onion ends at this node. */
export interface IncomingHtlc {
  readonly channelId: ChannelId;
  readonly htlcId: bigint;
  readonly amountMsat: Msat;
  readonly cltvExpiry: BlockHeight;
  readonly paymentHash: Bytes;
  readonly payload: CompletePayload;
  readonly sharedSecret: Bytes;
  /** To be told unless it was accepted before this start. */
  readonly refusal?: FailureMessage;
}

export type InvoiceStatus = 'unpaid' | 'paid' | 'expired';

/** A row of the store, with the status as it is now. */
export type InvoiceRow = Tables['invoices'] & { readonly status: InvoiceStatus };

export interface CreateInvoice {
  /** Left out: the payer chooses. */
  readonly amountMsat?: Msat;
  readonly label: string;
  readonly description: string;
  /** Seconds; a week unless told. */
  readonly expiry?: number;
  /** Addresses on the chain. */
  readonly fallbacks?: readonly string[];
  readonly preimage?: Bytes;
  readonly expose?: Expose;
  readonly cltv?: number;
  /** Only the description's hash goes into the invoice. */
  readonly descriptionHashOnly?: boolean;
}

export interface CreatedInvoice {
  readonly row: InvoiceRow;
  readonly warnings: Readonly<Record<string, string>>;
}

/** An invoice in terms of its own, signed by this node. */
export interface AdoptInvoice {
  readonly label: string;
  /** Its SHA256 is the payment hash. */
  readonly preimage: Bytes;
  readonly bolt11: string;
  readonly invoice: Invoice;
}

export type CreateInvoiceError =
  | { readonly code: 'label_exists'; readonly label: string }
  | { readonly code: 'preimage_exists'; readonly label: string }
  | { readonly code: 'bad_amount' }
  | { readonly code: 'bad_fallback'; readonly address: string; readonly reason: string }
  /** More than 639 bytes; with the hash alone it would do. */
  | { readonly code: 'description_too_long'; readonly length: number };

export interface ListInvoices {
  readonly label?: string;
  readonly paymentHash?: string;
  readonly index?: 'created' | 'updated';
  /** First index of the answer. */
  readonly start?: number;
  readonly limit?: number;
}

export type DeleteInvoiceError =
  | { readonly code: 'not_found' }
  | {
      readonly code: 'status_unexpected';
      readonly current: InvoiceStatus;
      readonly expected: InvoiceStatus;
    }
  | { readonly code: 'no_description' };

export interface WaitOptions {
  /** Seconds; for ever where it is left out. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export type WaitError =
  | { readonly code: 'not_found' }
  /** Deleted while it was waited for. */
  | { readonly code: 'deleted' }
  | { readonly code: 'expired'; readonly row: InvoiceRow }
  | { readonly code: 'timeout' }
  | { readonly code: 'aborted' };
