/**
 * How channels begin. The machine speaks with the peer; here the wallet is asked for the funding
 * transaction, which stays unbroadcast until the peer has signed our first commitment.
 */
import {
  assertNever,
  type Bytes,
  type ChannelId,
  err,
  hex,
  type Msat,
  msat,
  ok,
  type Result,
  type Sat,
  type ShortChannelId,
  toHex,
  utf8,
} from '../../core/bytes/index.js';
import {
  acceptChannel,
  type ChannelEffect,
  type LocalTerms,
  limitsFor,
  type OpenParams,
  openChannel,
  type RelayPolicy,
  refuseOpen,
  type Step,
  type StepContext,
} from '../../core/channel/index.js';
import { hasFeature, type MessageOf } from '../../core/wire/index.js';
import type { ChannelKeys } from './channel-keys.js';
import type { Entry } from './registry.js';
import { type Member, SharedFunding } from './shared-funding.js';
import type {
  ChannelPeer,
  ChannelsDeps,
  ChannelsOptions,
  FundError,
  FundingTransaction,
  FundParams,
  FundResult,
  SharedFundError,
  SharedFundParams,
  SharedFundResult,
} from './types.js';

export interface OpeningDeps extends ChannelsDeps {
  readonly keys: ChannelKeys;
  context(): StepContext;
  adopt(step: Step): Entry;
  taken(id: ChannelId): boolean;
  /** The smallest channel we accept, now. */
  minCapacity(): Sat;
  /** Channels that both sides have signed, out of this transaction. */
  signedFrom(txid: Bytes): number;
  /** What has been asked of the peer's channels that are still being opened. */
  pendingWith(peer: ChannelPeer): number;
  /** The same of all peers that have no channel but such; 0 where this peer has another. */
  pendingBeside(peer: ChannelPeer): number;
}

interface Pending {
  readonly params: FundParams;
  readonly channelType: Bytes;
  readonly answer: (result: Result<FundResult, FundError>) => void;
  funding: FundingTransaction | undefined;
  /** Where the funding transaction is shared with others. */
  readonly member?: Member;
}

/** A key and a script of ours, for one channel. */
interface Ingredients {
  readonly key: number;
  readonly shutdownScript: Bytes;
}

type OpeningEffect = ChannelEffect & { kind: 'fund' | 'broadcastFunding' | 'failed' };

/** BOLT 2 leaves it to us how many unfinished openings one peer may have. */
const MAX_PENDING = 10;
/**
 * Of all strangers together: a node id costs nothing, and neither does a channel that nobody funds,
 * while each is kept and told of every block for two weeks.
 */
const MAX_PENDING_OF_STRANGERS = 200;

export class Opening {
  readonly #options: ChannelsOptions;
  readonly #deps: OpeningDeps;
  readonly #pending = new Map<Entry, Pending>();
  readonly #shared: SharedFunding;
  /** What the channels that peers open are made of, and what was never used for one. */
  readonly #taken = new WeakMap<Entry, Ingredients>();
  readonly #spare: Ingredients[] = [];

