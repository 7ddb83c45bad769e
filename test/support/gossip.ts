/** Signed gossip of made-up nodes, and the machine with its requests answered at once. */
import { msat, type ShortChannelId, sat, shortChannelId } from '../../src/core/bytes/index.js';
import { sha256, verify } from '../../src/core/crypto/index.js';
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
} from '../../src/core/wire/index.js';
import {
  announcementOf,
  fundingOutputOf,
  inOrder,
  nodeAnnouncementBy,
  type Party,
  party,
  type Two,
  updateBy,
} from './signed-gossip.js';

export { type Party, party } from './signed-gossip.js';

export const CHAIN = new Uint8Array(32).fill(6);
export const NOW = 1_700_000_000;
export const HEIGHT = 1_000;
/** gossip_queries and gossip_queries_ex. */
export const QUERIES = featureBits([7, 11]);

export interface Link {
  readonly scid: ShortChannelId;
  /** In the order of the announcement. */
  readonly nodes: Two;
  readonly funding: Two;
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

/** Channel number `n`; who else signs for the funding output lies. */
export function link(
  n: number,
  a: Party,
  b: Party,
  features: readonly number[] = [],
  owners = `${n}`,
): Link {
  const nodes = inOrder(a, b);
  const scid = shortChannelId(500 + n, 1, 0);
  const funding = [party(`${owners} 1`), party(`${owners} 2`)] as const;
  const about = { chainHash: CHAIN, scid, nodes, funding, features: featureBits(features) };
  const announcement = onWire(announcementOf(about));
  const script = fundingOutputOf(funding);
  return { scid, nodes, funding, announcement, script, txid: sha256(announcement.bitcoinKey1) };
}

export function update(
  { scid, nodes }: Link,
  direction: 0 | 1,
  over: Partial<MessageOf<'channelUpdate'>> = {},
): MessageOf<'channelUpdate'> {
  const fields = {
    chainHash: CHAIN,
    shortChannelId: scid,
    timestamp: NOW - 100,
    messageFlags: 1,
    channelFlags: direction,
    cltvExpiryDelta: 6,
    htlcMinimumMsat: msat(1),
    feeBaseMsat: 1000,
    feeProportionalMillionths: 10,
    htlcMaximumMsat: msat(900_000_000),
    ...over,
  };
  return onWire(updateBy(nodes[direction] as Party, fields));
}

export function nodeAnnouncement(
  who: Party,
  over: Partial<MessageOf<'nodeAnnouncement'>> = {},
): MessageOf<'nodeAnnouncement'> {
  return onWire(nodeAnnouncementBy(who, { timestamp: NOW - 100, ...over }));
}

/** The whole answer of a peer that knows these channels. */
export const rangeOf = (
  links: readonly Link[],
  over: Partial<MessageOf<'replyChannelRange'>> = {},
): MessageOf<'replyChannelRange'> => ({
  kind: 'replyChannelRange',
  chainHash: CHAIN,
  firstBlocknum: 0,
  numberOfBlocks: 0xffffffff,
  syncComplete: 1,
  encodedShortIds: links.map(({ scid }) => scid),
  tlvs: {},
  ...over,
});

/** A peer has told of all that it was asked for. */
export const END: MessageOf<'replyShortChannelIdsEnd'> = {
  kind: 'replyShortChannelIdsEnd',
  chainHash: CHAIN,
  fullInformation: 1,
};

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
