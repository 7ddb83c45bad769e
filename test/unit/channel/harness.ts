/**
 * Two channel machines that talk over queues of encoded messages, with a disk each. What the node
 * around a machine does (effects, durable rows, a wallet, a chain) is played here in its simplest
 * honest form, so that a test may cut the connection or kill a side between any two events.
 */
import { LocalSigner } from '../../../src/adapters/signer/index.js';
import {
  encodeTx,
  NETWORKS,
  type Transaction,
  txid,
  unsignedInput,
} from '../../../src/core/bitcoin/index.js';
import {
  type Bytes,
  type Msat,
  msat,
  type Sat,
  type ShortChannelId,
  sat,
  toHex,
} from '../../../src/core/bytes/index.js';
import {
  type AcceptParams,
  acceptChannel,
  type ChannelCommand,
  type ChannelEffect,
  type ChannelInput,
  type ChannelLimits,
  type ChannelState,
  type ChannelType,
  type CommandResult,
  decodeChannel,
  encodeChannel,
  type HtlcFailure,
  type LiveState,
  type LocalTerms,
  type OpenParams,
  openChannel,
  type ReceivedHtlc,
  type Step,
  type StepContext,
  step,
  wantsSign,
} from '../../../src/core/channel/index.js';
import { sha256 } from '../../../src/core/crypto/index.js';
import { decodeMessage, encodeMessage, type Message } from '../../../src/core/wire/index.js';
import { FEATURES_OF_BOTH, FEES, ONION, POLICY, Preimages, script, TERMS } from './kit.js';

export { FEATURES_OF_BOTH, ONION } from './kit.js';

export type Name = 'alice' | 'bob';

/** What a side decides about an HTLC that it received. */
export type Decision =
  | { readonly kind: 'fulfill' }
  | { readonly kind: 'fail'; readonly reason: Bytes }
  | { readonly kind: 'malformed' };

export interface Payment {
  readonly hash: string;
  readonly amountMsat: Msat;
  readonly preimage: Bytes;
  /** How it ended for the sender. */
  ended?: { readonly kind: 'fulfilled' } | { readonly kind: 'failed'; readonly why: HtlcFailure };
}

/** One side: the machine, its disk, and what its node remembers. */
export class Party {
  state!: ChannelState;
  disk: Bytes | undefined;
  readonly signer: LocalSigner;
  /** All effects ever, for tests that look at them. */
  effects: ChannelEffect[] = [];
  replies = new Map<number, CommandResult>();
  /** By payment hash: what we offered. */
  readonly payments = new Map<string, Payment>();
  /** By id: what we received and have not settled; lost in a crash and told again by `restored`. */
  received = new Map<bigint, ReceivedHtlc>();
  /** By id, durable: what became of it. */
  readonly decided = new Map<
    bigint,
    { readonly htlc: ReceivedHtlc; readonly decision: Decision }
  >();
  readonly everReceived = new Set<string>();
  readonly revoked: { readonly number: bigint; readonly data: Bytes }[] = [];
  readonly broadcasts: { readonly tx: Bytes; readonly purpose: string }[] = [];
  readonly announcements: Message[] = [];
  readonly updates: Message[] = [];
  ref = 1;

  constructor(
    readonly name: Name,
    readonly key: number,
  ) {
    const seed = sha256(new TextEncoder().encode(name));
    this.signer = new LocalSigner({ seed, network: NETWORKS.regtest });
  }

  get live(): LiveState {
    if (this.state.kind !== 'live') throw new Error(`${this.name} is ${this.state.kind}`);
    return this.state;
  }
}

export interface PairOptions {
  readonly type?: Partial<ChannelType>;
  readonly funding?: Sat;
  readonly push?: Msat;
  readonly feeratePerKw?: number;
  readonly announce?: boolean;
  readonly terms?: Partial<Record<Name, Partial<LocalTerms>>>;
  readonly limits?: ChannelLimits;
  /** Asked for by bob, the accepter. */
  readonly minimumDepth?: number;
  /** What alice waits for herself. */
  readonly openerDepth?: number;
  readonly features?: Bytes;
  readonly upfront?: boolean;
  /** Looks at every message as it is queued. */
  readonly onMessage?: (from: Name, message: Message) => void;
}

