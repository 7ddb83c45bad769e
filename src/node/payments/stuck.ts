/** Why a payment cannot go on, in words: the true cause, with its figures. */
import { assertNever, type Msat, type ShortChannelId } from '../../core/bytes/index.js';
import type { PayGoal, Stuck } from '../../core/payment/index.js';
import { explainNoRoute, type HintChannel, type NoRoute } from '../../core/routing/index.js';

export function explainStuck(stuck: Stuck, goal: PayGoal): string {
  switch (stuck.code) {
    case 'own_balance':
      return ownBalance(stuck, goal);
    case 'no_route':
      return noRoute(stuck.reason, stuck.amountMsat, goal);
    case 'too_dear':
      return (
        `Fee limit: the cheapest found costs ${stuck.feeMsat}msat, over the ` +
        (stuck.maxFeeMsat === goal.maxFeeMsat
          ? `${goal.maxFeeMsat}msat allowed`
          : `${stuck.maxFeeMsat}msat that parts in flight leave of the ${goal.maxFeeMsat}msat allowed`)
      );
    case 'too_many_parts':
      return `No route: ${stuck.maxParts} parts are in flight, and more are not sent`;
    case 'too_many_attempts':
      return `${stuck.attempts} parts were sent, and more are not tried`;
    default:
      return assertNever(stuck);
  }
}

function ownBalance(stuck: Stuck & { code: 'own_balance' }, goal: PayGoal): string {
  const { spendableMsat, neededMsat, channels } = stuck;
  if (channels === 0) return 'No route: no capacity: no channel of ours can send now';
  const which = goal.maxParts === 1 ? 'the largest channel of ours sends' : 'our channels send';
  return (
    `No route: no capacity of our own: ${which} ${spendableMsat}msat at most, and ` +
    `${neededMsat}msat are to be sent, fees beside them`
  );
}

function noRoute(reason: NoRoute, amountMsat: Msat, goal: PayGoal): string {
  const text = explainNoRoute(reason);
  const hints = goal.hints ?? [];
  const which = areExhausted(hints, reason, goal)
    ? `The route hints of the invoice are exhausted, all ${hints.length}. `
    : '';
  const part =
    amountMsat === goal.amountMsat ? '' : ` (for ${amountMsat}msat of ${goal.amountMsat}msat)`;
  return `${which}${text}${part}`;
}

/** The payee is reached by hints alone, and what was learned of them stands in the way. */
function areExhausted(hints: readonly HintChannel[], reason: NoRoute, goal: PayGoal): boolean {
  if (hints.length === 0) return false;
  if (reason.code === 'destination_total') {
    const last = hints.filter(({ target }) => target === goal.destination);
    return reason.learned && reason.channels === last.length;
  }
  const isHint = (scid: ShortChannelId): boolean => hints.some((hint) => hint.scid === scid);
  return (
    reason.code === 'excluded_by_constraints' &&
    reason.constraints.every(({ subject }) => 'channel' in subject && isHint(subject.channel.scid))
  );
}
