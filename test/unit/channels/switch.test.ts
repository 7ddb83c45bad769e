import { beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/store/sqlite/index.js';
import {
  type Bytes,
  type ChannelId,
  concat,
  msat,
  scidFromString,
} from '../../../src/core/bytes/index.js';
import type {
  ChannelCommand,
  HtlcFailure,
  HtlcOrigin,
  ReceivedHtlc,
  RelayPolicy,
} from '../../../src/core/channel/index.js';
import { ecdh, privMul, publicKeyFromPrivate, sha256 } from '../../../src/core/crypto/index.js';
import {
  blindPath,
  buildOnion,
  type EncryptedData,
  encodeEncryptedData,
  encodeHopPayload,
  failureCode,
  type HopPayload,
  peel,
  readFailure,
} from '../../../src/core/onion/index.js';
import { VirtualClock } from '../../../src/lab/index.js';
import {
  type FinalHtlc,
  HtlcSwitch,
  type HtlcToOffer,
  type SwitchDeps,
} from '../../../src/node/channels/switch.js';
import { type Store, silentLogger } from '../../../src/ports/index.js';

const HEIGHT = 100;
const paymentHash = new Uint8Array(32).fill(9);
const [bob, carol] = [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)];
const nodeId = (key: Bytes): Bytes => publicKeyFromPrivate(key)!;
const incoming = '11'.repeat(32) as ChannelId;
const outgoing = '22'.repeat(32) as ChannelId;
const scid = scidFromString('7x1x0')!;

const policy: RelayPolicy = {
  feeBaseMsat: 1000,
  feeProportionalMillionths: 0,
  cltvExpiryDelta: 40,
  htlcMinimumMsat: msat(1),
  htlcMaximumMsat: msat(1_000_000_000),
  enabled: true,
};

/** What the recipient tells bob: pass on by that channel, for our fee and our delta. */
const RELAY: EncryptedData = {
  shortChannelId: scid,
  paymentRelay: { cltvExpiryDelta: 40, feeProportionalMillionths: 0, feeBaseMsat: 1000 },
  paymentConstraints: { maxCltvExpiry: 300, htlcMinimumMsat: msat(5) },
};

/** bob's switch between two channels that are played by hand. */
class Bob {
  readonly offered: HtlcToOffer[] = [];
  readonly settled: ChannelCommand[] = [];
  readonly final: FinalHtlc[] = [];
  /** What the log said at level error. */
  readonly errors: string[] = [];
  /** The incoming HTLC waits for its end still. */
  fulfillable = true;
  readonly asked: Parameters<SwitchDeps['outgoing']>[] = [];
  readonly htlcs: HtlcSwitch;

  constructor(readonly store: Store) {
    this.htlcs = new HtlcSwitch(
      { graceBlocks: 3, maxExpiryBlocks: 2016 },
      {
        store,
        clock: new VirtualClock(),
        log: { ...silentLogger, error: (text) => void this.errors.push(text) },
        height: () => HEIGHT,
        whenCurrent: () => true,
        ecdh: (point) => ecdh(bob, point)!,
        outgoing: (...asked) => {
          this.asked.push(asked);
          return { channelId: outgoing, policy, channelUpdate: new Uint8Array(0) };
        },
        offer: async (_, htlc, writes) => {
          this.offered.push(htlc);
          const result = { ok: true, htlcId: 0n } as const;
          await store.commit(writes(result));
          return result;
        },
        settle: (_, command) => {
          this.settled.push(command);
        },
        received: () => undefined,
        isFulfillable: () => this.fulfillable,
        isOffered: () => true,
        isOperating: () => true,
        receiveFinal: (htlc) => {
          this.final.push(htlc);
        },
        localFulfilled: () => [],
        localFailed: () => [],
        localSettled: () => {},
        localPaidAfterAll: async () => [],
      },
    );
  }

  /** An HTLC whose onion holds these payloads for bob and, sealed by `key`, for carol. */
  receive(payloads: readonly HopPayload[], extra: Partial<ReceivedHtlc> = {}, first = nodeId(bob)) {
    const built = buildOnion({
      hops: payloads.map((payload, i) => ({
        nodeId: i === 0 ? first : nodeId(carol),
        payload: encodeHopPayload(payload),
      })),
      sessionKey: new Uint8Array(32).fill(7),
      associatedData: paymentHash,
    });
    if (!built.ok) throw new Error(built.error.code);
    const { packet: onion, sharedSecrets } = built.value;
    const htlc = { id: 0n, amountMsat: msat(10_000), cltvExpiry: 200, paymentHash, onion };
    this.htlcs.received(incoming, { ...htlc, ...extra });
    return { onion, sharedSecrets };
  }

  /** The outgoing HTLC fails. */
  fail(failure: HtlcFailure): void {
    const origin: HtlcOrigin & { kind: 'relayed' } = {
      kind: 'relayed',
      channelId: incoming,
      htlcId: 0n,
    };
    const amountMsat = msat(9_000);
    const ended = { kind: 'htlcFailed', htlcId: 0n, origin, paymentHash, amountMsat, failure };
    void this.store.commit(this.htlcs.writesOf(ended as never));
    this.htlcs.ended(ended as never);
  }