/** The messages that a list of effects sends. */
export const messagesIn = (effects: readonly ChannelEffect[]): Message[] =>
  effects.flatMap((e) => (e.kind === 'send' ? [e.message] : []));

export class Pair {
  readonly alice = new Party('alice', 1);
  readonly bob = new Party('bob', 2);
  readonly preimages = new Preimages();
  /** Encoded messages on their way; `toBob` were sent by alice. */
  toBob: Bytes[] = [];
  toAlice: Bytes[] = [];
  connected = true;
  height = 100;
  now = 1_700_000_000_000;
  feerates = { ...FEES };
  fundingTx: Transaction | undefined;
  /** Warnings, errors and failures: honest peers have none. */
  readonly complaints: string[] = [];
  /** Calls after every step, with who took it. */
  check: (party: Party) => void = () => {};

  constructor(readonly options: PairOptions = {}) {}

  other(party: Party): Party {
    return party === this.alice ? this.bob : this.alice;
  }

  context(party: Party): StepContext {
    let counter = 0;
    return {
      height: this.height,
      now: this.now++,
      fees: this.feerates,
      signer: party.signer,
      entropy: (n) => new Uint8Array(n).fill(100 + party.key + counter++),
      chainHash: NETWORKS.regtest.chainHash,
    };
  }

  get features(): Bytes {
    return this.options.features ?? FEATURES_OF_BOTH;
  }

  openParams(): OpenParams {
    const { type, funding, push, feeratePerKw, announce, terms, limits, upfront, openerDepth } =
      this.options;
    return {
      key: this.alice.key,
      peerId: this.bob.signer.nodeId,
      localFeatures: this.features,
      remoteFeatures: this.features,
      fundingAmount: funding ?? sat(1_000_000),
      pushMsat: push ?? msat(0),
      feeratePerKw: feeratePerKw ?? 1000,
      announce: announce ?? false,
      type: { anchors: true, scidAlias: false, zeroconf: false, ...type },
      terms: { ...TERMS, ...terms?.alice },
      policy: POLICY,
      localAlias: 11n as ShortChannelId,
      shutdownScript: script(1),
      ...(limits === undefined ? {} : { limits }),
      ...(upfront === undefined ? {} : { upfront }),
      ...(openerDepth === undefined ? {} : { minimumDepth: openerDepth }),
    };
  }

  acceptParams(): AcceptParams {
    const { terms, limits, minimumDepth, type, upfront } = this.options;
    return {
      key: this.bob.key,
      peerId: this.alice.signer.nodeId,
      localFeatures: this.features,
      remoteFeatures: this.features,
      minFunding: sat(10_000),
      minimumDepth: minimumDepth ?? 3,
      trustZeroconf: type?.zeroconf ?? false,
      terms: { ...TERMS, ...terms?.bob },
      policy: POLICY,
      localAlias: 22n as ShortChannelId,
      shutdownScript: script(2),
      ...(limits === undefined ? {} : { limits }),
      ...(upfront === undefined ? {} : { upfront }),
    };
  }

  /** alice sends open_channel; the rest takes deliveries. */
  begin(): this {
    this.take(this.alice, openChannel(this.openParams(), this.context(this.alice)));
    return this;
  }

  /** A channel in normal operation. */
  open(): this {
    this.begin().settle();
    this.confirm().mine(this.bob.live.params.minimumDepth).settle();
    return this;
  }

  /** Puts the funding transaction into the next block, for both. */
  confirm(txIndex = 5): this {
    this.height++;
    const tx = encodeTx(this.fundingTx as Transaction);
    for (const party of [this.alice, this.bob])
      this.input(party, { kind: 'fundingConfirmed', height: this.height, txIndex, tx });
    return this;
  }

  mine(blocks = 1): this {
    for (let i = 0; i < blocks; i++) {
      this.height++;
      for (const party of [this.alice, this.bob])
        this.input(party, { kind: 'block', height: this.height });
    }
    return this;
  }

