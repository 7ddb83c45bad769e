/**
 * The HTLC switch: what becomes of every HTLC that a channel has received, and where the end of
 * every HTLC we offered is told. Its memory is the `forwards` table, written in the same commit as
 * the channel state that made it true, so that a crash between any two lines loses nothing.
 */
import {
  assertNever,
  type Bytes,
  type ChannelId,
  EMPTY,
  type Msat,
} from '../../core/bytes/index.js';
import type {
  ChannelCommand,
  ChannelEffect,
  CommandResult,
  HtlcFailure,
  HtlcOrigin,
  ReceivedHtlc,
  RelayPolicy,
} from '../../core/channel/index.js';
import {
  type CompletePayload,
  type FailureManner,
  type FailureMessage,
  failureCode,
  type NextHop,
  type RelayTask,
  readOnion,
} from '../../core/onion/index.js';
import {
  isToFailBack,
  type RelayLimits,
  type RelayRequest,
  refuseRelay,
} from '../../core/payment/index.js';
import { type Clock, type Logger, type Store, seconds, type Write } from '../../ports/index.js';
import { type Forward, Forwards } from './forwards.js';
import { failureOfChannelError, failureOfRefusal } from './refusals.js';
import { type Resolution, resolutionOfEnd, resolutionOfFailure } from './resolution.js';

/** The end that one of our own channels gives to an HTLC it received. */
export type Settlement =
  | { readonly kind: 'fulfill'; readonly preimage: Bytes }
  | { readonly kind: 'fail'; readonly failure: FailureMessage };

/** An HTLC whose onion ends here, for the invoices. */
export interface FinalHtlc {
  readonly channelId: ChannelId;
  readonly htlcId: bigint;
  readonly amountMsat: Msat;
  readonly cltvExpiry: number;
  readonly paymentHash: Bytes;
  readonly payload: CompletePayload;
  readonly sharedSecret: Bytes;
  /** To be told unless it was accepted before this start. */
  readonly refusal?: FailureMessage;
}

/** Where an HTLC that we relay goes out. */
export interface Outgoing {
  readonly channelId: ChannelId;
  readonly policy: RelayPolicy;
  /** Its terms before their last change, while they may still be gone by. */
  readonly earlier?: RelayPolicy;
  /** Our channel_update for it, with its message type; empty where there is none. */
  readonly channelUpdate: Bytes;
}

export interface HtlcToOffer {
  readonly amountMsat: Msat;
  readonly paymentHash: Bytes;
  readonly cltvExpiry: number;
  readonly onion: Bytes;
  readonly origin: HtlcOrigin;
  /** BOLT 4, route blinding: the `path_key` for the next node. */
  readonly pathKey?: Bytes;
}

type LocalOrigin = HtlcOrigin & { kind: 'local' };

export interface SwitchDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  height(): number;
  /**
   * True where `height` is the present; else a promise of whether it comes to be in good time, with
   * nothing where the node stops before.
   */
  whenCurrent(): true | Promise<boolean | undefined>;
  /** Our node's key, as `Signer.ecdh`. */
  ecdh(point: Bytes): Bytes;
  /** The channel to pass an amount on by; nothing where there is none. */
  outgoing(next: NextHop, amountMsat: Msat): Outgoing | undefined;
  offer(
    channelId: ChannelId,
    htlc: HtlcToOffer,
    writes: (result: CommandResult) => readonly Write[],
  ): Promise<CommandResult>;
  /** Hands a settling command to a channel, with rows of its commit. */
  settle(channelId: ChannelId, command: ChannelCommand, writes: readonly Write[]): void;
  /** The HTLC as the channel holds it, if it still does. */
  received(channelId: ChannelId, htlcId: bigint): ReceivedHtlc | undefined;
  /** Whether the channel still holds it, and nothing was said of its end yet. */
  isFulfillable(channelId: ChannelId, htlcId: bigint): boolean;
  /** Whether some channel still holds an outgoing HTLC that came from this incoming one. */
  isOffered(channelId: ChannelId, htlcId: bigint): boolean;
  /** Whether the channel's HTLCs are settled with its peer still, and not by the chain. */
  isOperating(channelId: ChannelId): boolean;
  /** The payments and invoices of this node. */
  receiveFinal(htlc: FinalHtlc): void;
  localFulfilled(origin: LocalOrigin, preimage: Bytes): readonly Write[];
  localFailed(origin: LocalOrigin, failure: HtlcFailure): readonly Write[];
  localSettled(origin: LocalOrigin): void;
  /** A preimage of what may have been told as failed before; nothing where it was not. */
  localPaidAfterAll(late: {
    readonly origin: LocalOrigin;
    readonly amountMsat: Msat;
    readonly preimage: Bytes;
  }): Promise<readonly Write[]>;
}

