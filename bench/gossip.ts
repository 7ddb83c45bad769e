/**
 * A whole graph comes in: `npm run bench:gossip -- CHANNELS.csv.gz`. Every channel of the file is
 * signed by keys of our own, announced by two peers, verified against a chain that knows its
 * output, stored; then the node is stopped and started again. Shown: seconds, signatures a second,
 * memory, the longest time for which nothing else had its turn, and the time of the start.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { systemClock } from '../src/adapters/clock/system.js';
import { openStore } from '../src/adapters/store/sqlite/index.js';
import { p2wsh } from '../src/core/bitcoin/index.js';
import { compare, type NodeId, type ShortChannelId, sat, toHex } from '../src/core/bytes/index.js';
import { fundingScript } from '../src/core/channel/index.js';
import { publicKeyFromPrivate, sha256, sha256d, sign } from '../src/core/crypto/index.js';
import { type Direction, type Graph, KNOWN } from '../src/core/gossip/index.js';
import { parseGraphCsv, RouteTable } from '../src/core/routing/index.js';
import {
  decodeMessage,
  encodeMessage,
  featureBits,
  type GossipKind,
  type Message,
  type MessageOf,
  signedPart,
} from '../src/core/wire/index.js';
import { Gossip } from '../src/node/gossip/index.js';
import { silentLogger } from '../src/ports/index.js';

const CHAIN = new Uint8Array(32).fill(6);
const HEIGHT = 900_000;
const NOW = Math.floor(systemClock.now() / 1000);
const ZERO = new Uint8Array(64);
const FEATURES = featureBits([7, 11]);

interface Party {
  readonly key: Uint8Array;
  readonly id: Uint8Array;
}

function party(name: string): Party {
  const key = sha256(new TextEncoder().encode(name));
  return { key, id: publicKeyFromPrivate(key) as Uint8Array };
}

const signed = (key: Uint8Array, message: MessageOf<GossipKind>): Uint8Array =>
  sign(key, sha256d(signedPart(message))) as Uint8Array;

interface Made {
  readonly messages: readonly Uint8Array[];
  readonly script: Uint8Array;
  readonly capacity: number;
}

/** The messages of every channel, by its scid; and how many signatures are in them. */
function makeGossip(graph: Graph): { made: Map<ShortChannelId, Made>; signatures: number } {
  const parties = Array.from({ length: graph.nodeLimit }, (_, n) => party(`node ${n}`));
  const announced = new Set<number>();
  const made = new Map<ShortChannelId, Made>();
  let signatures = 0;
  for (let c = 0; c < graph.channelLimit; c++) {
    const ends = [graph.source[2 * c], graph.source[2 * c + 1]] as [number, number];
    const [a, b] = ends.map((n) => parties[n]) as [Party, Party];
    const swapped = compare(a.id, b.id) > 0;
    const [one, two] = swapped ? [b, a] : [a, b];
    const funding = [party(`${c} 1`), party(`${c} 2`)] as [Party, Party];
    const scid = graph.scid(c);
    const bare: MessageOf<'channelAnnouncement'> = {
      kind: 'channelAnnouncement',
      nodeSignature1: ZERO,
      nodeSignature2: ZERO,
      bitcoinSignature1: ZERO,
      bitcoinSignature2: ZERO,
      features: new Uint8Array(0),
      chainHash: CHAIN,
      shortChannelId: scid,
      nodeId1: one.id,
      nodeId2: two.id,
      bitcoinKey1: funding[0].id,
      bitcoinKey2: funding[1].id,
    };
    const messages = [
      encodeMessage({
        ...bare,
        nodeSignature1: signed(one.key, bare),
        nodeSignature2: signed(two.key, bare),
        bitcoinSignature1: signed(funding[0].key, bare),
        bitcoinSignature2: signed(funding[1].key, bare),
      }),
    ];
    signatures += 4;
    for (const d of [0, 1] as const) {
      if (((graph.flags[2 * c + d] as number) & KNOWN) === 0) continue;
      const direction = (swapped ? d ^ 1 : d) as Direction;
      messages.push(makeUpdate(graph, 2 * c + d, direction, direction === 0 ? one : two));
      signatures++;
    }
    ends.forEach((n) => {
      if (announced.has(n)) return;
      announced.add(n);
      messages.push(makeNode(n, parties[n] as Party));
      signatures++;
    });
    const script = p2wsh(fundingScript(funding[0].id, funding[1].id));
    made.set(scid, { messages, script, capacity: graph.capacity[c] as number });
  }
  return { made, signatures };
}

