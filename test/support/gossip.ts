/** Signed gossip of made-up nodes, and the machine with its requests answered at once. */
import { p2wsh } from '../../src/core/bitcoin/index.js';
import {
  compare,
  type NodeId,
  type ShortChannelId,
  sat,
  shortChannelId,
  toHex,
} from '../../src/core/bytes/index.js';
import { fundingScript } from '../../src/core/channel/index.js';
import {
  publicKeyFromPrivate,
  sha256,
  sha256d,
  sign,
  verify,
} from '../../src/core/crypto/index.js';
import {
  type GossipContext,
  type GossipEffect,
  type GossipInput,
  GossipMachine,
  type GossipOptions,
} from '../../src/core/gossip/index.js';
import { RouteTable } from '../../src/core/routing/index.js';
import {
  decodeMessage,
  encodeMessage,
  featureBits,
  type GossipKind,
  type MessageOf,
  signedPart,
} from '../../src/core/wire/index.js';

export const CHAIN = new Uint8Array(32).fill(6);
export const NOW = 1_700_000_000;
export const HEIGHT = 1_000;
/** gossip_queries and gossip_queries_ex. */
export const QUERIES = featureBits([7, 11]);

export interface Party {
  readonly key: Uint8Array;
  readonly id: Uint8Array;
  readonly hex: NodeId;
}

export function party(name: string): Party {
  const key = sha256(new TextEncoder().encode(name));
  const id = publicKeyFromPrivate(key) as Uint8Array;
  return { key, id, hex: toHex(id) as NodeId };
}

const ZERO = new Uint8Array(64);

export interface Link {
  readonly scid: ShortChannelId;
  /** In the order of the announcement. */
  readonly nodes: readonly [Party, Party];
  readonly funding: readonly [Party, Party];
  readonly announcement: MessageOf<'channelAnnouncement'>;
  readonly script: Uint8Array;
  readonly txid: Uint8Array;
}

/** As it comes off the wire, with its raw bytes. */
function onWire<M extends MessageOf<GossipKind>>(message: M): M {
  const decoded = decodeMessage(encodeMessage(message));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
  return decoded.value as unknown as M;
}

const signed = (key: Uint8Array, message: Parameters<typeof signedPart>[0]): Uint8Array =>
  sign(key, sha256d(signedPart(message))) as Uint8Array;

/** Channel number `n`; who else signs for the funding output lies. */
export function link(
  n: number,
  a: Party,
  b: Party,
  features: readonly number[] = [],
  owners = `${n}`,
): Link {
  const nodes: [Party, Party] = compare(a.id, b.id) < 0 ? [a, b] : [b, a];
  const scid = shortChannelId(500 + n, 1, 0);
  const funding: [Party, Party] = [party(`${owners} 1`), party(`${owners} 2`)];
  const bare: MessageOf<'channelAnnouncement'> = {
    kind: 'channelAnnouncement',
    nodeSignature1: ZERO,
    nodeSignature2: ZERO,
    bitcoinSignature1: ZERO,
    bitcoinSignature2: ZERO,
    features: featureBits(features),
    chainHash: CHAIN,
    shortChannelId: scid,
    nodeId1: nodes[0].id,
    nodeId2: nodes[1].id,
    bitcoinKey1: funding[0].id,
    bitcoinKey2: funding[1].id,
  };
  const announcement = onWire({
    ...bare,
    nodeSignature1: signed(nodes[0].key, bare),
    nodeSignature2: signed(nodes[1].key, bare),
    bitcoinSignature1: signed(funding[0].key, bare),
    bitcoinSignature2: signed(funding[1].key, bare),
  });
  const script = p2wsh(fundingScript(funding[0].id, funding[1].id));
  return { scid, nodes, funding, announcement, script, txid: sha256(announcement.bitcoinKey1) };
}

