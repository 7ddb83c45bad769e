/** BOLT 8 and BOLT 1 with rust-lightning over real TCP: who calls whom, inits, pings. */
import { createServer } from 'node:net';
import { NodeLDKNet } from 'lightningdevkit-node-net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock/system.js';
import { systemEntropy } from '../../src/adapters/entropy/system.js';
import { TcpNet } from '../../src/adapters/net/tcp.js';
import { hex as fromHexText, type NodeId, reversed } from '../../src/core/bytes/index.js';
import { hasFeature } from '../../src/core/wire/index.js';
import { OUR_FEATURES } from '../../src/node/main/features.js';
import { Peers } from '../../src/node/peers/index.js';
import { silentLogger } from '../../src/ports/index.js';
import { build, hex, loadWasm, type Parts } from '../support/ldk-kit.js';
import { identity, PeersTable } from '../support/peers.js';

/** The hash of the first block of regtest, as people write it. */
const DISPLAYED = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

async function until(what: string, done: () => boolean): Promise<void> {
  for (let waited = 0; !done(); waited += 5) {
    if (waited > 10_000) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a node of rust-lightning', () => {
  let parts: Parts;
  let net: NodeLDKNet;
  let port: number;
  let peers: Peers;
  let ldkId: NodeId;
  const ours = identity('levin');

  beforeAll(async () => {
    await loadWasm();
    const rpc = async () => {
      throw new Error('no chain here');
    };
    port = await freePort();
    parts = build(
      { bitcoind: { rpc } as never, name: 'ldk', port },
      { hash: DISPLAYED, height: 0 },
    );
    net = new NodeLDKNet(parts.peers);
    await net.bind_listener('127.0.0.1', port);
    ldkId = hex(parts.manager.get_our_node_id()) as NodeId;
    peers = new Peers(
      {
        chainHash: reversed(fromHexText(DISPLAYED)),
        features: OUR_FEATURES,
        listen: [{ host: '127.0.0.1', port: 0 }],
        defaultPort: 9735,
      },
      {
        net: new TcpNet(),
        clock: systemClock,
        entropy: systemEntropy,
        signer: ours.signer,
        store: new PeersTable() as never,
        log: silentLogger,
        fatal: (error) => {
          throw error;
        },
      },
    );
    await peers.start();
  });

  afterAll(async () => {
    await peers.stop();
    net.stop();
    parts.keep.length = 0;
  });

  const theirs = () => parts.peers.list_peers().map((p) => hex(p.get_counterparty_node_id()));

  it('is called by us, and answers pings over more than one key rotation', async () => {
    const result = await peers.connect(ldkId, '127.0.0.1', port);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    expect(hasFeature(result.value.features, 'optionStaticRemotekey')).toBe(true);
    expect(theirs()).toEqual([ours.id]);
    for (let i = 0; i < 1100; i++)
      expect(await peers.ping(ldkId, i % 50, i % 50)).toEqual({
        ok: true,
        value: { totlen: (i % 50) + 4 },
      });
    peers.disconnect(ldkId, 'done');
    await until('rust-lightning notices', () => theirs().length === 0);
  });

  it('calls us', async () => {
    const [address] = peers.listening;
    await net.connect_peer('127.0.0.1', address?.port as number, ours.signer.nodeId);
    await until('connected', () => peers.connected(ldkId) !== undefined);
    expect(peers.connected(ldkId)?.direction).toBe('in');
    expect(await peers.ping(ldkId)).toEqual({ ok: true, value: { totlen: 132 } });
    peers.disconnect(ldkId, 'done');
  });
});
