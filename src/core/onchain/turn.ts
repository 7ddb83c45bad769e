/** What one step gathers: the effects in order, and `persist` once before the rest. */
import { assertNever } from '../bytes/index.js';
import type { OnchainContext, OnchainEffect, OnchainInput } from './types.js';

export class Turn {
  readonly #effects: OnchainEffect[] = [];
  #persist = false;
  /** Whether time went on: broadcasts are said again, fees looked at anew. */
  readonly tick: boolean;
  /** Whether claims are made now; not amid the news of a block, which more of it may overtake. */
  readonly plans: boolean;
  /** Whether fees are of today: a start says again what was said, before it knows what is asked. */
  readonly prices: boolean;
  /** The coins that this step brings. */
  readonly funded: Extract<OnchainInput, { kind: 'claimFunded' }> | undefined;

  constructor(
    input: OnchainInput,
    readonly context: OnchainContext,
  ) {
    this.tick = input.kind === 'block' || input.kind === 'restored';
    this.plans = !isNewsOfBlock(input);
    this.prices = input.kind !== 'restored';
    this.funded = input.kind === 'claimFunded' ? input : undefined;
  }

  emit(effect: OnchainEffect): void {
    this.#effects.push(effect);
  }

  persist(): void {
    this.#persist = true;
  }

  note(level: 'debug' | 'info' | 'warn' | 'error', text: string): void {
    this.emit({ kind: 'note', level, text });
  }

  finish(): readonly OnchainEffect[] {
    return this.#persist ? [{ kind: 'persist' }, ...this.#effects] : this.#effects;
  }
}

/** Whether more of the chain's news is at hand. */
function isNewsOfBlock(input: OnchainInput): boolean {
  switch (input.kind) {
    case 'spent':
      return input.height !== undefined;
    case 'block':
      return input.more === true;
    case 'revoked':
    case 'disconnected':
    case 'coinsGone':
      return true;
    case 'preimage':
    case 'claimFunded':
    case 'restored':
      return false;
    default:
      return assertNever(input);
  }
}
