/** Layers of the route table, as several commands name and show them. */
import { type Msat, scidToString } from '../../core/bytes/index.js';
import type {
  ChannelBias,
  ChannelDirection,
  Layer,
  LayerLesson,
  NodeBias,
} from '../../core/routing/index.js';
import { LEARNED_LAYER } from '../../node/routes/index.js';
import { codes, RpcError } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter } from './shared.js';

export const layerParam = () => p.string().describe('The name of the layer.');

/** The layer of that name, made by a tool; throws -32602 where there is none. */
export function layerNamed({ routes }: Pick<NodeApi, 'routes'>, name: string): Layer {
  const layer = routes.layers.get(name);
  if (layer !== undefined) return layer;
  if (name === LEARNED_LAYER)
    throw new RpcError(
      codes.badParameter,
      `layer: ${LEARNED_LAYER} is what payments taught: only askrene-inform-channel and askrene-age change it`,
    );
  throw badParameter('layer', 'unknown layer', name);
}

export const shownDirection = ({ scid, direction }: ChannelDirection): string =>
  `${scidToString(scid)}/${direction}`;

/** Errors of all commands that name a layer. */
export const unknownLayer = {
  code: codes.badParameter,
  meaning: 'There is no such layer, or a parameter is malformed.',
};

export const constraintOfLayer = () => ({
  short_channel_id_dir: r.scidDir().describe('The channel and direction.'),
  timestamp: r.integer().describe('When it was told, seconds since 1970.'),
  maximum_msat: r.msat().optional().describe('It carries at most this much.'),
  minimum_msat: r.msat().optional().describe('It carries at least this much.'),
});
export const impressionOfLayer = () => ({
  short_channel_id_dir: r.scidDir().describe('The channel and direction.'),
  timestamp: r.integer().describe('When it was told, seconds since 1970.'),
  amount_msat: r.msat().describe('What it carried, and has now on its other side.'),
});
export const biasOfLayer = () => ({
  short_channel_id_dir: r.scidDir().describe('The channel and direction.'),
  bias: r.integer().describe('From -100 (shunned) to 100 (favoured).'),
  description: r.string().optional().describe('Why, as it was given.'),
  timestamp: r.integer().describe('When it was set, seconds since 1970.'),
});
export const nodeBiasOfLayer = () => ({
  node: r.nodeId().describe('The node.'),
  in_bias: r.integer().describe('On the channels into it.'),
  out_bias: r.integer().describe('On the channels out of it.'),
  description: r.string().optional().describe('Why, as it was given.'),
  timestamp: r.integer().describe('When it was set, seconds since 1970.'),
});

export const layersResult = () =>
  r.array(
    r.object({
      layer: r.string().describe('Its name.'),
      persistent: r.boolean().describe('It survives a restart.'),
      disabled_nodes: r.array(r.nodeId()).describe('Nodes that are not used.'),
      disabled_channels: r
        .array(r.scidDir())
        .optional()
        .describe('Channels that are not used, where payments taught so.'),
      created_channels: r
        .array(
          r.object({
            source: r.nodeId().describe('One end.'),
            destination: r.nodeId().describe('The other.'),
            short_channel_id: r.scid().describe('Its name.'),
            capacity_msat: r.msat().describe('Its size.'),
          }),
        )
        .describe('Channels that only the layer has.'),
      channel_updates: r
        .array(
          r.object({
            short_channel_id_dir: r.scidDir().describe('The channel and direction.'),
            enabled: r.boolean().optional().describe('Whether it is used.'),
            htlc_minimum_msat: r.msat().optional().describe('It carries no less.'),
            htlc_maximum_msat: r.msat().optional().describe('It carries no more.'),
            fee_base_msat: r.msat().optional().describe('Its base fee.'),
            fee_proportional_millionths: r.integer().optional().describe('Its rate.'),
            cltv_expiry_delta: r.integer().optional().describe('Its blocks.'),
          }),
        )
        .describe('What is said instead of gossip.'),
      constraints: r.array(r.object(constraintOfLayer())).describe('What channels carry.'),
      impressions: r.array(r.object(impressionOfLayer())).describe('What they carried.'),
      biases: r.array(r.object(biasOfLayer())).describe('Channels favoured or shunned.'),
      node_biases: r.array(r.object(nodeBiasOfLayer())).describe('Nodes favoured or shunned.'),
    }),
  );

/** As `constraints` or `impressions` print it. */
export function shownLesson({ kind, amountMsat, timestamp, ...at }: LayerLesson) {
  const common = { short_channel_id_dir: shownDirection(at), timestamp };
  if (kind === 'upperBound') return { ...common, maximum_msat: amountMsat };
  return kind === 'lowerBound' ? { ...common, minimum_msat: amountMsat } : common;
}
const shownImpression = ({ amountMsat, timestamp, ...at }: LayerLesson) => ({
  short_channel_id_dir: shownDirection(at),
  timestamp,
  amount_msat: amountMsat,
});

