/**
 * A peer of a relay that says anything at any moment, with HTLCs in flight both ways: right messages
 * in the wrong place, wrong ones in the right place, and no messages at all. The node has no bug, no
 * other channel notices, it never pays what it cannot claim, and a restart changes nothing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, concat, msat, sat } from '../../src/core/bytes/index.js';
import { HTLC_STATES } from '../../src/core/channel/htlc.js';
import { encodeMessage, type Message } from '../../src/core/wire/index.js';
import { type End, HostileRelay, type Neighbour } from '../support/hostile-relay.js';
import { anyMessage, bytesOf } from '../support/messages.js';

type Mangling = 'drop' | 'twice' | 'late' | 'early' | 'flip' | 'cut';

type Action =
  | { readonly kind: 'pay'; readonly evil: boolean; readonly amount: number; readonly n: number }
  | { readonly kind: 'end'; readonly evil: boolean; readonly pick: number; readonly how: End }
  | { readonly kind: 'mangle'; readonly how: Mangling; readonly at: number }
  | { readonly kind: 'say'; readonly make: (world: HostileRelay) => Message }
  | { readonly kind: 'shout'; readonly raw: Bytes }
  | { readonly kind: 'force'; readonly amount: bigint; readonly n: number }
  | { readonly kind: 'cut'; readonly evil: boolean }
  | { readonly kind: 'join' | 'settle' | 'restart' | 'crash' | 'block' };

const OWN = new Array<'own'>(9).fill('own');
const CHANNELS = [...OWN, 'honest', 'quiet', 'zero', 'none'] as const;

function channelIdOf(world: HostileRelay, which: (typeof CHANNELS)[number]): Bytes {
  if (which === 'own') return world.evil.opener.live.channelId;
  if (which === 'honest') return world.honest.opener.live.channelId;
  if (which === 'quiet') return world.quiet.live.channelId;
  return new Uint8Array(32).fill(which === 'zero' ? 0 : 0xee);
}

const channel = fc.constantFrom(...CHANNELS);
/** Of an HTLC that we offered to the evil peer and that has not ended, by its place; or any. */
const id = fc.oneof(fc.bigInt({ min: -6n, max: 3n }), fc.constant(0xffff_ffff_ffff_ffffn));

function offeredTo(world: HostileRelay, place: bigint): { id: bigint; paymentHash: Bytes } {
  const none = { id: place < 0n ? 0n : place, paymentHash: new Uint8Array(32) };
  const ours = world.of(world.evil)?.commitments.htlcs ?? [];
  const offered = ours.filter((htlc) => htlc.origin !== undefined);
  return place < 0n ? (offered[Number(-place) % Math.max(1, offered.length)] ?? none) : none;
}

const amounts = fc.constantFrom(0n, 1n, 545_999n, 546_000n, 5_000_000n, 700_000_000n, 1n << 63n);
const feerate = fc.constantFrom(0, 252, 253, 1000, 5000, 25_001, 0xffff_ffff);
const number = fc.oneof(fc.bigInt({ min: 0n, max: 6n }), fc.constant(1n << 48n));
const payment = fc.integer({ min: 0, max: 5 });
const expiry = fc.constantFrom(0, 1, 100, 104, 240, 2400, 499_999_999, 500_000_000, 0xffff_ffff);
const scripts = fc.oneof(bytesOf(0, 40), bytesOf(22), bytesOf(34)).map((bytes) => bytes);
const someBytes = fc.constantFrom(0, 1, 292, 1366, 60_000).map((n) => new Uint8Array(n).fill(7));

/** The ends of HTLCs that we offered, right and wrong. */
const removal: fc.Arbitrary<(world: HostileRelay) => Message> = fc.oneof(
  fc
    .record({ c: channel, id, right: fc.boolean() })
    .map(({ c, id: place, right }) => (world: HostileRelay): Message => {
      const { id: htlcId, paymentHash } = offeredTo(world, place);
      return {
        kind: 'updateFulfillHtlc',
        channelId: channelIdOf(world, c),
        id: htlcId,
        paymentPreimage: right ? world.preimageOf(paymentHash) : new Uint8Array(32).fill(1),
        tlvs: {},
      };
    }),
  fc.record({ c: channel, id, reason: someBytes }).map(
    ({ c, id: place, reason }) =>
      (world: HostileRelay): Message => ({
        kind: 'updateFailHtlc',
        channelId: channelIdOf(world, c),
        id: offeredTo(world, place).id,
        reason,
        tlvs: {},
      }),
  ),
  fc.record({ c: channel, id, code: fc.constantFrom(0x8000, 0x4005, 0xc005, 0) }).map(
    ({ c, id: place, code: failureCode }) =>
      (world: HostileRelay): Message => ({
        kind: 'updateFailMalformedHtlc',
        channelId: channelIdOf(world, c),
        id: offeredTo(world, place).id,
        sha256OfOnion: new Uint8Array(32),
        failureCode,
      }),
  ),
);

