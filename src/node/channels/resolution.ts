import type { Bytes, Result } from '../../core/bytes/index.js';
import {
  bytes,
  bytes32,
  decode,
  encode,
  type Infer,
  u16,
  variant,
  versioned,
  type WireError,
} from '../../core/wire/index.js';

/** What the side an HTLC came from must be told; stored so that a restart tells it again. */
const resolution = versioned(
  1,
  variant({
    fulfill: [0, { preimage: bytes32 }],
    /** `reason` is encrypted already: the bytes of update_fail_htlc. */
    fail: [1, { reason: bytes }],
    malformed: [2, { failureCode: u16, sha256OfOnion: bytes32 }],
  }),
);

export type Resolution = Infer<typeof resolution>;

export const encodeResolution = (value: Resolution): Bytes => encode(resolution, value);
export const decodeResolution = (value: Bytes): Result<Resolution, WireError> =>
  decode(resolution, value);
