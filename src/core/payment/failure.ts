/** Reading a failure at the origin: who, why, whether to try again, and what it teaches. */
import {
  assertNever,
  type Bytes,
  EMPTY,
  type NodeId,
  type ShortChannelId,
} from '../bytes/index.js';
import type { HtlcFailure } from '../channel/index.js';
import {
  encodeFailure,
  type FailureMessage,
  failureCode,
  failureName,
  malformedToFailure,
  readFailure,
} from '../onion/index.js';
import {
  type Direction,
  type Lesson,
  lessonsOfFailure,
  lessonsOfUnreadable,
  type RouteHop,
} from '../routing/index.js';
import { triedHops } from './send.js';

/** Who failed a payment, as the contract's `data` tells it. */
export interface ErringHop {
  /** 0: this node; n: the node at the far end of hop n-1. */
  readonly erringIndex: number;
  readonly failcode: number;
  /** In Core Lightning's form: `WIRE_TEMPORARY_CHANNEL_FAILURE`. */
  readonly failcodename: string;
  readonly erringNode: NodeId;
  /** The channel it would not or could not use; for the final node the one it came in by. */
  readonly erringChannel: ShortChannelId;
  readonly erringDirection: Direction;
  readonly rawMessage: Bytes;
}

export type PaymentFailure =
  /** The final node says no: a new try of the same kind ends alike. */
  | ({ readonly kind: 'refused_by_payee'; readonly retry: false } & ErringHop)
  /** Another route may do. */
  | ({ readonly kind: 'failed_on_the_way'; readonly retry: true } & ErringHop)
  /** Nobody's key reads the reply. */
  | { readonly kind: 'unreadable_reply'; readonly retry: true; readonly rawMessage: Bytes };

export interface ReadPaymentFailure {
  readonly failure: PaymentFailure;
  readonly lessons: readonly Lesson[];
}

/** `WIRE_` and the name of BOLT 4 in capitals; a code of nobody is written in hex. */
export function failcodeName(failcode: number): string {
  const name = failureName(failcode);
  return name === undefined
    ? `WIRE_UNKNOWN_${failcode.toString(16).padStart(4, '0')}`
    : `WIRE_${name.toUpperCase()}`;
}

/** `us` is our own node, at index 0. */
export function readPaymentFailure(
  us: NodeId,
  route: readonly RouteHop[],
  sharedSecrets: readonly Bytes[],
  failure: HtlcFailure,
): ReadPaymentFailure {
  switch (failure.kind) {
    case 'encrypted': {
      const read = readFailure(sharedSecrets, failure.reason);
      if (read.ok)
        return failedBy(us, route, read.value.index + 1, read.value.failure, read.value.raw);
      const near = read.error.code === 'malformed_reply' ? read.error.index + 1 : undefined;
      return {
        failure: { kind: 'unreadable_reply', retry: true, rawMessage: EMPTY },
        lessons: lessonsOfUnreadable(triedHops(route), near),
      };
    }
    case 'malformed': {
      // Our own peer says it about the onion we gave it: the first hop, whoever it was meant for.
      const { failureCode: code, sha256OfOnion } = failure;
      return failedBy(us, route, 1, malformedToFailure(code, sha256OfOnion));
    }
    case 'onchain':
      return failedHere(us, route, { kind: 'permanentChannelFailure' });
    case 'uncommitted':
      return failedHere(us, route, { kind: 'temporaryChannelFailure', channelUpdate: EMPTY });
    default:
      return assertNever(failure);
  }
}

/** A failure of an onion that somebody else made: which hop, but not which node. */
export interface OpaqueFailure {
  readonly erringIndex: number;
  readonly failcode: number;
  readonly failcodename: string;
  readonly final: boolean;
  readonly rawMessage: Bytes;
}

/** As `readPaymentFailure`, with the secrets alone; undefined: nobody's key reads it. */
export function readOpaqueFailure(
  sharedSecrets: readonly Bytes[],
  failure: HtlcFailure,
): OpaqueFailure | undefined {
  const by = (erringIndex: number, message: FailureMessage, raw = encodeFailure(message)) => {
    const failcode = failureCode(message);
    const final = erringIndex > 0 && erringIndex === sharedSecrets.length;
    const failcodename = failcodeName(failcode);
    return { erringIndex, failcode, failcodename, final, rawMessage: raw };
  };
  switch (failure.kind) {
    case 'encrypted': {
      const read = readFailure(sharedSecrets, failure.reason);
      if (!read.ok) return undefined;
      return by(read.value.index + 1, read.value.failure, read.value.raw);
    }
    case 'malformed': {
      const message = malformedToFailure(failure.failureCode, failure.sha256OfOnion);
      return { ...by(1, message), final: false };
    }
    case 'onchain':
      return by(0, { kind: 'permanentChannelFailure' });
    case 'uncommitted':
      return by(0, { kind: 'temporaryChannelFailure', channelUpdate: EMPTY });
    default:
      return assertNever(failure);
  }
}

/** Our own channel would not take the HTLC, or lost it on chain. Teaches nothing: we know it. */
export const failedHere = (
  us: NodeId,
  route: readonly RouteHop[],
  message: FailureMessage,
): ReadPaymentFailure => failedBy(us, route, 0, message);

function failedBy(
  us: NodeId,
  route: readonly RouteHop[],
  erringIndex: number,
  message: FailureMessage,
  raw: Bytes = encodeFailure(message),
): ReadPaymentFailure {
  const final = erringIndex === route.length;
  const failcode = failureCode(message);
  const channel = route[Math.min(erringIndex, route.length - 1)] as RouteHop;
  const erring: ErringHop = {
    erringIndex,
    failcode,
    failcodename: failcodeName(failcode),
    erringNode: erringIndex === 0 ? us : (route[erringIndex - 1] as RouteHop).id,
    erringChannel: channel.channel,
    erringDirection: channel.direction,
    rawMessage: raw,
  };
  // Contract, promise 5: an error of the final node says "do not retry", and teaches nothing.
  if (final) return { failure: { kind: 'refused_by_payee', retry: false, ...erring }, lessons: [] };
  const update = 'channelUpdate' in message ? message.channelUpdate : undefined;
  return {
    failure: { kind: 'failed_on_the_way', retry: true, ...erring },
    lessons: lessonsOfFailure(triedHops(route), {
      erringIndex,
      failcode,
      ...(update?.length && { channelUpdate: update }),
    }),
  };
}