  input(party: Party, input: ChannelInput): readonly ChannelEffect[] {
    return this.take(party, step(party.state, input, this.context(party)));
  }

  command(party: Party, command: ChannelCommand): readonly ChannelEffect[] {
    return this.input(party, { kind: 'command', command });
  }

  /** Carries out a step as an honest node would: durable rows with the state, then the messages. */
  take(party: Party, { state, effects }: Step): readonly ChannelEffect[] {
    party.state = state;
    party.effects.push(...effects);
    const durable = effects.some(
      (e) => e.kind === 'persist' || e.kind === 'htlcFailed' || e.kind === 'htlcFulfilled',
    );
    if (durable) this.save(party);
    for (const effect of effects) this.perform(party, effect);
    this.check(party);
    return effects;
  }

  save(party: Party): void {
    if (party.state.kind === 'live' || party.state.kind === 'closed')
      party.disk = encodeChannel(party.state);
  }

  private perform(party: Party, effect: ChannelEffect): void {
    switch (effect.kind) {
      case 'send':
        this.queue(party, effect.message);
        return;
      case 'fund':
        this.fund(party, effect.amount, effect.scriptPubkey);
        return;
      case 'reply':
        party.replies.set(effect.ref, effect.result);
        return;
      case 'htlcReceived':
        this.receive(party, effect.htlc);
        return;
      case 'htlcRemoved':
        party.received.delete(effect.htlcId);
        return;
      case 'htlcFulfilled':
      case 'htlcFailed':
        this.end(party, effect);
        return;
      case 'storeRevoked':
        party.revoked.push({ number: effect.commitmentNumber, data: effect.data });
        return;
      case 'broadcast':
        party.broadcasts.push(effect);
        return;
      case 'announce':
        party.announcements.push(effect.message);
        return;
      case 'channelUpdate':
        party.updates.push(effect.message);
        return;
      case 'failed':
      case 'disconnect':
        this.complaints.push(`${party.name}: ${effect.kind}: ${effect.reason}`);
        return;
      default:
    }
  }

  private queue(from: Party, message: Message): void {
    this.options.onMessage?.(from.name, message);
    if (message.kind === 'warning' || message.kind === 'error')
      this.complaints.push(
        `${from.name}: ${message.kind}: ${new TextDecoder().decode(message.data)}`,
      );
    if (!this.connected) return;
    (from === this.alice ? this.toBob : this.toAlice).push(encodeMessage(message));
  }

  private fund(party: Party, amount: Sat, scriptPubkey: Bytes): void {
    this.fundingTx = {
      version: 2,
      inputs: [
        {
          ...unsignedInput(new Uint8Array(32).fill(9), 0, 0xfffffffd),
          witness: [Uint8Array.of(1)],
        },
      ],
      outputs: [{ amount, scriptPubkey }],
      locktime: 0,
    };
    const fundingTxid = txid(this.fundingTx);
    this.command(party, { kind: 'funded', fundingTxid, fundingVout: 0 });
  }

  private receive(party: Party, htlc: ReceivedHtlc): void {
    party.everReceived.add(toHex(htlc.paymentHash));
    const known = party.decided.get(htlc.id);
    if (known === undefined) party.received.set(htlc.id, htlc);
    // After a restart: what was decided is told again.
    else this.tell(party, htlc, known.decision);
  }

  /** The receiver's node decides, durably, and tells its channel. */
  decide(party: Party, id: bigint, decision: Decision): void {
    const htlc = party.received.get(id);
    if (htlc === undefined || party.decided.has(id)) return;
    party.decided.set(id, { htlc, decision });
    this.tell(party, htlc, decision);
  }

