/** Whom a sender pays: one after the other, the same for each way to pay. */
import type { Graph } from '../../core/gossip/index.js';
import { type PayeeLaw, payeesOf } from './people.js';
import { randomFrom } from './random.js';
import { World, type WorldOptions } from './world.js';

/**
 * `receivable`: a payee is paid only what one of its channels can take at that moment, since it
 * sees its own channels and writes no other invoice. `anything`: it does not look.
 */
export type Asking = 'receivable' | 'anything';

export interface PayeesOptions extends WorldOptions {
  readonly payees: PayeeLaw;
  readonly asking: Asking;
  readonly amountSat: number;
}

/** After so many that cannot be paid one of them is. */
const MOST_PASSED_OVER = 1000;

export class Payees {
  /** Payees that were drawn and could not have been paid. */
  passedOver = 0;
  readonly #options: PayeesOptions;
  readonly #draw: () => number;
  /** As funds lie without the sender's payments, so that these do not choose the payees. */
  readonly #untouched: World;

  constructor(
    options: PayeesOptions,
    deps: { readonly graph: Graph; readonly pool: readonly number[]; readonly sender: number },
  ) {
    const { graph, pool, sender } = deps;
    this.#options = options;
    this.#draw = payeesOf(options.payees, pool, sender, randomFrom(options.seed + 2 + sender));
    this.#untouched = new World(options, { graph });
    this.#untouched.keepStill(sender);
  }

  /** The next one, `seconds` after the beginning; time does not go back. */
  next(seconds: number): number {
    const { asking, amountSat } = this.#options;
    let payee = this.#draw();
    if (asking === 'anything') return payee;
    this.#untouched.moveTo(seconds);
    for (let left = MOST_PASSED_OVER; left > 0; left--) {
      if (this.#untouched.takes(payee, amountSat * 1000)) break;
      this.passedOver++;
      payee = this.#draw();
    }
    return payee;
  }
}
