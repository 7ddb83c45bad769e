import type { NodeId } from '../../core/bytes/index.js';

interface Open {
  readonly peer: NodeId;
  finish: (() => void) | undefined;
}

interface Flow {
  /** Messages of the peer that are being dealt with. */
  open: number;
  /** What waits until few of them are left. */
  readonly later: (() => void)[];
}

/**
 * Messages that one peer may have here before it is no longer read, and all peers together. An
 * answer to our own question is read whole, so that what else the peer says (its channel's
 * messages) does not wait behind the chain's answers.
 */
const FREE = 2_500;
const FREE_ALL = 10_000;
/** With so few of its messages left, a peer is asked for more. */
const FEW = 100;
/** Ends of answers that may wait: there is one question at a time. */
const MOST_LATER = 5;

/** Counts what came in and is not dealt with: holds peers back by it, and our own questions. */
export class Inflow {
  readonly #pressed: () => boolean;
  readonly #open = new Map<number, Open>();
  readonly #flows = new Map<NodeId, Flow>();
  #next = 1;

  /** `pressed`: what is done already has not reached the disk, and waits in memory. */
  constructor(deps: { readonly pressed: () => boolean }) {
    this.#pressed = deps.pressed;
  }

  /** A message came; the answer names it. */
  begin(peer: NodeId): number {
    const ref = this.#next++;
    this.#open.set(ref, { peer, finish: undefined });
    const flow = this.#flows.get(peer);
    if (flow !== undefined) flow.open++;
    return ref;
  }

  done(ref: number): void {
    const entry = this.#open.get(ref);
    if (entry === undefined) return;
    this.#open.delete(ref);
    entry.finish?.();
    const flow = this.#flows.get(entry.peer);
    if (flow === undefined) return;
    flow.open--;
    this.#look(flow);
  }

  /** Where the peer has too much here: resolves when this message is done. */
  hold(ref: number): Promise<void> | undefined {
    const entry = this.#open.get(ref);
    if (entry === undefined) return undefined;
    const { open = 0 } = this.#flows.get(entry.peer) ?? {};
    if (open <= FREE && this.#open.size <= FREE_ALL) return undefined;
    return new Promise((resolve) => {
      entry.finish = resolve;
    });
  }

  /** Calls `fn` once most of what the peer has sent is dealt with. */
  whenFew(peer: NodeId, fn: () => void): void {
    const flow = this.#flows.get(peer);
    if (flow === undefined) return;
    flow.later.push(fn);
    if (flow.later.length > MOST_LATER) flow.later.shift()?.();
    this.#look(flow);
  }

  /** The disk has caught up. */
  relieved(): void {
    for (const flow of this.#flows.values()) this.#look(flow);
  }

  connected(peer: NodeId): void {
    this.#flows.set(peer, { open: 0, later: [] });
  }

  disconnected(peer: NodeId): void {
    this.#flows.delete(peer);
  }

  /** Nobody is held back any more. */
  stop(): void {
    for (const { finish } of this.#open.values()) finish?.();
    this.#open.clear();
    this.#flows.clear();
  }

  #look(flow: Flow): void {
    while (flow.later.length > 0 && flow.open <= FEW && !this.#pressed()) flow.later.shift()?.();
  }
}