  /** The chain shows the preimage of the outgoing HTLC. */
  async pay(): Promise<void> {
    const origin = { kind: 'relayed', channelId: incoming, htlcId: 0n } as const;
    const amountMsat = msat(9_000);
    const preimage = new Uint8Array(32).fill(1);
    const ended = { kind: 'htlcFulfilled', htlcId: 0n, origin, amountMsat, preimage } as const;
    await this.store.commit(await this.htlcs.writesOfChainEnd(ended));
    this.htlcs.ended(ended);
    await this.store.select('forwards');
  }

  /** The incoming HTLC is removed for good. */
  async removed(): Promise<void> {
    await this.store.commit(this.htlcs.told(incoming, 0n));
  }

  async status(): Promise<string | undefined> {
    return (await this.store.select('forwards'))[0]?.status;
  }

  /** What the origin reads of how it ended. */
  told(sharedSecrets: readonly Bytes[]): string | undefined {
    const [command] = this.settled;
    if (command?.kind !== 'failHtlc') return command?.kind;
    const read = readFailure(sharedSecrets, command.reason);
    return read.ok ? `${read.value.index}: ${read.value.failure.kind}` : read.error.code;
  }
}

let node: Bob;
beforeEach(async () => {
  node = new Bob(await openStore({ path: ':memory:', inline: true }));
});

const plain: HopPayload = {
  amtToForward: msat(9_000),
  outgoingCltvValue: 160,
  shortChannelId: scid,
};
const last: HopPayload = { amtToForward: msat(9_000), outgoingCltvValue: 160 };

describe('an HTLC that brings dust over our exposure', () => {
  it('is failed, and not passed on', () => {
    const { sharedSecrets } = node.receive([plain, last], { dustExposed: true });
    expect(node.told(sharedSecrets)).toBe('0: temporaryChannelFailure');
    expect([node.offered, node.final]).toEqual([[], []]);
  });

  it('is for the invoices to refuse, unless it was accepted before a restart', () => {
    const payload = { ...last, amtToForward: msat(10_000), outgoingCltvValue: 200 };
    node.receive([payload], { dustExposed: true });
    expect(node.final).toMatchObject([{ refusal: { kind: 'temporaryChannelFailure' } }]);
  });
});

describe('a preimage that a reorg brings after the HTLC was failed upstream', () => {
  beforeEach(() => {
    node.receive([plain, last]);
    node.fail({ kind: 'onchain' });
  });

  it('claims the incoming HTLC where nobody was told yet', async () => {
    await node.pay();
    expect(node.settled.at(-1)?.kind).toBe('fulfillHtlc');
    expect(await node.status()).toBe('settled');
    expect(node.errors).toEqual([]);
    expect(node.htlcs.earned).toBe(1_000n);
  });

  it('is money lost where the incoming HTLC is gone: the log shouts', async () => {
    await node.removed();
    await node.pay();
    expect(await node.status()).toBe('failed');
    expect(node.errors).toEqual([expect.stringMatching(/^MONEY LOST/)]);
  });

  it('still claims the incoming HTLC where that lies on the chain', async () => {
    node.fulfillable = false;
    await node.pay();
    expect(node.settled.at(-1)?.kind).toBe('fulfillHtlc');
    expect(node.errors).toEqual([expect.stringMatching(/^MONEY LOST, unless/)]);
  });

  it('is nothing new where the channel told it before the chain', async () => {
    const other = new Bob(await openStore({ path: ':memory:', inline: true }));
    other.receive([plain, last]);
    await other.pay();
    await other.removed();
    await other.pay();
    expect(await other.status()).toBe('settled');
    expect(other.errors).toEqual([]);
  });
});

describe('outside of a blinded path', () => {
  it('an HTLC is passed on without a path key, and a failure goes back for the origin', () => {
    const { sharedSecrets } = node.receive([plain, last]);
    expect(node.offered).toMatchObject([{ amountMsat: 9_000n, cltvExpiry: 160 }]);
    expect(node.offered[0]).not.toHaveProperty('pathKey');
    node.fail({ kind: 'onchain' });
    expect(node.told(sharedSecrets)).toBe('0: permanentChannelFailure');
  });

  it('a path key alone is an error, told as one of a blinded path', () => {
    const pathKey = nodeId(new Uint8Array(32).fill(5));
    const { onion } = node.receive([plain, last], { pathKey });
    expect(node.settled).toEqual([malformed(onion)]);
  });
});

const malformed = (onion: Bytes) => ({
  kind: 'failMalformedHtlc',
  htlcId: 0n,
  failureCode: failureCode({ kind: 'invalidOnionBlinding', sha256OfOnion: onion }),
  sha256OfOnion: sha256(onion),
});

const failures: readonly HtlcFailure[] = [
  { kind: 'encrypted', reason: new Uint8Array(292) },
  { kind: 'malformed', failureCode: 0xc005, sha256OfOnion: new Uint8Array(32) },
  { kind: 'onchain' },
  { kind: 'uncommitted' },
];

