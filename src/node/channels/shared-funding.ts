/**
 * Several channels out of one transaction. It is made when every peer has accepted, and broadcast
 * when every peer has signed our way back out; until then any of them may still be dropped, and
 * all begin anew with a transaction that has no output for it.
 */
import { type Bytes, err, ok, type Result, type Sat, shownHash } from '../../core/bytes/index.js';
import type { Clock, Store } from '../../ports/index.js';
import type { Entry } from './registry.js';
import type {
  ChannelWallet,
  FundError,
  FundParams,
  SharedFailure,
  SharedFundError,
  SharedFundParams,
  SharedFundResult,
} from './types.js';

const NAME = 'shared_funding/';
/** One peer that does not answer must not hold the others' opening for ever. */
const PATIENCE_MS = 60_000;

/** What a member's peer has accepted. */
interface Asked {
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
}

class Later<T> {
  resolve: (value: T) => void = () => {};
  readonly promise = new Promise<T>((resolve) => {
    this.resolve = resolve;
  });
}

/** One channel of a shared funding, on its way. */
export class Member {
  /** Once it has begun. */
  entry: Entry | undefined;
  channelType: Bytes = new Uint8Array(0);
  readonly asked = new Later<Result<Asked, FundError>>();
  readonly signed = new Later<Result<undefined, FundError>>();

  constructor(readonly params: FundParams & { readonly amount: Sat }) {}

  fail(error: FundError): void {
    this.asked.resolve(err(error));
    this.signed.resolve(err(error));
  }
}

/** One that has been accepted. */
interface Willing extends Asked {
  readonly member: Member;
  readonly entry: Entry;
}

export interface SharedFundingDeps {
  readonly store: Pick<Store, 'commit' | 'select'>;
  readonly clock: Clock;
  readonly wallet: ChannelWallet;
  backedUp(): Promise<void>;
  /** Begins to open the channel; what becomes of it is told to the member. */
  open(member: Member): Promise<void>;
  /** Nothing more is to be told to the member of this channel. */
  done(entry: Entry): void;
  /** Channels that both sides have signed, out of the transaction. */
  signedFrom(txid: Bytes): number;
}

const TOO_LATE: FundError = { code: 'aborted', message: 'the peer did not answer in time' };
const DROPPED = 'the funding transaction that it was to share will not be made';

export class SharedFunding {
  readonly #deps: SharedFundingDeps;

  constructor(deps: SharedFundingDeps) {
    this.#deps = deps;
  }

  /** Resolves when the transaction is broadcast, or with why there is none. */
  async fund(
    destinations: readonly FundParams[],
    shared: SharedFundParams,
  ): Promise<Result<SharedFundResult, SharedFundError>> {
    const failed: SharedFailure[] = [];
    let left = destinations;
    for (;;) {
      const amounts = await this.#amounts(left, shared);
      if (!amounts.ok) return err({ error: amounts.error, failed });
      const { willing, failures } = await this.#accepted(left, amounts.value);
      failed.push(...failures);
      if (willing.length < shared.minChannels) return this.#refuse(willing, failed);
      const anchors = willing.some(({ member }) => member.params.anchors !== false);
      const made = await this.#deps.wallet.fundMany({ ...shared, anchors, outputs: willing });
      if (!made.ok) return this.#refuse(willing, failed, made.error);
      const { txid, tx, vouts } = made.value;
      const unsigned = await this.#signed(willing, txid, vouts);
      if (unsigned.length === 0) {
        await this.#publish(willing, txid);
        return ok({ tx, txid, channels: willing.map((w, i) => fundedOf(w, vouts[i])), failed });
      }
      // The transaction pays one that nothing comes back from: it must never be broadcast.
      failed.push(...unsigned);
      await this.#drop(willing);
      this.#deps.wallet.abandon(txid);
      await this.#deps.store.commit([{ delete: 'vars', where: { name: nameOf(txid) } }]);
      const gone = new Set(failed.map(({ peerId }) => peerId));
      left = left.filter(({ peerId }) => !gone.has(peerId));
      if (left.length < shared.minChannels) return this.#refuse([], failed);
    }
  }

  /** A start from disk: whether the transaction may be broadcast, as far as this one knows of it. */
  async mayPublish(txid: Bytes): Promise<boolean> {
    const [row] = await this.#deps.store.select('vars', { where: { name: nameOf(txid) } });
    return row === undefined || row.value[0] === this.#deps.signedFrom(txid);
  }

