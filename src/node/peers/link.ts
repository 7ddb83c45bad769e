import { type Bytes, concat, EMPTY, err, type NodeId, toHex } from '../../core/bytes/index.js';
import { isValidPrivateKey } from '../../core/crypto/index.js';
import { Handshake, type Session } from '../../core/transport/index.js';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageOf,
  type UnknownMessage,
  type WireError,
} from '../../core/wire/index.js';
import type { Clock, Connection, Entropy, Logger, NetAddress, Signer } from '../../ports/index.js';
import { Bucket } from './bucket.js';
import { isBroadcastGossip } from './categories.js';
import { checkInit, describeInitError, ourInit } from './init.js';
import { Pings } from './pings.js';
import { describeWireError, peerName, printable } from './text.js';
import type { CloseReason, Direction, PeerInfo, PeerLimits, PeersOptions } from './types.js';

export interface LinkOptions {
  readonly direction: Direction;
  readonly address: NetAddress;
  /** Whom we call; nobody where we are called. */
  readonly expected: Bytes | undefined;
  readonly chainHash: PeersOptions['chainHash'];
  readonly features: PeersOptions['features'];
  readonly limits: PeerLimits;
}

/** What a link tells its owner, in this order; `closed` comes always, and last. */
export interface LinkOwner {
  /** The handshake is done. False: the owner has closed this link in favour of another. */
  authenticated(link: Link, nodeId: NodeId): boolean;
  /** Both inits are exchanged. */
  opened(link: Link, info: PeerInfo): void;
  /** Never before `opened`. A promise holds back-pressure until it is settled. */
  received(link: Link, message: Message): Promise<void> | undefined;
  closed(link: Link, reason: CloseReason, phase: Phase): void;
}

export interface LinkDeps {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly signer: Pick<Signer, 'nodeId' | 'ecdh'>;
  readonly log: Logger;
  readonly owner: LinkOwner;
}

export type Phase = 'handshake' | 'init' | 'open' | 'closed';

const ALL_CHANNELS = new Uint8Array(32);
/** A peer that talks but answers no ping is given up at this many. */
const UNANSWERED_PINGS = 50;
/** Warnings of a peer are logged in full this often a connection; then it is enough. */
const LOGGED_COMPLAINTS = 20;

/** One connection: BOLT 8, then init, then messages until one side has had enough. */
export class Link {
  readonly direction: Direction;
  readonly address: NetAddress;
  readonly since: number;
  readonly #connection: Connection;
  readonly #options: LinkOptions;
  readonly #limits: PeerLimits;
  readonly #deps: LinkDeps;
  #log: Logger;
  readonly #junk: Bucket;
  readonly #pings = new Pings();
  readonly #handshake: Handshake;
  #phase: Phase = 'handshake';
  #session: Session | undefined;
  #nodeId: NodeId | undefined;
  #features: Bytes = EMPTY;
  /** Frames of this turn of the event loop: they leave together. */
  #outgoing: Bytes[] = [];
  #outgoingBytes = 0;
  #held = 0;
  #openHandlers = 0;
  #resting = false;
  #paused = false;
  #lastReceived: number;
  #complaints = 0;
  #timers = new Set<() => void>();

  constructor(connection: Connection, options: LinkOptions, deps: LinkDeps) {
    this.#connection = connection;
    this.#options = options;
    this.#limits = options.limits;
    this.#deps = deps;
    this.#log = deps.log;
    this.direction = options.direction;
    this.address = options.address;
    this.since = deps.clock.now();
    this.#lastReceived = this.since;
    this.#junk = new Bucket(
      { burst: this.#limits.junkBurst, perSecond: this.#limits.junkPerSecond },
      { clock: deps.clock },
    );
    this.#handshake = this.#beginHandshake();
    this.#after(this.#limits.handshakeMs, () => {
      if (this.#phase === 'handshake' || this.#phase === 'init')
        this.close({ code: 'handshake_timeout', message: 'no handshake in time' });
    });
    connection.onClose((error) => {
      this.#end({ code: 'lost', message: error?.message ?? 'connection closed' });
    });
    connection.onData((bytes) => this.#guarded(() => this.#consume(bytes)));
  }

  get nodeId(): NodeId | undefined {
    return this.#nodeId;
  }

  /** Whom we called, before the handshake proves it. */
  get expected(): NodeId | undefined {
    const { expected } = this.#options;
    return expected === undefined ? undefined : (toHex(expected) as NodeId);
  }

