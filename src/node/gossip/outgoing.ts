import type { NodeId } from '../../core/bytes/index.js';
import type { Serving } from '../../core/gossip/index.js';
import type { Message } from '../../core/wire/index.js';
import { type Clock, sleep } from '../../ports/index.js';
import type { GossipBook } from './book.js';
import type { GossipPeers } from './types.js';

interface Task {
  readonly keys: readonly string[];
  readonly last?: Message | undefined;
  readonly serves?: Serving | undefined;
}

/** Messages read from the disk at a time. */
const CHUNK = 100;
/** No more is sent while a peer has this much to read. */
const MOST_BACKLOG = 256 * 1024;
const PAUSE_MS = 50;
/** Answers that wait for one peer. */
const MOST_TASKS = 20;

export interface OutgoingDeps {
  readonly book: GossipBook;
  readonly peers: GossipPeers;
  readonly clock: Clock;
  /** All of a task is with the peer's connection, and most of it read. */
  readonly served: (peer: NodeId, what: Serving) => void;
  readonly fatal: (error: unknown) => void;
}

/** Sends stored messages to peers, each at the speed at which it reads. */
export class Outgoing {
  readonly #deps: OutgoingDeps;
  readonly #tasks = new Map<NodeId, Task[]>();

  constructor(deps: OutgoingDeps) {
    this.#deps = deps;
  }

  add(peer: NodeId, task: Task): void {
    const waiting = this.#tasks.get(peer);
    if (waiting === undefined) {
      this.#tasks.set(peer, [task]);
      this.#work(peer).catch(this.#deps.fatal);
      // What answers a question is bounded by the questions that may be open.
    } else if (task.serves !== undefined || waiting.length < MOST_TASKS) waiting.push(task);
  }

  /** The peer is gone, and what was to be sent with it. */
  forget(peer: NodeId): void {
    this.#tasks.delete(peer);
  }

  async #work(peer: NodeId): Promise<void> {
    const tasks = this.#tasks.get(peer) as Task[];
    const current = (): boolean => this.#tasks.get(peer) === tasks;
    for (let task = tasks[0]; task !== undefined && current(); task = tasks[0]) {
      await this.#send(peer, task, current);
      tasks.shift();
      // The next part of an answer stands behind what else waits, for it is asked for only now.
      if (task.serves !== undefined && current()) this.#deps.served(peer, task.serves);
    }
    if (current()) this.#tasks.delete(peer);
  }

  async #send(peer: NodeId, { keys, last }: Task, current: () => boolean): Promise<void> {
    const { book, peers, clock } = this.#deps;
    for (let at = 0; at < keys.length; at += CHUNK) {
      const messages = await book.read(keys.slice(at, at + CHUNK));
      while (current() && peers.backlog(peer) > MOST_BACKLOG) await sleep(clock, PAUSE_MS);
      if (!current()) return;
      for (const message of messages) peers.send(peer, message);
    }
    if (last === undefined) return;
    while (current() && peers.backlog(peer) > MOST_BACKLOG) await sleep(clock, PAUSE_MS);
    if (current()) peers.send(peer, last);
  }
}
