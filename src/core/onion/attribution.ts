/**
 * BOLT 4, `attribution_data`: hold times, and HMACs over them that name the hop which changed a
 * reply. Every node adds 20 HMACs, one for each place it may have in the route, since only the
 * origin knows the place; those that no longer can apply are pruned on the way back.
 */
import { type Bytes, concat, EMPTY } from '../bytes/index.js';
import { chacha20, hmacSha256 } from '../crypto/index.js';
import { plainFailure, relayFailure } from './errors.js';
import { encodeFailure, type FailureMessage } from './failures.js';
import { deriveKey } from './keys.js';

const HOPS = 20;
const TIME = 4;
const TAG = 4;
const TIMES = HOPS * TIME;
/** 20 hold times and 210 truncated HMACs. */
export const ATTRIBUTION_LENGTH = TIMES + ((HOPS * (HOPS + 1)) / 2) * TAG;

/** Where `hmac_x_y` stands: by node x (0 is the nearest), for y hops between it and the end. */
function tagAt(x: number, y: number): number {
  const before = x * HOPS - (x * (x - 1)) / 2;
  return TIMES + (before + (HOPS - 1 - x - y)) * TAG;
}

const tag = (data: Bytes, x: number, y: number): Bytes =>
  data.subarray(tagAt(x, y), tagAt(x, y) + TAG);

/** `hmac_0_y`: over the reply, the first y+1 hold times, and the HMACs downstream at their places. */
function computeTag(um: Bytes, reply: Bytes, data: Bytes, y: number): Bytes {
  const downstream: Bytes[] = [];
  for (let x = 1; x <= y; x++) downstream.push(tag(data, x, y - x));
  const covered = concat(reply, data.subarray(0, (y + 1) * TIME), ...downstream);
  return hmacSha256(um, covered).subarray(0, TAG);
}

/** Makes room for one hop more at the front (`by` 1), or takes the front hop away (`by` -1). */
function shift(data: Bytes, by: 1 | -1): Bytes {
  const out = new Uint8Array(ATTRIBUTION_LENGTH);
  if (by === 1) out.set(data.subarray(0, TIMES - TIME), TIME);
  else out.set(data.subarray(TIME, TIMES), 0);
  for (let x = 0; x + 1 < HOPS; x++) {
    const [from, to] = by === 1 ? [x, x + 1] : [x + 1, x];
    // The longer route of the two has no place for the farthest position: HOPS - 2 - x is the last.
    for (let y = 0; y <= HOPS - 2 - x; y++) out.set(tag(data, from, y), tagAt(to, y));
  }
  return out;
}

/**
 * What a node adds on the way back. `reply` is the return packet before the node's own stream, and
 * empty for a success; `received` is what came from downstream, if anything did; `holdTime` counts
 * 100 milliseconds.
 */
export function addAttribution(
  sharedSecret: Bytes,
  reply: Bytes,
  received: Bytes | undefined,
  holdTime: number,
): Bytes {
  const data =
    received === undefined || received.length !== ATTRIBUTION_LENGTH
      ? new Uint8Array(ATTRIBUTION_LENGTH)
      : shift(received, 1);
  new DataView(data.buffer).setUint32(0, Math.min(Math.max(0, holdTime), 0xffffffff));
  const um = deriveKey('um', sharedSecret);
  for (let y = 0; y < HOPS; y++) data.set(computeTag(um, reply, data, y), tagAt(0, y));
  return chacha20(deriveKey('ammagext', sharedSecret), data);
}

/** At the erring node: `reason` and `attribution_data` of update_fail_htlc. */
export function createAttributedFailure(
  sharedSecret: Bytes,
  failure: FailureMessage,
  holdTime: number,
): { readonly reason: Bytes; readonly attributionData: Bytes } {
  const plain = plainFailure(sharedSecret, encodeFailure(failure));
  return {
    reason: relayFailure(sharedSecret, plain),
    attributionData: addAttribution(sharedSecret, plain, undefined, holdTime),
  };
}

/** At a node on the way back. */
export function relayAttributedFailure(
  sharedSecret: Bytes,
  reason: Bytes,
  attributionData: Bytes | undefined,
  holdTime: number,
): { readonly reason: Bytes; readonly attributionData: Bytes } {
  return {
    reason: relayFailure(sharedSecret, reason),
    attributionData: addAttribution(sharedSecret, reason, attributionData, holdTime),
  };
}

export interface ReadAttribution {
  /** Hold times in units of 100 milliseconds of the hops whose HMAC is good, in route order. */
  readonly holdTimes: readonly number[];
  /** The first hop whose HMAC does not fit: it, or the hop after it, changed the reply or is old. */
  readonly brokenAt?: number;
}

/** At the origin. `reason` is empty for a success; at most 20 hops can be read. */
export function readAttribution(
  sharedSecrets: readonly Bytes[],
  reason: Bytes,
  attributionData: Bytes,
): ReadAttribution {
  const holdTimes: number[] = [];
  if (attributionData.length !== ATTRIBUTION_LENGTH) return { holdTimes, brokenAt: 0 };
  const hops = Math.min(sharedSecrets.length, HOPS);
  let data = attributionData;
  let reply = reason;
  for (let i = 0; i < hops; i++) {
    const secret = sharedSecrets[i] as Bytes;
    data = chacha20(deriveKey('ammagext', secret), data);
    if (reply.length > 0) reply = relayFailure(secret, reply);
    const y = hops - 1 - i;
    const expected = computeTag(deriveKey('um', secret), reply, data, y);
    if (!tag(data, 0, y).every((b, at) => b === expected[at])) return { holdTimes, brokenAt: i };
    holdTimes.push(new DataView(data.buffer, data.byteOffset).getUint32(0));
    data = shift(data, -1);
  }
  return { holdTimes };
}

/** For a success there is no reply to cover. */
export const NO_REPLY: Bytes = EMPTY;
