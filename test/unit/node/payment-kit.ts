import { LocalSigner } from '../../../src/adapters/signer/index.js';
import { openStore } from '../../../src/adapters/store/sqlite/index.js';
import { NETWORKS } from '../../../src/core/bitcoin/index.js';
import {
  type Bytes,
  type ChannelId,
  err,
  msat,
  type NodeId,
  ok,
  scidFromString,
  toHex,
} from '../../../src/core/bytes/index.js';
import type { ChannelError } from '../../../src/core/channel/index.js';
import {
  type CompletePayload,
  createFailure,
  type FailureMessage,
  readOnion,
  relayFailure,
} from '../../../src/core/onion/index.js';
import type {
  Lesson,
  LocalChannel,
  NoRoutes,
  Route,
  RouteHop,
  RoutesRequest,
} from '../../../src/core/routing/index.js';
import { featureBits } from '../../../src/core/wire/index.js';
import { VirtualClock } from '../../../src/lab/clock.js';
import { SeededEntropy } from '../../../src/lab/entropy.js';
import { type InvoiceSettlement, Invoices } from '../../../src/node/invoices/index.js';
import { type OwnHtlc, Payments } from '../../../src/node/payments/index.js';
import { type Store, silentLogger, type Write } from '../../../src/ports/index.js';

const network = NETWORKS.regtest;
export const HEIGHT = 500;

export const signerOf = (name: string) =>
  new LocalSigner({ seed: new SeededEntropy(name).bytes(32), network });
export const idOf = (name: string) => toHex(signerOf(name).nodeId) as NodeId;

export const SCID = {
  first: scidFromString('103x1x0')!,
  second: scidFromString('104x2x1')!,
  third: scidFromString('105x3x0')!,
};

/** Our HTLC after it left: what the last hop reads of it, and the way back. */
export interface Sent {
  readonly htlc: OwnHtlc;
  readonly secrets: Bytes[];
  readonly payload: CompletePayload;
  readonly key: string;
}

type Found = Route | readonly Route[] | NoRoutes;

/** alice pays carol over bob; the two channels are played by hand. */
export class PaymentKit {
  readonly clock = new VirtualClock();
  readonly entropy = new SeededEntropy('payment kit');
  height = HEIGHT;
  /** Whether the payee comes to see the present, where it does not. */
  current: Promise<boolean | undefined> | undefined;
  payerStore!: Store;
  payeeStore!: Store;
  payments!: Payments;
  invoices!: Invoices;
  /** Lessons that the route table was taught. */
  lessons: Lesson[] = [];
  /** What the payee said of each HTLC, by key. */
  readonly settled = new Map<string, InvoiceSettlement>();
  sent: Sent[] = [];
  /** What our channel answers to the next offers. */
  refusals: ChannelError[] = [];
  /** What the search answers to the next questions. */
  routes: (Found | ((request: RoutesRequest) => Found))[] = [];
  queries: RoutesRequest[] = [];
  layers: (readonly string[])[] = [];
  /** What our channel with bob can send. */
  spendable = 1_000_000_000_000n;
  connected = true;
  fatal: unknown[] = [];
  /** What the payer's log said at level error. */
  errors: string[] = [];
  compat: 'seed' | 'cln' = 'seed';
  #htlcs = 0;

  static async start(options: { compat?: 'seed' | 'cln' } = {}): Promise<PaymentKit> {
    const kit = new PaymentKit();
    kit.compat = options.compat ?? 'seed';
    kit.payerStore = await openStore({ path: ':memory:' });
    kit.payeeStore = await openStore({ path: ':memory:' });
    await kit.restartPayer();
    await kit.restartPayee();
    return kit;
  }

  async stop(): Promise<void> {
    await this.invoices.stop();
    await this.payments.stop();
    await this.payerStore.close();
    await this.payeeStore.close();
  }

  async restartPayer(): Promise<void> {
    this.payments = new Payments(
      { nodeId: idOf('alice'), invoicePrefix: 'bcrt', sendpayCompat: this.compat },
      {
        store: this.payerStore,
        clock: this.clock,
        entropy: this.entropy,
        log: { ...silentLogger, error: (text) => void this.errors.push(text) },
        height: () => this.height,
        offer: (_, htlc, writes) => this.#offer(htlc, writes),
        getroutes: (request, layers) => {
          this.queries.push(request);
          this.layers.push(layers);
          const made = this.routes.shift() ?? ({ code: 'no_path' } as const);
          const next = typeof made === 'function' ? made(request) : made;
          if ('code' in next) return err(next);
          const parts = 'hops' in next ? [next] : next;
          const feeMsat = msat(parts.reduce((sum, part) => sum + part.feeMsat, 0n));
          return ok({ parts, feeMsat, cost: 1 });
        },
        localChannels: () => [this.local()],
        reserved: () => [],
        allConnected: () => this.connected,
        learn: (lessons) => {
          this.lessons.push(...lessons);
          return lessons.map(() => ({ short_channel_id_dir: 'learned', timestamp: 1 }));
        },
        channelBetween: () => undefined,
        fatal: (error) => this.fatal.push(error),
      },
    );
    await this.payments.start();
  }

