import { assertNever, type Bytes, concat, EMPTY, type Result } from '../../core/bytes/index.js';
import type { ChannelEffect } from '../../core/channel/index.js';
import {
  createFailure,
  createRawFailure,
  type FailureManner,
  type FailureMessage,
  relayFailure,
} from '../../core/onion/index.js';
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

/** An HTLC that we received is failed by us. */
export function resolutionOfFailure(manner: FailureManner, failure: FailureMessage): Resolution {
  switch (manner.kind) {
    case 'encrypted':
      return { kind: 'fail', reason: createFailure(manner.sharedSecret, failure) };
    case 'introduction': {
      // BOLT 4, failure messages: the first node of a blinded path tells no more than this.
      const { sharedSecret, sha256OfOnion } = manner;
      const reason = createFailure(sharedSecret, { kind: 'invalidOnionBlinding', sha256OfOnion });
      return { kind: 'fail', reason };
    }
    case 'malformed':
      return manner;
    default:
      return assertNever(manner);
  }
}

/** An HTLC that we offered has ended: so does the one it came from. */
export function resolutionOfEnd(
  manner: FailureManner,
  end: ChannelEffect & { kind: 'htlcFulfilled' | 'htlcFailed' },
): Resolution {
  if (end.kind === 'htlcFulfilled') return { kind: 'fulfill', preimage: end.preimage };
  const { failure } = end;
  switch (failure.kind) {
    case 'encrypted':
      // Inside a blinded path nobody's words are passed on.
      if (manner.kind !== 'encrypted') return resolutionOfFailure(manner, PATH_FAILED);
      return { kind: 'fail', reason: relayFailure(manner.sharedSecret, failure.reason) };
    case 'malformed': {
      if (manner.kind !== 'encrypted') return resolutionOfFailure(manner, PATH_FAILED);
      // BOLT 2, update_fail_malformed_htlc: becomes an encrypted error of ours with that code.
      const code = new Uint8Array(2);
      new DataView(code.buffer).setUint16(0, failure.failureCode);
      const message = concat(code, failure.sha256OfOnion);
      return { kind: 'fail', reason: createRawFailure(manner.sharedSecret, message) };
    }
    case 'uncommitted':
      return resolutionOfFailure(manner, { kind: 'temporaryChannelFailure', channelUpdate: EMPTY });
    case 'onchain':
      return resolutionOfFailure(manner, { kind: 'permanentChannelFailure' });
    default:
      return assertNever(failure);
  }
}

/** In a blinded path the words are the manner's own. */
const PATH_FAILED: FailureMessage = { kind: 'permanentNodeFailure' };