/** Messages that mean something, made of what the peer knows; `make` sees the world as it is then. */
const meant: fc.Arbitrary<(world: HostileRelay) => Message> = fc.oneof(
  fc
    .record({ c: channel, id, amount: amounts, n: payment, expiry, real: fc.boolean() })
    .map(
      ({ c, id: place, amount, n, expiry: cltvExpiry, real }) =>
        (world: HostileRelay): Message => {
          const made = world.payment(world.evil, 5_000_000, n);
          const next = world.of(world.evil)?.commitments.nextRemoteHtlcId ?? 0n;
          return {
            kind: 'updateAddHtlc',
            channelId: channelIdOf(world, c),
            id: real ? next : offeredTo(world, place).id,
            amountMsat: real ? made.amountMsat : msat(amount),
            paymentHash: made.paymentHash,
            cltvExpiry: real ? made.cltvExpiry : cltvExpiry,
            onionRoutingPacket: n % 2 === 0 ? made.onion : new Uint8Array(1366).fill(n),
            tlvs: {},
          };
        },
    ),
  removal,
  removal,
  removal,
  removal,
  fc.record({ c: channel, feerate }).map(
    ({ c, feerate: feeratePerKw }) =>
      (world: HostileRelay): Message => ({
        kind: 'updateFee',
        channelId: channelIdOf(world, c),
        feeratePerKw,
      }),
  ),
  fc.record({ c: channel, count: fc.constantFrom(0, 1, 3, 483, 1000) }).map(
    ({ c, count }) =>
      (world: HostileRelay): Message => ({
        kind: 'commitmentSigned',
        channelId: channelIdOf(world, c),
        signature: new Uint8Array(64).fill(1),
        htlcSignature: new Array(count).fill(new Uint8Array(64).fill(1)),
        tlvs: {},
      }),
  ),
  fc
    .record({ c: channel, back: fc.bigInt({ min: 0n, max: 3n }), odd: fc.boolean() })
    .map(({ c, back, odd }) => (world: HostileRelay): Message => {
      const { opener } = world.evil;
      const { local } = opener.live.commitments;
      const index = local.number > back ? local.number - back : 0n;
      return {
        kind: 'revokeAndAck',
        channelId: channelIdOf(world, c),
        perCommitmentSecret: odd
          ? new Uint8Array(32).fill(5)
          : opener.signer.perCommitmentSecret(1, index),
        nextPerCommitmentPoint: opener.signer.perCommitmentPoint(1, local.number + 1n),
      };
    }),
  fc
    .record({ c: channel, next: number, revoked: number, odd: fc.boolean() })
    .map(({ c, next, revoked, odd }) => (world: HostileRelay): Message => {
      const { commitments } = world.evil.opener.live;
      return {
        kind: 'channelReestablish',
        channelId: channelIdOf(world, c),
        nextCommitmentNumber: odd ? commitments.local.number + next : next,
        nextRevocationNumber: odd ? commitments.remote.number + revoked : revoked,
        yourLastPerCommitmentSecret: new Uint8Array(32).fill(Number(next)),
        myCurrentPerCommitmentPoint: world.evil.opener.signer.perCommitmentPoint(1, 0n),
        tlvs: {},
      };
    }),
  fc.record({ c: channel, scriptpubkey: scripts }).map(
    ({ c, scriptpubkey }) =>
      (world: HostileRelay): Message => ({
        kind: 'shutdown',
        channelId: channelIdOf(world, c),
        scriptpubkey,
      }),
  ),
  fc.record({ c: channel, fee: fc.constantFrom(0n, 1n, 500n, 999_999n, 1n << 62n) }).map(
    ({ c, fee }) =>
      (world: HostileRelay): Message => ({
        kind: 'closingSigned',
        channelId: channelIdOf(world, c),
        feeSatoshis: sat(fee),
        signature: new Uint8Array(64).fill(1),
        tlvs: fee === 1n ? {} : { feeRange: { minFeeSatoshis: sat(fee), maxFeeSatoshis: sat(0) } },
      }),
  ),
  fc
    .record({ c: channel, theirs: fc.boolean() })
    .map(({ c, theirs }) => (world: HostileRelay): Message => {
      const { txid, vout } = theirs ? world.honest.opener.point : world.evil.opener.point;
      return {
        kind: 'fundingCreated',
        temporaryChannelId: channelIdOf(world, c),
        fundingTxid: txid,
        fundingOutputIndex: vout,
        signature: new Uint8Array(64).fill(1),
      };
    }),
  channel.map(
    (c) =>
      (world: HostileRelay): Message => ({
        kind: 'channelReady',
        channelId: channelIdOf(world, c),
        secondPerCommitmentPoint: world.evil.opener.signer.perCommitmentPoint(1, 77n),
        tlvs: {},
      }),
  ),
  fc.record({ c: channel, kind: fc.constantFrom('warning' as const, 'error' as const) }).map(
    ({ c, kind }) =>
      (world: HostileRelay): Message => ({
        kind,
        // An error for its own channel ends all games: that is for another test.
        channelId: channelIdOf(
          world,
          kind === 'error' && c === 'own' ? 'honest' : c === 'zero' ? 'none' : c,
        ),
        data: new Uint8Array(100).fill(0xff),
      }),
  ),
  // Anything else that is well formed, of its own channel or of another one.
  fc.tuple(anyMessage, channel).map(
    ([message, c]) =>
      (world: HostileRelay): Message =>
        'channelId' in message && message.kind !== 'error'
          ? { ...message, channelId: channelIdOf(world, c) }
          : message,
  ),
);