  async restartPayee(): Promise<void> {
    this.invoices = new Invoices(
      { network, cltvFinal: 18, fulfillDeadline: 18, features: featureBits([9, 14, 17]) },
      {
        store: this.payeeStore,
        clock: this.clock,
        entropy: this.entropy,
        signer: signerOf('carol'),
        log: silentLogger,
        height: () => this.height,
        whenCurrent: () => this.current ?? true,
        routeHints: () => ({ hints: [] }),
        settle: (channelId, htlcId, settlement) =>
          void this.settled.set(`${channelId}/${htlcId}`, settlement),
        fatal: (error) => this.fatal.push(error),
      },
    );
    await this.invoices.start();
  }

  async #offer(htlc: OwnHtlc, writes: readonly Write[]) {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return err(refusal);
    await this.payerStore.commit(writes);
    this.sent.push(this.#travel(htlc));
    return ok(undefined);
  }

  /** Peels the onion at every node of the way. */
  #travel(htlc: OwnHtlc): Sent {
    const secrets: Bytes[] = [];
    let { onion } = htlc;
    for (const name of ['bob', 'carol']) {
      const signer = signerOf(name);
      const { asked, manner } = readOnion({ ...htlc, onion }, (point) => signer.ecdh(point));
      if (asked.kind === 'refuse') throw new Error(`${name}: ${asked.failure.kind}`);
      if (manner.kind !== 'encrypted') throw new Error(`${name}: ${manner.kind}`);
      secrets.push(manner.sharedSecret);
      if (asked.kind === 'relay') onion = asked.task.onion;
      else {
        const { payload } = asked;
        return { htlc, secrets, payload, key: `${'cc'.repeat(32)}/${this.#htlcs++}` };
      }
    }
    throw new Error('the onion does not end at carol');
  }

  /** The HTLC arrives at carol, with what bob's onion says or something else. */
  arrive(
    sent: Sent,
    changed: { amountMsat?: bigint; cltvExpiry?: number; refusal?: FailureMessage } = {},
  ): void {
    const { payload } = sent;
    const [channelId, htlcId] = sent.key.split('/') as [ChannelId, string];
    this.invoices.receive({
      channelId,
      htlcId: BigInt(htlcId),
      amountMsat: msat(changed.amountMsat ?? payload.amtToForward),
      cltvExpiry: changed.cltvExpiry ?? payload.outgoingCltvValue,
      paymentHash: sent.htlc.paymentHash,
      payload,
      sharedSecret: sent.secrets.at(-1)!,
      ...(changed.refusal && { refusal: changed.refusal }),
    });
  }

  /** What carol said of an HTLC, or nothing yet. */
  async said(sent: Sent): Promise<InvoiceSettlement | undefined> {
    await this.clock.settleNow();
    return this.settled.get(sent.key);
  }

  /** The end of an HTLC goes back to alice, who has it on disk when this resolves. */
  async goBack(sent: Sent, settlement: InvoiceSettlement, from = 1): Promise<void> {
    const { origin } = sent.htlc;
    const writes =
      settlement.kind === 'fulfill'
        ? this.payments.htlcFulfilled(origin, settlement.preimage)
        : this.payments.htlcFailed(origin, {
            kind: 'encrypted',
            reason: wrapped(sent, settlement.failure, from),
          });
    await this.payerStore.commit(writes);
    this.payments.settled(origin);
  }

  /** Everything that waits is delivered, there and back. */
  async deliver(): Promise<void> {
    const all = this.sent;
    this.sent = [];
    for (const sent of all) this.arrive(sent);
    await this.clock.settleNow();
    for (const sent of all) {
      const settlement = this.settled.get(sent.key);
      if (settlement !== undefined) await this.goBack(sent, settlement);
      else this.sent.push(sent);
    }
  }

  /** Our channel with bob. */
  local(): LocalChannel {
    const direction = idOf('alice') < idOf('bob') ? 0 : 1;
    const spendableMsat = msat(this.spendable);
    return { scid: SCID.first, direction, peer: idOf('bob'), spendableMsat };
  }

  /** Answers the search with one part for what was asked. */
  readonly asAsked = ({ amountMsat }: Pick<RoutesRequest, 'amountMsat'>, fee = 10n): Route => ({
    hops: this.route(amountMsat, fee),
    feeMsat: msat(fee),
    cost: 1,
  });

  /** Parts of these amounts. */
  readonly inParts = (...amounts: bigint[]): Route[] =>
    amounts.map((amount) => this.asAsked({ amountMsat: msat(amount) }));

  /** A route to carol over bob that brings `amount`. */
  route(amount: number | bigint, fee = 10n): RouteHop[] {
    const arrives = BigInt(amount);
    return [
      hop('alice', 'bob', SCID.first, arrives + fee, 24),
      hop('bob', 'carol', SCID.second, arrives, 18),
    ];
  }
}

function hop(
  from: string,
  to: string,
  channel: RouteHop['channel'],
  amount: bigint,
  delay: number,
): RouteHop {
  const direction = idOf(from) < idOf(to) ? 0 : 1;
  return { id: idOf(to), channel, direction, amountMsat: msat(amount), delay };
}

/** A failure made by hop `from` (0: bob, 1: carol), as alice gets it. */
function wrapped(sent: Sent, failure: FailureMessage, from: number): Bytes {
  let reason = createFailure(sent.secrets[from]!, failure);
  for (const secret of sent.secrets.slice(0, from).reverse()) reason = relayFailure(secret, reason);
  return reason;
}