  constructor(options: ChannelsOptions, deps: OpeningDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#shared = new SharedFunding({
      ...deps,
      open: (member) => this.#begin(member.params, (result) => refused(member, result), member),
      done: (entry) => this.#pending.delete(entry),
    });
  }

  /** Opens several channels out of one transaction. */
  fundTogether(
    destinations: readonly FundParams[],
    shared: SharedFundParams,
  ): Promise<Result<SharedFundResult, SharedFundError>> {
    return this.#shared.fund(destinations, shared);
  }

  /** Opens a channel; resolves when its funding transaction is broadcast, or with why it is not. */
  async fund(params: FundParams): Promise<Result<FundResult, FundError>> {
    const amount = await this.#amountOf(params);
    if (!amount.ok) return amount;
    return new Promise((answer) => {
      this.#begin({ ...params, amount: amount.value }, answer).catch(this.#deps.fatal);
    });
  }

  async #begin(
    params: FundParams & { readonly amount: Sat },
    answer: Pending['answer'],
    member?: Member,
  ): Promise<void> {
    const [key, closeTo] = await Promise.all([
      this.#deps.keys.take(),
      params.closeTo ?? this.#deps.wallet.closeScript(),
    ]);
    const peer = this.#deps.peers.connected(params.peerId);
    if (peer === undefined) return answer(err({ code: 'peer_not_connected' }));
    const open = this.#openParams(params, peer, params.amount, key, closeTo);
    const wrong = refuseOpen(open);
    if (wrong !== undefined) return answer(err({ code: 'bad_request', message: wrong }));
    const step = openChannel(open, this.#deps.context());
    const entry = this.#deps.adopt(step);
    const channelType = channelTypeOf(step.effects);
    if (member !== undefined) Object.assign(member, { entry, channelType });
    const pending = { params, channelType, answer, funding: undefined };
    this.#pending.set(entry, member === undefined ? pending : { ...pending, member });
  }

  /** A peer wants to open a channel with us. */
  async accept(peer: ChannelPeer, message: MessageOf<'openChannel'>): Promise<void> {
    const refuse = (reason: string) =>
      this.#deps.peers.send(peer.nodeId, {
        kind: 'error',
        channelId: message.temporaryChannelId,
        data: utf8(reason),
      });
    const before = this.#faultIn(peer, message);
    if (before !== undefined) {
      refuse(before);
      return;
    }
    const ingredients = this.#spare.pop() ?? (await this.#freshIngredients());
    // More may have been asked for at once.
    const now = this.#faultIn(peer, message);
    if (now !== undefined) {
      this.#spare.push(ingredients);
      refuse(now);
      return;
    }
    const { minimumDepth, localFeatures } = this.#options;
    const step = acceptChannel(
      {
        ...ingredients,
        peerId: hex(peer.nodeId),
        localFeatures,
        remoteFeatures: peer.features,
        minFunding: this.#deps.minCapacity(),
        minimumDepth,
        terms: this.#terms(message.fundingSatoshis),
        limits: limitsFor(this.#options.policy.cltvExpiryDelta),
        policy: this.#policy(message.fundingSatoshis),
        localAlias: this.#alias(),
      },
      message,
      this.#deps.context(),
    );
    this.#taken.set(this.#deps.adopt(step), ingredients);
  }

  async #freshIngredients(): Promise<Ingredients> {
    const [key, shutdownScript] = await Promise.all([
      this.#deps.keys.take(),
      this.#deps.wallet.closeScript(),
    ]);
    return { key, shutdownScript };
  }

  /**
   * What served for a channel that never was does for the next one: openings that come to nothing
   * would take the keys and scripts out of reach of a recovery from the seed.
   */
  #takeBack(entry: Entry): void {
    const ingredients = this.#taken.get(entry);
    this.#taken.delete(entry);
    // Once there is a row, we have signed with the key.
    if (ingredients !== undefined && !entry.stored) this.#spare.push(ingredients);
  }

  #faultIn(peer: ChannelPeer, message: MessageOf<'openChannel'>): string | undefined {
    const { taken, pendingWith, pendingBeside } = this.#deps;
    // BOLT 2, open_channel: the temporary id is not one that is in use with this peer.
    if (taken(toHex(message.temporaryChannelId) as ChannelId))
      return 'temporary_channel_id is in use';
    const few = pendingWith(peer) < MAX_PENDING && pendingBeside(peer) < MAX_PENDING_OF_STRANGERS;
    return few ? undefined : 'too many channels are being opened';
  }

  perform(entry: Entry, effect: OpeningEffect): void {
    switch (effect.kind) {
      case 'fund':
        this.#makeFunding(entry, effect.amount, effect.scriptPubkey);
        return;
      case 'broadcastFunding':
        void this.#publish(entry, effect.txid);
        return;
      case 'failed':
        this.#takeBack(entry);
        this.#abandon(entry, effect.reason);
        return;
      default:
        assertNever(effect);
    }
  }

  async #makeFunding(entry: Entry, amount: Sat, scriptPubkey: Bytes): Promise<void> {
    const pending = this.#pending.get(entry);
    if (pending === undefined) return;
    if (pending.member !== undefined) {
      pending.member.asked.resolve(ok({ amount, scriptPubkey }));
      return;
    }
    const { feeratePerKw, minconf, utxos } = pending.params;
    const anchors = this.#withAnchors(pending.params);
    const made = await this.#deps.wallet.fund({
      scriptPubkey,
      amount,
      feeratePerKw,
      minconf: minconf ?? 1,
      utxos,
      anchors,
    });
    if (!made.ok) {
      this.#pending.delete(entry);
      pending.answer(made);
      entry.runner.submit({
        kind: 'command',
        command: { kind: 'abandonOpening', reason: made.error.message },
      });
      return;
    }
    if (!this.#pending.has(entry)) {
      // The peer went away while the wallet was signing.
      this.#deps.wallet.abandon(made.value.txid);
      return;
    }
    pending.funding = made.value;
    entry.runner.submit({
      kind: 'command',
      command: { kind: 'funded', fundingTxid: made.value.txid, fundingVout: made.value.vout },
    });
  }

  async #publish(entry: Entry, txid: Bytes): Promise<void> {
    const pending = this.#pending.get(entry);
    if (pending?.member !== undefined) {
      pending.member.signed.resolve(ok(undefined));
      return;
    }
    if (pending === undefined && !(await this.#shared.mayPublish(txid))) {
      this.#forsake(entry, txid);
      return;
    }
    // The machine keeps the channel from here on, whatever the peer says before the broadcast: its
    // coins must not be freed, and come back by our commitment where it has failed.
    this.#pending.delete(entry);
    await this.#deps.backedUp();
    await this.#deps.wallet
      .publish(txid)
      .catch((error) => this.#deps.log.error('the funding waits', { error: String(error) }));
    if (pending?.funding === undefined) return;
    const { tx, vout } = pending.funding;
    const { channelType } = pending;
    pending.answer(ok({ channelId: entry.id, tx, txid, vout, channelType }));
  }

  /** The node stopped before all peers had signed what a shared transaction was to pay into. */
  #forsake(entry: Entry, txid: Bytes): void {
    this.#deps.wallet.abandon(txid);
    const reason = 'the opening was interrupted before the funding was broadcast';
    entry.runner.submit({ kind: 'command', command: { kind: 'abandonOpening', reason } });
  }

  #abandon(entry: Entry, reason: string): void {
    const pending = this.#pending.get(entry);
    if (pending === undefined) return;
    this.#pending.delete(entry);
    if (pending.funding !== undefined) this.#deps.wallet.abandon(pending.funding.txid);
    pending.answer(err({ code: 'peer_refused', message: reason }));
  }

  async #amountOf(params: FundParams): Promise<Result<Sat, FundError>> {
    if (params.amount !== 'all') return ok(params.amount);
    return this.#deps.wallet.spendableForChannel({
      feeratePerKw: params.feeratePerKw,
      minconf: params.minconf ?? 1,
      utxos: params.utxos,
      anchors: this.#withAnchors(params),
    });
  }

  /** Whether the channel that is asked for will have anchors. */
  #withAnchors({ peerId, anchors }: FundParams): boolean {
    const features = this.#deps.peers.connected(peerId)?.features;
    return (
      anchors !== false &&
      hasFeature(this.#options.localFeatures, 'optionAnchors') &&
      (features === undefined || hasFeature(features, 'optionAnchors'))
    );
  }

  #openParams(
    params: FundParams,
    peer: ChannelPeer,
    amount: Sat,
    key: number,
    shutdownScript: Bytes,
  ): OpenParams {
    const { localFeatures } = this.#options;
    const { fees } = this.#deps.context();
    const anchors = this.#withAnchors(params);
    return {
      key,
      peerId: hex(params.peerId),
      localFeatures,
      remoteFeatures: peer.features,
      fundingAmount: amount,
      pushMsat: params.pushMsat ?? msat(0),
      feeratePerKw:
        params.commitmentFeeratePerKw ?? (anchors ? fees.anchorCommitment : fees.commitment),
      announce: params.announce ?? true,
      type: { anchors, scidAlias: false, zeroconf: false },
      terms: {
        ...this.#terms(amount),
        ...(params.reserve === undefined ? {} : { channelReserve: params.reserve }),
      },
      limits: limitsFor(this.#options.policy.cltvExpiryDelta),
      policy: this.#policy(amount),
      localAlias: this.#alias(),
      shutdownScript,
      upfront: params.closeTo !== undefined,
      ...(params.minimumDepth !== undefined && { minimumDepth: params.minimumDepth }),
    };
  }

  #terms(funding: Sat): LocalTerms {
    const { dustLimit, htlcMinimumMsat, toSelfDelay, maxAcceptedHtlcs } = this.#options;
    return {
      dustLimit,
      maxHtlcValueInFlight: (funding * 1000n) as Msat,
      htlcMinimum: htlcMinimumMsat,
      toSelfDelay,
      maxAcceptedHtlcs,
    };
  }

  #policy(funding: Sat): RelayPolicy {
    return {
      ...this.#options.policy,
      // BOLT 7, channel_update: at most the capacity; the reserve can never be sent anyway.
      htlcMaximumMsat: (funding * 990n) as Msat,
      enabled: true,
    };
  }

  /** BOLT 2, channel_ready: an alias is random, and not one that could be a real place. */
  #alias(): ShortChannelId {
    const bytes = this.#deps.entropy.bytes(8);
    const random = Buffer.from(bytes).readBigUInt64BE();
    // Blocks from 16,000,000 on will not be there for two centuries.
    return (((16_000_000n + ((random >> 44n) % 777_215n)) << 40n) |
      (random & 0xff_ffff_ffffn)) as ShortChannelId;
  }
}

function refused(member: Member, result: Result<FundResult, FundError>): void {
  if (!result.ok) member.fail(result.error);
}

function channelTypeOf(effects: readonly ChannelEffect[]): Bytes {
  for (const effect of effects)
    if (effect.kind === 'send' && effect.message.kind === 'openChannel')
      return effect.message.tlvs.channelType ?? new Uint8Array(0);
  return new Uint8Array(0);
}
