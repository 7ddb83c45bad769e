/**
 * What parts under way hold on the channels of their routes, over all payments of this node. Two
 * parts never count on the same funds, and what a failure says of a channel is read together with
 * what it held at the time.
 */
import { type Msat, msat } from '../bytes/index.js';
import type { Lesson, Reservation, RouteHop } from '../routing/index.js';

interface Held {
  readonly hops: readonly RouteHop[];
  /** Our own channel's balance counts it already: only the hops behind are reserved. */
  counted: boolean;
}

export class InFlight {
  readonly #parts = new Map<string, Held>();
  readonly #amounts = new Map<string, { readonly hop: RouteHop; amount: bigint }>();

  /** Holds a part's amounts from the moment it was planned. The same key again replaces it. */
  begin(key: string, hops: readonly RouteHop[]): void {
    this.end(key);
    this.#parts.set(key, { hops, counted: false });
    for (const hop of hops) this.#add(hop, hop.amountMsat);
  }

  /** The first channel has taken the HTLC, so that what it can spend is less by it. */
  counted(key: string): void {
    const part = this.#parts.get(key);
    const first = part?.hops[0];
    if (part === undefined || part.counted || first === undefined) return;
    part.counted = true;
    this.#add(first, -first.amountMsat);
  }

  /** The part is over, or was never sent. */
  end(key: string): void {
    const part = this.#parts.get(key);
    if (part === undefined) return;
    this.#parts.delete(key);
    for (const hop of part.counted ? part.hops.slice(1) : part.hops)
      this.#add(hop, -hop.amountMsat);
  }

  /** What a new plan must leave alone. */
  get reserved(): readonly Reservation[] {
    return [...this.#amounts.values()].map(({ hop, amount }) => ({
      scid: hop.channel,
      direction: hop.direction,
      amountMsat: msat(amount),
    }));
  }

  /**
   * Lessons of a part that has ended, while these others are under way: a channel that could not
   * carry its amount beside theirs has less than all of it together, and one that could has more.
   */
  amid(lessons: readonly Lesson[]): readonly Lesson[] {
    if (this.#amounts.size === 0) return lessons;
    return lessons.map((lesson) => {
      if (lesson.kind !== 'upperBound' && lesson.kind !== 'lowerBound') return lesson;
      const beside = this.#amounts.get(keyOf(lesson.scid, lesson.direction))?.amount ?? 0n;
      return { ...lesson, amountMsat: (lesson.amountMsat + beside) as Msat };
    });
  }

  #add(hop: RouteHop, change: bigint): void {
    const key = keyOf(hop.channel, hop.direction);
    const amount = (this.#amounts.get(key)?.amount ?? 0n) + change;
    if (amount > 0n) this.#amounts.set(key, { hop, amount });
    else this.#amounts.delete(key);
  }
}

const keyOf = (scid: bigint, direction: number): string => `${scid}/${direction}`;
