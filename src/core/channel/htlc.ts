/**
 * The life of an HTLC, as a table. An HTLC (and, in its first half, a change of the feerate) goes
 * through the five steps of BOLT 2, "Normal Operation", twice: once to be added, once to be
 * removed. The names are those that Core Lightning reports, so that people know them.
 */
import {
  assertNever,
  type BlockHeight,
  type Bytes,
  type ChannelId,
  type Msat,
} from '../bytes/index.js';

/** Where an outgoing HTLC came from; kept with it, so that its end finds its way home after any restart. */
export type HtlcOrigin =
  | {
      readonly kind: 'local';
      readonly paymentHash: Bytes;
      readonly groupId: number;
      readonly partId: number;
    }
  | { readonly kind: 'relayed'; readonly channelId: ChannelId; readonly htlcId: bigint };

/** Whether an HTLC is in a commitment: not yet, now, or no longer. */
type Presence = 'before' | 'in' | 'after';

/**
 * The commitments that can be asked for.
 * - `local`: our latest one, signed by the peer.
 * - `remote`: the peer's latest one that we signed.
 * - `remoteUnrevoked`: the peer's one before that while its revocation is awaited, else the same.
 * - `localNext`: ours, if the peer signed at this instant.
 * - `remoteNext`: the peer's, if we signed at this instant.
 */
export type CommitmentView = 'local' | 'remote' | 'remoteUnrevoked' | 'localNext' | 'remoteNext';

interface StateRow {
  readonly offeredBy: 'local' | 'remote';
  readonly presence: Readonly<Record<CommitmentView, Presence>>;
}

const row = (
  offeredBy: 'local' | 'remote',
  local: Presence,
  remote: Presence,
  remoteUnrevoked: Presence,
  localNext: Presence,
  remoteNext: Presence,
): StateRow => ({
  offeredBy,
  presence: { local, remote, remoteUnrevoked, localNext, remoteNext },
});

export const HTLC_STATES = {
  // Offered by us:                   local     remote    unrevoked localNext remoteNext
  SENT_ADD_HTLC: row('local', 'before', 'before', 'before', 'before', 'in'),
  SENT_ADD_COMMIT: row('local', 'before', 'in', 'before', 'before', 'in'),
  RCVD_ADD_REVOCATION: row('local', 'before', 'in', 'in', 'in', 'in'),
  RCVD_ADD_ACK_COMMIT: row('local', 'in', 'in', 'in', 'in', 'in'),
  SENT_ADD_ACK_REVOCATION: row('local', 'in', 'in', 'in', 'in', 'in'),
  RCVD_REMOVE_HTLC: row('local', 'in', 'in', 'in', 'after', 'in'),
  RCVD_REMOVE_COMMIT: row('local', 'after', 'in', 'in', 'after', 'in'),
  SENT_REMOVE_REVOCATION: row('local', 'after', 'in', 'in', 'after', 'after'),
  SENT_REMOVE_ACK_COMMIT: row('local', 'after', 'after', 'in', 'after', 'after'),
  RCVD_REMOVE_ACK_REVOCATION: row('local', 'after', 'after', 'after', 'after', 'after'),
  // Offered by the peer:
  RCVD_ADD_HTLC: row('remote', 'before', 'before', 'before', 'in', 'before'),
  RCVD_ADD_COMMIT: row('remote', 'in', 'before', 'before', 'in', 'before'),
  SENT_ADD_REVOCATION: row('remote', 'in', 'before', 'before', 'in', 'in'),
  SENT_ADD_ACK_COMMIT: row('remote', 'in', 'in', 'before', 'in', 'in'),
  RCVD_ADD_ACK_REVOCATION: row('remote', 'in', 'in', 'in', 'in', 'in'),
  SENT_REMOVE_HTLC: row('remote', 'in', 'in', 'in', 'in', 'after'),
  SENT_REMOVE_COMMIT: row('remote', 'in', 'after', 'in', 'in', 'after'),
  RCVD_REMOVE_REVOCATION: row('remote', 'in', 'after', 'after', 'after', 'after'),
  RCVD_REMOVE_ACK_COMMIT: row('remote', 'after', 'after', 'after', 'after', 'after'),
  SENT_REMOVE_ACK_REVOCATION: row('remote', 'after', 'after', 'after', 'after', 'after'),
} as const satisfies Record<string, StateRow>;

export type HtlcState = keyof typeof HTLC_STATES;

/** What moves HTLCs on: the two messages of a commitment, in both directions. */
export type CommitmentEvent =
  | 'sentCommitment'
  | 'receivedRevocation'
  | 'receivedCommitment'
  | 'sentRevocation';

