import {
  type ChannelEffect,
  type ChannelInput,
  type ChannelState,
  type CommandResult,
  owedByPeer,
  prepareKeys,
  SILENCE_MS,
  type StepContext,
  step,
  wantsSign,
} from '../../core/channel/index.js';
import type { Clock, Logger, Store, Write } from '../../ports/index.js';

/** Rows that belong to an input: committed with the state it led to, or not at all. */
export type WritesFor = (result: CommandResult) => readonly Write[];

interface Task {
  readonly input: ChannelInput;
  readonly writes: WritesFor | undefined;
  readonly done: ((result: CommandResult) => void) | undefined;
}

/** An effect that waits for the disk, and the connection for which it was made. */
interface Due {
  readonly effect: ChannelEffect;
  readonly connection: number;
}

export interface RunnerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  context(): StepContext;
  /** The row that keeps `state`; nothing for a state that need not outlive the connection. */
  row(state: ChannelState): Write | undefined;
  /** Rows that must be as durable as the state that caused `effect`; called in order, at once. */
  writesOf(effect: ChannelEffect): readonly Write[];
  /**
   * Carries out one effect. The state and all before it are durable by then, or, where only the
   * rest of this node is told, on their way to the disk.
   */
  perform(effect: ChannelEffect): void;
  /** The disk failed: the node must stop, since nothing it says can be trusted to last. */
  onStoreFailure(error: unknown): void;
}

/**
 * Runs one channel's machine: inputs one after another, the state on disk before the message on
 * the wire. Steps do not wait for the disk: the next batch is computed (and signed) while the last
 * one syncs, and only what it says to the world is held back until its own commit is durable.
 */
export class ChannelRunner {
  #state: ChannelState;
  readonly #deps: RunnerDeps;
  #queue: Task[] = [];
  #scheduled = false;
  /** Resolves when everything handed to the disk so far is durable and carried out. */
  #tail: Promise<void> = Promise.resolve();
  #stopped = false;
  #over = false;
  /** Counts connections as the machine has seen them come and go. */
  #connection = 0;
  /** Ends the watch over what the peer owes us, while there is one. */
  #endWatch: (() => void) | undefined;

  constructor(state: ChannelState, deps: RunnerDeps) {
    this.#state = state;
    this.#deps = deps;
  }

  /** The newest state computed; its effects may still wait for the disk. */
  get state(): ChannelState {
    return this.#state;
  }

