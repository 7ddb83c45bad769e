import type {
  BlockHeight,
  Bytes,
  Msat,
  NodeId,
  Result,
  ShortChannelId,
} from '../../core/bytes/index.js';
import type { ChannelError, HtlcOrigin } from '../../core/channel/index.js';
import type { Stuck } from '../../core/payment/index.js';
import type {
  ChannelDirection,
  ConstraintJson,
  Direction,
  Exclusion,
  HintChannel,
  Lesson,
  LocalChannel,
  NoRoutes,
  Reservation,
  RouteHop,
  RouteParts,
  RoutesRequest,
} from '../../core/routing/index.js';
import type { Clock, Entropy, Logger, Store, Tables, Write } from '../../ports/index.js';

export interface PaymentsOptions {
  readonly nodeId: NodeId;
  /** BOLT 11: what stands behind `ln` in invoices of this network. */
  readonly invoicePrefix: string;
  /** `--sendpay-compat`: `cln` answers at once and repeats a success. */
  readonly sendpayCompat: 'seed' | 'cln';
}

export type LocalOrigin = HtlcOrigin & { readonly kind: 'local' };

/** Where an HTLC of ours starts. */
export interface FirstHop {
  /** The channel's id or alias; where there is none, any channel with the peer that can carry it. */
  readonly scid: ShortChannelId | undefined;
  readonly peer: NodeId;
}

export interface OwnHtlc {
  readonly amountMsat: Msat;
  readonly paymentHash: Bytes;
  readonly cltvExpiry: BlockHeight;
  readonly onion: Bytes;
  readonly origin: LocalOrigin;
}

export interface PaymentsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Logger;
  height(): BlockHeight;
  /**
   * Offers an HTLC; `writes` go to disk in the commit that makes it part of the channel. A refusal
   * writes nothing.
   */
  offer(
    firstHop: FirstHop,
    htlc: OwnHtlc,
    writes: readonly Write[],
  ): Promise<Result<unknown, ChannelError>>;
  /** Parts by the flow of least cost, by all that is known, under layers of these names. */
  getroutes(request: RoutesRequest, layers: readonly string[]): Result<RouteParts, NoRoutes>;
  /** Our channels that can send now, with their exact balances. */
  localChannels(): readonly LocalChannel[];
  /** What others than our payments hold of channels (`askrene-reserve`). */
  reserved(): readonly Reservation[];
  /** No open channel of ours waits for its peer. */
  allConnected(): boolean;
  /** Takes lessons up; answers what changed in the route table. */
  learn(lessons: readonly Lesson[]): readonly ConstraintJson[];
  /** A channel between two nodes for a hop that names none. */
  channelBetween(from: NodeId, to: NodeId, amountMsat: Msat): ChannelDirection | undefined;
  /** The disk failed: stop the node. */
  fatal(error: unknown): void;
}

/** A hop as the caller gives it; what arrives at `id`. */
export interface SendpayHop {
  readonly id: NodeId;
  readonly channel?: ShortChannelId | undefined;
  readonly direction?: Direction | undefined;
  readonly amountMsat: Msat;
  readonly delay: number;
}

export interface SendpayParams {
  readonly route: readonly SendpayHop[];
  /** 32 bytes in hex, or an invoice that tells it. */
  readonly paymentHash: string;
  readonly label?: string | undefined;
  /** What the whole set brings. */
  readonly amountMsat?: Msat | undefined;
  readonly bolt11?: string | undefined;
  readonly paymentSecret?: Bytes | undefined;
  readonly partId?: number | undefined;
  readonly groupId?: number | undefined;
  readonly paymentMetadata?: Bytes | undefined;
  readonly description?: string | undefined;
  /** For keysend: the preimage goes along to the payee. */
  readonly keysendPreimage?: Bytes | undefined;
  readonly extraTlvs?: readonly { readonly type: bigint; readonly value: Bytes }[] | undefined;
}

export interface SendonionParams {
  readonly onion: Bytes;
  /** 32 bytes in hex. */
  readonly paymentHash: string;
  readonly firstHop: SendpayHop;
  /** Of every hop, in route order; without them a failure cannot be read. */
  readonly sharedSecrets?: readonly Bytes[] | undefined;
  readonly label?: string | undefined;
  /** What arrives, for the list. */
  readonly amountMsat?: Msat | undefined;
  /** What all parts bring together. */
  readonly totalMsat?: Msat | undefined;
  readonly bolt11?: string | undefined;
  readonly destination?: string | undefined;
  readonly description?: string | undefined;
  readonly partId?: number | undefined;
  readonly groupId?: number | undefined;
}

export type PaymentStatus = 'pending' | 'complete' | 'failed';
export type PaymentRow = Tables['payments'] & { readonly status: PaymentStatus };

/** Why a part failed, as it is kept and as the contract's `data` shows it. */
export interface StoredFailure {
  readonly kind: 'unreadable_reply' | 'refused_by_payee' | 'failed_on_the_way';
  readonly message: string;
  readonly erring_index?: number;
  readonly failcode?: number;
  readonly failcodename?: string;
  readonly erring_node?: string;
  readonly erring_channel?: string;
  readonly erring_direction?: Direction;
  readonly raw_message?: string;
  /** What came back, where nobody's key reads it (sendonion). */
  readonly onionreply?: string;
  readonly retry: boolean;
  readonly learned: readonly unknown[];
  /** Of our own channel, where it would not take the HTLC. */
  readonly refusal?: ChannelError['code'];
}

