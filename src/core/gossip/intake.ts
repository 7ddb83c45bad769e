/**
 * Announcements and updates on their way into the graph: cheap checks first, then the signatures,
 * then the funding output. What arrives for a channel that is still on its way waits with it.
 */
import {
  type BlockHeight,
  compare,
  equal,
  type NodeId,
  type ShortChannelId,
  satToMsat,
  scidParts,
  scidToString,
  toHex,
} from '../bytes/index.js';
import { sha256d } from '../crypto/index.js';
import { encodeMessage, type MessageOf, signedPart, unknownRequired } from '../wire/index.js';
import type { Outpoints } from './outpoints.js';
import {
  type ChannelAnnouncement,
  type ChannelUpdate,
  type From,
  type NodeAnnouncement,
  type PendingChannel,
  PendingChannels,
} from './pending.js';
import type { RateLimits } from './rates.js';
import { Refusals } from './refusals.js';
import type { Relay } from './relay.js';
import {
  channelKeyOf,
  directionOf,
  fundingScriptOf,
  nodeKeyOf,
  policyOf,
  updateChecksum,
  updateKeyOf,
} from './stored.js';
import type {
  FundingOutput,
  GossipContext,
  GossipEffect,
  GossipLimits,
  GossipMachineDeps,
  GossipOptions,
  SignatureCheck,
} from './types.js';

type Job =
  | { readonly kind: 'channel'; readonly scid: ShortChannelId }
  | ({ readonly kind: 'update' } & From<ChannelUpdate>)
  | ({ readonly kind: 'node' } & From<NodeAnnouncement>);

/** A timestamp further ahead than this is a lie or a broken clock. */
const FUTURE_SECONDS = 86_400;
/** How far ahead of our tip an announcement's block may be and still be waited for. */
const EARLY_BLOCKS = 10;
const UNKNOWN_KEPT = 10_000;

export class Intake {
  readonly #options: GossipOptions;
  readonly #limits: GossipLimits;
  readonly #deps: GossipMachineDeps;
  readonly #outpoints: Outpoints;
  readonly #relay: Relay;
  readonly #rates: RateLimits;
  readonly #pending = new PendingChannels();
  readonly #jobs = new Map<number, Job>();
  #nextJob = 1;
  /** The newest timestamp under verification, by key. */
  readonly #verifying = new Map<string, number>();
  /** Funding outputs that were looked up in vain since the last block. */
  readonly #refused = new Refusals();
  /** Heights at which the funding outputs of channels were spent. */
  readonly spentAt = new Map<ShortChannelId, BlockHeight>();
  /** Channels that updates came for and that we do not know. */
  readonly unknownChannels = new Set<ShortChannelId>();

  constructor(
    options: GossipOptions & { readonly limits: GossipLimits },
    deps: GossipMachineDeps & {
      readonly outpoints: Outpoints;
      readonly relay: Relay;
      readonly rates: RateLimits;
    },
  ) {
    this.#options = options;
    this.#limits = options.limits;
    this.#deps = deps;
    this.#outpoints = deps.outpoints;
    this.#relay = deps.relay;
    this.#rates = deps.rates;
  }

  /** Channels whose announcement is being checked or waits for blocks. */
  isPending(scid: ShortChannelId): boolean {
    return this.#pending.get(scid) !== undefined;
  }
  get pendingCount(): number {
    return this.#pending.size + this.#jobs.size;
  }

