import { assertNever, EMPTY } from '../../core/bytes/index.js';
import type { ChannelError } from '../../core/channel/index.js';
import type { BuildError, FailureMessage } from '../../core/onion/index.js';

/** Our own channel's refusal in the words of BOLT 4, for `failcode`. */
export function messageOf(error: ChannelError): FailureMessage {
  switch (error.code) {
    case 'channel_not_ready':
    case 'unknown_htlc':
    case 'bad_script':
      return { kind: 'unknownNextPeer' };
    case 'shutting_down':
      return { kind: 'permanentChannelFailure' };
    case 'expiry_out_of_range':
      return { kind: 'expiryTooFar' };
    case 'below_htlc_minimum':
      return { kind: 'amountBelowMinimum', htlcMsat: error.actual, channelUpdate: EMPTY };
    case 'peer_offline':
    case 'above_max_in_flight':
    case 'too_many_htlcs':
    case 'insufficient_balance':
    case 'fee_not_affordable':
    case 'dust_exposure':
      return { kind: 'temporaryChannelFailure', channelUpdate: EMPTY };
    default:
      return assertNever(error);
  }
}

/** Why a route could not be put into an onion. */
export function onionReason(error: BuildError): string {
  switch (error.code) {
    case 'no_hops':
      return 'it has no hops';
    case 'bad_session_key':
      return 'no onion could be made';
    case 'bad_node_id':
      return `the id of hop ${error.index} is no node id`;
    case 'payload_too_short':
      return `hop ${error.index} has no payload`;
    case 'payloads_too_long':
      return `its onion needs ${error.actual} bytes, and has ${error.maximum}`;
    default:
      return assertNever(error);
  }
}
