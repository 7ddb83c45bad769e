import type { Clock, Connection, Listener, Net, NetAddress } from '../ports/index.js';
import type { SeededEntropy } from './entropy.js';

export interface MemoryNetOptions {
  /** One way, in milliseconds: each pair of hosts gets its own from this range. */
  readonly latencyMs?: { readonly min: number; readonly max: number };
  /** What a chunk may be late by beyond the pair's latency; the order of the bytes is kept. */
  readonly jitterMs?: number;
  /** How long a connection attempt into a partition waits before it gives up. */
  readonly connectTimeoutMs?: number;
  /** Bytes that the two systems between the ends take in before the writer has to hold them. */
  readonly windowBytes?: number;
}

/** What the network tells whoever watches it. */
export type NetEvent =
  | { readonly kind: 'opened'; readonly from: string; readonly to: string }
  | { readonly kind: 'refused'; readonly from: string; readonly to: string }
  | {
      readonly kind: 'delivered';
      readonly from: string;
      readonly to: string;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'closed'; readonly from: string; readonly to: string };

const pairOf = (a: string, b: string): string => (a < b ? `${a}|${b}` : `${b}|${a}`);

/**
 * A network in memory. Hosts are names; bytes arrive in order, after the pair's latency, in
 * chunks that the seed cuts, so that nobody gets used to whole messages.
 */
export class MemoryNet {
  readonly #options: Required<MemoryNetOptions>;
  readonly #clock: Clock;
  readonly #entropy: SeededEntropy;
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #latencies = new Map<string, number>();
  readonly #partitioned = new Set<string>();
  readonly #pipes = new Set<Pipe>();
  #connections = 0;
  #nextPort = 40_000;
  /** Called for all that happens, in order. */
  onEvent: (event: NetEvent) => void = () => {};

