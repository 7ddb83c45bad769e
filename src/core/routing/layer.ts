/**
 * A layer: what somebody says of channels and nodes beside gossip, laid over the graph for the
 * searches that name it. It is a value; each change answers a new one. Amounts are whole
 * millisatoshi, times seconds since the epoch.
 */
import { type Msat, msat, type NodeId, type ShortChannelId } from '../bytes/index.js';
import type { ChannelDirection, Policy } from '../gossip/index.js';
import { channelKey } from './constraint-text.js';

export interface CreatedChannel {
  readonly scid: ShortChannelId;
  readonly source: NodeId;
  readonly destination: NodeId;
  readonly capacityMsat: Msat;
}

/** What is said instead of a channel_update; what is left out stays as it is. */
export interface ChannelChange extends ChannelDirection {
  readonly enabled?: boolean;
  readonly htlcMinimumMsat?: Msat;
  readonly htlcMaximumMsat?: Msat;
  readonly feeBaseMsat?: Msat;
  readonly feeProportionalMillionths?: number;
  readonly cltvDelta?: number;
}

/** What a channel was seen to carry; `upperBound` and `lowerBound` hold the bound itself. */
export interface LayerLesson extends ChannelDirection {
  readonly kind: 'upperBound' | 'lowerBound' | 'succeeded';
  readonly amountMsat: Msat;
  readonly timestamp: number;
}

/** From -100 (to be shunned) to 100 (to be favoured). */
export interface ChannelBias extends ChannelDirection {
  readonly bias: number;
  readonly description?: string;
  readonly timestamp: number;
}
export interface NodeBias {
  readonly nodeId: NodeId;
  /** On the channels into the node, and on those out of it. */
  readonly inBias: number;
  readonly outBias: number;
  readonly description?: string;
  readonly timestamp: number;
}

export interface Layer {
  readonly name: string;
  /** Kept in the store. */
  readonly persistent: boolean;
  readonly disabledNodes: readonly NodeId[];
  readonly channels: readonly CreatedChannel[];
  readonly changes: readonly ChannelChange[];
  /** In the order in which they were told. */
  readonly lessons: readonly LayerLesson[];
  readonly biases: readonly ChannelBias[];
  readonly nodeBiases: readonly NodeBias[];
}

export const newLayer = (name: string, persistent: boolean): Layer => ({
  name,
  persistent,
  disabledNodes: [],
  channels: [],
  changes: [],
  lessons: [],
  biases: [],
  nodeBiases: [],
});

const key = ({ scid, direction }: ChannelDirection): string => channelKey(scid, direction);
const clamp = (bias: number): number => Math.max(-100, Math.min(100, bias));

export function withDisabledNode(layer: Layer, nodeId: NodeId): Layer {
  if (layer.disabledNodes.includes(nodeId)) return layer;
  return { ...layer, disabledNodes: [...layer.disabledNodes, nodeId] };
}

export const createdChannel = (layer: Layer, scid: ShortChannelId): CreatedChannel | undefined =>
  layer.channels.find((channel) => channel.scid === scid);

/** Takes a channel in whose scid the layer has not. */
export const withChannel = (layer: Layer, channel: CreatedChannel): Layer => ({
  ...layer,
  channels: [...layer.channels, channel],
});

/** What was said of the direction before stays where the new change is silent. */
export function withChange(layer: Layer, change: ChannelChange): Layer {
  const before = layer.changes.find((other) => key(other) === key(change));
  return {
    ...withoutChange(layer, change),
    changes: [...others(layer.changes, change), { ...before, ...change }],
  };
}

export const withoutChange = (layer: Layer, direction: ChannelDirection): Layer => ({
  ...layer,
  changes: others(layer.changes, direction),
});

const others = <T extends ChannelDirection>(list: readonly T[], of: ChannelDirection): T[] =>
  list.filter((other) => key(other) !== key(of));

export const withLesson = (layer: Layer, lesson: LayerLesson): Layer => ({
  ...layer,
  lessons: [...layer.lessons, lesson],
});

