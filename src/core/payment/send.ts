/** From a route to the HTLC that starts it. */
import {
  type BlockHeight,
  type Bytes,
  err,
  fromHex,
  type Msat,
  ok,
  type Result,
} from '../bytes/index.js';
import { type BuildError, buildOnion, encodeHopPayload, type OnionHop } from '../onion/index.js';
import type { RouteHop, TriedHop } from '../routing/index.js';
import type { TlvRecord } from '../wire/index.js';

export interface PaymentRequest {
  /** Our own channel first; amounts and delays are what arrives at each node. */
  readonly route: readonly RouteHop[];
  readonly paymentHash: Bytes;
  readonly height: BlockHeight;
  /** 32 secret bytes, fresh for every try. */
  readonly sessionKey: Bytes;
  readonly paymentSecret?: Bytes;
  /** What the whole set brings; the last hop's amount where this is all of it. */
  readonly totalMsat?: Msat;
  readonly paymentMetadata?: Bytes;
  readonly keysendPreimage?: Bytes;
  /** More records for the final node. */
  readonly extraTlvs?: readonly TlvRecord[];
}

/** What our own channel is asked to offer, and what reads the answer. */
export interface PaymentHtlc {
  readonly amountMsat: Msat;
  readonly cltvExpiry: BlockHeight;
  readonly onion: Bytes;
  readonly sharedSecrets: readonly Bytes[];
}

/** Contract: the expiry that is sent is the height, plus one for a block under way, plus `delay`. */
export const expiryOf = (height: BlockHeight, delay: number): BlockHeight => height + 1 + delay;

export function makePayment(request: PaymentRequest): Result<PaymentHtlc, BuildError> {
  const { route, height } = request;
  const first = route[0];
  if (first === undefined) return err({ code: 'no_hops' });
  const hops: OnionHop[] = [];
  for (const [index, hop] of route.entries()) {
    const nodeId = fromHex(hop.id);
    if (nodeId === undefined) return err({ code: 'bad_node_id', index });
    const next = route[index + 1];
    const payload = next === undefined ? finalPayload(request, hop) : relayPayload(next, height);
    hops.push({ nodeId, payload });
  }
  const built = buildOnion({
    hops,
    sessionKey: request.sessionKey,
    associatedData: request.paymentHash,
  });
  if (!built.ok) return built;
  return ok({
    amountMsat: first.amountMsat,
    cltvExpiry: expiryOf(height, first.delay),
    onion: built.value.packet,
    sharedSecrets: built.value.sharedSecrets,
  });
}

const relayPayload = (next: RouteHop, height: BlockHeight): Bytes =>
  encodeHopPayload({
    amtToForward: next.amountMsat,
    outgoingCltvValue: expiryOf(height, next.delay),
    shortChannelId: next.channel,
  });

function finalPayload(request: PaymentRequest, hop: RouteHop): Bytes {
  const { paymentSecret, totalMsat = hop.amountMsat, paymentMetadata } = request;
  return encodeHopPayload({
    amtToForward: hop.amountMsat,
    outgoingCltvValue: expiryOf(request.height, hop.delay),
    // BOLT 4, payload format: the secret and the total are for the final node alone.
    ...(paymentSecret && { paymentData: { paymentSecret, totalMsat } }),
    ...(paymentMetadata && { paymentMetadata }),
    ...(request.keysendPreimage && { keysendPreimage: request.keysendPreimage }),
    ...(request.extraTlvs?.length && { unknown: request.extraTlvs }),
  });
}

/** The route as the route table learns from it. */
export const triedHops = (route: readonly RouteHop[]): TriedHop[] =>
  route.map(({ id, channel, direction, amountMsat, delay }) => ({
    nodeId: id,
    scid: channel,
    direction,
    amountMsat,
    delay,
  }));
