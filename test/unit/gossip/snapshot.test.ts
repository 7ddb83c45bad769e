import { describe, expect, it } from 'vitest';
import type { ShortChannelId } from '../../../src/core/bytes/index.js';
import {
  decodeSnapshot,
  encodeSnapshot,
  Graph,
  Outpoints,
  type SnapshotParts,
} from '../../../src/core/gossip/index.js';

const CHANNELS = 300;
const NODES = 40;

const nodeId = (n: number): Uint8Array => new Uint8Array(33).fill(n + 1).fill(2, 0, 1);
const txidOf = (i: number): Uint8Array => new Uint8Array(32).fill(i % 251).fill(i >> 8, 16, 20);
const scidOf = (i: number): ShortChannelId =>
  ((BigInt(700_000 + i) << 40n) | BigInt(i << 16) | 1n) as ShortChannelId;

const empty = (): SnapshotParts => ({
  graph: new Graph(),
  outpoints: new Outpoints(),
  spentAt: new Map(),
});

const policy = (i: number) => ({
  enabled: i % 7 !== 0,
  cltvDelta: 40 + i,
  htlcMinimumMsat: [0, 1, 1000][i % 3] as number,
  htlcMaximumMsat: 2 ** 40 + i,
  feeBaseMsat: i,
  feeProportionalMillionths: 3 * i,
  timestamp: 1_700_000_000 + i,
});

function add({ graph, outpoints }: SnapshotParts, i: number): void {
  const [a, b] = [i % NODES, (i * 7 + 3) % NODES];
  const c = graph.addChannel({
    scid: scidOf(i),
    node1: nodeId(Math.min(a, b)),
    node2: nodeId(a === b ? NODES : Math.max(a, b)),
    capacityMsat: 1e9 + i,
  });
  if (i % 5 !== 0) graph.setPolicy(2 * c, policy(i));
  if (i % 3 !== 0) graph.setPolicy(2 * c + 1, policy(i + 1));
  graph.setFeatures(c, i % 4 === 0 ? '8000' : '');
  graph.nodeTimestamp[graph.node(nodeId(a))] = 1_600_000_000 + a;
  if (i % 6 !== 0) outpoints.add(c, txidOf(i), i % 3);
}

function remove({ graph, outpoints }: SnapshotParts, i: number): void {
  const c = graph.channel(scidOf(i));
  outpoints.remove(c);
  graph.removeChannel(c);
}

/** All that can be asked of the parts, by names and not by places. */
function told({ graph, outpoints, spentAt }: SnapshotParts) {
  const channels = Array.from({ length: CHANNELS + 50 }, (_, i) => {
    const c = graph.channel(scidOf(i));
    if (c < 0) return undefined;
    const ends = [2 * c, 2 * c + 1].map((e) => graph.nodeHex(graph.source[e] as number));
    const policies = [graph.policy(2 * c), graph.policy(2 * c + 1)];
    const found = outpoints.find(txidOf(i), i % 3) === c;
    return { ends, policies, found, capacity: graph.capacity[c], features: graph.features(c) };
  });
  const nodes = Array.from({ length: NODES + 1 }, (_, i) => {
    const n = graph.node(nodeId(i));
    if (n < 0) return undefined;
    const start = graph.incoming.start(n);
    const edges = [...graph.incoming.pool.subarray(start, start + graph.incoming.length(n))];
    const from = edges.map((e) => `${graph.scid(e >> 1)}/${e & 1}`).sort();
    return { from, at: graph.nodeTimestamp[n] };
  });
  const counts = [graph.channelCount, graph.nodeCount];
  return { channels, nodes, counts, spentAt, minima: graph.minimaBetween(-1, 1e12) };
}

describe('a snapshot of the graph', () => {
  const original = empty();
  for (let i = 0; i < CHANNELS; i++) add(original, i);
  for (let i = 0; i < CHANNELS; i += 4) remove(original, i);
  original.spentAt.set(scidOf(7), 800_000 as never);
  const bytes = encodeSnapshot(original, 2 ** 40);

  it('has all that the graph has, without what was removed', () => {
    const read = empty();
    expect(decodeSnapshot(bytes.slice(), read)).toBe(2 ** 40);
    expect(told(read)).toEqual(told(original));
    expect(read.graph.channelLimit).toBe(read.graph.channelCount);
  });

  it('is read wherever in memory it lies', () => {
    const within = new Uint8Array(bytes.length + 3);
    within.set(bytes, 3);
    const read = empty();
    expect(decodeSnapshot(within.subarray(3), read)).toBe(2 ** 40);
    expect(told(read)).toEqual(told(original));
  });

  it('gives a graph that goes on growing and shrinking as the one it was made of', () => {
    const read = empty();
    decodeSnapshot(bytes.slice(), read);
    const both = [original, read];
    for (const parts of both) {
      for (let i = CHANNELS; i < CHANNELS + 50; i++) add(parts, i);
      for (let i = 1; i < CHANNELS; i += 4) remove(parts, i);
      for (let i = 0; i < CHANNELS; i += 8) add(parts, i);
    }
    expect(told(read)).toEqual(told(original));
    const again = empty();
    decodeSnapshot(encodeSnapshot(read, 1), again);
    expect(told(again)).toEqual(told(original));
  });

  it('of nothing is a graph of nothing', () => {
    const read = empty();
    expect(decodeSnapshot(encodeSnapshot(empty(), 3), read)).toBe(3);
    expect(told(read)).toEqual(told(empty()));
    add(read, 1);
    expect(read.graph.channelCount).toBe(1);
  });

  it('has channels whose funding output is not known', () => {
    const [alone, read] = [empty(), empty()];
    add(alone, 0);
    decodeSnapshot(encodeSnapshot(alone, 1), read);
    expect(told(read)).toEqual(told(alone));
    expect(read.outpoints.find(txidOf(0), 0)).toBe(-1);
  });

  it('that is cut off, of another version or of other lengths is none, and fills nothing', () => {
    const changed = (at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const text = new TextDecoder('latin1').decode(bytes);
    const lengths = text.replace(/"lengths":\[\d/, '"lengths":[9');
    const other = Uint8Array.from(lengths, (c) => c.charCodeAt(0));
    const broken = [new Uint8Array(0), bytes.subarray(0, 31), bytes.subarray(0, -1), changed(0)];
    for (const wrong of [...broken, changed(bytes.length - 1), other]) {
      const read = empty();
      expect(decodeSnapshot(wrong, read)).toBeUndefined();
      expect(told(read)).toEqual(told(empty()));
    }
  });
});