  async #refuse(
    willing: readonly Willing[],
    failed: readonly SharedFailure[],
    error: FundError = failed.at(-1)?.error ?? TOO_LATE,
  ): Promise<Result<never, SharedFundError>> {
    await this.#drop(willing);
    return err({ error, failed });
  }

  /** The amounts in figures, where one of them is `all`. */
  async #amounts(
    destinations: readonly FundParams[],
    shared: SharedFundParams,
  ): Promise<Result<readonly Sat[], FundError>> {
    const beside = destinations.flatMap(({ amount }) => (amount === 'all' ? [] : [amount]));
    if (beside.length === destinations.length) return ok(beside);
    const anchors = destinations.some((params) => params.anchors !== false);
    const all = await this.#deps.wallet.spendableForChannel({ ...shared, anchors, beside });
    if (!all.ok) return all;
    return ok(destinations.map(({ amount }) => (amount === 'all' ? all.value : amount)));
  }

  async #accepted(
    destinations: readonly FundParams[],
    amounts: readonly Sat[],
  ): Promise<{ willing: readonly Willing[]; failures: readonly SharedFailure[] }> {
    const members = destinations.map(
      (params, i) => new Member({ ...params, amount: amounts[i] as Sat }),
    );
    for (const member of members) await this.#deps.open(member);
    const answers = await this.#inTime(members.map((member) => member.asked));
    const willing: Willing[] = [];
    const failures: SharedFailure[] = [];
    for (const [i, member] of members.entries()) {
      const answer = answers[i] as Result<Asked, FundError>;
      const { entry, params } = member;
      if (answer.ok && entry !== undefined) {
        willing.push({ member, entry, ...answer.value });
        continue;
      }
      const error = answer.ok ? TOO_LATE : answer.error;
      failures.push({ peerId: params.peerId, stage: 'start', error });
      if (entry !== undefined) await this.#abandon(entry);
    }
    return { willing, failures };
  }

  /** Answers those whose peers have not signed. */
  async #signed(
    willing: readonly Willing[],
    txid: Bytes,
    vouts: readonly number[],
  ): Promise<readonly SharedFailure[]> {
    const value = Uint8Array.of(willing.length);
    await this.#deps.store.commit([{ put: 'vars', row: { name: nameOf(txid), value } }]);
    for (const [i, { entry }] of willing.entries()) {
      const fundingVout = vouts[i] as number;
      const command = { kind: 'funded', fundingTxid: txid, fundingVout } as const;
      entry.runner.submit({ kind: 'command', command });
    }
    const answers = await this.#inTime(willing.map(({ member }) => member.signed));
    return willing.flatMap(({ member: { params } }, i): SharedFailure[] => {
      const answer = answers[i] as Result<undefined, FundError>;
      return answer.ok ? [] : [{ peerId: params.peerId, stage: 'complete', error: answer.error }];
    });
  }

  async #publish(willing: readonly Willing[], txid: Bytes): Promise<void> {
    const { store, wallet, backedUp, done } = this.#deps;
    await backedUp();
    // From here on any start from disk may broadcast it.
    await store.commit([{ delete: 'vars', where: { name: nameOf(txid) } }]);
    await wallet.publish(txid);
    for (const { entry } of willing) done(entry);
  }

  async #inTime<T>(all: readonly Later<Result<T, FundError>>[]): Promise<Result<T, FundError>[]> {
    const cancel = this.#deps.clock.after(PATIENCE_MS, () => {
      for (const each of all) each.resolve(err(TOO_LATE));
    });
    const answers = await Promise.all(all.map(({ promise }) => promise));
    cancel();
    return answers;
  }

  async #drop(willing: readonly Willing[]): Promise<void> {
    for (const { entry } of willing) await this.#abandon(entry);
  }

  /** Resolves once it is durable that the channel will not be. */
  async #abandon(entry: Entry): Promise<void> {
    const command = { kind: 'abandonOpening', reason: DROPPED } as const;
    entry.runner.submit({ kind: 'command', command });
    await entry.runner.idle();
  }
}

const fundedOf = ({ member, entry }: Willing, vout: number | undefined) => ({
  peerId: member.params.peerId,
  channelId: entry.id,
  vout: vout ?? 0,
  channelType: member.channelType,
});

const nameOf = (txid: Bytes): string => NAME + shownHash(txid);