/** `relative`: added to the bias there was. A bias of 0 is none. */
export function withBias(layer: Layer, bias: ChannelBias, relative: boolean): Layer {
  const before = relative ? layer.biases.find((other) => key(other) === key(bias)) : undefined;
  const sum = clamp((before?.bias ?? 0) + bias.bias);
  const rest = others(layer.biases, bias);
  if (sum === 0) return { ...layer, biases: rest };
  return { ...layer, biases: [...rest, { ...before, ...bias, bias: sum }] };
}

export function withNodeBias(
  layer: Layer,
  {
    nodeId,
    side,
    bias,
    ...said
  }: Pick<NodeBias, 'nodeId' | 'description' | 'timestamp'> & {
    readonly side: 'in' | 'out';
    readonly bias: number;
  },
  relative: boolean,
): Layer {
  const before = layer.nodeBiases.find((other) => other.nodeId === nodeId);
  const sum = (which: 'in' | 'out', was = 0): number =>
    side === which ? clamp((relative ? was : 0) + bias) : was;
  const inBias = sum('in', before?.inBias);
  const outBias = sum('out', before?.outBias);
  const rest = layer.nodeBiases.filter((other) => other.nodeId !== nodeId);
  if (inBias === 0 && outBias === 0) return { ...layer, nodeBiases: rest };
  return { ...layer, nodeBiases: [...rest, { ...before, nodeId, ...said, inBias, outBias }] };
}

/** Forgets lessons and biases from before a time; answers how many as well. */
export function aged(
  layer: Layer,
  cutoff: number,
): { readonly layer: Layer; readonly removed: number } {
  const young = <T extends { readonly timestamp: number }>(list: readonly T[]): T[] =>
    list.filter(({ timestamp }) => timestamp >= cutoff);
  const kept = {
    lessons: young(layer.lessons),
    biases: young(layer.biases),
    nodeBiases: young(layer.nodeBiases),
  };
  const count = ({ lessons, biases, nodeBiases }: Pick<Layer, keyof typeof kept>): number =>
    lessons.length + biases.length + nodeBiases.length;
  return { layer: { ...layer, ...kept }, removed: count(layer) - count(kept) };
}

/** The policy that a change makes of one, or of none: then what is not said costs nothing. */
export const changed = (
  policy: Policy | undefined,
  change: ChannelChange,
  capacityMsat: number,
): Policy => ({
  enabled: change.enabled ?? policy?.enabled ?? true,
  cltvDelta: change.cltvDelta ?? policy?.cltvDelta ?? 0,
  htlcMinimumMsat: Number(change.htlcMinimumMsat ?? policy?.htlcMinimumMsat ?? 0),
  htlcMaximumMsat: Number(change.htlcMaximumMsat ?? policy?.htlcMaximumMsat ?? capacityMsat),
  feeBaseMsat: Number(change.feeBaseMsat ?? policy?.feeBaseMsat ?? 0),
  feeProportionalMillionths:
    change.feeProportionalMillionths ?? policy?.feeProportionalMillionths ?? 0,
  timestamp: policy?.timestamp ?? 0,
});

/** As the `layers` table keeps it: JSON with amounts and scids as strings of digits. */
export const encodeLayer = (layer: Layer): string =>
  JSON.stringify({ v: 1, ...layer }, (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  );

/** Nothing where it cannot be read. */
export function decodeLayer(data: string): Layer | undefined {
  try {
    const stored = JSON.parse(data, (name, value) =>
      name === 'scid' || name.endsWith('Msat') ? BigInt(value) : value,
    );
    if (stored?.v !== 1 || typeof stored.name !== 'string') return undefined;
    const { v: _, ...layer } = stored;
    return { ...newLayer(layer.name, true), ...layer };
  } catch {
    return undefined;
  }
}

/** The lesson that an outcome teaches: what could not pass bounds the channel one below. */
export function layerLesson(
  kind: LayerLesson['kind'],
  at: ChannelDirection,
  amountMsat: Msat,
  timestamp: number,
): LayerLesson {
  const { scid, direction } = at;
  const bound = kind === 'upperBound' ? msat(amountMsat > 0n ? amountMsat - 1n : 0n) : amountMsat;
  return { kind, scid, direction, amountMsat: bound, timestamp };
}