export function update(
  { scid, nodes }: Link,
  direction: 0 | 1,
  over: Partial<MessageOf<'channelUpdate'>> = {},
): MessageOf<'channelUpdate'> {
  const bare: MessageOf<'channelUpdate'> = {
    kind: 'channelUpdate',
    signature: ZERO,
    chainHash: CHAIN,
    shortChannelId: scid,
    timestamp: NOW - 100,
    messageFlags: 1,
    channelFlags: direction,
    cltvExpiryDelta: 6,
    htlcMinimumMsat: 1n as never,
    feeBaseMsat: 1000,
    feeProportionalMillionths: 10,
    htlcMaximumMsat: 900_000_000n as never,
    ...over,
  };
  return onWire({ ...bare, signature: signed((nodes[direction] as Party).key, bare) });
}

export function nodeAnnouncement(
  who: Party,
  over: Partial<MessageOf<'nodeAnnouncement'>> = {},
): MessageOf<'nodeAnnouncement'> {
  const bare: MessageOf<'nodeAnnouncement'> = {
    kind: 'nodeAnnouncement',
    signature: ZERO,
    features: new Uint8Array(0),
    timestamp: NOW - 100,
    nodeId: who.id,
    rgbColor: Uint8Array.of(1, 2, 3),
    alias: new Uint8Array(32),
    addresses: [],
    ...over,
  };
  return onWire({ ...bare, signature: signed(who.key, bare) });
}

/** A machine whose signatures are checked and whose funding outputs are found at once. */
export class TestGossip {
  readonly table = new RouteTable();
  readonly machine: GossipMachine;
  readonly stored = new Map<string, Uint8Array>();
  /** Effects but those that were answered, since `take`. */
  #effects: GossipEffect[] = [];
  readonly #links = new Map<ShortChannelId, Link>();
  now = NOW;
  height = HEIGHT;
  checks = 0;
  /** Set it, and signatures are checked only by `check`. */
  slow = false;
  readonly #unchecked: (GossipEffect & { kind: 'verify' })[] = [];

  constructor(links: readonly Link[], options: Partial<GossipOptions> = {}) {
    for (const each of links) this.#links.set(each.scid, each);
    this.machine = new GossipMachine(
      {
        nodeId: party('self').hex,
        chainHash: CHAIN,
        features: { gossipQueries: 'optional' },
        ...options,
      },
      { topology: this.table, ownChannel: () => undefined },
    );
  }

  spend(scid: ShortChannelId): void {
    this.#links.delete(scid);
  }

  step(input: GossipInput): void {
    const context: GossipContext = { now: this.now, height: this.height };
    for (const effect of this.machine.step(input, context)) this.#take(effect);
  }

  receive(
    peer: Party,
    ...messages: (GossipInput & { kind: 'message' })['message'][]
  ): GossipEffect[] {
    for (const message of messages) this.step({ kind: 'message', peer: peer.hex, message, ref: 1 });
    return this.take();
  }

  /** Checks what waits for it. */
  check(): void {
    this.slow = false;
    for (const effect of this.#unchecked.splice(0)) this.#take(effect);
  }

  take(): GossipEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #take(effect: GossipEffect): void {
    switch (effect.kind) {
      case 'verify': {
        if (this.slow) {
          this.#unchecked.push(effect);
          return;
        }
        this.checks += effect.checks.length;
        const good = effect.checks.every((c) => verify(c.signature, effect.digest, c.point));
        this.step({ kind: 'verified', job: effect.job, good });
        return;
      }
      case 'lookUpFunding': {
        const found = this.#links.get(effect.scid);
        const { job } = effect;
        if (found === undefined) {
          this.step({ kind: 'funding', job });
          return;
        }
        const confirmations = this.height - Number(effect.scid >> 40n) + 1;
        const output = {
          txid: found.txid,
          amount: sat(1_000_000),
          scriptPubkey: found.script,
          confirmations,
        };
        this.step({ kind: 'funding', job, output });
        return;
      }
      case 'put':
        this.stored.set(effect.key, effect.message);
        break;
      case 'drop':
        this.stored.delete(effect.key);
        break;
    }
    this.#effects.push(effect);
  }
}
