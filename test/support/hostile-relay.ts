/**
 * A node between two peers, of whom one is honest and the other says what it likes: what is true of
 * the node and of its money is asked after everything that happens.
 */
import { expect } from 'vitest';
import type { Transaction } from '../../src/core/bitcoin/index.js';
import {
  type Bytes,
  type ChannelId,
  msat,
  type NodeId,
  type ShortChannelId,
  toHex,
} from '../../src/core/bytes/index.js';
import { HTLC_STATES, type Htlc } from '../../src/core/channel/htlc.js';
import type { LiveState } from '../../src/core/channel/index.js';
import { sha256 } from '../../src/core/crypto/index.js';
import { makePayment } from '../../src/core/payment/index.js';
import { ChannelsKit, type Opener } from '../unit/node/channels-kit.js';
import { conserved, VIEWS } from './conserved.js';

/** How a peer ends an HTLC that it received. */
export type End = 'fulfill' | 'fail' | 'malformed';

const isOperating = (s: LiveState): boolean => s.failure === undefined && s.spent === undefined;

const isCommitted = ({ state }: Htlc): boolean =>
  VIEWS.slice(0, 3).some((view) => HTLC_STATES[state].presence[view] === 'in');

/** One of the two: its machine, and the node behind it. */
export class Neighbour {
  /** By id of what it received and has not ended. */
  readonly pending = new Map<bigint, Bytes>();
  #read = 0;

  constructor(
    readonly opener: Opener,
    readonly honest: boolean,
  ) {}

  get id(): NodeId {
    return this.opener.id;
  }

  get channelId(): ChannelId {
    return toHex(this.opener.live.channelId) as ChannelId;
  }

  /** Takes note of what its machine told since the last look. */
  look(): void {
    const { effects } = this.opener;
    for (; this.#read < effects.length; this.#read++) {
      const effect = effects[this.#read];
      if (effect?.kind === 'htlcReceived')
        this.pending.set(effect.htlc.id, effect.htlc.paymentHash);
      else if (effect?.kind === 'htlcRemoved') this.pending.delete(effect.htlcId);
    }
  }
}

/** The channel with the evil one. */
export interface EvilChannel {
  readonly weOpen: boolean;
  readonly anchors: boolean;
}

export class HostileRelay {
  readonly #preimages = new Map<string, Bytes>();
  #worth = 0n;

  private constructor(
    readonly kit: ChannelsKit,
    readonly alice: Neighbour,
    readonly carol: Neighbour,
    /** Another channel of the honest peer's, which nobody uses. */
    readonly quiet: Opener,
  ) {}

  static async start(evil: 'alice' | 'carol', how: EvilChannel): Promise<HostileRelay> {
    const kit = await ChannelsKit.start();
    const open = async (name: 'alice' | 'carol'): Promise<Neighbour> => {
      if (name !== evil) return new Neighbour(await kit.channelWith(name), true);
      if (!how.weOpen) return new Neighbour(await kit.channelWith(name, how), false);
      const opener = await kit.openTo(name, how.anchors);
      await kit.mine(kit.fundings.at(-1) as Transaction);
      return new Neighbour(opener, false);
    };
    const [alice, carol] = [await open('alice'), await open('carol')];
    const relay = new HostileRelay(kit, alice, carol, await kit.channelWith('dave'));
    relay.#worth = relay.worth();
    return relay;
  }

  get evil(): Neighbour {
    return this.alice.honest ? this.carol : this.alice;
  }

  get honest(): Neighbour {
    return this.alice.honest ? this.alice : this.carol;
  }

  get live(): LiveState[] {
    return this.kit.channels.liveStates();
  }

  /** Our side of the channel with a neighbour. */
  of({ channelId }: Neighbour): LiveState | undefined {
    return this.live.find((s) => toHex(s.channelId) === channelId);
  }

  /** A preimage by its number; the same numbers are paid again and again. */
  preimage(n: number): Bytes {
    const preimage = sha256(Uint8Array.of(1, n));
    this.#preimages.set(toHex(sha256(preimage)), preimage);
    return preimage;
  }

