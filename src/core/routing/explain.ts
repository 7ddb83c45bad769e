/** Error 205 in words: the true cause, with its figures. */
import { assertNever, type Msat } from '../bytes/index.js';
import { channelKey } from './constraint-text.js';
import type { Constraint } from './lessons.js';
import type { NoRoute } from './route.js';

const msat = (amount: Msat): string => `${amount}msat`;

/** Named so many at most; the rest is counted. */
const NAMED = 5;

export function explainNoRoute(reason: NoRoute): string {
  switch (reason.code) {
    case 'same_node':
      return 'No route: the destination is the source itself';
    case 'amount_too_large':
      return 'No route: the amount is more than any channel can have';
    case 'unknown_destination':
      return `No route: destination ${reason.nodeId} is unknown, no channel with it was announced`;
    case 'unknown_source':
      return `No route: source ${reason.nodeId} is unknown, it has no channel`;
    case 'destination_capacity':
      return (
        `No route: no capacity at the destination: its largest usable channel takes in ` +
        `${msat(reason.largestMsat)}, and ${msat(reason.amountMsat)} are to arrive`
      );
    case 'source_capacity':
      return (
        `No route: no capacity at the source: its largest usable channel sends ` +
        `${msat(reason.largestMsat)}, and ${msat(reason.amountMsat)} are to arrive, fees beside them`
      );
    case 'destination_total':
    case 'source_total': {
      const end =
        reason.code === 'source_total' ? ['source', 'send out'] : ['destination', 'take in'];
      return (
        `No route: no capacity at the ${end[0]}: its ${reason.channels} usable channels ${end[1]} ` +
        `${msat(reason.totalMsat)} together${reason.learned ? ', by what was learned of them,' : ''}` +
        ` and ${msat(reason.amountMsat)} are to arrive`
      );
    }
    case 'excluded_by_constraints': {
      const named = reason.constraints.slice(0, NAMED).map(explainConstraint);
      const more = reason.constraints.length - named.length;
      return (
        `No route: what was learned excludes all: ${named.join('; ')}` +
        `${more > 0 ? `; and ${more} more` : ''} (delconstraints forgets it)`
      );
    }
    case 'excluded_by_request':
      return 'No route: the parameter exclude leaves none';
    case 'no_capacity':
      return reason.maxParts === undefined
        ? `No route: no way on which each channel has the capacity for ${msat(reason.amountMsat)} and the fees` +
            (reason.widestMsat === undefined
              ? ''
              : `; the widest carries ${msat(reason.widestMsat)}`)
        : `No route: no ways with the capacity for ${msat(reason.amountMsat)} and the fees in ${reason.maxParts} parts at most`;
    case 'limits':
      return `No route: none within ${reason.maxHops} hops, ${reason.maxDelay} blocks and the size of an onion`;
    case 'no_path':
      return 'No route: no way of usable channels leads from the source to the destination';
    default:
      return assertNever(reason);
  }
}

function explainConstraint({ subject, maximumMsat, unusable }: Constraint): string {
  const name =
    'channel' in subject
      ? channelKey(subject.channel.scid, subject.channel.direction)
      : `node ${subject.nodeId}`;
  if (unusable !== undefined) return `${name} is not usable (${unusable.reason})`;
  return `${name} carries ${maximumMsat === undefined ? 'too little' : `${msat(maximumMsat)} at most`}`;
}
