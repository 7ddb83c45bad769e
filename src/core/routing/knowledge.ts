/**
 * What payments taught about channels and nodes: bounds on what a channel can carry in one
 * direction, what is not usable and until when, and shares of blame. All of it fades.
 *
 * Columns by slot; slot 0 stands for "nothing known", so that a zeroed array of slots by edge
 * says just that. Times are seconds since the epoch, amounts float64 whole millisatoshi.
 */
import { type Msat, msat, type NodeId, type ShortChannelId, toHex } from '../bytes/index.js';
import { type Graph, grown } from '../gossip/index.js';
import { channelKey, parseKey } from './constraint-text.js';
import { Fading, type FadingOptions } from './fading.js';
import type { ChannelDirection, Constraint, Direction, Lesson } from './lessons.js';
import { decodeRecord, encodeRecord, type Record, recordOf, takeUp } from './record.js';

/**
 * Of what a channel carried it is believed to carry this share again: it lies on the full side, or
 * what others pay fills it. Tuned by the payment simulator.
 */
const AGAIN = 0.9;

/** What fades has hardly changed after such a part of the half-life. */
const STEADY = 1 / 48;

/** A row of the `constraints` table to write, or to delete where `data` is left out. */
export interface ConstraintRow {
  readonly key: string;
  readonly data?: string;
}

/** What a search sees of one channel in one direction; filled anew by each `look`. */
export interface Belief {
  /** It carries this much, by all that is known. */
  lower: number;
  /** It carries no more than this: what was learned of this direction itself. */
  limit: number;
  /** The same with what is inferred from the other direction; above it the chance is slight. */
  upper: number;
  blame: number;
  usable: boolean;
}

export class Knowledge {
  readonly #options: FadingOptions;
  readonly #fading: Fading;
  readonly #slots = new Map<string, number>();
  readonly #records: (Record | undefined)[] = [undefined];
  readonly #free: number[] = [];
  /** Slots by edge and by node of the graph this is bound to; 0: nothing known. */
  edgeSlot = new Int32Array(0);
  nodeSlot = new Int32Array(0);
  readonly #graph: Graph;
  /** Keys changed since `takeChanges`. */
  readonly #changed = new Set<string>();

  constructor(options: FadingOptions, deps: { readonly graph: Graph }) {
    this.#options = options;
    this.#fading = new Fading(options);
    this.#graph = deps.graph;
  }

  /** Records held, faded ones among them. */
  get size(): number {
    return this.#slots.size;
  }

