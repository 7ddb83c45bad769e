/** The public graph from a file of channels, the nodes beside it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Graph } from '../../src/core/gossip/index.js';
import { parseGraphCsv } from '../../src/core/routing/index.js';

export function loadGraph(file: string): Graph {
  const text = (path: string): string => {
    const data = readFileSync(path);
    return (path.endsWith('.gz') ? gunzipSync(data) : data).toString();
  };
  const nodes = join(dirname(file), `nodes.csv${file.endsWith('.gz') ? '.gz' : ''}`);
  const parsed = parseGraphCsv(text(file), text(nodes));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value.graph;
}