/** What is kept of a success for ever, even where the payment itself is deleted. */
export interface Proof {
  readonly payment_preimage: string;
  readonly amount_msat: bigint | null;
  readonly destination: string | null;
  readonly completed_at: number | null;
}

export type SendpayError =
  | { readonly code: 'bad_parameter'; readonly field: string; readonly reason: string }
  | { readonly code: 'invoice_expired'; readonly expiresAt: number }
  | { readonly code: 'in_progress'; readonly reason: string }
  | { readonly code: 'already_paid'; readonly proof: Proof }
  | { readonly code: 'failed'; readonly row: PaymentRow; readonly failure: StoredFailure };

export type WaitSendpayError =
  | { readonly code: 'unknown_payment' }
  | { readonly code: 'timeout' }
  | { readonly code: 'aborted' }
  | { readonly code: 'failed'; readonly row: PaymentRow; readonly failure: StoredFailure };

export interface WaitSendpay {
  readonly partId?: number;
  readonly groupId?: number;
  /** Seconds; 0 looks and does not wait; left out waits for ever. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export interface ListPayments {
  readonly paymentHash?: string;
  readonly status?: PaymentStatus;
  readonly index?: 'created' | 'updated';
  readonly start?: number;
  readonly limit?: number;
}

/** What pay and keysend have in common. */
export interface PayLimits {
  readonly riskFactor?: number | undefined;
  readonly maxFeePercent?: number | undefined;
  readonly exemptFee?: Msat | undefined;
  /** In place of the other two. */
  readonly maxFee?: Msat | undefined;
  /** Seconds. */
  readonly retryFor?: number | undefined;
  readonly maxDelay?: number | undefined;
  readonly exclude?: readonly Exclusion[] | undefined;
  /** Names of layers that the search goes by too. */
  readonly layers?: readonly string[] | undefined;
}

export interface PayParams extends PayLimits {
  readonly bolt11: string;
  readonly amountMsat?: Msat | undefined;
  /** Ours, of a set that others pay the rest of. */
  readonly partialMsat?: Msat | undefined;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
}

export interface KeysendParams extends PayLimits {
  readonly destination: NodeId;
  readonly amountMsat: Msat;
  readonly label?: string | undefined;
  readonly hints?: readonly HintChannel[] | undefined;
  readonly extraTlvs?: readonly { readonly type: bigint; readonly value: Bytes }[] | undefined;
}

/** What happens while a payment goes on, for who wants to watch. */
export type PayProgress = (event: PayEvent) => void;

export type PayEvent = {
  /** Seconds since it began, of those in which new parts are sent. */
  readonly elapsed: number;
  readonly retryFor: number;
} & (
  | {
      readonly kind: 'sending';
      /** Parts sent so far, this one included. */
      readonly attempt: number;
      readonly partId: number;
      readonly amountMsat: Msat;
      readonly feeMsat: Msat;
      readonly hops: readonly RouteHop[];
    }
  | { readonly kind: 'failed'; readonly partId: number; readonly failure: StoredFailure }
  | {
      readonly kind: 'retrying';
      readonly leftMsat: Msat;
      readonly feeLeftMsat: Msat;
      readonly inFlight: number;
    }
  /** Nothing more can be sent before a part in flight ends. */
  | { readonly kind: 'waiting'; readonly inFlight: number; readonly reason: string }
);

export interface Paid {
  readonly rows: readonly PaymentRow[];
  /** Parts sent in all. */
  readonly attempts: number;
}

export type PayError =
  | Exclude<SendpayError, { code: 'failed' }>
  /** The payee said no. */
  | { readonly code: 'refused'; readonly row: PaymentRow; readonly failure: StoredFailure }
  /** No route, none that is affordable, or none that our balance can pay. */
  | {
      readonly code: 'stuck';
      readonly stuck: Stuck;
      readonly message: string;
      readonly attempts: readonly PaymentRow[];
    }
  | {
      readonly code: 'out_of_time';
      readonly message: string;
      readonly attempts: readonly PaymentRow[];
    }
  /** The node ends; the payment goes on after its next start. */
  | { readonly code: 'stopping' };

/** One `pay` as it is listed. */
export interface PayStatus {
  readonly paymentHash: string;
  readonly groupId: number;
  readonly status: PaymentStatus;
  readonly createdAt: number;
  readonly completedAt: number | undefined;
  readonly destination: NodeId;
  readonly amountMsat: Msat;
  readonly maxFeeMsat: Msat;
  /** Seconds since the epoch: from then on no new part is sent. */
  readonly deadline: number;
  /** Why it failed. */
  readonly failure: StoredPayFailure | undefined;
}

export interface StoredPayFailure {
  readonly code: PayError['code'] | Stuck['code'];
  readonly message: string;
}

export type DeletePaymentError =
  | { readonly code: 'unknown_payment' }
  | { readonly code: 'status_unexpected'; readonly current: PaymentStatus };
