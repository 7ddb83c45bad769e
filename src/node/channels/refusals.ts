/** Why an HTLC is not passed on, in the words of BOLT 4, "Failure Messages". */
import { assertNever, type Bytes, type Msat } from '../../core/bytes/index.js';
import type { ChannelError } from '../../core/channel/index.js';
import type { FailureMessage } from '../../core/onion/index.js';
import type { RelayRefusal, RelayRequest } from '../../core/payment/index.js';

/** `channelUpdate` is our latest for the outgoing channel; empty where there is none to tell. */
export function failureOfRefusal(
  refusal: RelayRefusal,
  request: RelayRequest,
  channelUpdate: Bytes,
): FailureMessage {
  switch (refusal.code) {
    case 'channel_disabled':
      return { kind: 'channelDisabled', disabledFlags: 0, channelUpdate };
    case 'amount_below_minimum':
      return { kind: 'amountBelowMinimum', htlcMsat: request.amtToForward, channelUpdate };
    case 'amount_above_maximum':
      return { kind: 'temporaryChannelFailure', channelUpdate };
    case 'fee_insufficient':
      return { kind: 'feeInsufficient', htlcMsat: request.amountMsat, channelUpdate };
    case 'incorrect_cltv_expiry':
      return { kind: 'incorrectCltvExpiry', cltvExpiry: request.cltvExpiry, channelUpdate };
    case 'expiry_too_soon':
      return { kind: 'expiryTooSoon', channelUpdate };
    case 'expiry_too_far':
      return { kind: 'expiryTooFar' };
    default:
      return assertNever(refusal);
  }
}

/** What the origin is told when the outgoing channel itself would not take the HTLC. */
export function failureOfChannelError(
  error: ChannelError,
  amtToForward: Msat,
  channelUpdate: Bytes,
): FailureMessage {
  switch (error.code) {
    case 'channel_not_ready':
    case 'peer_offline':
    case 'above_max_in_flight':
    case 'too_many_htlcs':
    case 'insufficient_balance':
    case 'fee_not_affordable':
    case 'dust_exposure':
      return { kind: 'temporaryChannelFailure', channelUpdate };
    case 'below_htlc_minimum':
      return { kind: 'amountBelowMinimum', htlcMsat: amtToForward, channelUpdate };
    case 'expiry_out_of_range':
      return { kind: 'expiryTooSoon', channelUpdate };
    case 'shutting_down':
      return { kind: 'permanentChannelFailure' };
    case 'bad_script':
    case 'unknown_htlc':
      return { kind: 'temporaryNodeFailure' };
    default:
      return assertNever(error);
  }
}