/** An HTLC that we offered has ended. */
export type Ended = ChannelEffect & { kind: 'htlcFulfilled' | 'htlcFailed' };

const isGivenBack = (resolution: Resolution | undefined): boolean =>
  resolution !== undefined && resolution.kind !== 'fulfill';

/** Whether it may turn out to be worth nothing to us. */
const isUnsafe = ({ dustExposed, unfunded }: ReceivedHtlc): boolean =>
  dustExposed === true || unfunded === true;

const NOT_CURRENT: FailureMessage = { kind: 'temporaryNodeFailure' };
const TOO_MUCH: FailureMessage = { kind: 'temporaryChannelFailure', channelUpdate: EMPTY };

export class HtlcSwitch {
  readonly #limits: RelayLimits;
  readonly #deps: SwitchDeps;
  readonly #forwards: Forwards;
  /** How a failure of the HTLCs we hold is told, by channel and id. */
  readonly #manners = new Map<string, FailureManner>();

  constructor(limits: RelayLimits, deps: SwitchDeps) {
    this.#limits = limits;
    this.#deps = deps;
    this.#forwards = new Forwards(deps.store);
  }

  /** What forwarding has earned, msat. */
  get earned(): bigint {
    return this.#forwards.earned;
  }

  async stop(): Promise<void> {
    await this.#forwards.save();
  }

  async start(): Promise<void> {
    await this.#forwards.load();
  }

  /** An HTLC is irrevocably committed for the first time in this run of the node. */
  received(channelId: ChannelId, htlc: ReceivedHtlc): void {
    const { asked, manner } = readOnion(htlc, this.#deps.ecdh);
    this.#manners.set(keyOf(channelId, htlc.id), manner);
    const known = this.#forwards.get(channelId, htlc.id);
    if (known !== undefined) this.#resume(known);
    // A start tells again what was accepted before: whether it was, the invoices know.
    else if (asked.kind === 'receive')
      this.#receive(channelId, htlc, asked.payload, asked.sharedSecret);
    // BOLT 2, max_dust_htlc_exposure_msat: what passes it is failed, whatever its onion says.
    else if (isUnsafe(htlc)) this.settle(channelId, htlc.id, { kind: 'fail', failure: TOO_MUCH });
    else if (asked.kind === 'refuse')
      this.settle(channelId, htlc.id, { kind: 'fail', failure: asked.failure });
    // What a start finds in a channel that ends on the chain is not passed on any more.
    else if (this.#deps.isOperating(channelId)) this.#relayInTime(channelId, htlc, asked.task);
  }

  /**
   * Nothing is relayed by a height of the past: its expiries may be over, so that one side could
   * take what the other side no longer owes.
   */
  #relayInTime(channelId: ChannelId, htlc: ReceivedHtlc, task: RelayTask): void {
    const current = this.#deps.whenCurrent();
    if (current === true) {
      this.#relay(channelId, htlc, task);
      return;
    }
    void current.then((inTime) => {
      if (inTime === undefined || !this.#deps.isOperating(channelId)) return;
      if (inTime) this.#relay(channelId, htlc, task);
      // BOLT 4, temporary_node_failure: a general failure of this node, which will pass.
      else this.settle(channelId, htlc.id, { kind: 'fail', failure: NOT_CURRENT });
    });
  }

  /** At a new block: gives back what is not worth the channel it came by, before that is lost. */
  failOverdue(height: number, feeratePerKw: number): void {
    for (const forward of this.#forwards.offeredOnes()) {
      const { inChannel, inHtlcId } = forward;
      const htlc = this.#deps.received(inChannel, inHtlcId);
      if (htlc === undefined || !this.#deps.isOperating(inChannel)) continue;
      if (!isToFailBack(htlc, height, feeratePerKw)) continue;
      this.#deps.log.warn('an HTLC is given back before the chain has decided of it', {
        in_channel: inChannel,
        in_htlc_id: inHtlcId,
        msat: forward.inMsat,
      });
      const failure: FailureMessage = { kind: 'permanentChannelFailure' };
      const resolution = this.#resolutionOf(inChannel, inHtlcId, { kind: 'fail', failure });
      const row = this.#forwards.resolve(forward, resolution, seconds(this.#deps.clock));
      this.#end(inChannel, inHtlcId, resolution, [row]);
    }
  }

  /** Ends an incoming HTLC that was not passed on (or whose end the invoices decided). */
  settle(channelId: ChannelId, htlcId: bigint, settlement: Settlement): void {
    this.#end(channelId, htlcId, this.#resolutionOf(channelId, htlcId, settlement), []);
  }

  /** Rows that must be durable together with the channel state in which this HTLC has ended. */
  writesOf(effect: Ended): readonly Write[] {
    const { origin } = effect;
    if (origin.kind === 'local')
      return effect.kind === 'htlcFulfilled'
        ? this.#deps.localFulfilled(origin, effect.preimage)
        : this.#deps.localFailed(origin, effect.failure);
    const forward = this.#forwards.get(origin.channelId, origin.htlcId);
    if (forward === undefined) return [];
    // Given back in vain: no channel has said so yet, and the preimage claims it.
    const inTime = effect.kind === 'htlcFulfilled' && this.#isGivenBackInVain(forward);
    if (forward.resolution !== undefined && !inTime) return [];
    const resolution = resolutionOfEnd(this.#mannerOf(origin.channelId, origin.htlcId), effect);
    return [this.#forwards.resolve(forward, resolution, seconds(this.#deps.clock))];
  }

  #isGivenBackInVain({ resolution, inChannel, inHtlcId }: Forward): boolean {
    return isGivenBack(resolution) && this.#deps.isFulfillable(inChannel, inHtlcId);
  }

  /**
   * As `writesOf`, of an end that the chain has decided. A reorg may have brought the preimage of
   * what was failed before, and is then known by the disk alone.
   */
  async writesOfChainEnd(effect: Ended): Promise<readonly Write[]> {
    const writes = this.writesOf(effect);
    if (effect.kind !== 'htlcFulfilled' || writes.length > 0) return writes;
    const { origin, amountMsat, preimage } = effect;
    if (origin.kind !== 'local') return writes;
    return this.#deps.localPaidAfterAll({ origin, amountMsat, preimage });
  }

  /** The rows of `writesOf` are durable: pass the end on. */
  ended(effect: Ended): void {
    const { origin } = effect;
    if (origin.kind === 'local') {
      this.#deps.localSettled(origin);
      return;
    }
    const forward = this.#forwards.get(origin.channelId, origin.htlcId);
    const paid = effect.kind === 'htlcFulfilled' ? effect : undefined;
    if (paid !== undefined && (forward === undefined || isGivenBack(forward.resolution)))
      this.#paidInVain(origin, paid.preimage, forward);
    else if (forward !== undefined) this.#resume(forward);
  }

  /** The next node took what we have given back to the one before, or one machine tells it again. */
  #paidInVain(
    { channelId, htlcId }: HtlcOrigin & { kind: 'relayed' },
    preimage: Bytes,
    forward: Forward | undefined,
  ): void {
    // Where the incoming one lies on the chain, the preimage may claim it still.
    if (forward !== undefined) this.#end(channelId, htlcId, { kind: 'fulfill', preimage }, []);
    this.#tellLost(channelId, htlcId).catch((error: unknown) =>
      this.#deps.log.error('a forward cannot be read', { error: String(error) }),
    );
  }

