import {
  type Bytes,
  type ChannelId,
  fromUtf8,
  type Msat,
  toHex,
  utf8,
} from '../../core/bytes/index.js';
import type { ReceivedHtlc } from '../../core/channel/index.js';
import type { Store, Tables, Write } from '../../ports/index.js';
import { decodeResolution, encodeResolution, type Resolution } from './resolution.js';

/** One HTLC that was to be passed on, as far as it got. */
export interface Forward {
  readonly index: number;
  readonly inChannel: ChannelId;
  readonly inHtlcId: bigint;
  readonly paymentHash: Bytes;
  readonly inMsat: Msat;
  readonly outMsat: Msat;
  readonly receivedTime: number;
  readonly outChannel: ChannelId | undefined;
  readonly outHtlcId: bigint | undefined;
  /** `received` is not on disk yet: a crash makes it as if it had not been looked at. */
  readonly status: 'received' | 'offered' | 'settled' | 'failed' | 'local_failed';
  readonly resolution: Resolution | undefined;
  readonly failcode: number | undefined;
  readonly resolvedTime: number | undefined;
}

const COUNTERS = 'forwards/counters';

/** What is known of forwards without their rows; on disk in `vars`. */
interface Counters {
  /** The last number given when a forward was deleted. */
  readonly created: number;
  readonly deleted: number;
  /** Every forward below is over. */
  readonly from: number;
  /** What those have earned, and those above that are deleted: msat, as digits. */
  readonly earned: string;
}

const NO_COUNTERS: Counters = { created: 0, deleted: 0, from: 0, earned: '0' };

/** The forwards that are not over, in memory and on disk. */
export class Forwards {
  readonly #store: Store;
  readonly #live = new Map<string, Forward>();
  #counters = NO_COUNTERS;
  /** The counters in memory say more than those on disk. */
  #uncounted = false;
  #next = 1;
  #earned = 0n;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what was open, and the ends of the last ones, which a channel may still have to hear. */
  async load(): Promise<void> {
    const newest = await this.#store.select('forwards', {
      order: 'created_index',
      descending: true,
      limit: 1,
    });
    // A number is given once, though its row may have been deleted.
    const [counted] = await this.#store.select('vars', { where: { name: COUNTERS } });
    if (counted !== undefined)
      this.#counters = { ...NO_COUNTERS, ...JSON.parse(fromUtf8(counted.value)) };
    this.#next = Math.max(newest[0]?.created_index ?? 0, this.#counters.created) + 1;
    await this.#count();
    for (const row of await this.#store.select('forwards', { where: { told: 0 } })) {
      const forward = ofRow(row);
      this.#live.set(keyOf(forward.inChannel, forward.inHtlcId), forward);
    }
  }

  /** What forwarding has earned, msat. */
  get earned(): bigint {
    return this.#earned;
  }

  /** Adds up the forwards since those that are counted; what is over by now is counted for good. */
  async #count(): Promise<void> {
    let { from } = this.#counters;
    let counted = BigInt(this.#counters.earned);
    let allOver = true;
    this.#earned = counted;
    const order = 'created_index';
    for (const row of await this.#store.select('forwards', { order, from })) {
      const { status, in_msat, out_msat, created_index } = row;
      if (status === 'settled' && out_msat !== null) this.#earned += in_msat - out_msat;
      allOver &&= status !== 'offered' && status !== 'received';
      if (allOver) [counted, from] = [this.#earned, created_index + 1];
    }
    this.#uncounted = from > this.#counters.from;
    this.#counters = { ...this.#counters, from, earned: String(counted) };
  }

  /** At a stop: what was counted needs not be read again at the next start. */
  async save(): Promise<void> {
    if (this.#uncounted) await this.#store.commit([this.#countersWrite({})]);
  }

  #countersWrite(change: Partial<Counters>): Write {
    this.#counters = { ...this.#counters, ...change };
    this.#uncounted = false;
    const value = utf8(JSON.stringify(this.#counters));
    return { put: 'vars', row: { name: COUNTERS, value } };
  }

  get(channelId: ChannelId, htlcId: bigint): Forward | undefined {
    return this.#live.get(keyOf(channelId, htlcId));
  }

  /** Those that came by this channel. */
  of(channelId: ChannelId): Forward[] {
    return [...this.#live.values()].filter((forward) => forward.inChannel === channelId);
  }

  /** Those whose outgoing HTLC has not ended. */
  offeredOnes(): Forward[] {
    return [...this.#live.values()].filter((forward) => forward.status === 'offered');
  }

  /** Begins one, in memory only. */
  open(channelId: ChannelId, htlc: ReceivedHtlc, outMsat: Msat, now: number): Forward {
    return this.#set({
      index: this.#next++,
      inChannel: channelId,
      inHtlcId: htlc.id,
      paymentHash: htlc.paymentHash,
      inMsat: htlc.amountMsat,
      outMsat,
      receivedTime: now,
      outChannel: undefined,
      outHtlcId: undefined,
      status: 'received',
      resolution: undefined,
      failcode: undefined,
      resolvedTime: undefined,
    });
  }

  /** The outgoing channel took it: this row goes with that channel's commit. */
  offered(forward: Forward, outChannel: ChannelId, outHtlcId: bigint): Write {
    return this.#put({ ...forward, status: 'offered', outChannel, outHtlcId });
  }

  /** The outgoing HTLC has ended: this row goes with the outgoing channel's commit. */
  resolve(forward: Forward, resolution: Resolution, now: number): Write {
    const status = resolution.kind === 'fulfill' ? 'settled' : 'failed';
    if (status === 'settled' && forward.status !== 'settled')
      this.#earned += forward.inMsat - forward.outMsat;
    return this.#put({ ...forward, status, resolution, resolvedTime: now });
  }

  /** We did not pass it on: this row goes with the incoming channel's commit. */
  refuse(forward: Forward, resolution: Resolution, failcode: number, now: number): Write {
    return this.#put({
      ...forward,
      status: 'local_failed',
      resolution,
      failcode,
      resolvedTime: now,
    });
  }

  /** The incoming side was told for good: the row stays for the operator, the memory is freed. */
  told(channelId: ChannelId, htlcId: bigint): Write | undefined {
    const forward = this.get(channelId, htlcId);
    if (forward === undefined) return undefined;
    this.#live.delete(keyOf(channelId, htlcId));
    return { put: 'forwards', row: { ...rowOf(forward), told: 1 } };
  }

  /** Deletes one that is over and told; false where there is none with this status. */
  async forget(channelId: string, htlcId: bigint, status: string): Promise<boolean> {
    const where = { in_channel: channelId, in_htlc_id: htlcId, status, told: 1 };
    const [row] = await this.#store.select('forwards', { where, limit: 1 });
    if (row === undefined) return false;
    const { created_index, in_msat, out_msat } = row;
    const { from, earned, deleted } = this.#counters;
    // What it earned stays earned; below `from` that is counted already.
    const counts = status === 'settled' && out_msat !== null && created_index >= from;
    const counters = this.#countersWrite({
      created: this.#next - 1,
      deleted: deleted + 1,
      earned: counts ? String(BigInt(earned) + in_msat - out_msat) : earned,
    });
    await this.#store.commit([{ delete: 'forwards', where: { created_index } }, counters]);
    return true;
  }

  #set(forward: Forward): Forward {
    this.#live.set(keyOf(forward.inChannel, forward.inHtlcId), forward);
    return forward;
  }

  #put(forward: Forward): Write {
    return { put: 'forwards', row: rowOf(this.#set(forward)) };
  }
}