  preimageOf = (hash: Bytes): Bytes => this.#preimages.get(toHex(hash)) ?? new Uint8Array(32);

  /** The onion of a payment by way of us, and the HTLC that brings it. */
  payment(from: Neighbour, amount: number, n: number) {
    const to = from === this.alice ? this.carol : this.alice;
    const scid = this.kit.channels.get(to.channelId)?.localAlias ?? (0n as ShortChannelId);
    const paymentHash = sha256(this.preimage(n));
    const fee = 1 + Math.floor((amount * 10) / 1_000_000);
    const made = makePayment({
      route: [
        {
          id: toHex(this.kit.signer.nodeId) as NodeId,
          channel: 1n as ShortChannelId,
          direction: 0,
          amountMsat: msat(amount + fee),
          delay: 134,
        },
        { id: to.id, channel: scid, direction: 0, amountMsat: msat(amount), delay: 100 },
      ],
      paymentHash,
      height: this.kit.height,
      sessionKey: this.kit.entropy.bytes(32),
      paymentSecret: new Uint8Array(32).fill(8),
    });
    if (!made.ok) throw new Error(made.error.code);
    return { ...made.value, paymentHash };
  }

  pay(from: Neighbour, amount: number, n: number): void {
    const { amountMsat, cltvExpiry, onion, paymentHash } = this.payment(from, amount, n);
    const origin = { kind: 'local', paymentHash, groupId: 1, partId: n } as const;
    const htlc = { amountMsat, cltvExpiry, onion, paymentHash, origin };
    from.opener.input({ kind: 'command', command: { kind: 'addHtlc', ref: 1, ...htlc } });
  }

  /** A neighbour's node ends what it received. */
  end(by: Neighbour, pick: number, how: End): void {
    by.look();
    const ids = [...by.pending.keys()];
    const htlcId = ids[pick % Math.max(1, ids.length)];
    const paymentHash = htlcId === undefined ? undefined : by.pending.get(htlcId);
    if (htlcId === undefined || paymentHash === undefined) return;
    const { opener } = by;
    if (how === 'fulfill') {
      const preimage = this.preimageOf(paymentHash);
      opener.input({ kind: 'command', command: { kind: 'fulfillHtlc', htlcId, preimage } });
    } else if (how === 'fail') {
      const reason = new Uint8Array(292).fill(3);
      opener.input({ kind: 'command', command: { kind: 'failHtlc', htlcId, reason } });
    } else {
      const sha256OfOnion = new Uint8Array(32).fill(4);
      const bad = { sha256OfOnion, failureCode: 0xc005 };
      opener.input({ kind: 'command', command: { kind: 'failMalformedHtlc', htlcId, ...bad } });
    }
  }

  /** What we have for sure, msat: all that we offered is paid, and only what must be is received. */
  worth(): bigint {
    const states = this.live;
    let sum = 0n;
    for (const s of states) {
      sum += s.commitments.settledLocal;
      for (const htlc of s.commitments.htlcs) {
        if (HTLC_STATES[htlc.state].offeredBy === 'local') sum -= htlc.amountMsat;
        else if (isClaimable(s, htlc, states)) sum += htlc.amountMsat;
      }
    }
    return sum;
  }

  /** What holds whatever anybody says. */
  check(): void {
    expect(this.kit.errors, 'no bug of ours').toEqual([]);
    expect(this.worth() >= this.#worth, `we have lost ${this.#worth - this.worth()} msat`).toBe(
      true,
    );
    for (const s of this.live) conserved(s);
    this.#untouched();
    this.#upstreamFirst();
    this.#upstreamLast();
  }