function makeUpdate(graph: Graph, e: number, direction: Direction, by: Party): Uint8Array {
  const policy = graph.policy(e);
  if (policy === undefined) throw new Error('no policy');
  const bare: MessageOf<'channelUpdate'> = {
    kind: 'channelUpdate',
    signature: ZERO,
    chainHash: CHAIN,
    shortChannelId: graph.scid(e >> 1),
    timestamp: NOW - 3600 - (e % 86_400),
    messageFlags: 1,
    channelFlags: direction | (policy.enabled ? 0 : 2),
    cltvExpiryDelta: policy.cltvDelta,
    htlcMinimumMsat: BigInt(policy.htlcMinimumMsat) as never,
    feeBaseMsat: policy.feeBaseMsat,
    feeProportionalMillionths: policy.feeProportionalMillionths,
    htlcMaximumMsat: BigInt(policy.htlcMaximumMsat) as never,
  };
  return encodeMessage({ ...bare, signature: signed(by.key, bare) });
}

function makeNode(n: number, who: Party): Uint8Array {
  const alias = new Uint8Array(32);
  alias.set(new TextEncoder().encode(`node ${n}`));
  const bare: MessageOf<'nodeAnnouncement'> = {
    kind: 'nodeAnnouncement',
    signature: ZERO,
    features: FEATURES,
    timestamp: NOW - 3600,
    nodeId: who.id,
    rgbColor: Uint8Array.of(1, 2, 3),
    alias,
    addresses: [{ kind: 'ipv4', address: Uint8Array.of(10, 0, n >> 8, n & 255), port: 9735 }],
  };
  return encodeMessage({ ...bare, signature: signed(who.key, bare) });
}

/** A node's gossip with two peers that know everything and answer as fast as they are read. */
async function fetchAll(file: string, made: Map<ShortChannelId, Made>) {
  const store = await openStore({ path: file });
  const self = party('self');
  const table = new RouteTable();
  const peerIds = ['first', 'second'].map((name) => toHex(party(name).id) as NodeId);
  const inbox: (() => Promise<void>)[] = [];
  const deliver = async (peer: NodeId, raw: Uint8Array): Promise<void> => {
    const decoded = decodeMessage(raw);
    if (decoded.ok) await gossip.received(peer, decoded.value as Message);
  };
  const respond = (peer: NodeId, message: Message): void => {
    if (message.kind === 'queryChannelRange') inbox.push(() => sendRange(peer, message));
    if (message.kind === 'queryShortChannelIds') inbox.push(() => sendChannels(peer, message));
  };
  const scids = [...made.keys()].sort((a, b) => (a < b ? -1 : 1));
  const sendRange = async (peer: NodeId, query: MessageOf<'queryChannelRange'>) => {
    for (let at = 0; at < scids.length; at += 8000) {
      const part = scids.slice(at, at + 8000);
      const last = at + 8000 >= scids.length;
      const first = at === 0 ? 0 : Number((part[0] as bigint) >> 40n);
      const end = last ? 0xffffffff : Number((part.at(-1) as bigint) >> 40n) + 1;
      const reply: MessageOf<'replyChannelRange'> = {
        kind: 'replyChannelRange',
        chainHash: query.chainHash,
        firstBlocknum: first,
        numberOfBlocks: end - first,
        syncComplete: last ? 1 : 0,
        encodedShortIds: part,
        tlvs: {},
      };
      await deliver(peer, encodeMessage(reply));
    }
  };
  const sendChannels = async (peer: NodeId, query: MessageOf<'queryShortChannelIds'>) => {
    const open: Promise<void>[] = [];
    for (const scid of query.encodedShortIds)
      for (const raw of made.get(scid)?.messages ?? []) {
        open.push(deliver(peer, raw));
        // As the peer service: no more is read while so many are being dealt with.
        if (open.length >= 1000) await Promise.all(open.splice(0));
      }
    await Promise.all(open);
    const end = { kind: 'replyShortChannelIdsEnd', chainHash: CHAIN, fullInformation: 1 } as const;
    await deliver(peer, encodeMessage(end));
  };
  const gossip: Gossip = new Gossip(
    {
      nodeId: toHex(self.id) as NodeId,
      chainHash: CHAIN,
      features: { gossipQueries: 'optional', gossipQueriesEx: 'optional' },
      alias: 'bench',
      color: '010203',
      announced: [],
    },
    {
      store,
      clock: systemClock,
      signer: { nodeId: self.id, sign: (_ref, digest) => sign(self.key, digest) as Uint8Array },
      log: silentLogger,
      peers: {
        send: (peer, message) => {
          if (!(message instanceof Uint8Array)) respond(peer, message);
          return true;
        },
        backlog: () => 0,
        disconnect: () => true,
      },
      chain: {
        height: () => HEIGHT,
        utxo: async (block, txIndex, output) => {
          const scid = (BigInt(block) << 40n) | (BigInt(txIndex) << 16n) | BigInt(output);
          const known = made.get(scid as ShortChannelId);
          if (known === undefined) return undefined;
          const txid = sha256(known.script);
          const amount = sat(BigInt(known.capacity / 1000));
          return { txid, amount, scriptPubkey: known.script, confirmations: 100 };
        },
      },
      topology: table,
      ownChannel: () => undefined,
      fatal: (error) => {
        throw error;
      },
    },
  );
  const begun = performance.now();
  await gossip.start();
  const started = performance.now() - begun;
  return { gossip, store, table, started, peerIds, inbox };
}