const keyOf = (channelId: ChannelId, htlcId: bigint): string => `${channelId}/${htlcId}`;

function rowOf(forward: Forward): Tables['forwards'] {
  return {
    created_index: forward.index,
    in_channel: forward.inChannel,
    in_htlc_id: forward.inHtlcId,
    out_channel: forward.outChannel ?? null,
    out_htlc_id: forward.outHtlcId ?? null,
    in_msat: forward.inMsat,
    out_msat: forward.outMsat,
    payment_hash: toHex(forward.paymentHash),
    status: forward.status,
    received_time: forward.receivedTime,
    resolved_time: forward.resolvedTime ?? null,
    failcode: forward.failcode ?? null,
    resolution: forward.resolution === undefined ? null : encodeResolution(forward.resolution),
    told: 0,
  };
}

function ofRow(row: Tables['forwards']): Forward {
  const resolution = row.resolution === null ? undefined : decodeResolution(row.resolution);
  return {
    index: row.created_index,
    inChannel: row.in_channel as ChannelId,
    inHtlcId: row.in_htlc_id,
    paymentHash: new Uint8Array(Buffer.from(row.payment_hash, 'hex')),
    inMsat: row.in_msat as Msat,
    outMsat: (row.out_msat ?? 0n) as Msat,
    receivedTime: row.received_time,
    outChannel: (row.out_channel ?? undefined) as ChannelId | undefined,
    outHtlcId: row.out_htlc_id ?? undefined,
    status: row.status as Forward['status'],
    resolution: resolution?.ok ? resolution.value : undefined,
    failcode: row.failcode ?? undefined,
    resolvedTime: row.resolved_time ?? undefined,
  };
}
