/**
 * Reads a graph without signatures from two tables of text, for measurements (`--dev-load-graph`)
 * and for the simulator.
 *
 * `channels.csv`: short_channel_id, node1, node2, capacity_sat, then for each direction d0 (node1
 * to node2) and d1: disabled, cltv_delta, htlc_min_msat, htlc_max_msat, base_msat, ppm; empty
 * where no update is known. `nodes.csv`: index, node_id. Both start with a line of column names.
 */
import { type Bytes, err, fromHex, ok, type Result, scidFromString } from '../bytes/index.js';
import { Graph } from '../gossip/index.js';
import type { Direction } from './lessons.js';

export interface CsvError {
  readonly code: 'bad_graph_file';
  readonly file: 'channels' | 'nodes';
  /** Counted from 1, as editors do. */
  readonly line: number;
  readonly text: string;
}

/** Fills `graph` (a new one if left out); the node ids by their index in the file come with it. */
export function parseGraphCsv(
  channels: string,
  nodes: string,
  graph = new Graph(),
): Result<{ readonly graph: Graph; readonly nodes: readonly Bytes[] }, CsvError> {
  const ids: Bytes[] = [];
  const bad = (file: 'channels' | 'nodes', line: number, text: string) =>
    err<CsvError>({ code: 'bad_graph_file', file, line, text: text.slice(0, 200) });
  let line = 0;
  for (const text of nodes.split('\n')) {
    if (line++ === 0 || text === '') continue;
    const [index, hex] = text.trimEnd().split(',');
    const id = fromHex(hex ?? '');
    if (id === undefined || id.length !== 33) return bad('nodes', line, text);
    ids[Number(index)] = id;
  }
  line = 0;
  const lines = channels.split('\n');
  graph.reserve(graph.channelLimit + lines.length - 2, graph.nodeLimit + ids.length);
  for (const text of lines) {
    if (line++ === 0 || text === '') continue;
    const f = text.trimEnd().split(',');
    const scid = scidFromString(f[0] as string);
    const node1 = ids[Number(f[1])];
    const node2 = ids[Number(f[2])];
    if (f.length !== 16 || scid === undefined || node1 === undefined || node2 === undefined)
      return bad('channels', line, text);
    const capacityMsat = Number(f[3]) * 1000;
    if (!Number.isSafeInteger(capacityMsat)) return bad('channels', line, text);
    const c = graph.addChannel({ scid, node1, node2, capacityMsat });
    for (const direction of [0, 1] as const) {
      const wrong = setPolicy(graph, 2 * c + direction, f, direction);
      if (wrong) return bad('channels', line, text);
    }
  }
  return ok({ graph, nodes: ids });
}

/** Answers whether the fields are wrong. */
function setPolicy(graph: Graph, e: number, f: readonly string[], direction: Direction): boolean {
  const at = 4 + 6 * direction;
  if (f[at] === '') return false;
  const numbers = f.slice(at, at + 6).map(Number);
  if (!numbers.every((n) => Number.isSafeInteger(n) && n >= 0)) return true;
  const [disabled, cltvDelta, minimum, maximum, base, ppm] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  graph.setPolicy(e, {
    enabled: disabled === 0,
    cltvDelta,
    htlcMinimumMsat: minimum,
    htlcMaximumMsat: maximum,
    feeBaseMsat: base,
    feeProportionalMillionths: ppm,
    timestamp: 0,
  });
  return false;
}