  constructor(
    options: MemoryNetOptions,
    deps: { readonly clock: Clock; readonly entropy: SeededEntropy },
  ) {
    this.#options = {
      latencyMs: { min: 5, max: 60 },
      jitterMs: 4,
      connectTimeoutMs: 10_000,
      windowBytes: 65_536,
      ...options,
    };
    this.#clock = deps.clock;
    this.#entropy = deps.entropy;
  }

  /** The network as `name` sees it. */
  host(name: string): Net {
    return {
      connect: (address, signal) => this.#connect(name, address, signal),
      listen: async (address, accept) => this.#listen(address, accept),
    };
  }

  /** One way between two hosts, in milliseconds. */
  latency(a: string, b: string): number {
    const pair = pairOf(a, b);
    let latency = this.#latencies.get(pair);
    if (latency === undefined) {
      const { min, max } = this.#options.latencyMs;
      latency = this.#entropy.fork(`latency ${pair}`).between(min, max);
      this.#latencies.set(pair, latency);
    }
    return latency;
  }

  /** Connections between the two end at once, with an error; new ones may be made. */
  cut(a: string, b: string): void {
    for (const pipe of this.#between(a, b)) pipe.reset(new Error('connection reset'));
  }

  /** No byte passes between the two, nobody is told, and what was sent waits for `heal`. */
  partition(a: string, b: string): void {
    this.#partitioned.add(pairOf(a, b));
  }

  heal(a: string, b: string): void {
    if (!this.#partitioned.delete(pairOf(a, b))) return;
    for (const pipe of this.#between(a, b)) pipe.pump();
  }

  /** What is under way on connections of the two is lost for good, and nobody is told. */
  drop(a: string, b: string): void {
    for (const pipe of this.#between(a, b)) pipe.drop();
  }

  /** The host's power goes: its listeners are gone and its peers see their connections reset. */
  unplug(host: string): void {
    for (const [key, listener] of this.#listeners)
      if (listener.address.host === host) this.#listeners.delete(key);
    for (const pipe of [...this.#pipes])
      if (pipe.a === host || pipe.b === host) pipe.reset(new Error('connection reset'));
  }

  #between(a: string, b: string): Pipe[] {
    const pair = pairOf(a, b);
    return [...this.#pipes].filter((pipe) => pairOf(pipe.a, pipe.b) === pair);
  }

  #listen(address: NetAddress, accept: (connection: Connection) => void): Listener {
    const bound = { host: address.host, port: address.port || this.#nextPort++ };
    const key = `${bound.host}:${bound.port}`;
    if (this.#listeners.has(key)) throw new Error(`address in use: ${key}`);
    const listener: MemoryListener = {
      address: bound,
      accept,
      close: async () => {
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
      },
    };
    this.#listeners.set(key, listener);
    return listener;
  }

  #connect(from: string, address: NetAddress, signal?: AbortSignal): Promise<Connection> {
    const to = address.host;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Error('connection attempt aborted'));
      let settled = false;
      const settle = (act: () => void) => {
        if (settled) return;
        settled = true;
        signal?.removeEventListener('abort', abort);
        cancel();
        act();
      };
      const abort = () => settle(() => reject(new Error('connection attempt aborted')));
      signal?.addEventListener('abort', abort);
      const away = this.#partitioned.has(pairOf(from, to));
      const wait = away ? this.#options.connectTimeoutMs : 2 * this.latency(from, to);
      const cancel = this.#clock.after(wait, () =>
        settle(() => {
          const listener = this.#listeners.get(`${to}:${address.port}`);
          if (away || !listener) {
            this.onEvent({ kind: 'refused', from, to });
            const cause = away ? 'timed out' : 'refused';
            return reject(new Error(`connection ${cause}: ${to}:${address.port}`));
          }
          resolve(this.#open(from, listener));
        }),
      );
    });
  }

  #open(from: string, listener: MemoryListener): Connection {
    const to = listener.address.host;
    const pipe = new Pipe({
      a: from,
      b: to,
      addressA: { host: from, port: this.#nextPort++ },
      addressB: listener.address,
      windowBytes: this.#options.windowBytes,
      jitterMs: this.#options.jitterMs,
      latencyMs: this.latency(from, to),
      clock: this.#clock,
      entropy: this.#entropy.fork(`connection ${this.#connections++} ${from} ${to}`),
      isCut: () => this.#partitioned.has(pairOf(from, to)),
      onEvent: (event) => this.onEvent(event),
      onEnd: () => this.#pipes.delete(pipe),
    });
    this.#pipes.add(pipe);
    this.onEvent({ kind: 'opened', from, to });
    listener.accept(pipe.endB);
    return pipe.endA;
  }
}

interface MemoryListener extends Listener {
  readonly accept: (connection: Connection) => void;
}

interface PipeContext {
  readonly a: string;
  readonly b: string;
  readonly addressA: NetAddress;
  readonly addressB: NetAddress;
  readonly windowBytes: number;
  readonly jitterMs: number;
  readonly latencyMs: number;
  readonly clock: Clock;
  readonly entropy: SeededEntropy;
  isCut(): boolean;
  onEvent(event: NetEvent): void;
  onEnd(): void;
}

/** A connection: two ends, and a direction of bytes each way. */
class Pipe {
  readonly a: string;
  readonly b: string;
  readonly endA: End;
  readonly endB: End;
  readonly #context: PipeContext;
  #open = 2;

  constructor(context: PipeContext) {
    this.#context = context;
    this.a = context.a;
    this.b = context.b;
    this.endA = new End(context.addressB, context.a, context.b, context, 'a');
    this.endB = new End(context.addressA, context.b, context.a, context, 'b');
    this.endA.peer = this.endB;
    this.endB.peer = this.endA;
    for (const end of [this.endA, this.endB])
      end.onEnded = () => {
        if (--this.#open === 0) context.onEnd();
      };
  }

  reset(error: Error): void {
    this.#context.onEvent({ kind: 'closed', from: this.a, to: this.b });
    this.endA.finish(error);
    this.endB.finish(error);
  }

  drop(): void {
    this.endA.lose();
    this.endB.lose();
  }

  pump(): void {
    this.endA.pump();
    this.endB.pump();
  }
}

/** A chunk under way, or the end of the stream. */
type Parcel = { readonly at: number; readonly bytes: Uint8Array | 'end' };

class End implements Connection {
  readonly remote: NetAddress;
  peer!: End;
  onEnded: () => void = () => {};
  readonly #from: string;
  readonly #to: string;
  readonly #context: PipeContext;
  readonly #entropy: SeededEntropy;
  /** Written here and not yet arrived there, in order. */
  #outbox: Parcel[] = [];
  #outboxBytes = 0;
  #lastAt = 0;
  #pumping: (() => void) | undefined;
  /** Arrived here and not yet taken. */
  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #data: ((bytes: Uint8Array) => void) | undefined;
  #close: ((error?: Error) => void) | undefined;
  #ended: { readonly error: Error | undefined } | undefined;
  #told = false;
  #paused = false;
  #closing = false;
  #lost = false;
  #remoteEnded = false;

  constructor(remote: NetAddress, from: string, to: string, context: PipeContext, side: string) {
    this.remote = remote;
    this.#from = from;
    this.#to = to;
    this.#context = context;
    this.#entropy = context.entropy.fork(side);
  }

  write(bytes: Uint8Array): number {
    if (this.#ended || this.#closing) return 0;
    for (const piece of this.#pieces(bytes)) this.#send(piece);
    const held = this.#outboxBytes + this.peer.#inboxBytes - this.#context.windowBytes;
    return Math.max(0, held);
  }

  onData(fn: (bytes: Uint8Array) => void): void {
    this.#data = fn;
    this.#soon(() => this.#take());
  }

  onClose(fn: (error?: Error) => void): void {
    this.#close = fn;
    if (this.#ended) this.#soon(() => this.#tell());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#soon(() => this.#take());
  }

  close(): void {
    if (this.#ended || this.#closing) return;
    this.#closing = true;
    this.#send('end');
    this.#context.onEvent({ kind: 'closed', from: this.#from, to: this.#to });
    this.#soon(() => this.#stop(undefined));
  }

  /** The connection is gone under both ends: nothing more arrives here. */
  finish(error: Error): void {
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#inbox = [];
    this.#inboxBytes = 0;
    this.#stop(error);
  }

  /** From now on nothing that is or was written here arrives. */
  lose(): void {
    this.#lost = true;
    this.#outbox = [];
    this.#outboxBytes = 0;
  }

  /** Sends on what has waited, and sees to it that the next parcel is looked at in time. */
  pump(): void {
    const next = this.#outbox[0];
    if (this.#pumping || !next || this.#context.isCut()) return;
    const wait = Math.max(0, next.at - this.#context.clock.now());
    this.#pumping = this.#context.clock.after(wait, () => {
      this.#pumping = undefined;
      if (this.#context.isCut()) return;
      const parcel = this.#outbox.shift();
      if (parcel) this.#arrive(parcel);
      this.pump();
    });
  }

  #arrive(parcel: Parcel): void {
    if (parcel.bytes === 'end') {
      this.peer.#receiveEnd();
      return;
    }
    this.#outboxBytes -= parcel.bytes.length;
    this.peer.#receive(parcel.bytes);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#ended || this.#closing) return;
    const { onEvent } = this.#context;
    onEvent({ kind: 'delivered', from: this.#to, to: this.#from, bytes });
    this.#inbox.push(bytes);
    this.#inboxBytes += bytes.length;
    this.#take();
  }

  #receiveEnd(): void {
    this.#remoteEnded = true;
    this.#take();
  }

  /** Hands over what has arrived, as far as the owner takes it. */
  #take(): void {
    while (this.#data && !this.#paused && !this.#ended && !this.#closing) {
      const bytes = this.#inbox.shift();
      if (!bytes) break;
      this.#inboxBytes -= bytes.length;
      this.#data(bytes);
    }
    if (this.#remoteEnded && this.#inbox.length === 0 && !this.#closing) this.#stop(undefined);
  }

  #send(bytes: Uint8Array | 'end'): void {
    if (this.#lost) return;
    const { clock, latencyMs, jitterMs } = this.#context;
    const at = clock.now() + latencyMs + this.#entropy.below(jitterMs + 1);
    this.#lastAt = Math.max(this.#lastAt, at);
    this.#outbox.push({ at: this.#lastAt, bytes });
    if (bytes !== 'end') this.#outboxBytes += bytes.length;
    this.pump();
  }

  /** Copies, cut in up to three at places of the seed's choice. */
  #pieces(bytes: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let start = 0;
    for (let cuts = this.#entropy.below(3); cuts > 0 && start + 1 < bytes.length; cuts--) {
      const end = this.#entropy.between(start + 1, bytes.length - 1);
      pieces.push(bytes.slice(start, end));
      start = end;
    }
    if (start < bytes.length) pieces.push(bytes.slice(start));
    return pieces;
  }

  #stop(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = { error };
    this.onEnded();
    this.#soon(() => this.#tell());
  }

  #tell(): void {
    if (this.#told || !this.#close || !this.#ended) return;
    this.#told = true;
    this.#close(this.#ended.error);
  }

  /** Never within the caller's own call: a socket does not do that either. */
  #soon(fn: () => void): void {
    this.#context.clock.after(0, fn);
  }
}
