/** One step in the making: collects effects while the handlers work out the next state. */
import { type Bytes, utf8 } from '../bytes/index.js';
import type { Message } from '../wire/index.js';
import type { ChannelEffect, CommandResult, StepContext } from './types.js';

export class Turn {
  readonly effects: ChannelEffect[] = [];

  constructor(readonly context: StepContext) {}

  emit(...effects: readonly ChannelEffect[]): void {
    this.effects.push(...effects);
  }

  /** Later effects wait until the state of this step is durable. */
  persist(): void {
    this.effects.push({ kind: 'persist' });
  }

  send(message: Message): void {
    this.effects.push({ kind: 'send', message });
  }

  reply(ref: number, result: CommandResult): void {
    this.effects.push({ kind: 'reply', ref, result });
  }

  note(level: 'debug' | 'info' | 'warn' | 'error', text: string): void {
    this.effects.push({ kind: 'note', level, text });
  }

  /** BOLT 1, error and warning: text for people, printable ASCII. */
  sendError(channelId: Bytes, text: string): void {
    this.send({ kind: 'error', channelId, data: utf8(text) });
  }

  sendWarning(channelId: Bytes, text: string): void {
    this.send({ kind: 'warning', channelId, data: utf8(text) });
  }
}
