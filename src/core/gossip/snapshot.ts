/**
 * The graph as one byte string, so that a start reads columns and parses nothing. Version 1:
 * a header of u32 little-endian words, then the columns in the order of `columns`, little-endian,
 * each begun at a multiple of 8 bytes; feature vectors and spent channels as JSON at the end.
 */
import {
  type BlockHeight,
  type Bytes,
  fromUtf8,
  type ShortChannelId,
  utf8,
} from '../bytes/index.js';
import type { Graph } from './graph.js';
import type { Outpoints } from './outpoints.js';

const MAGIC = 0x3176674c;

export interface SnapshotParts {
  readonly graph: Graph;
  readonly outpoints: Outpoints;
  readonly spentAt: Map<ShortChannelId, BlockHeight>;
}

interface Extra {
  readonly features: readonly string[];
  readonly spent: readonly (readonly [string, number])[];
}

/** `seq`: the last row of the store that the snapshot takes account of. */
export function encodeSnapshot(parts: SnapshotParts, seq: number): Bytes {
  const { graph, outpoints, spentAt } = parts;
  const saved = graph.save();
  const prints = new Uint32Array(2 * saved.channels.length);
  saved.channels.forEach((c, i) => {
    const print = outpoints.printOf(c);
    if (print !== undefined) prints.set(print, 2 * i);
  });
  const extra: Extra = {
    features: saved.featureVectors,
    spent: [...spentAt].map(([scid, height]) => [scid.toString(), height]),
  };
  const tail = utf8(JSON.stringify(extra));
  const columns = [...saved.columns, prints];
  const header = new Uint32Array(8);
  let length = header.byteLength;
  for (const column of columns) length += padded(column.byteLength);
  header.set([MAGIC, saved.channels.length, saved.nodes, tail.length]);
  new Float64Array(header.buffer)[2] = seq;
  const out = new Uint8Array(length + tail.length);
  out.set(new Uint8Array(header.buffer));
  let at = header.byteLength;
  for (const column of columns) {
    out.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += padded(column.byteLength);
  }
  out.set(tail, at);
  return out;
}

/** Fills empty parts; answers the `seq`, or nothing where the bytes are not a snapshot of ours. */
export function decodeSnapshot(bytes: Bytes, parts: SnapshotParts): number | undefined {
  if (bytes.length < 32) return undefined;
  const aligned = bytes.slice();
  const header = new Uint32Array(aligned.buffer, 0, 8);
  const [magic, channels, nodes, tailLength] = header as unknown as [
    number,
    number,
    number,
    number,
  ];
  if (magic !== MAGIC) return undefined;
  const seq = new Float64Array(aligned.buffer, 0, 4)[2] as number;
  const { graph, outpoints, spentAt } = parts;
  const tail = aligned.subarray(aligned.length - tailLength);
  const extra = parse(fromUtf8(tail));
  if (extra === undefined) return undefined;
  const end = graph.load(aligned.buffer, 32, channels, nodes, extra.features);
  if (end === undefined || end + 8 * channels > aligned.length) return undefined;
  const prints = new Uint32Array(aligned.buffer, end, 2 * channels);
  for (let c = 0; c < channels; c++) {
    const [high, low] = [prints[2 * c] as number, prints[2 * c + 1] as number];
    if (high !== 0 || low !== 0) outpoints.addPrint(c, high, low);
  }
  for (const [scid, height] of extra.spent) spentAt.set(BigInt(scid) as ShortChannelId, height);
  return seq;
}

const padded = (length: number): number => (length + 7) & ~7;

function parse(text: string): Extra | undefined {
  try {
    const extra = JSON.parse(text) as Extra;
    return Array.isArray(extra.features) && Array.isArray(extra.spent) ? extra : undefined;
  } catch {
    return undefined;
  }
}