/** The longest time that a timer due at once had to wait, while `work` went on. */
async function longestWait(work: Promise<void>): Promise<number> {
  let longest = 0;
  let done = false;
  void work.finally(() => {
    done = true;
  });
  while (!done) {
    const before = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1));
    longest = Math.max(longest, performance.now() - before - 1);
  }
  return longest;
}

async function main(): Promise<void> {
  const [channels, nodes = join(dirname(channels ?? ''), 'nodes.csv.gz')] = process.argv.slice(2);
  if (channels === undefined) {
    console.error('usage: npm run bench:gossip -- CHANNELS.csv.gz [NODES.csv.gz]');
    process.exit(1);
  }
  const text = (file: string): string => {
    const data = readFileSync(file);
    return (file.endsWith('.gz') ? gunzipSync(data) : data).toString();
  };
  const parsed = parseGraphCsv(text(channels), text(nodes));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const { made, signatures } = makeGossip(parsed.value.graph);
  console.log(`${made.size} channels made, ${signatures} signatures`);
  const folder = mkdtempSync(join(tmpdir(), 'levin-gossip-'));
  const file = join(folder, 'node.sqlite3');
  try {
    const run = await fetchAll(file, made);
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    const begun = performance.now();
    for (const peer of run.peerIds) run.gossip.peerConnected({ nodeId: peer, features: FEATURES });
    const work = (async () => {
      const running = new Set<Promise<void>>();
      while (run.gossip.busy || run.inbox.length > 0 || running.size > 0) {
        for (const task of run.inbox.splice(0)) {
          const promise = task().finally(() => running.delete(promise));
          running.add(promise);
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    const waited = await longestWait(work);
    const seconds = (performance.now() - begun) / 1000;
    const used = process.cpuUsage(cpu);
    const { graph } = run.table;
    console.log(
      `${graph.channelCount} channels and ${graph.nodeCount} nodes in ${seconds.toFixed(1)} s ` +
        `(${((used.user + used.system) / 1e6).toFixed(1)} s of the processor), ` +
        `${(signatures / seconds).toFixed(0)} signatures a second, ` +
        `longest wait of others ${waited.toFixed(0)} ms, ` +
        `graph ${(graph.bytes / graph.channelCount).toFixed(0)} bytes a channel, ` +
        `resident ${((process.memoryUsage().rss - memory.rss) / 1e6).toFixed(0)} MB more than before`,
    );
    await run.gossip.stop();
    await run.store.close();
    for (let i = 0; i < 3; i++) {
      const again = await fetchAll(file, new Map());
      console.log(
        `start with ${again.table.graph.channelCount} channels on disk: ${again.started.toFixed(0)} ms`,
      );
      await again.gossip.stop();
      await again.store.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main();
