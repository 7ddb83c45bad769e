/** What several commands need: words and shapes that must be the same everywhere. */
import { decodeAddress, encodeAddress, NETWORKS } from '../../core/bitcoin/index.js';
import {
  type Bytes,
  fromHex,
  type NodeId,
  scidFromString,
  scidToString,
  shownHash,
} from '../../core/bytes/index.js';
import { FEATURE_NAMES, FEATURES, setBits } from '../../core/wire/index.js';
import type { NetAddress } from '../../ports/index.js';
import { codes, cut, RpcError } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import type { FeerateChoice } from '../params.js';
import * as r from '../results.js';

/** A txid (or block hash) as people see it. */
export const shownTxid = shownHash;

export const badParameter = (name: string, wants: string, given: string): RpcError =>
  new RpcError(codes.badParameter, `${name}: ${wants}: invalid token '${cut(given)}'`);

export const nodeIdOf = (text: string): NodeId => text as NodeId;

/** Satoshi per 1000 weight units: blocks to confirm within, as Core Lightning names the wishes. */
const TARGET_BLOCKS = { urgent: 6, normal: 12, slow: 100 } as const;

export function perKwOf(node: Pick<NodeApi, 'chain'>, choice: FeerateChoice): number {
  switch (choice.kind) {
    case 'perKw':
      return choice.perKw;
    case 'blocks':
      return node.chain.feerateFor(choice.blocks);
    case 'target':
      return choice.target === 'minimum'
        ? node.chain.estimates.minimum
        : node.chain.feerateFor(TARGET_BLOCKS[choice.target]);
  }
}

/**
 * The script of an address, or such a script itself in hex; throws -32602 naming the field. Bytes
 * that no address stands for (a txid, a node id) would burn what is sent there.
 */
export function scriptOf(
  node: Pick<NodeApi, 'settings'>,
  name: string,
  destination: string,
): Bytes {
  const decoded = decodeAddress(destination, NETWORKS[node.settings.network]);
  if (decoded.ok) return decoded.value;
  const script = fromHex(destination);
  if (script !== undefined && encodeAddress(script, NETWORKS[node.settings.network]) !== undefined)
    return script;
  if (decoded.error.code === 'wrong_network')
    throw badParameter(name, `should be an address of ${decoded.error.expected}`, destination);
  throw badParameter(name, 'should be an address', destination);
}

/** An address as Core Lightning's replies have it. */
export function shownAddress({ host, port }: NetAddress): {
  type: 'ipv4' | 'ipv6' | 'torv3' | 'dns';
  address: string;
  port: number;
} {
  const type = host.includes(':')
    ? 'ipv6'
    : /^\d+\.\d+\.\d+\.\d+$/.test(host)
      ? 'ipv4'
      : host.endsWith('.onion')
        ? 'torv3'
        : 'dns';
  return { type, address: host, port };
}

export const addressResult = () =>
  r.object({
    type: r.oneOf('ipv4', 'ipv6', 'torv3', 'dns').describe('What kind of address it is.'),
    address: r.string().describe('The host.'),
    port: r.integer().describe('The port.'),
  });

const FEATURE_WORDS: Record<string, string> = {
  optionStaticRemotekey: 'static_remotekey/even',
  optionAnchors: 'anchors/even',
  optionScidAlias: 'scid_alias/even',
  optionZeroconf: 'zeroconf/even',
};

/** The bits of a channel_type and their names. */
export function shownChannelType(bits: readonly number[]): { bits: number[]; names: string[] } {
  const names = bits.map((bit) => {
    const name = FEATURE_NAMES.find((n) => FEATURES[n].bit === bit - (bit % 2));
    return (name && FEATURE_WORDS[name]) ?? `option_unknown_${bit}`;
  });
  return { bits: [...bits], names };
}
export const channelTypeBits = (features: Bytes): readonly number[] => setBits(features);

export const channelTypeResult = () =>
  r.object({
    bits: r.array(r.integer()).describe('The feature bits.'),
    names: r.array(r.string()).describe('Their names.'),
  });

/** Every channel of ours that `id` names: a peer's id, a short_channel_id or alias, a channel_id. */
export function channelsNamed(node: NodeApi, id: string) {
  const scid = scidFromString(id.replaceAll(':', 'x'));
  if (scid !== undefined) {
    const channel = node.channels.byScid(scid);
    return channel === undefined ? [] : [channel];
  }
  const key = id.toLowerCase();
  return node.channels.list().filter((c) => c.peerId === key || c.channelId === key);
}

/** The one live channel that `id` names; throws -32602 where there is none or more than one. */
export function theChannel(node: NodeApi, id: string) {
  const named = channelsNamed(node, id);
  const live = named.filter((c) => c.status !== 'CLOSED' && c.status !== 'ONCHAIN');
  const [channel, second] = live.length > 0 ? live : named;
  if (channel === undefined) throw badParameter('id', 'names no channel', id);
  if (second !== undefined)
    throw badParameter('id', 'names a peer with several channels: name the channel', id);
  return channel;
}

/** A channel's name for people: its short_channel_id, its alias, or nothing yet. */
export function channelName(channel: {
  readonly scid?: Parameters<typeof scidToString>[0];
  readonly localAlias?: Parameters<typeof scidToString>[0];
}): string | undefined {
  const id = channel.scid ?? channel.localAlias;
  return id === undefined ? undefined : scidToString(id);
}