const withType = (type: number, bytes: Bytes): Bytes =>
  concat(Uint8Array.of(type >> 8, type & 0xff), bytes);

/** Types of interactive openings, splices and quiescence, unknown ones, cut and huge messages. */
const bytes: fc.Arbitrary<Bytes> = fc.oneof(
  fc
    .tuple(fc.constantFrom(2, 66, 67, 68, 69, 70, 71, 72, 73, 74, 77, 80, 81, 127), bytesOf(0, 60))
    .map(([type, rest]) => withType(type, rest)),
  fc.constantFrom(40_000, 40_001).map((type) => withType(type, new Uint8Array(65_533))),
  fc
    .tuple(anyMessage, fc.nat())
    .map(([message, at]) => encodeMessage(message).slice(0, 2 + (at % 200))),
  // A TLV that is unknown and even, behind a message that is right.
  fc
    .constantFrom(128, 130, 136)
    .map((type) => withType(type, concat(new Uint8Array(40), Uint8Array.of(254, 2, 1, 0)))),
);

const kindOf = <K extends string>(kind: K) => fc.constant(kind);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: kindOf('pay'),
      evil: fc.boolean(),
      amount: fc.constantFrom(1000, 400_000, 600_000, 5_000_000, 90_000_000),
      n: payment,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: kindOf('end'),
      evil: fc.boolean(),
      pick: fc.nat(20),
      how: fc.constantFrom<End>('fulfill', 'fulfill', 'fail', 'malformed'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kindOf('mangle'),
      how: fc.constantFrom<Mangling>('drop', 'twice', 'late', 'early', 'flip', 'cut'),
      at: fc.nat(1500),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: kindOf('say'), make: meant }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('shout'), raw: bytes }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('force'), amount: amounts, n: payment }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('cut'), evil: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ kind: kindOf('join') }) },
  { weight: 8, arbitrary: fc.record({ kind: kindOf('settle') }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('restart') }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('crash') }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('block') }) },
);

/** Carries out the actions; what the evil peer's machine says is mangled once for each that asks. */
class Play {
  #due: { readonly how: Mangling; readonly at: number }[] = [];
  #late: Bytes[] = [];
  #said: Bytes[] = [];