  async #tellLost(in_channel: ChannelId, in_htlc_id: bigint): Promise<void> {
    const where = { in_channel, in_htlc_id };
    const [row] = await this.#deps.store.select('forwards', { where, limit: 1 });
    if (row === undefined || row.status === 'settled') return;
    const { out_channel, payment_hash, out_msat: msat } = row;
    this.#deps.log.error(
      'MONEY LOST, unless the chain still gives us the incoming HTLC: its next node was paid after we had given it back',
      { ...where, out_channel, payment_hash, msat },
    );
  }

  /** The chain has settled a channel: what came by it is told, for good. */
  archived(channelId: ChannelId): readonly Write[] {
    return this.#forwards.of(channelId).flatMap(({ inHtlcId }) => this.told(channelId, inHtlcId));
  }

  /** Deletes what is kept of a forward that is over. */
  forget(channelId: string, htlcId: bigint, status: string): Promise<boolean> {
    return this.#forwards.forget(channelId, htlcId, status);
  }

  /** An incoming HTLC is removed for good: rows that go with that commit, and the memory is freed. */
  told(channelId: ChannelId, htlcId: bigint): readonly Write[] {
    this.#manners.delete(keyOf(channelId, htlcId));
    const row = this.#forwards.told(channelId, htlcId);
    return row === undefined ? [] : [row];
  }

  #receive(
    channelId: ChannelId,
    htlc: ReceivedHtlc,
    payload: CompletePayload,
    sharedSecret: Bytes,
  ): void {
    const { id: htlcId, amountMsat, cltvExpiry, paymentHash } = htlc;
    this.#deps.receiveFinal({
      channelId,
      htlcId,
      amountMsat,
      cltvExpiry,
      paymentHash,
      payload,
      sharedSecret,
      ...(isUnsafe(htlc) && { refusal: TOO_MUCH }),
    });
  }

  #relay(channelId: ChannelId, htlc: ReceivedHtlc, task: RelayTask): void {
    const { amtToForward, outgoingCltvValue, next, onion, pathKey } = task;
    const now = seconds(this.#deps.clock);
    const forward = this.#forwards.open(channelId, htlc, amtToForward, now);
    const outgoing = this.#deps.outgoing(next, amtToForward);
    // BOLT 4, unknown_next_peer: no channel of ours has that short_channel_id, or goes to that node.
    if (outgoing === undefined) {
      this.#refuse(forward, { kind: 'unknownNextPeer' });
      return;
    }
    const { policy, earlier, channelUpdate } = outgoing;
    const request: RelayRequest = {
      amountMsat: htlc.amountMsat,
      cltvExpiry: htlc.cltvExpiry,
      amtToForward,
      outgoingCltvValue,
    };
    const refusal = refuseRelay(request, [policy, earlier], this.#deps.height(), this.#limits);
    if (refusal !== undefined) {
      this.#refuse(forward, failureOfRefusal(refusal, request, channelUpdate));
      return;
    }
    this.#deps
      .offer(
        outgoing.channelId,
        {
          amountMsat: amtToForward,
          paymentHash: htlc.paymentHash,
          cltvExpiry: outgoingCltvValue,
          onion,
          origin: { kind: 'relayed', channelId, htlcId: htlc.id },
          ...(pathKey === undefined ? {} : { pathKey }),
        },
        (result) => [this.#forwards.offered(forward, outgoing.channelId, htlcIdOf(result))],
      )
      .then((result) => {
        if (!result.ok)
          this.#refuse(forward, failureOfChannelError(result.error, amtToForward, channelUpdate));
      });
  }

  /** What a restart finds half done goes on from where its row says it stood. */
  #resume(forward: Forward): void {
    const { inChannel, inHtlcId } = forward;
    if (forward.resolution !== undefined) {
      this.#end(inChannel, inHtlcId, forward.resolution, []);
      return;
    }
    if (this.#deps.isOffered(inChannel, inHtlcId)) return;
    // On doubt about state, keep the state: neither failed nor sent again.
    this.#deps.log.error('a forward is recorded as offered, but no channel holds its HTLC', {
      in_channel: inChannel,
      in_htlc_id: inHtlcId,
    });
  }

  #refuse(forward: Forward, failure: FailureMessage): void {
    const { inChannel, inHtlcId } = forward;
    const resolution = this.#resolutionOf(inChannel, inHtlcId, { kind: 'fail', failure });
    const row = this.#forwards.refuse(
      forward,
      resolution,
      failureCode(failure),
      seconds(this.#deps.clock),
    );
    this.#deps.log.debug('HTLC not relayed', { in_channel: inChannel, reason: failure.kind });
    this.#end(inChannel, inHtlcId, resolution, [row]);
  }

  #end(
    channelId: ChannelId,
    htlcId: bigint,
    resolution: Resolution,
    writes: readonly Write[],
  ): void {
    switch (resolution.kind) {
      case 'fulfill':
        this.#deps.settle(
          channelId,
          { kind: 'fulfillHtlc', htlcId, preimage: resolution.preimage },
          writes,
        );
        return;
      case 'fail':
        this.#deps.settle(
          channelId,
          { kind: 'failHtlc', htlcId, reason: resolution.reason },
          writes,
        );
        return;
      case 'malformed': {
        const { failureCode: code, sha256OfOnion } = resolution;
        this.#deps.settle(
          channelId,
          { kind: 'failMalformedHtlc', htlcId, failureCode: code, sha256OfOnion },
          writes,
        );
        return;
      }
      default:
        assertNever(resolution);
    }
  }

  #resolutionOf(channelId: ChannelId, htlcId: bigint, settlement: Settlement): Resolution {
    if (settlement.kind === 'fulfill') return settlement;
    return resolutionOfFailure(this.#mannerOf(channelId, htlcId), settlement.failure);
  }

  #mannerOf(channelId: ChannelId, htlcId: bigint): FailureManner {
    const known = this.#manners.get(keyOf(channelId, htlcId));
    if (known !== undefined) return known;
    const htlc = this.#deps.received(channelId, htlcId);
    if (htlc !== undefined) return readOnion(htlc, this.#deps.ecdh).manner;
    // The incoming HTLC is gone: whatever is said of it, nobody will be told.
    return { kind: 'encrypted', sharedSecret: new Uint8Array(32) };
  }
}

const keyOf = (channelId: ChannelId, htlcId: bigint): string => `${channelId}/${htlcId}`;

const htlcIdOf = (result: CommandResult): bigint => (result.ok ? (result.htlcId ?? -1n) : -1n);