  get features(): Bytes {
    return this.#features;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The peer, once both inits are exchanged. */
  get info(): PeerInfo | undefined {
    if (this.#phase !== 'open') return undefined;
    return {
      nodeId: this.#nodeId as NodeId,
      features: this.#features,
      address: this.address,
      remote: this.remote,
      direction: this.direction,
    };
  }

  get remote(): NetAddress {
    return this.#connection.remote;
  }

  /** Bytes that wait for the peer to read them. */
  get backlog(): number {
    if (this.#phase === 'closed') return 0;
    if (this.#held > 0) this.#held = this.#connection.write(EMPTY);
    return this.#held + this.#outgoingBytes;
  }

  /** False where the message was not sent: the link is not open, or it was gossip to a slow peer. */
  send(message: Message | Bytes): boolean {
    if (this.#phase !== 'open') return false;
    return this.#write(message instanceof Uint8Array ? message : encodeMessage(message));
  }

  ping(length: number, pongBytes: number, resolve: Parameters<Pings['make']>[2]): void {
    if (this.#pings.waiting >= UNANSWERED_PINGS) {
      this.close({ code: 'no_answer', message: 'no answer to many pings' });
      resolve?.(err({ code: 'disconnected' }));
      return;
    }
    this.send(this.#pings.make(length, pongBytes, resolve));
  }

  /** BOLT 1: says why in a warning where it can, and closes. */
  warnAndClose(reason: CloseReason): void {
    if (this.#session !== undefined && this.#phase !== 'closed')
      this.#write(encodeMessage(warningOf(reason.message)));
    this.close(reason);
  }

  /** Closes; what was sent before is still handed over. */
  close(reason: CloseReason): void {
    if (this.#phase === 'closed') return;
    this.#flush();
    this.#connection.close();
    this.#end(reason);
  }

  #beginHandshake(): Handshake {
    const { signer } = this.#deps;
    const ephemeral = this.#ephemeralKey();
    const { expected } = this.#options;
    if (expected === undefined) return Handshake.responder(signer, ephemeral);
    const begun = Handshake.initiator(signer, ephemeral, expected);
    if (begun === undefined) throw new RangeError(`no node id: ${toHex(expected)}`);
    this.#connection.write(begun.actOne);
    return begun.handshake;
  }

  #ephemeralKey(): Bytes {
    for (;;) {
      const key = this.#deps.entropy.bytes(32);
      if (isValidPrivateKey(key)) return key;
    }
  }

  /** Nothing that a peer sends may break more than its own link. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.error('a bug of ours broke a connection', { error: stackOf(error) });
      this.close({ code: 'internal', message: 'internal error' });
    }
  }

  #consume(bytes: Bytes): void {
    if (this.#phase === 'closed') return;
    if (this.#session === undefined) {
      this.#consumeAct(bytes);
      return;
    }
    const result = this.#session.receive(bytes);
    const messages = result.ok ? result.value : result.error.before;
    for (const raw of messages) {
      if (this.phase === 'closed') return;
      this.#lastReceived = this.#deps.clock.now();
      this.#message(raw);
    }
    // BOLT 8, Receiving and Decrypting Messages: a frame that fails leaves nothing to go on with.
    if (!result.ok) this.close({ code: 'bad_frame', message: result.error.error.code });
  }

  #consumeAct(bytes: Bytes): void {
    const result = this.#handshake.receive(bytes);
    if (!result.ok) {
      const { act, code } = result.error;
      this.close({ code: 'handshake_failed', message: `act ${act}: ${code.replaceAll('_', ' ')}` });
      return;
    }
    const { send, done } = result.value;
    if (send.length > 0) this.#connection.write(send);
    if (done === undefined) return;
    this.#session = done.session;
    this.#nodeId = toHex(done.remoteStatic) as NodeId;
    this.#phase = 'init';
    if (!this.#deps.owner.authenticated(this, this.#nodeId)) return;
    this.#log = this.#deps.log.child(peerName(this.#nodeId));
    const { features, chainHash } = this.#options;
    // BOLT 1, init: the first message of any connection.
    this.#write(encodeMessage(ourInit(features, chainHash, this.address, this.direction)));
    if (done.rest.length > 0) this.#consume(done.rest);
  }

  #message(raw: Bytes): void {
    const decoded = decodeMessage(raw);
    if (!decoded.ok) {
      this.#refuse(decoded.error);
      return;
    }
    const message = decoded.value;
    if (this.#phase === 'init') {
      this.#first(message);
      return;
    }
    switch (message.kind) {
      case 'unknown':
        // BOLT 1, Lightning Message Format: an unknown odd type is ignored.
        this.#rest(this.#junk.take());
        return;
      case 'init':
        this.#rest(this.#junk.take());
        return;
      case 'ping': {
        const pong = this.#pings.answer(message);
        if (pong !== undefined) this.send(pong);
        this.#rest(this.#junk.take());
        return;
      }
      case 'pong':
        // BOLT 1, pong: one that answers no ping of ours may close the connection.
        if (!this.#pings.receive(message.ignored))
          this.warnAndClose({ code: 'bad_message', message: 'pong without a ping' });
        return;
      case 'warning':
      case 'error':
        this.#complaint(message);
        this.#rest(this.#junk.take());
        this.#handOver(message);
        return;
      default:
        this.#handOver(message);
    }
  }

  #first(message: Message | UnknownMessage): void {
    // BOLT 1, init: a peer sends nothing before it; a complaint tells why there will be none.
    if (message.kind === 'warning' || message.kind === 'error') {
      this.#complaint(message);
      const text = printable(message.data);
      this.close({ code: 'bad_init', message: `the peer refused us: ${text}` });
      return;
    }
    if (message.kind !== 'init') {
      this.close({ code: 'bad_init', message: 'the first message is not init' });
      return;
    }
    const checked = checkInit(this.#options.features, this.#options.chainHash, message);
    if (!checked.ok) {
      this.warnAndClose({ code: 'bad_init', message: describeInitError(checked.error) });
      return;
    }
    this.#features = checked.value;
    this.#phase = 'open';
    this.#keepAlive();
    this.#deps.owner.opened(this, this.info as PeerInfo);
  }

  #refuse(error: WireError): void {
    const text = describeWireError(error);
    this.#log.info('refused a message', { ...error });
    // BOLT 7, Query Messages: an unknown encoding is worth a warning, not the connection.
    if (error.code === 'unknown_encoding' && this.#phase === 'open') {
      this.#rest(this.#junk.take());
      this.send(warningOf(text));
      return;
    }
    // BOLT 1, Lightning Message Format: unknown even types and malformed messages close.
    this.warnAndClose({ code: 'bad_message', message: text });
  }

  #complaint(message: MessageOf<'warning'> | MessageOf<'error'>): void {
    if (this.#complaints++ >= LOGGED_COMPLAINTS) return;
    this.#log.warn(`the peer sent ${message.kind === 'error' ? 'an error' : 'a warning'}`, {
      channelId: toHex(message.channelId),
      text: printable(message.data),
    });
  }

  #handOver(message: Message): void {
    const work = this.#deps.owner.received(this, message);
    if (work === undefined) return;
    this.#openHandlers++;
    const done = () => {
      this.#openHandlers--;
      this.#adjustReading();
    };
    work.then(done, (error: unknown) => {
      done();
      this.#guarded(() => {
        throw error;
      });
    });
    this.#adjustReading();
  }

  /** Reads nothing for so many milliseconds: the peer sends faster than is good for us. */
  #rest(ms: number): void {
    if (ms === 0 || this.#resting || this.#phase === 'closed') return;
    this.#resting = true;
    this.#adjustReading();
    this.#after(ms, () => {
      this.#resting = false;
      this.#adjustReading();
    });
  }

  #adjustReading(): void {
    if (this.#phase === 'closed') return;
    const { openHandlers } = this.#limits;
    const busy = this.#openHandlers >= (this.#paused ? openHandlers / 2 : openHandlers);
    const pause = this.#resting || busy;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) {
      this.#connection.pause();
      return;
    }
    this.#lastReceived = this.#deps.clock.now();
    this.#connection.resume();
  }

  /** BOLT 1, ping: finds out in time that nobody is there any more. */
  #keepAlive(): void {
    const { clock } = this.#deps;
    const { pingAfterMs, pongWithinMs } = this.#limits;
    const watch = () => {
      // While we do not read, the peer's silence is ours.
      if (this.#paused) this.#lastReceived = clock.now();
      const silence = clock.now() - this.#lastReceived;
      if (silence < pingAfterMs) {
        this.#after(pingAfterMs - silence, watch);
        return;
      }
      const asked = clock.now();
      this.ping(0, 1, undefined);
      this.#after(pongWithinMs, () => {
        if (this.#lastReceived >= asked || this.#paused) watch();
        else this.close({ code: 'no_answer', message: 'no answer to a ping' });
      });
    };
    this.#after(pingAfterMs, watch);
  }

  #write(raw: Bytes): boolean {
    const backlog = this.#held + this.#outgoingBytes;
    if (backlog > this.#limits.shedGossipBytes && isBroadcastGossip(raw)) {
      if (this.backlog > this.#limits.shedGossipBytes) return false;
    }
    if (backlog > this.#limits.dropBytes && this.backlog > this.#limits.dropBytes) {
      this.#outgoing = [];
      this.#outgoingBytes = 0;
      this.close({ code: 'not_reading', message: 'the peer does not read' });
      return false;
    }
    const frame = (this.#session as Session).seal(raw);
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    this.#outgoing.push(frame);
    this.#outgoingBytes += frame.length;
    return true;
  }

  #flush(): void {
    if (this.#outgoing.length === 0 || this.#phase === 'closed') return;
    const frames = this.#outgoing;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#held = this.#connection.write(
      frames.length === 1 ? (frames[0] as Bytes) : concat(...frames),
    );
  }

  #after(ms: number, fn: () => void): void {
    const cancel = this.#deps.clock.after(ms, () => {
      this.#timers.delete(cancel);
      this.#guarded(fn);
    });
    this.#timers.add(cancel);
  }

  #end(reason: CloseReason): void {
    if (this.#phase === 'closed') return;
    const phase = this.#phase;
    this.#phase = 'closed';
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#pings.end();
    const { code, message } =
      phase === 'handshake' && reason.code === 'lost'
        ? { code: 'lost' as const, message: `${reason.message} during the handshake` }
        : reason;
    this.#deps.owner.closed(this, { code, message }, phase);
  }
}

function warningOf(text: string): MessageOf<'warning'> {
  return { kind: 'warning', channelId: ALL_CHANNELS, data: new TextEncoder().encode(text) };
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
