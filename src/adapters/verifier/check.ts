import type { Bytes } from '../../core/bytes/index.js';
import { verify } from '../../core/crypto/index.js';
import { CHECK_BYTES } from '../../ports/index.js';

const SIGNATURE_AT = 32;
const POINT_AT = 96;

/** Checks a batch on the caller's thread: about 45 µs a signature with the native curve. */
export function checkAll(checks: Bytes): Bytes {
  const count = Math.floor(checks.length / CHECK_BYTES);
  const good = new Uint8Array((count + 7) >> 3);
  for (let i = 0; i < count; i++) {
    const one = checks.subarray(i * CHECK_BYTES, (i + 1) * CHECK_BYTES);
    const digest = one.subarray(0, SIGNATURE_AT);
    if (verify(one.subarray(SIGNATURE_AT, POINT_AT), digest, one.subarray(POINT_AT)))
      good[i >> 3] = (good[i >> 3] as number) | (1 << (i & 7));
  }
  return good;
}