/** A lesson among those of its kind, with the layer it went to. */
export function shownInformed(layer: string, lesson: LayerLesson) {
  return lesson.kind === 'succeeded'
    ? { constraints: [], impressions: [{ layer, ...shownImpression(lesson) }] }
    : { constraints: [{ layer, ...shownLesson(lesson) }], impressions: [] };
}

export const shownBias = ({ bias, description, timestamp, ...at }: ChannelBias) => ({
  short_channel_id_dir: shownDirection(at),
  bias,
  ...(description === undefined ? {} : { description }),
  timestamp,
});
export const shownNodeBias = ({ nodeId, inBias, outBias, description, timestamp }: NodeBias) => ({
  node: nodeId as string,
  in_bias: inBias,
  out_bias: outBias,
  ...(description === undefined ? {} : { description }),
  timestamp,
});

export function shownLayer(layer: Layer) {
  return {
    layer: layer.name,
    persistent: layer.persistent,
    disabled_nodes: [...layer.disabledNodes],
    created_channels: layer.channels.map((channel) => ({
      source: channel.source,
      destination: channel.destination,
      short_channel_id: scidToString(channel.scid),
      capacity_msat: channel.capacityMsat,
    })),
    channel_updates: layer.changes.map((change) => ({
      short_channel_id_dir: shownDirection(change),
      ...(change.enabled === undefined ? {} : { enabled: change.enabled }),
      ...(change.htlcMinimumMsat === undefined
        ? {}
        : { htlc_minimum_msat: change.htlcMinimumMsat }),
      ...(change.htlcMaximumMsat === undefined
        ? {}
        : { htlc_maximum_msat: change.htlcMaximumMsat }),
      ...(change.feeBaseMsat === undefined ? {} : { fee_base_msat: change.feeBaseMsat }),
      ...(change.feeProportionalMillionths === undefined
        ? {}
        : { fee_proportional_millionths: change.feeProportionalMillionths }),
      ...(change.cltvDelta === undefined ? {} : { cltv_expiry_delta: change.cltvDelta }),
    })),
    constraints: layer.lessons.filter(({ kind }) => kind !== 'succeeded').map(shownLesson),
    impressions: layer.lessons.filter(({ kind }) => kind === 'succeeded').map(shownImpression),
    biases: layer.biases.map(shownBias),
    node_biases: layer.nodeBiases.map(shownNodeBias),
  };
}

/** What payments taught, in the shape of a layer. */
export function shownLearned({ routes }: Pick<NodeApi, 'routes'>) {
  const known = routes.constraints();
  const blocked = known.filter(({ usable }) => usable === false);
  return {
    layer: LEARNED_LAYER,
    persistent: true,
    disabled_nodes: blocked.flatMap(({ node_id }) => node_id ?? []),
    disabled_channels: blocked.flatMap(({ short_channel_id_dir }) => short_channel_id_dir ?? []),
    created_channels: [],
    channel_updates: [],
    constraints: known.flatMap(({ short_channel_id_dir, timestamp, minimum_msat, maximum_msat }) =>
      short_channel_id_dir === undefined ||
      (minimum_msat === undefined && maximum_msat === undefined)
        ? []
        : [
            {
              short_channel_id_dir,
              timestamp,
              ...(maximum_msat === undefined ? {} : { maximum_msat }),
              ...(minimum_msat === undefined ? {} : { minimum_msat }),
            },
          ],
    ),
    impressions: [],
    biases: [],
    node_biases: [],
  };
}

/** A path as `getroutes` answers it; what else its hops hold is ignored. */
export const pathParam = () =>
  p.array(
    p.object({
      short_channel_id_dir: p.scidDir().describe('The channel and direction.'),
      amount_msat: p.msat().describe('What it is to carry.'),
      layer: p.string().optional().describe('Only searches with this layer count it.'),
    }),
  );

type Path = readonly {
  readonly short_channel_id_dir: ChannelDirection;
  readonly amount_msat: Msat;
  readonly layer?: string | undefined;
}[];

export function claimsOf(node: Pick<NodeApi, 'routes'>, path: Path) {
  return path.map(({ short_channel_id_dir, amount_msat, layer }) => {
    if (layer !== undefined) layerNamed(node, layer);
    return {
      ...short_channel_id_dir,
      amountMsat: amount_msat,
      ...(layer === undefined ? {} : { layer }),
    };
  });
}