const NEXT: Readonly<Record<CommitmentEvent, Partial<Record<HtlcState, HtlcState>>>> = {
  sentCommitment: {
    SENT_ADD_HTLC: 'SENT_ADD_COMMIT',
    SENT_REMOVE_HTLC: 'SENT_REMOVE_COMMIT',
    SENT_ADD_REVOCATION: 'SENT_ADD_ACK_COMMIT',
    SENT_REMOVE_REVOCATION: 'SENT_REMOVE_ACK_COMMIT',
  },
  receivedRevocation: {
    SENT_ADD_COMMIT: 'RCVD_ADD_REVOCATION',
    SENT_REMOVE_COMMIT: 'RCVD_REMOVE_REVOCATION',
    SENT_ADD_ACK_COMMIT: 'RCVD_ADD_ACK_REVOCATION',
    SENT_REMOVE_ACK_COMMIT: 'RCVD_REMOVE_ACK_REVOCATION',
  },
  receivedCommitment: {
    RCVD_ADD_HTLC: 'RCVD_ADD_COMMIT',
    RCVD_REMOVE_HTLC: 'RCVD_REMOVE_COMMIT',
    RCVD_ADD_REVOCATION: 'RCVD_ADD_ACK_COMMIT',
    RCVD_REMOVE_REVOCATION: 'RCVD_REMOVE_ACK_COMMIT',
  },
  sentRevocation: {
    RCVD_ADD_COMMIT: 'SENT_ADD_REVOCATION',
    RCVD_REMOVE_COMMIT: 'SENT_REMOVE_REVOCATION',
    RCVD_ADD_ACK_COMMIT: 'SENT_ADD_ACK_REVOCATION',
    RCVD_REMOVE_ACK_COMMIT: 'SENT_REMOVE_ACK_REVOCATION',
  },
};

/** The state after `event`; the same where the event does not concern it. */
export const advance = (state: HtlcState, event: CommitmentEvent): HtlcState =>
  NEXT[event][state] ?? state;

/** Whether a commitment_signed of ours would tell the peer something new about this. */
export const awaitsOurSignature = (state: HtlcState): boolean =>
  NEXT.sentCommitment[state] !== undefined;

/** Whether a commitment_signed of the peer's would take this into our commitment. */
export const awaitsTheirSignature = (state: HtlcState): boolean =>
  NEXT.receivedCommitment[state] !== undefined;

/** How an HTLC is, or is to be, removed. */
export type Removal =
  | { readonly kind: 'fulfill'; readonly preimage: Bytes }
  | { readonly kind: 'fail'; readonly reason: Bytes }
  | {
      readonly kind: 'failMalformed';
      readonly sha256OfOnion: Bytes;
      readonly failureCode: number;
    };

export interface Htlc {
  /** Counts up from 0 for each side that offers. */
  readonly id: bigint;
  /** Tells, among the rest, who offered it. */
  readonly state: HtlcState;
  readonly amountMsat: Msat;
  readonly paymentHash: Bytes;
  readonly cltvExpiry: BlockHeight;
  /** 1366 bytes; empty once neither we nor the peer can need it again. */
  readonly onion: Bytes;
  /** BOLT 4, route blinding: the `path_key` of update_add_htlc. */
  readonly pathKey?: Bytes;
  /** Only where we offered it. */
  readonly origin?: HtlcOrigin;
  /** Set in the states of removal. */
  readonly removal?: Removal;
  /** What we offered: the preimage, even where its update was undone by a disconnection. */
  readonly preimage?: Bytes;
}

export const offeredBy = (htlc: Htlc): 'local' | 'remote' => HTLC_STATES[htlc.state].offeredBy;

export const isIn = (htlc: Htlc, view: CommitmentView): boolean =>
  HTLC_STATES[htlc.state].presence[view] === 'in';

export const isRemovedFrom = (htlc: Htlc, view: CommitmentView): boolean =>
  HTLC_STATES[htlc.state].presence[view] === 'after';

/** Irrevocably removed from both commitments. */
export const isGone = (state: HtlcState): boolean =>
  state === 'RCVD_REMOVE_ACK_REVOCATION' || state === 'SENT_REMOVE_ACK_REVOCATION';

/** Irrevocably added to both commitments, and no removal proposed. */
export const isSettled = (state: HtlcState): boolean =>
  state === 'SENT_ADD_ACK_REVOCATION' || state === 'RCVD_ADD_ACK_REVOCATION';

/** The state an update of `sender` starts in. */
export function proposed(update: 'add' | 'remove', sender: 'local' | 'remote'): HtlcState {
  switch (update) {
    case 'add':
      return sender === 'local' ? 'SENT_ADD_HTLC' : 'RCVD_ADD_HTLC';
    case 'remove':
      return sender === 'local' ? 'SENT_REMOVE_HTLC' : 'RCVD_REMOVE_HTLC';
    default:
      return assertNever(update);
  }
}