  /** Takes up what is known of a channel that came into the graph, and of its nodes. */
  attach(c: number): void {
    const graph = this.#graph;
    if (2 * c + 1 >= this.edgeSlot.length) {
      const bigger = new Int32Array(graph.flags.length);
      bigger.set(this.edgeSlot);
      this.edgeSlot = bigger;
    }
    const nodes = [graph.source[2 * c] as number, graph.source[2 * c + 1] as number];
    if (Math.max(...nodes) >= this.nodeSlot.length) {
      const bigger = new Int32Array(graph.nodeVersion.length);
      bigger.set(this.nodeSlot);
      this.nodeSlot = bigger;
    }
    if (this.#slots.size === 0) return;
    const scid = graph.scid(c);
    for (const direction of [0, 1] as const)
      this.edgeSlot[2 * c + direction] = this.#slots.get(channelKey(scid, direction)) ?? 0;
    for (const n of nodes) this.nodeSlot[n] = this.#slots.get(toHex(graph.nodeId(n))) ?? 0;
  }

  /** Makes room for all of the graph, where nothing is known of it yet. */
  fit(): void {
    const { flags, nodeVersion } = this.#graph;
    if (flags.length > this.edgeSlot.length) this.edgeSlot = grown(this.edgeSlot, flags.length);
    if (nodeVersion.length > this.nodeSlot.length)
      this.nodeSlot = grown(this.nodeSlot, nodeVersion.length);
  }

  /** Takes up all that another knows. */
  takeAll(other: Knowledge): void {
    for (const [key, slot] of other.#slots) {
      const known = other.#records[slot] as Record;
      Object.assign(this.#record(key, known.at), known);
      this.#touch(key);
    }
  }

  /** Lets go of a channel before it leaves the graph; what is known stays, by its key. */
  detach(c: number): void {
    this.edgeSlot[2 * c] = 0;
    this.edgeSlot[2 * c + 1] = 0;
    for (const n of [this.#graph.source[2 * c] as number, this.#graph.source[2 * c + 1] as number])
      if (this.#graph.incoming.length(n) <= 1) this.nodeSlot[n] = 0;
  }

  /** Takes up all of the graph. */
  attachAll(): void {
    for (let c = 0; c < this.#graph.channelLimit; c++) if (this.#graph.isLive(c)) this.attach(c);
  }

  /**
   * What is known of edge `e` in its own right and from its reverse: what lies on the one side
   * does not lie on the other. `upper` is `capacity` at most.
   */
  look(e: number, capacity: number, now: number, into: Belief): void {
    into.lower = 0;
    into.limit = capacity;
    into.upper = capacity;
    into.blame = 0;
    into.usable = true;
    const own = this.edgeSlot[e] as number;
    if (own !== 0) {
      const r = this.#records[own] as Record;
      into.lower = Math.min(capacity, this.#fading.lower(r, now));
      into.limit = Math.min(capacity, this.#fading.upper(r, capacity, now));
      into.upper = into.limit;
      into.blame = this.#fading.blame(r, now);
      into.usable = r.until <= now;
    }
    const reverse = this.edgeSlot[e ^ 1] as number;
    if (reverse === 0) return;
    const r = this.#records[reverse] as Record;
    const least = capacity - this.#fading.upper(r, capacity, now);
    if (least > into.lower && least <= into.upper) into.lower = least;
    const most = capacity - this.#fading.lower(r, now);
    // HTLCs in flight and reserves blur the sum of the two sides: no hard limit by inference.
    if (most < into.upper && most >= into.lower) into.upper = most;
  }

  /**
   * Bounds of what `look` says at any time from `now` to `then`: `lower` and `upper` no less than it
   * says, nor `limit`; `blame` no more; `usable` where it is at any time.
   */
  lookThrough(e: number, capacity: number, now: number, then: number, into: Belief): void {
    const own = this.#records[this.edgeSlot[e] as number];
    const reverse = this.#records[this.edgeSlot[e ^ 1] as number];
    into.lower = own === undefined ? 0 : Math.min(capacity, this.#fading.lower(own, now));
    into.limit =
      own === undefined ? capacity : Math.min(capacity, this.#fading.upper(own, capacity, then));
    into.upper = into.limit;
    into.blame = own === undefined ? 0 : this.#fading.blame(own, then);
    into.usable = own === undefined || own.until <= then;
    if (reverse === undefined) return;
    // Bounds rise and fall meanwhile, so that what contradicts at one time may agree at another.
    if (capacity - this.#fading.upper(reverse, capacity, then) <= into.limit) {
      const least = Math.min(into.limit, capacity - this.#fading.upper(reverse, capacity, now));
      if (least > into.lower) into.lower = least;
    }
    if (capacity - this.#fading.lower(reverse, now) < into.lower) return;
    into.upper = Math.min(into.limit, capacity - this.#fading.lower(reverse, then));
  }

  /** Until when what is known of an edge, and of the node it starts from, hardly changes. */
  steadyUntil(e: number, from: number, now: number): number {
    const { holdSeconds, halfLifeSeconds } = this.#options;
    let until = now + halfLifeSeconds;
    const ends = (at: number): void => {
      const end = at + holdSeconds;
      until = Math.min(until, end > now ? end : now + halfLifeSeconds * STEADY);
    };
    for (const slot of [this.edgeSlot[e], this.edgeSlot[e ^ 1], this.nodeSlot[from]]) {
      const r = this.#records[slot ?? 0];
      if (r === undefined) continue;
      if (r.lower !== 0) ends(r.lowerAt);
      if (r.upper !== Number.POSITIVE_INFINITY) ends(r.upperAt);
      if (r.blame !== 0) ends(r.blameAt);
      if (r.until > now) until = Math.min(until, r.until);
    }
    return until;
  }

  /** Whether anything is known of an edge, its reverse, or the node it starts from. */
  isAbout(e: number, from: number): boolean {
    if (this.#slots.size === 0) return false;
    const { edgeSlot, nodeSlot } = this;
    return (edgeSlot[e] ?? 0) !== 0 || (edgeSlot[e ^ 1] ?? 0) !== 0 || (nodeSlot[from] ?? 0) !== 0;
  }

  /** Whether a node may be used. */
  nodeUsable(n: number, now: number): boolean {
    const slot = this.nodeSlot[n] ?? 0;
    return slot === 0 || (this.#records[slot] as Record).until <= now;
  }

  /** Takes a lesson up; answers the constraints it changed, as they now stand. */
  learn(lesson: Lesson, now: number): Constraint[] {
    switch (lesson.kind) {
      case 'upperBound': {
        const r = this.#record(channelKey(lesson.scid, lesson.direction), now);
        const amount = Math.max(0, Number(lesson.amountMsat) - 1);
        const capacity = this.#capacity(lesson.scid);
        r.upper = Math.min(this.#fading.upper(r, capacity, now), amount);
        r.upperAt = now;
        if (this.#fading.lower(r, now) > r.upper) {
          r.lower = 0;
          r.lowerAt = 0;
        }
        return this.#changedTo(r, now);
      }
      case 'lowerBound': {
        const r = this.#record(channelKey(lesson.scid, lesson.direction), now);
        this.#raise(r, Number(lesson.amountMsat), now);
        return this.#changedTo(r, now);
      }
      case 'succeeded':
        return this.#succeeded(lesson, now);
      case 'channelUnusable': {
        const r = this.#record(channelKey(lesson.scid, lesson.direction), now);
        return this.#block(r, lesson.lasts, lesson.reason, now);
      }
      case 'nodeUnusable': {
        const r = this.#record(lesson.nodeId, now);
        return this.#block(r, lesson.lasts, lesson.reason, now);
      }
      // The owner of the table has verified the update; without one that explains the failure:
      case 'channelUpdate': {
        const r = this.#record(channelKey(lesson.scid, lesson.direction), now);
        return this.#block(r, 'a_while', lesson.reason, now);
      }
      case 'sharedBlame': {
        const part = 1 / lesson.channels.length;
        return lesson.channels.flatMap(({ scid, direction }) => {
          const r = this.#record(channelKey(scid, direction), now);
          // Several shares add up as independent doubts do.
          r.blame = 1 - (1 - this.#fading.blame(r, now)) * (1 - 0.9 * part);
          r.blameAt = now;
          r.reason = lesson.reason;
          return this.#changedTo(r, now);
        });
      }
      case 'channelUsable':
        return this.#lift(channelKey(lesson.scid, lesson.direction), now);
      case 'nodeUsable':
        return this.#lift(lesson.nodeId, now);
    }
  }

  /** All that is known and has not faded, in the order of its keys. */
  list(now: number): Constraint[] {
    return [...this.#slots.keys()].sort().flatMap((key) => {
      const constraint = this.#constraint(this.#records[this.#slots.get(key) as number], now);
      return constraint === undefined ? [] : [constraint];
    });
  }

  /** The constraint on one edge, if any. */
  constraintOn(direction: ChannelDirection, now: number): Constraint | undefined {
    const slot = this.#slots.get(channelKey(direction.scid, direction.direction));
    return slot === undefined ? undefined : this.#constraint(this.#records[slot], now);
  }
  constraintOnNode(nodeId: NodeId, now: number): Constraint | undefined {
    const slot = this.#slots.get(nodeId);
    return slot === undefined ? undefined : this.#constraint(this.#records[slot], now);
  }

  /** Forgets all, a channel's (one direction or both) or a node's; answers how many it forgot. */
  forget(subject?: { scid: ShortChannelId; direction?: Direction } | { nodeId: NodeId }): number {
    const keys =
      subject === undefined
        ? [...this.#slots.keys()]
        : 'nodeId' in subject
          ? [subject.nodeId]
          : ([0, 1] as const)
              .filter((d) => subject.direction === undefined || subject.direction === d)
              .map((d) => channelKey(subject.scid, d));
    return keys.filter((key) => this.#drop(key)).length;
  }

  /** Forgets what has faded away. */
  prune(now: number): void {
    for (const [key, slot] of this.#slots)
      if (this.#constraint(this.#records[slot], now) === undefined) this.#drop(key);
  }

  /** The rows that changed since the last call. */
  takeChanges(): ConstraintRow[] {
    const rows = [...this.#changed].map((key): ConstraintRow => {
      const slot = this.#slots.get(key);
      if (slot === undefined) return { key };
      return { key, data: encodeRecord(this.#records[slot] as Record) };
    });
    this.#changed.clear();
    return rows;
  }

  /** Takes up a row as `takeChanges` gave it; answers whether it could be read. */
  restore(key: string, data: string): boolean {
    const stored = decodeRecord(data);
    if (stored === undefined || parseKey(key) === undefined) return false;
    takeUp(this.#record(key, stored.at), stored);
    this.#touch(key);
    this.#changed.delete(key);
    return true;
  }

  /** Infinity where the channel is not in the graph: its bounds do not relax until it is. */
  #capacity(scid: ShortChannelId): number {
    const c = this.#graph.channel(scid);
    const capacity = c < 0 ? 0 : (this.#graph.capacity[c] as number);
    return capacity === 0 ? Number.POSITIVE_INFINITY : capacity;
  }

  #raise(r: Record, amount: number, now: number): void {
    if (amount >= this.#fading.lower(r, now)) {
      r.lower = amount;
      r.lowerAt = now;
    }
    if (r.upper < amount) {
      r.upper = Number.POSITIVE_INFINITY;
      r.upperAt = 0;
    }
    // It carries: whatever stood against it is disproved.
    r.until = 0;
    r.blame = 0;
  }

  /**
   * The amount now lies on the other side: the bounds of both directions move by it. But whoever
   * could pay it has most likely more: that a channel works is worth more than what it lost.
   */
  #succeeded(lesson: ChannelDirection & { amountMsat: Msat }, now: number): Constraint[] {
    const amount = Number(lesson.amountMsat);
    const capacity = this.#capacity(lesson.scid);
    const out = this.#record(channelKey(lesson.scid, lesson.direction), now);
    this.#raise(out, amount, now);
    if (Number.isFinite(out.upper)) {
      out.upper = Math.max(0, this.#fading.upper(out, capacity, now) - amount);
      out.upperAt = now;
    }
    const left = Math.min(out.upper, capacity - amount);
    const again = Math.floor(Math.min(amount * AGAIN, left / 2));
    out.lower = Math.max(0, out.lower - amount, again);
    const back = this.#record(channelKey(lesson.scid, lesson.direction === 0 ? 1 : 0), now);
    back.lower = Math.min(capacity, this.#fading.lower(back, now) + amount);
    back.lowerAt = now;
    if (Number.isFinite(back.upper)) {
      const upper = this.#fading.upper(back, capacity, now) + amount;
      back.upper = upper >= capacity ? Number.POSITIVE_INFINITY : upper;
      back.upperAt = now;
    }
    return [...this.#changedTo(out, now), ...this.#changedTo(back, now)];
  }

  #block(r: Record, lasts: 'a_while' | 'until_update', reason: string, now: number): Constraint[] {
    const { whileSeconds, untilUpdateSeconds } = this.#options;
    const until = now + (lasts === 'a_while' ? whileSeconds : untilUpdateSeconds);
    if (until >= r.until) {
      r.until = until;
      r.untilUpdate = lasts === 'until_update';
      r.reason = reason;
    }
    return this.#changedTo(r, now);
  }

  #lift(key: string, now: number): Constraint[] {
    const slot = this.#slots.get(key);
    if (slot === undefined) return [];
    const r = this.#records[slot] as Record;
    if (r.until === 0) return [];
    r.until = 0;
    r.untilUpdate = false;
    r.reason = '';
    const left = this.#changedTo(r, now);
    if (left.length === 0) this.#drop(key);
    return left;
  }

  #changedTo(r: Record, now: number): Constraint[] {
    r.at = now;
    this.#changed.add(r.key);
    this.#touch(r.key);
    const constraint = this.#constraint(r, now);
    return constraint === undefined ? [] : [constraint];
  }

  #constraint(r: Record | undefined, now: number): Constraint | undefined {
    if (r === undefined) return undefined;
    const parsed = parseKey(r.key);
    if (parsed === undefined) return undefined;
    const capacity = 'channel' in parsed ? this.#capacity(parsed.channel.scid) : 0;
    const lower = this.#fading.lower(r, now);
    const upper = this.#fading.upper(r, capacity, now);
    const blame = this.#fading.blame(r, now);
    const unusable = r.until > now;
    if (lower === 0 && upper >= capacity && blame < 0.01 && !unusable) return undefined;
    return {
      subject: parsed,
      ...(lower > 0 ? { minimumMsat: msat(lower) } : {}),
      ...(upper < capacity ? { maximumMsat: msat(upper) } : {}),
      ...(unusable
        ? { unusable: { until: r.untilUpdate ? 'update' : r.until, reason: r.reason } }
        : {}),
      ...(blame >= 0.01 ? { blame } : {}),
      timestamp: r.at,
    };
  }

  #record(key: string, now: number): Record {
    const slot = this.#slots.get(key);
    if (slot !== undefined) return this.#records[slot] as Record;
    const fresh = this.#free.pop() ?? this.#records.length;
    const r = recordOf(key, now);
    this.#records[fresh] = r;
    this.#slots.set(key, fresh);
    this.#changed.add(key);
    this.#bind(key, fresh);
    return r;
  }

  #drop(key: string): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    this.#slots.delete(key);
    this.#records[slot] = undefined;
    this.#free.push(slot);
    this.#changed.add(key);
    this.#bind(key, 0);
    return true;
  }

  #bind(key: string, slot: number): void {
    const { e, n } = this.#place(key);
    if (e >= 0) this.edgeSlot[e] = slot;
    if (n >= 0) this.nodeSlot[n] = slot;
    this.#touch(key);
  }

  /** Tells the graph, so that whoever keeps copies of its rows makes them anew. */
  #touch(key: string): void {
    const { e, n } = this.#place(key);
    if (e >= 0) this.#graph.touchChannel(e >> 1);
    if (n >= 0) this.#graph.touchNode(n);
  }

  /** The edge or the node that a key names; -1 where the graph has none. */
  #place(key: string): { readonly e: number; readonly n: number } {
    const parsed = parseKey(key);
    if (parsed === undefined) return { e: -1, n: -1 };
    if ('channel' in parsed) {
      const { scid, direction } = parsed.channel;
      return { e: this.#graph.edge(scid, direction), n: -1 };
    }
    return { e: -1, n: this.#graph.node(Buffer.from(parsed.nodeId, 'hex')) };
  }
}