  /** What we have passed on is ours upstream, whichever commitment comes to the chain. */
  #upstreamFirst(): void {
    const states = this.live;
    for (const { commitments } of states)
      for (const { origin } of commitments.htlcs) {
        if (origin?.kind !== 'relayed') continue;
        const from = states.find((s) => toHex(s.channelId) === origin.channelId);
        const htlc = from?.commitments.htlcs.find(
          (h) => h.id === origin.htlcId && HTLC_STATES[h.state].offeredBy === 'remote',
        );
        const { presence } = HTLC_STATES[htlc?.state ?? 'SENT_REMOVE_ACK_REVOCATION'];
        const early = VIEWS.some((view) => presence[view] === 'before');
        expect(early, `HTLC ${origin.htlcId} was passed on too early`).toBe(false);
      }
  }

  /** Others see nothing of it. */
  #untouched(): void {
    for (const opener of [this.honest.opener, this.quiet]) {
      const complaints = opener.heard.filter((m) => m.kind === 'error' || m.kind === 'warning');
      expect(complaints, `said to ${opener.name}`).toEqual([]);
      const ours = this.live.find((s) => toHex(s.channelId) === toHex(opener.live.channelId));
      expect(ours && isOperating(ours) && isOperating(opener.live), opener.name).toBe(true);
    }
  }

  /** What a neighbour got back for good, no other neighbour holds of us any more. */
  #upstreamLast(): void {
    for (const from of [this.alice, this.carol])
      for (const effect of from.opener.effects) {
        if (effect.kind !== 'htlcFailed' || effect.failure.kind === 'uncommitted') continue;
        const held = this.live.some((s) =>
          s.commitments.htlcs.some(
            ({ origin, ...htlc }) =>
              origin?.kind === 'relayed' &&
              origin.channelId === from.channelId &&
              origin.htlcId === effect.htlcId &&
              isCommitted(htlc as Htlc),
          ),
        );
        expect(held, `HTLC ${effect.htlcId} was given back too early`).toBe(false);
      }
  }

  #lasting = () => Object.fromEntries(this.live.map((s) => [toHex(s.channelId), lasting(s)]));

  /** What a start finds is what a stop left. */
  async restart(): Promise<void> {
    const { kit } = this;
    for (const { id } of kit.openers) kit.cut(id);
    await kit.settle();
    const before = this.#lasting();
    await kit.restart();
    await kit.settle();
    expect(this.#lasting()).toEqual(before);
  }

  /** Peace at last, and everybody keeps to the protocol again, as far as it has memories left. */
  async finish(): Promise<void> {
    const { kit } = this;
    kit.mangle = undefined;
    for (let round = 0; round < 4; round++) {
      for (const { id } of kit.openers) {
        kit.cut(id);
        kit.join(id);
      }
      await kit.settle();
      for (const by of [this.alice, this.carol])
        for (let i = by.pending.size + 40; i > 0; i--)
          this.end(by, i, round % 2 ? 'fail' : 'fulfill');
      await kit.settle();
      this.check();
    }
    const ours = this.of(this.evil);
    if (ours === undefined || !isOperating(ours)) return;
    // Where the evil one's channel still goes on, nothing is left of what both remember.
    const left = this.of(this.honest)?.commitments.htlcs ?? [];
    const waits = ours.commitments.htlcs.length > 0 || this.evil.opener.live.failure !== undefined;
    if (!waits) expect(left).toEqual([]);
  }
}

/** Whether it is ours, or becomes so where the HTLC by which we passed it on is paid. */
function isClaimable(s: LiveState, htlc: Htlc, states: readonly LiveState[]): boolean {
  if (htlc.removal?.kind === 'fulfill' || htlc.preimage !== undefined) return true;
  const channelId = toHex(s.channelId);
  return states.some((other) =>
    other.commitments.htlcs.some(
      ({ origin }) =>
        origin?.kind === 'relayed' && origin.channelId === channelId && origin.htlcId === htlc.id,
    ),
  );
}

/** Of a channel, what no stop may change. */
function lasting({ commitments, lockin, failure, shutdown }: LiveState) {
  const { feerates: _, ...closing } = shutdown;
  return { commitments, lockin, failure, closing };
}