  constructor(readonly world: HostileRelay) {
    world.kit.mangle = (from, message) => {
      const raw = encodeMessage(message);
      if (from !== world.evil.opener) return [raw];
      const late = this.#late.splice(0);
      const out = [...this.#mangled(raw), ...late];
      this.#said.push(raw);
      return out;
    };
  }

  #mangled(raw: Bytes): readonly Bytes[] {
    const next = this.#due.shift();
    switch (next?.how) {
      case undefined:
        return [raw];
      case 'drop':
        return [];
      case 'twice':
        return [raw, raw];
      case 'late':
        this.#late.push(raw);
        return [];
      case 'early': {
        // Something that was said before is said again.
        const again = this.#said[next.at % Math.max(1, this.#said.length)];
        return again === undefined ? [raw] : [again, raw];
      }
      case 'flip': {
        const out = raw.slice();
        const place = 2 + (next.at % (out.length - 2));
        out[place] = (out[place] as number) ^ (1 << (next.at % 8));
        return [out];
      }
      case 'cut':
        return [raw.slice(0, 2 + (next.at % raw.length))];
    }
  }

  async act(a: Action): Promise<void> {
    const { world } = this;
    const { kit } = world;
    const by = (evil: boolean): Neighbour => (evil ? world.evil : world.honest);
    if (a.kind === 'say' || a.kind === 'force' || a.kind === 'shout') await this.#beThere();
    switch (a.kind) {
      case 'pay':
        return world.pay(by(a.evil), a.amount, a.n);
      case 'end':
        return world.end(by(a.evil), a.pick, a.how);
      case 'mangle':
        this.#due.push(a);
        return;
      case 'say':
        return kit.shout(world.evil.opener, encodeMessage(a.make(world)));
      case 'shout':
        return kit.shout(world.evil.opener, a.raw);
      case 'force':
        return this.#force(a.amount, a.n);
      case 'cut':
        kit.cut(by(a.evil).id);
        break;
      case 'join':
        // What comes next comes in the middle of it.
        for (const { id: peer } of kit.openers) kit.join(peer);
        return;
      case 'settle':
        break;
      case 'restart':
        await kit.settle();
        await world.restart();
        break;
      case 'crash':
        await kit.restart();
        break;
      case 'block':
        await kit.mine();
    }
    await kit.settle();
    world.check();
  }

  /** Who was sent away comes back, to go on. */
  async #beThere(): Promise<void> {
    const { kit, evil } = this.world;
    if (kit.join(evil.id)) await kit.settle();
  }

  /** The evil machine offers, and signs for, what no limit of BOLT 2 lets pass. */
  #force(amount: bigint, n: number): void {
    const { opener } = this.world.evil;
    const { live } = opener;
    if (live.link.kind !== 'online' || live.failure !== undefined) return;
    const { commitments: c } = live;
    const htlc = {
      ...this.world.payment(this.world.evil, 5_000_000, n),
      id: c.nextLocalHtlcId,
      state: 'SENT_ADD_HTLC' as const,
      amountMsat: msat(amount),
      origin: { kind: 'local', paymentHash: new Uint8Array(32), groupId: 9, partId: n } as const,
    };
    expect(HTLC_STATES[htlc.state].offeredBy).toBe('local');
    opener.state = {
      ...live,
      commitments: { ...c, htlcs: [...c.htlcs, htlc], nextLocalHtlcId: htlc.id + 1n },
    };
    this.world.kit.say(opener, {
      kind: 'updateAddHtlc',
      channelId: live.channelId,
      id: htlc.id,
      amountMsat: htlc.amountMsat,
      paymentHash: htlc.paymentHash,
      cltvExpiry: htlc.cltvExpiry,
      onionRoutingPacket: htlc.onion,
      tlvs: {},
    });
  }
}

const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 30);

describe('a relay with a hostile peer', () => {
  for (const evil of ['alice', 'carol'] as const)
    it(`loses nothing, whatever ${evil} says`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(action, { minLength: 10, maxLength: 60, size: 'max' }),
          fc.record({ weOpen: fc.boolean(), anchors: fc.boolean() }),
          async (actions, channelTo) => {
            const world = await HostileRelay.start(evil, channelTo);
            const play = new Play(world);
            for (const a of actions) await play.act(a);
            await world.kit.settle();
            await world.restart();
            await world.finish();
          },
        ),
        { numRuns: RUNS, interruptAfterTimeLimit: 240_000 },
      );
    }, 260_000);
});