describe.each(['introduction', 'inside'] as const)('in a blinded path (%s)', (place) => {
  const path = (data: EncryptedData) => {
    const nodes = [
      { nodeId: nodeId(bob), data: encodeEncryptedData(data) },
      { nodeId: nodeId(carol), data: encodeEncryptedData({ pathId: Uint8Array.of(1) }) },
    ];
    const made = blindPath(nodes, new Uint8Array(32).fill(5));
    if (!made.ok) throw new Error(made.error.code);
    return made.value;
  };

  function receive(data: EncryptedData, more: HopPayload = {}, extra: Partial<ReceivedHtlc> = {}) {
    const { firstPathKey: pathKey, hops } = path(data);
    const { encryptedRecipientData, blindedNodeId } = hops[0]!;
    return place === 'introduction'
      ? node.receive([{ encryptedRecipientData, currentPathKey: pathKey, ...more }, last], extra)
      : node.receive(
          [{ encryptedRecipientData, ...more }, last],
          { pathKey, ...extra },
          blindedNodeId,
        );
  }

  /** The path failed, and nobody learns how. */
  function expectFailed({ onion, sharedSecrets }: ReturnType<typeof receive>): void {
    if (place === 'inside') expect(node.settled).toEqual([malformed(onion)]);
    else expect(node.told(sharedSecrets)).toBe('0: invalidOnionBlinding');
  }

  it('an HTLC is passed on by the terms of the recipient, with the next path key', () => {
    receive(RELAY);
    expect(node.asked).toEqual([[{ kind: 'channel', shortChannelId: scid }, 9_000n]]);
    expect(node.offered).toMatchObject([{ amountMsat: 9_000n, cltvExpiry: 160 }]);
    const { pathKey, onion } = node.offered[0]!;
    // carol can make out from it that the recipient's word is for her.
    const key = nodeId(new Uint8Array(32).fill(5));
    expect(pathKey).toEqual(
      publicKeyFromPrivate(nextKey(new Uint8Array(32).fill(5), ecdh(bob, key)!)),
    );
    const plainly = peel(onion, { associatedData: paymentHash, ecdh: (p) => ecdh(carol, p)! });
    expect(plainly.ok).toBe(true);
  });

  it('an HTLC is passed on to a node, by any channel with it', () => {
    const { shortChannelId: _, ...others } = RELAY;
    receive({ ...others, nextNodeId: nodeId(carol) });
    expect(node.asked).toEqual([[{ kind: 'node', nodeId: nodeId(carol) }, 9_000n]]);
    expect(node.offered).toHaveLength(1);
  });

  it.each(failures)('what happens further on is not told: $kind', (failure) => {
    const sent = receive(RELAY);
    node.fail(failure);
    expectFailed(sent);
  });

  it.each<[string, EncryptedData, HopPayload?, Partial<ReceivedHtlc>?]>([
    ['after the last height of the path', RELAY, {}, { cltvExpiry: 301 }],
    [
      'less than the path takes',
      { ...RELAY, paymentConstraints: { maxCltvExpiry: 300, htlcMinimumMsat: msat(10_001) } },
    ],
    ['a feature is named', { ...RELAY, allowedFeatures: Uint8Array.of(0, 1) }],
    ['no terms', { shortChannelId: scid }],
    ['no next node', { paymentRelay: RELAY.paymentRelay! }],
    ['two next nodes', { ...RELAY, nextNodeId: nodeId(carol) }],
    [
      'the fee is more than there is',
      { ...RELAY, paymentRelay: { ...RELAY.paymentRelay!, feeBaseMsat: 10_000 } },
    ],
    [
      'the fee is less than ours',
      { ...RELAY, paymentRelay: { ...RELAY.paymentRelay!, feeBaseMsat: 999 } },
    ],
    [
      'the delta is less than ours',
      { ...RELAY, paymentRelay: { ...RELAY.paymentRelay!, cltvExpiryDelta: 39 } },
    ],
    ['more in the payload', RELAY, { amtToForward: msat(9_000) }],
    [
      'an unknown record in the payload',
      RELAY,
      { unknown: [{ type: 101n, value: new Uint8Array(1) }] },
    ],
    ["a word that is not the recipient's", RELAY, { encryptedRecipientData: new Uint8Array(40) }],
    ['dust over our exposure', RELAY, {}, { dustExposed: true }],
  ])('an HTLC is refused, and why is not told: %s', (_, data, more, extra) => {
    const sent = receive(data, more, extra);
    expect(node.offered).toEqual([]);
    expectFailed(sent);
  });

  it('a path key in both places is refused', () => {
    const other = nodeId(new Uint8Array(32).fill(6));
    const sent =
      place === 'inside'
        ? receive(RELAY, { currentPathKey: other })
        : receive(RELAY, {}, { pathKey: other });
    expect(node.offered).toEqual([]);
    expect(node.settled).toEqual([malformed(sent.onion)]);
  });
});

/** BOLT 4, route blinding: the key after this one. */
function nextKey(key: Bytes, secret: Bytes): Bytes {
  const factor = sha256(concat(publicKeyFromPrivate(key)!, secret));
  return privMul(key, factor)!;
}
