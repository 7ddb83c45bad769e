/** Why there are no routes over layers, with the figures. */
import { fromHex, type Msat, msat, type NodeId } from '../bytes/index.js';
import { DISABLED, type Graph, KNOWN } from '../gossip/index.js';
import { channelKey } from './constraint-text.js';
import { explainNoRoute } from './explain.js';
import type { Knowledge } from './knowledge.js';
import type { Layer } from './layer.js';
import type { HintChannel } from './overlay.js';
import type { NoRoutes, Reservation } from './route.js';

export type NoLayeredRoutes =
  | NoRoutes
  /** A layer has disabled the source or the destination. */
  | { readonly code: 'node_disabled'; readonly nodeId: NodeId; readonly layer: string }
  /** Without the nodes that layers have disabled no way is left. */
  | { readonly code: 'nodes_disabled' }
  /** All channels of one end together cannot carry it, usable or not; or those that are usable. */
  | ({ readonly code: 'end_total' | 'end_usable'; readonly amountMsat: Msat } & EndTotals)
  | { readonly code: 'too_slow'; readonly delay: number; readonly maxDelay: number }
  /** There are routes but for what is reserved. */
  | {
      readonly code: 'reserved';
      readonly reserved: readonly Reservation[];
      readonly amountMsat: Msat;
    };

/** What the channels of a node carry, out of it or into it. */
export interface EndTotals {
  readonly nodeId: NodeId;
  readonly side: 'out' | 'in';
  readonly channels: number;
  readonly usableChannels: number;
  /** By their size; by what is known of them; and of those that may be used, but for what is reserved. */
  readonly capacityMsat: Msat;
  readonly knownMsat: Msat;
  readonly usableMsat: Msat;
}

export function endTotals(
  ask: {
    readonly nodeId: NodeId;
    readonly side: 'out' | 'in';
    readonly hints: readonly HintChannel[];
    readonly local: ReadonlySet<string>;
    readonly knowledge: Knowledge;
    readonly layers: readonly Layer[];
    readonly reserved: readonly Reservation[];
    readonly now: number;
  },
  graph: Graph,
): EndTotals {
  const { nodeId, side, hints, local, knowledge, layers, now } = ask;
  const reserved = new Map(
    ask.reserved.map(({ scid, direction, amountMsat }) => [
      channelKey(scid, direction),
      Number(amountMsat),
    ]),
  );
  const disabled = new Set(layers.flatMap((layer) => layer.disabledNodes));
  let [channels, usableChannels, capacity, known, usable] = [0, 0, 0, 0, 0];
  const count = (name: string, size: number, most: number, may: boolean): void => {
    channels++;
    capacity += size;
    known += most;
    if (!may) return;
    usableChannels++;
    usable += Math.max(0, most - (reserved.get(name) ?? 0));
  };
  const belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
  const n = graph.node(fromHex(nodeId) ?? new Uint8Array());
  for (let i = 0; n >= 0 && i < graph.incoming.length(n); i++) {
    const into = graph.incoming.pool[graph.incoming.start(n) + i] as number;
    const e = side === 'in' ? into : into ^ 1;
    const name = channelKey(graph.scid(e >> 1), (e & 1) as 0 | 1);
    if (local.has(name)) continue;
    const size = (graph.capacity[e >> 1] as number) || (graph.htlcMaximum[e] as number);
    knowledge.look(e, size, now, belief);
    const other = graph.nodeHex(graph.source[into] as number);
    const enabled = ((graph.flags[e] as number) & (KNOWN | DISABLED)) === KNOWN;
    count(name, size, belief.limit, enabled && belief.usable && !disabled.has(other));
  }
  for (const hint of hints) {
    if ((side === 'in' ? hint.target : hint.source) !== nodeId) continue;
    const other = side === 'in' ? hint.source : hint.target;
    const most = Number(hint.htlcMaximumMsat ?? 0n);
    count(channelKey(hint.scid, hint.direction), most, most, !disabled.has(other));
  }
  return {
    nodeId,
    side,
    channels,
    usableChannels,
    capacityMsat: msat(capacity),
    knownMsat: msat(known),
    usableMsat: msat(usable),
  };
}

const NAMED = 5;

export function explainNoRoutes(reason: NoLayeredRoutes): string {
  switch (reason.code) {
    case 'node_disabled':
      return `No route: node ${reason.nodeId} is disabled by layer ${reason.layer}`;
    case 'nodes_disabled':
      return 'No route: the nodes that layers have disabled leave none';
    case 'end_total':
    case 'end_usable':
      return `No route: ${explainEnd(reason)}`;
    case 'too_dear':
      return (
        `Routes are too expensive: the cheapest found cost ${reason.feeMsat}msat in fees, ` +
        `and maxfee_msat is ${reason.maxFeeMsat}msat`
      );
    case 'too_slow':
      return (
        `Routes take too long: the fastest found has a delay of ${reason.delay} blocks, ` +
        `and maxdelay is ${reason.maxDelay}`
      );
    case 'reserved': {
      const { reserved } = reason;
      const named = reserved
        .slice(0, NAMED)
        .map((held) => `${held.amountMsat}msat of ${channelKey(held.scid, held.direction)}`);
      const more = reserved.length > NAMED ? ` and of ${reserved.length - NAMED} more` : '';
      return (
        `No route: there is one for ${reason.amountMsat}msat, but for what is reserved: ` +
        `${named.join(', ')}${more}`
      );
    }
    default:
      return explainNoRoute(reason);
  }
}

function explainEnd(end: { readonly code: string; readonly amountMsat: Msat } & EndTotals): string {
  const { side, channels, usableChannels, capacityMsat, knownMsat, usableMsat, amountMsat } = end;
  const [name, way] = side === 'out' ? ['source', 'out of'] : ['destination', 'into'];
  const all = `${channels} channel${channels === 1 ? '' : 's'}`;
  const wanted = `${amountMsat}msat ${side === 'out' ? 'are to be sent' : 'are to arrive'}`;
  if (channels === 0) return `the ${name} has no channel ${way} it`;
  if (end.code === 'end_total' && capacityMsat < amountMsat)
    return `the ${all} ${way} the ${name} have a capacity of ${capacityMsat}msat, and ${wanted}`;
  if (end.code === 'end_total')
    return (
      `the ${all} ${way} the ${name} carry ${knownMsat}msat by what is known of them ` +
      `(their capacity is ${capacityMsat}msat), and ${wanted}`
    );
  return (
    `${usableChannels} of the ${all} ${way} the ${name} can be used, and carry ${usableMsat}msat; ` +
    wanted
  );
}
