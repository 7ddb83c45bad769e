/**
 * The graph as one byte string, tables included, so that a start parses nothing and works nothing
 * out: it reads the columns where they lie. Version 2: a header of 32 bytes, then the columns in
 * the order of `columnsOf`, little-endian, each begun at a multiple of 8 bytes; what is no column,
 * and the columns' lengths, as JSON at the end.
 */
import {
  type BlockHeight,
  type Bytes,
  fromUtf8,
  type ShortChannelId,
  utf8,
} from '../bytes/index.js';
import type { Graph } from './graph.js';
import type { GraphParts, NumberColumn } from './graph-parts.js';
import type { Outpoints } from './outpoints.js';

const MAGIC = 0x3276674c;
const HEADER = 32;

export interface SnapshotParts {
  readonly graph: Graph;
  readonly outpoints: Outpoints;
  readonly spentAt: Map<ShortChannelId, BlockHeight>;
}

interface Tail extends Omit<GraphParts, 'columns'> {
  /** Of each column, in elements. */
  readonly lengths: readonly number[];
  readonly spent: readonly (readonly [string, number])[];
}

const padded = (length: number): number => (length + 7) & ~7;

const columnsOf = ({ graph, outpoints }: Omit<SnapshotParts, 'spentAt'>): NumberColumn[] => [
  ...graph.parts.columns,
  ...outpoints.columns,
];

/** `seq`: the last row of the store that the snapshot takes account of. */
export function encodeSnapshot(parts: SnapshotParts, seq: number): Bytes {
  const { graph, channels } = parts.graph.compact();
  const columns = columnsOf({ graph, outpoints: parts.outpoints.compact(channels) });
  const { featureVectors, minima } = graph.parts;
  const tail: Tail = {
    featureVectors,
    minima,
    lengths: columns.map(({ length }) => length),
    spent: [...parts.spentAt].map(([scid, height]) => [scid.toString(), height]),
  };
  const text = utf8(JSON.stringify(tail));
  const size = columns.reduce((sum, { byteLength }) => sum + padded(byteLength), HEADER);
  const out = new Uint8Array(size + text.length);
  new Uint32Array(out.buffer, 0, 2).set([MAGIC, text.length]);
  new Float64Array(out.buffer, 8, 1)[0] = seq;
  let at = HEADER;
  for (const { buffer, byteOffset, byteLength } of columns) {
    out.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += padded(byteLength);
  }
  out.set(text, at);
  return out;
}

/**
 * Fills empty parts; answers the `seq`, or nothing where the bytes are not a snapshot of this
 * version. The parts own the bytes from then on.
 */
export function decodeSnapshot(bytes: Bytes, parts: SnapshotParts): number | undefined {
  if (bytes.length < HEADER) return undefined;
  // Columns lie at multiples of 8; where the whole does not, a copy does.
  const { buffer, byteOffset } = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const [magic, textLength] = new Uint32Array(buffer, byteOffset, 2) as unknown as [number, number];
  if (magic !== MAGIC || textLength > bytes.length - HEADER) return undefined;
  const end = bytes.length - textLength;
  const tail = parse(fromUtf8(new Uint8Array(buffer, byteOffset + end, textLength)));
  if (tail === undefined) return undefined;
  let at = HEADER;
  const columns: NumberColumn[] = [];
  for (const [i, empty] of columnsOf(parts).entries()) {
    const length = tail.lengths[i] ?? -1;
    const size = length * empty.BYTES_PER_ELEMENT;
    if (length < 0 || at + size > end) return undefined;
    const type = empty.constructor as new (
      b: ArrayBufferLike,
      o: number,
      l: number,
    ) => NumberColumn;
    columns.push(new type(buffer, byteOffset + at, length));
    at += padded(size);
  }
  const prints = columns.splice(-4) as Outpoints['columns'];
  if (!parts.graph.adopt({ ...tail, columns })) return undefined;
  if (!parts.outpoints.adopt(prints, parts.graph.channelCount)) return undefined;
  for (const [scid, height] of tail.spent)
    parts.spentAt.set(BigInt(scid) as ShortChannelId, height);
  return new Float64Array(buffer, byteOffset + 8, 1)[0];
}

function parse(text: string): Tail | undefined {
  try {
    const tail = JSON.parse(text) as Tail;
    const { featureVectors, minima, lengths, spent } = tail;
    return [featureVectors, minima, lengths, spent].every(Array.isArray) ? tail : undefined;
  } catch {
    return undefined;
  }
}