  channelAnnouncement(from: From<ChannelAnnouncement>, cx: GossipContext): GossipEffect[] {
    const { message, peer } = from;
    const scid = message.shortChannelId;
    // BOLT 7, channel_announcement: a chain we do not know is ignored.
    if (!equal(message.chainHash, this.#options.chainHash)) return done(from);
    // BOLT 7, channel_announcement: node_id_1 is the lesser of the two.
    if (compare(message.nodeId1, message.nodeId2) >= 0)
      return this.#offend(
        from,
        `channel_announcement ${scidToString(scid)}: node ids not in order`,
      );
    const { graph } = this.#deps.topology;
    const known = graph.channel(scid) >= 0 || this.#refused.has(message) || this.spentAt.has(scid);
    // Ours is sent at once, even where the other end's copy of it was faster.
    if (peer === undefined && graph.channel(scid) >= 0)
      return [...done(from), { kind: 'sendToAll', message }];
    const pending = this.#pending.get(scid);
    if (pending !== undefined && !known) this.#pending.join(pending, from);
    if (known || pending !== undefined) return done(from);
    if (this.#pending.size >= this.#limits.pendingChannels) return done(from);
    const { block } = scidParts(scid);
    const depth = cx.height - block + 1;
    if (depth < this.#limits.minimumDepth && peer !== undefined) {
      // BOLT 7: an announcement close to six confirmations may come before our own block does.
      if (block > cx.height + EARLY_BLOCKS) return done(from);
      this.#pending.hold({ ...from, ref: undefined }, 'early');
      return done(from);
    }
    return this.#check(this.#pending.hold(from, peer === undefined ? 'funding' : 'signatures'));
  }

  channelUpdate(from: From<ChannelUpdate>, cx: GossipContext): GossipEffect[] {
    const { message, peer } = from;
    const { shortChannelId: scid, timestamp } = message;
    if (!equal(message.chainHash, this.#options.chainHash)) return done(from);
    const { graph } = this.#deps.topology;
    const direction = directionOf(message);
    const c = graph.channel(scid);
    if (c < 0) return this.#updateOfUnknown(from, cx);
    const e = 2 * c + direction;
    const key = updateKeyOf(scid, direction);
    // BOLT 7, channel_update: not newer than the last one is ignored.
    if (timestamp <= (graph.timestamp[e] as number)) return done(from);
    if (timestamp <= (this.#verifying.get(key) ?? 0)) return done(from);
    if (timestamp > cx.now + FUTURE_SECONDS) return done(from);
    if (peer === undefined) return [...done(from), ...this.#acceptUpdate(from, c, cx)];
    const signer = graph.nodeId(graph.source[e] as number);
    // Only we know what our own updates say; an echo newer than the last one is an old self's.
    if (toHex(signer) === this.#options.nodeId) return done(from);
    // BOLT 7, "Pruning the Network View": a stale update would be pruned at once.
    if (timestamp < cx.now - this.#limits.pruneSeconds) return done(from);
    // BOLT 7, channel_update: of a spent channel, only a disabling one is taken.
    if (this.spentAt.has(scid) && (message.channelFlags & 2) === 0) return done(from);
    // BOLT 7, channel_update: dont_forward is for the other end of the channel alone.
    if ((message.messageFlags & 2) !== 0) return done(from);
    if (!this.#rates.takeUpdate(e, cx.now)) return done(from);
    this.#verifying.set(key, timestamp);
    return [
      this.#verify({ kind: 'update', ...from }, message, [
        { signature: message.signature, point: signer },
      ]),
    ];
  }

  nodeAnnouncement(from: From<NodeAnnouncement>, cx: GossipContext): GossipEffect[] {
    const { message, peer } = from;
    const { graph } = this.#deps.topology;
    const id = toHex(message.nodeId) as NodeId;
    const n = graph.node(message.nodeId);
    if (n < 0) {
      // BOLT 7, node_announcement: a node without a known channel is ignored.
      this.#pending.joinNode(from);
      return done(from);
    }
    const key = nodeKeyOf(id);
    // BOLT 7, node_announcement: not newer than the last one is ignored.
    if (message.timestamp <= (graph.nodeTimestamp[n] as number)) return done(from);
    if (message.timestamp <= (this.#verifying.get(key) ?? 0)) return done(from);
    if (message.timestamp > cx.now + FUTURE_SECONDS) return done(from);
    if (peer === undefined) return [...done(from), ...this.#acceptNode(from, n, cx)];
    if (id === this.#options.nodeId) return done(from);
    if (!this.#rates.takeNode(n, cx.now)) return done(from);
    this.#verifying.set(key, message.timestamp);
    const checks = [{ signature: message.signature, point: message.nodeId }];
    return [this.#verify({ kind: 'node', ...from }, message, checks)];
  }

  verified(id: number, good: boolean, cx: GossipContext): GossipEffect[] {
    const job = this.#jobs.get(id);
    if (job === undefined) return [];
    this.#jobs.delete(id);
    switch (job.kind) {
      case 'channel': {
        const pending = this.#pending.get(job.scid);
        if (pending === undefined) return [];
        if (good) {
          pending.stage = 'funding';
          return this.#check(pending);
        }
        // BOLT 7, channel_announcement: a wrong signature may end the connection.
        return [
          ...this.#offend(
            pending,
            `channel_announcement ${scidToString(job.scid)}: bad signature`,
            true,
          ),
          ...this.#tryNext(pending),
        ];
      }
      case 'update':
        return this.#updateVerified(job, good, cx);
      case 'node':
        return this.#nodeVerified(job, good, cx);
    }
  }

  funding(id: number, output: FundingOutput | undefined, cx: GossipContext): GossipEffect[] {
    const job = this.#jobs.get(id);
    if (job?.kind !== 'channel') return [];
    this.#jobs.delete(id);
    const pending = this.#pending.get(job.scid);
    if (pending === undefined) return [];
    // BOLT 7, channel_announcement: the output must be unspent and pay to the two bitcoin keys.
    const fits =
      output !== undefined && equal(output.scriptPubkey, fundingScriptOf(pending.message));
    if (fits && output.confirmations < this.#limits.minimumDepth && pending.peer !== undefined) {
      pending.stage = 'early';
      return done(pending);
    }
    if (!fits) {
      this.#refused.add(pending.message, output !== undefined);
      return [...done(pending), ...this.#tryNext(pending)];
    }
    this.#pending.release(pending);
    return [...done(pending), ...this.#acceptChannel(pending, output, cx)];
  }

  /** With each block: those that waited for depth, and what was refused may be asked again. */
  block(cx: GossipContext): GossipEffect[] {
    this.#refused.clear();
    const effects: GossipEffect[] = [];
    for (const pending of this.#pending.early()) {
      const { block } = scidParts(pending.message.shortChannelId);
      if (cx.height - block + 1 < this.#limits.minimumDepth) continue;
      pending.stage = 'signatures';
      effects.push(...this.#check(pending));
    }
    return effects;
  }

  #tryNext(pending: PendingChannel): GossipEffect[] {
    const next = this.#pending.next(pending, (message) => this.#refused.has(message));
    return next === undefined ? [] : this.#check(next);
  }

  #check(pending: PendingChannel): GossipEffect[] {
    const { message } = pending;
    const scid = message.shortChannelId;
    const job: Job = { kind: 'channel', scid };
    if (pending.stage === 'funding') {
      const id = this.#addJob(job);
      return [{ kind: 'lookUpFunding', job: id, scid }];
    }
    return [
      this.#verify(job, message, [
        { signature: message.nodeSignature1, point: message.nodeId1 },
        { signature: message.nodeSignature2, point: message.nodeId2 },
        { signature: message.bitcoinSignature1, point: message.bitcoinKey1 },
        { signature: message.bitcoinSignature2, point: message.bitcoinKey2 },
      ]),
    ];
  }

  #addJob(job: Job): number {
    const id = this.#nextJob++;
    this.#jobs.set(id, job);
    return id;
  }

  #verify(
    job: Job,
    message: MessageOf<'channelAnnouncement' | 'channelUpdate' | 'nodeAnnouncement'>,
    checks: readonly SignatureCheck[],
  ): GossipEffect {
    const digest = sha256d(signedPart(message));
    return { kind: 'verify', job: this.#addJob(job), digest, checks };
  }

  #acceptChannel(
    pending: PendingChannel,
    output: FundingOutput,
    cx: GossipContext,
  ): GossipEffect[] {
    const { message } = pending;
    const scid = message.shortChannelId;
    const { topology } = this.#deps;
    const c = topology.addChannel({
      scid,
      node1: message.nodeId1,
      node2: message.nodeId2,
      capacityMsat: Number(satToMsat(output.amount)),
    });
    // BOLT 7, channel_announcement: not to be routed through with an unknown even feature bit.
    if (unknownRequired(message.features, this.#options.features).length > 0)
      topology.graph.setChannelRoutable(c, false);
    topology.graph.setFeatures(c, toHex(message.features));
    this.#outpoints.add(c, output.txid, scidParts(scid).output);
    this.unknownChannels.delete(scid);
    const effects: GossipEffect[] = [
      {
        kind: 'put',
        key: channelKeyOf(scid),
        timestamp: 0,
        amountSat: Number(output.amount),
        fundingTxid: output.txid,
        message: encodeMessage(message),
      },
    ];
    this.#relay.channel(scid, pending.peer);
    if (pending.ours) effects.push({ kind: 'sendToAll', message });
    for (const update of pending.updates)
      if (update !== undefined) effects.push(...this.channelUpdate(update, cx));
    for (const node of pending.nodes.values()) effects.push(...this.nodeAnnouncement(node, cx));
    return effects;
  }

  #updateOfUnknown(from: From<ChannelUpdate>, cx: GossipContext): GossipEffect[] {
    const { message, peer } = from;
    const scid = message.shortChannelId;
    const direction = directionOf(message);
    const pending = this.#pending.get(scid);
    if (pending !== undefined) this.#pending.joinUpdate(pending, direction, from);
    // BOLT 7, query_short_channel_ids: an update of a channel we do not know may make us ask.
    const askable =
      pending === undefined &&
      peer !== undefined &&
      this.#deps.ownChannel(scid) === undefined &&
      (message.messageFlags & 2) === 0 &&
      !this.spentAt.has(scid) &&
      !this.#refused.hasChannel(scid) &&
      message.timestamp > cx.now - this.#limits.pruneSeconds;
    if (askable && this.unknownChannels.size < UNKNOWN_KEPT) this.unknownChannels.add(scid);
    return done(from);
  }

  #updateVerified(job: From<ChannelUpdate>, good: boolean, cx: GossipContext): GossipEffect[] {
    const { message } = job;
    const scid = message.shortChannelId;
    const direction = directionOf(message);
    const key = updateKeyOf(scid, direction);
    if (this.#verifying.get(key) === message.timestamp) this.#verifying.delete(key);
    // BOLT 7, channel_update: a wrong signature ends the connection.
    const { graph } = this.#deps.topology;
    const c = graph.channel(scid);
    if (!good) {
      // Whoever forges must not use up what the channel's node may send.
      if (c >= 0) this.#rates.returnUpdate(2 * c + direction);
      return this.#offend(job, `channel_update ${scidToString(scid)}: bad signature`, true);
    }
    if (c < 0 || message.timestamp <= (graph.timestamp[2 * c + direction] as number))
      return done(job);
    return [...done(job), ...this.#acceptUpdate(job, c, cx)];
  }

  #acceptUpdate(from: From<ChannelUpdate>, c: number, cx: GossipContext): GossipEffect[] {
    const { message, peer } = from;
    const { topology } = this.#deps;
    const scid = message.shortChannelId;
    const direction = directionOf(message);
    const raw = encodeMessage(message);
    topology.setPolicy(c, direction, policyOf(message), cx.now);
    topology.graph.checksum[2 * c + direction] = updateChecksum(raw);
    this.#relay.update(scid, direction, message.timestamp, peer);
    const put: GossipEffect = {
      kind: 'put',
      key: updateKeyOf(scid, direction),
      timestamp: message.timestamp,
      amountSat: 0,
      fundingTxid: undefined,
      message: raw,
    };
    return peer === undefined ? [put, { kind: 'sendToAll', message }] : [put];
  }

  #nodeVerified(job: From<NodeAnnouncement>, good: boolean, cx: GossipContext): GossipEffect[] {
    const { message } = job;
    const id = toHex(message.nodeId) as NodeId;
    const key = nodeKeyOf(id);
    if (this.#verifying.get(key) === message.timestamp) this.#verifying.delete(key);
    // BOLT 7, node_announcement: a wrong signature ends the connection.
    const n = this.#deps.topology.graph.node(message.nodeId);
    if (!good) {
      if (n >= 0) this.#rates.returnNode(n);
      return this.#offend(job, `node_announcement ${id}: bad signature`, true);
    }
    if (n < 0 || message.timestamp <= (this.#deps.topology.graph.nodeTimestamp[n] as number))
      return done(job);
    return [...done(job), ...this.#acceptNode(job, n, cx)];
  }

  #acceptNode(from: From<NodeAnnouncement>, n: number, _cx: GossipContext): GossipEffect[] {
    const { message, peer } = from;
    const { graph } = this.#deps.topology;
    const id = toHex(message.nodeId) as NodeId;
    graph.nodeTimestamp[n] = message.timestamp;
    // BOLT 7, node_announcement: no route through a node with an unknown even feature bit.
    const routable = unknownRequired(message.features, this.#options.features).length === 0;
    if (routable === (graph.nodeUnroutable[n] === 1)) graph.setNodeRoutable(n, routable);
    // BOLT 7, node_announcement: with more than one hostname it is not forwarded.
    const hostnames = message.addresses.filter((address) => address.kind === 'dns').length;
    if (hostnames < 2) this.#relay.node(id, message.timestamp, peer);
    const put: GossipEffect = {
      kind: 'put',
      key: nodeKeyOf(id),
      timestamp: message.timestamp,
      amountSat: 0,
      fundingTxid: undefined,
      message: encodeMessage(message),
    };
    return peer === undefined ? [put, { kind: 'sendToAll', message }] : [put];
  }

  #offend(from: From<unknown>, text: string, close = false): GossipEffect[] {
    if (from.peer === undefined) return done(from);
    return [...done(from), { kind: 'warn', peer: from.peer, text, close }];
  }
}

const done = ({ ref }: { readonly ref: number | undefined }): GossipEffect[] =>
  ref === undefined ? [] : [{ kind: 'done', ref }];