  private tell(party: Party, htlc: ReceivedHtlc, decision: Decision): void {
    const htlcId = htlc.id;
    if (decision.kind === 'fulfill') {
      const preimage = this.preimages.of(htlc.paymentHash);
      this.command(party, { kind: 'fulfillHtlc', htlcId, preimage });
    } else if (decision.kind === 'fail')
      this.command(party, { kind: 'failHtlc', htlcId, reason: decision.reason });
    else {
      const sha256OfOnion = sha256(htlc.onion);
      const failureCode = 0x8000 | 0x4000 | 5;
      this.command(party, { kind: 'failMalformedHtlc', htlcId, sha256OfOnion, failureCode });
    }
  }

  private end(
    party: Party,
    effect: ChannelEffect & { kind: 'htlcFulfilled' | 'htlcFailed' },
  ): void {
    if (effect.origin.kind !== 'local') return;
    const payment = party.payments.get(toHex(effect.origin.paymentHash)) as Payment;
    const before = payment.ended;
    if (effect.kind === 'htlcFulfilled') {
      if (before !== undefined && before.kind !== 'fulfilled')
        throw new Error('a payment that failed was fulfilled');
      if (toHex(effect.preimage) !== toHex(payment.preimage)) throw new Error('wrong preimage');
      payment.ended = { kind: 'fulfilled' };
      return;
    }
    if (before !== undefined) throw new Error(`a payment ended twice: ${before.kind}, then failed`);
    payment.ended = { kind: 'failed', why: effect.failure };
  }

  /** Offers an HTLC with a fresh hash; the answer of the channel. */
  add(party: Party, amountMsat: bigint, more: { expiry?: number } = {}): CommandResult {
    const { hash, preimage } = this.preimages.make();
    const ref = party.ref++;
    const key = toHex(hash);
    party.payments.set(key, { hash: key, amountMsat: msat(amountMsat), preimage });
    this.command(party, {
      kind: 'addHtlc',
      ref,
      amountMsat: msat(amountMsat),
      paymentHash: hash,
      cltvExpiry: more.expiry ?? this.height + 100,
      onion: ONION,
      origin: { kind: 'local', paymentHash: hash, groupId: 1, partId: 0 },
    });
    const result = party.replies.get(ref) as CommandResult;
    if (result.ok) this.save(party);
    else party.payments.delete(key);
    return result;
  }

  sign(party: Party): boolean {
    if (!wantsSign(party.state)) return false;
    this.command(party, { kind: 'sign' });
    return true;
  }

  /** Delivers the oldest message to `party`, if there is one. */
  deliver(party: Party): boolean {
    const bytes = (party === this.alice ? this.toAlice : this.toBob).shift();
    if (bytes === undefined) return false;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) throw new Error(`a message does not decode: ${JSON.stringify(decoded.error)}`);
    if (decoded.value.kind === 'unknown') return true;
    const message: Message = decoded.value;
    if (message.kind === 'openChannel')
      this.take(party, acceptChannel(this.acceptParams(), message, this.context(party)));
    else this.input(party, { kind: 'message', message });
    return true;
  }

  /** Delivers and signs until nothing moves. */
  settle(): this {
    for (let i = 0; i < 100_000; i++) {
      const delivered = this.deliver(this.bob) || this.deliver(this.alice);
      if (delivered) continue;
      if (!this.sign(this.alice) && !this.sign(this.bob)) return this;
    }
    throw new Error('the two never come to rest');
  }

  /** Everything on its way is lost. */
  disconnect(): this {
    this.connected = false;
    this.toAlice = [];
    this.toBob = [];
    for (const party of [this.alice, this.bob]) this.input(party, { kind: 'disconnected' });
    return this;
  }

  reconnect(): this {
    this.connected = true;
    for (const party of [this.alice, this.bob])
      this.input(party, { kind: 'connected', remoteFeatures: this.features });
    return this;
  }

  /** kill -9, and a start from disk; the connection is lost with it. */
  crash(party: Party): this {
    this.disconnect();
    if (party.disk === undefined) throw new Error('nothing on disk');
    const decoded = decodeChannel(party.disk);
    if (!decoded.ok) throw new Error(`the disk does not decode: ${JSON.stringify(decoded.error)}`);
    party.received.clear();
    party.state = decoded.value;
    this.input(party, { kind: 'restored' });
    return this;
  }
}
