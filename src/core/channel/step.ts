/** The channel machine: one input in, the next state and its effects out. */
import { assertNever, fromUtf8 } from '../bytes/index.js';
import type { Message } from '../wire/index.js';
import { onLiveInput } from './live.js';
import { onFundingCreated } from './opening/accepter.js';
import { endOpening } from './opening/live.js';
import { onAcceptChannel, onFunded, onFundingSigned } from './opening/opener.js';
import { canSign } from './signing.js';
import type { ChannelState, OpeningState } from './state.js';
import { channelStatus } from './status.js';
import { Turn } from './turn.js';
import type { ChannelCommand, ChannelInput, Step, StepContext } from './types.js';

/**
 * Total: an exception inside is a bug of ours, and answers the state as it was with a `failed`
 * effect, so that the runner stops the channel and loses nothing.
 */
export function step(state: ChannelState, input: ChannelInput, context: StepContext): Step {
  const turn = new Turn(context);
  try {
    const next = onInput(state, input, turn);
    const from = channelStatus(state);
    const to = channelStatus(next);
    if (from !== to) turn.emit({ kind: 'stateChanged', from, to });
    return { state: next, effects: turn.effects };
  } catch (error) {
    const reason = `bug in ${describe(input)}: ${error instanceof Error ? error.stack : error}`;
    return {
      state,
      effects: [
        { kind: 'note', level: 'error', text: reason },
        { kind: 'failed', reason },
        { kind: 'disconnect', reason: 'internal error' },
      ],
    };
  }
}

/** Whether the command `sign` would send a commitment_signed. */
export const wantsSign = (state: ChannelState): boolean => state.kind === 'live' && canSign(state);

function describe(input: ChannelInput): string {
  if (input.kind === 'message') return `message ${input.message.kind}`;
  return input.kind === 'command' ? `command ${input.command.kind}` : input.kind;
}

function onInput(state: ChannelState, input: ChannelInput, turn: Turn): ChannelState {
  switch (state.kind) {
    case 'live':
      return onLiveInput(state, input, turn);
    case 'waitForAccept':
    case 'waitForFunding':
    case 'waitForFundingSigned':
    case 'waitForFundingCreated':
      return onOpeningInput(state, input, turn);
    case 'closed':
      if (input.kind === 'command') refuse(input.command, turn);
      return state;
    default:
      return assertNever(state);
  }
}

/** Commands that want an answer get one in every state. */
function refuse(command: ChannelCommand, turn: Turn): void {
  if ('ref' in command)
    turn.reply(command.ref, { ok: false, error: { code: 'channel_not_ready' } });
}

function onOpeningInput(s: OpeningState, input: ChannelInput, turn: Turn): ChannelState {
  switch (input.kind) {
    case 'message':
      return onOpeningMessage(s, input.message, turn);
    case 'command':
      return onOpeningCommand(s, input.command, turn);
    // BOLT 2, channel_reestablish: before funding_signed a disconnection ends the opening.
    case 'disconnected':
      return endOpening(s, 'the connection ended during the opening', turn, false);
    case 'connected':
    case 'peerSilent':
    case 'block':
    case 'fundingConfirmed':
    case 'fundingUnconfirmed':
    case 'fundingSpent':
    case 'fundingUnspent':
    case 'restored':
      return s;
    default:
      return assertNever(input);
  }
}

function onOpeningMessage(s: OpeningState, m: Message, turn: Turn): ChannelState {
  if (m.kind === 'error') {
    const reason = `the peer ended the opening: ${fromUtf8(m.data)}`;
    turn.emit({ kind: 'failed', reason });
    return endOpening(s, reason, turn, false);
  }
  if (s.kind === 'waitForAccept' && m.kind === 'acceptChannel') return onAcceptChannel(s, m, turn);
  if (s.kind === 'waitForFundingCreated' && m.kind === 'fundingCreated')
    return onFundingCreated(s, m, turn);
  if (s.kind === 'waitForFundingSigned' && m.kind === 'fundingSigned')
    return onFundingSigned(s, m, turn);
  if (m.kind === 'warning') {
    turn.note('warn', `the peer warns: ${fromUtf8(m.data)}`);
    return s;
  }
  return endOpening(s, `${m.kind} is not expected now`, turn, true);
}

function onOpeningCommand(s: OpeningState, command: ChannelCommand, turn: Turn): ChannelState {
  if (command.kind === 'funded') {
    if (s.kind === 'waitForFunding')
      return onFunded(s, command.fundingTxid, command.fundingVout, turn);
    turn.note('warn', 'funded, but nothing was to be funded');
    return s;
  }
  if (command.kind === 'abandonOpening') return endOpening(s, command.reason, turn, true);
  if (command.kind === 'forceClose') {
    turn.reply(command.ref, { ok: true });
    return endOpening(s, command.reason, turn, true);
  }
  refuse(command, turn);
  return s;
}