  /** Carries out the effects that came with the first state. */
  begin(effects: readonly ChannelEffect[]): void {
    const persist = effects.some((effect) => effect.kind === 'persist');
    const row = persist ? this.#deps.row(this.#state) : undefined;
    this.#commit(
      row && [row],
      effects
        .filter((effect) => effect.kind !== 'persist')
        .map((effect) => ({ effect, connection: this.#connection })),
      [],
    );
  }

  /** Puts an input in line. `writes` are asked for once the step has answered. */
  submit(input: ChannelInput, writes?: WritesFor): void {
    this.#enqueue({ input, writes, done: undefined });
  }

  /** As `submit`, for a command with a `ref`: resolves with its `reply` once that is durable. */
  command(input: ChannelInput, writes?: WritesFor): Promise<CommandResult> {
    return new Promise((done) => {
      this.#enqueue({ input, writes, done });
    });
  }

  /** Resolves when nothing is in line and everything is carried out. */
  async idle(): Promise<void> {
    for (;;) {
      const tail = this.#tail;
      await tail;
      if (tail === this.#tail && this.#queue.length === 0 && !this.#scheduled) return;
    }
  }

  /** Resolves when everything submitted before the call is durable and carried out. */
  async flushed(): Promise<void> {
    await Promise.resolve();
    await this.#tail;
  }

  /** The node stops: who waits for an answer gets none in this life. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#endWatch?.();
  }

  /** The channel is over: as `stop`, but who asks something of it is told so. */
  end(): void {
    this.#over = true;
    for (const { done } of this.#queue) done?.(OVER);
    this.stop();
  }

  #enqueue(task: Task): void {
    if (this.#over) task.done?.(OVER);
    if (this.#stopped) return;
    this.#queue.push(task);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#batch();
      this.#scheduled = false;
    });
  }

  /**
   * Works until nothing is in line: what a step tells the node (an HTLC has come, an HTLC has ended)
   * is acted on at once, so that its answer shares the disk's next sync.
   */
  #batch(): void {
    for (let more = true; more && !this.#stopped; ) {
      const told = this.#round();
      for (const effect of told) this.#perform(effect);
      more = told.length > 0 || this.#queue.length > 0;
    }
    this.#watchPeer();
    // The disk has its work by then, and we have time.
    queueMicrotask(() => prepareKeys(this.#state, this.#deps.context().signer));
  }

  /**
   * Looks again after a while whether the same is still owed: one timer at a time, which is not set
   * anew for every message.
   */
  #watchPeer(): void {
    if (this.#endWatch !== undefined || this.#stopped) return;
    const owed = owedByPeer(this.#state);
    if (owed === undefined) return;
    this.#endWatch = this.#deps.clock.after(SILENCE_MS, () => {
      this.#endWatch = undefined;
      this.submit({ kind: 'peerSilent', owed });
    });
  }

  /** Steps through everything in line, then signs once for all of it, unless more is to come. */
  #round(): readonly ChannelEffect[] {
    const tasks = this.#queue;
    this.#queue = [];
    const context = this.#deps.context();
    const effects: Due[] = [];
    const told: ChannelEffect[] = [];
    const writes: Write[] = [];
    const replies: (() => void)[] = [];
    let persist = false;

    const run = (input: ChannelInput): readonly ChannelEffect[] => {
      if (input.kind === 'connected' || input.kind === 'disconnected') this.#connection++;
      const connection = this.#connection;
      const result = step(this.#state, input, context);
      this.#state = result.state;
      for (const effect of result.effects) {
        if (effect.kind === 'persist') persist = true;
        else {
          writes.push(...this.#deps.writesOf(effect));
          if (staysInside(effect)) told.push(effect);
          else effects.push({ effect, connection });
        }
      }
      return result.effects;
    };

    for (const task of tasks) {
      const answer = replyIn(run(task.input));
      if (answer === undefined) {
        if (task.writes !== undefined) writes.push(...task.writes({ ok: true }));
        continue;
      }
      if (task.writes !== undefined && answer.ok) writes.push(...task.writes(answer));
      const { done } = task;
      if (done !== undefined) replies.push(() => done(answer));
    }
    if (told.length === 0 && wantsSign(this.#state))
      run({ kind: 'command', command: { kind: 'sign' } });

    const row = persist || writes.length > 0 ? this.#deps.row(this.#state) : undefined;
    // What the node asked for follows from what it has handed to the disk: not before that is there.
    const waits = tasks.some((task) => task.writes !== undefined);
    const commits = waits || writes.length > 0 || row !== undefined;
    if (commits || effects.length > 0 || replies.length > 0)
      this.#commit(
        commits ? (row === undefined ? writes : [row, ...writes]) : undefined,
        effects,
        replies,
      );
    return told;
  }

  #commit(
    writes: readonly Write[] | undefined,
    effects: readonly Due[],
    replies: readonly (() => void)[],
  ): void {
    // BOLT 2: what a message promises must be remembered before it is sent.
    const durable = writes === undefined ? undefined : this.#deps.store.commit(writes);
    this.#tail = Promise.all([this.#tail, durable]).then(
      () => this.#carryOut(effects, replies),
      (error: unknown) => {
        this.stop();
        this.#deps.onStoreFailure(error);
      },
    );
  }

  #carryOut(effects: readonly Due[], replies: readonly (() => void)[]): void {
    for (const { effect, connection } of effects) {
      if (this.#stopped) return;
      // BOLT 2, channel_reestablish: nothing of an old connection may come before it on a new one.
      if (effect.kind === 'send' && connection !== this.#connection) continue;
      this.#perform(effect);
    }
    for (const reply of replies) reply();
  }

  #perform(effect: ChannelEffect): void {
    try {
      this.#deps.perform(effect);
    } catch (error) {
      this.#deps.log.error('an effect could not be carried out', { effect: effect.kind, error });
    }
  }
}

const OVER: CommandResult = { ok: false, error: { code: 'channel_not_ready' } };

/**
 * What only the rest of the node is told needs not wait for the disk: all that follows from it is
 * handed to the disk later, and the disk keeps the order. A payment's caller is of the world.
 */
function staysInside(effect: ChannelEffect): boolean {
  switch (effect.kind) {
    case 'htlcReceived':
      return true;
    case 'htlcFulfilled':
    case 'htlcFailed':
      return effect.origin.kind === 'relayed';
    default:
      return false;
  }
}

function replyIn(effects: readonly ChannelEffect[]): CommandResult | undefined {
  for (const effect of effects) if (effect.kind === 'reply') return effect.result;
  return undefined;
}
