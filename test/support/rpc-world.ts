/** Two daemons' nodes with a channel between them, in this process, on the embedded chain. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transaction } from '@scure/btc-signer';
import { startEmbeddedChainServer } from '../../src/adapters/chain/embedded/index.js';
import { systemClock } from '../../src/adapters/clock/system.js';
import { daemonConfig } from '../../src/cli/config.js';
import { gatherOptions } from '../../src/cli/option-parser.js';
import { startNode } from '../../src/node/main/index.js';
import { type Logger, silentLogger } from '../../src/ports/index.js';
import { commands } from '../../src/rpc/commands/index.js';
import type { NodeApi } from '../../src/rpc/index.js';
import { LocalCommands } from '../../src/rpc/local.js';
import { RpcServer } from '../../src/rpc/server.js';
import { type TestChain, testChain } from './bitcoind.js';
import { until } from './daemon.js';
import type { World } from './rpc-fuzz.js';

// biome-ignore lint/suspicious/noExplicitAny: answers are as various as the commands.
type Call = (method: string, params?: object) => Promise<any>;

interface Running {
  readonly id: string;
  readonly port: number;
  readonly socket: string;
  readonly call: Call;
  /** Follows the chain to its tip. */
  sync(): Promise<void>;
  stop(): Promise<void>;
}

type Chain = Awaited<ReturnType<typeof startEmbeddedChainServer>>;

async function start(name: string, dir: string, chain: Chain, log: Logger): Promise<Running> {
  const { given, places } = gatherOptions([
    ...[`--lightning-dir=${join(dir, name)}`, '--network=regtest', `--alias=${name}`],
    ...[`--bitcoin-rpcport=${chain.port}`, '--bitcoin-rpcuser=u', '--bitcoin-rpcpassword=p'],
    ...['--developer', '--dev-bitcoind-poll=1'],
  ]);
  mkdirSync(places.networkDir, { recursive: true });
  const read = daemonConfig(given, places, 'v0');
  const bindings = [{ host: '127.0.0.1', port: 0 }];
  const config = { ...read, node: { ...read.node, bindings } };
  const fatal = (error: unknown): void => log.error('fatal', { error });
  const node = await startNode(config, { log, passphrase: undefined, fatal });
  const api: NodeApi = { ...node.api, recentLog: () => [], requestStop: () => {} };
  const server = new RpcServer({ path: places.rpcFile, developer: true }, { commands, log });
  await server.start();
  server.serve(api);
  const local = new LocalCommands({ developer: true }, { node: api, commands });
  return {
    id: node.api.nodeId,
    port: node.api.peers.listening[0]?.port ?? 0,
    socket: places.rpcFile,
    call: (method, params = {}) => local.call(method, params),
    sync: () => node.api.chain.sync(),
    stop: async () => {
      await server.stop();
      await node.stop();
    },
  };
}

export interface RpcWorld {
  readonly alice: Running;
  readonly bob: Running;
  readonly world: World;
  /** What the log of either has said at its loudest. */
  readonly broken: readonly string[];
  stop(): Promise<void>;
}

export async function startRpcWorld(): Promise<RpcWorld> {
  const dir = mkdtempSync(join(tmpdir(), 'levin-rpc-'));
  const at = { rpcuser: 'u', rpcpassword: 'p' };
  const server = await startEmbeddedChainServer(
    { port: 0, blocks: 110, ...at },
    { clock: systemClock },
  );
  const broken: string[] = [];
  const log: Logger = {
    ...silentLogger,
    error: (message, values) => void broken.push(`${message} ${JSON.stringify(values)}`),
    child: () => log,
  };
  const chain = testChain({ ...at, rpcport: server.port }, () => server.close());
  const alice = await start('alice', dir, server, log);
  const bob = await start('bob', dir, server, log);
  const mine = async (blocks: number): Promise<void> => {
    await chain.mine(blocks);
    await Promise.all([alice.sync(), bob.sync()]);
  };
  await openChannel(alice, bob, chain, mine);
  return {
    ...{ alice, bob, broken },
    world: await worldOf(alice, bob),
    stop: async () => {
      await Promise.all([alice.stop(), bob.stop()]);
      await chain.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function openChannel(
  alice: Running,
  bob: Running,
  chain: TestChain,
  mine: (blocks: number) => Promise<void>,
): Promise<void> {
  const coins = [0.05, 0.003, 0.003001, 0.003002, 0.003003];
  for (const coin of coins)
    await chain.send((await alice.call('newaddr', { addresstype: 'bech32' })).bech32, coin);
  await mine(1);
  await alice.call('connect', { id: bob.id, host: '127.0.0.1', port: bob.port });
  await alice.call('fundchannel', { id: bob.id, amount: 1_000_000, push_msat: 100_000_000 });
  await mine(6);
  await until('the channel', async () => {
    const { channels } = await alice.call('listpeerchannels');
    return channels[0]?.state === 'CHANNELD_NORMAL';
  });
  await until('its gossip', async () => {
    const { channels } = await alice.call('listchannels');
    return channels.length === 2;
  });
}

const outpointOf = (coin: { txid: string; output: number }): string =>
  `${coin.txid}:${coin.output}`;

/** What the two nodes have made and know of, by the names of parameters and of their types. */
export async function worldOf(
  alice: Pick<Running, 'id' | 'call'>,
  bob: Pick<Running, 'id' | 'call' | 'port'>,
): Promise<World> {
  const made = { description: 'd' };
  const theirs = await bob.call('invoice', { ...made, amount_msat: 1000, label: 'b1' });
  const open = await bob.call('invoice', { ...made, amount_msat: 'any', label: 'b2' });
  const paid = await bob.call('invoice', { ...made, amount_msat: 1000, label: 'b3' });
  await alice.call('pay', { bolt11: paid.bolt11 });
  const ours = await alice.call('invoice', { ...made, amount_msat: 1000, label: 'a1' });
  const address = (await alice.call('newaddr', { addresstype: 'bech32' })).bech32;
  const funded = await alice.call('fundpsbt', {
    ...{ satoshi: 100_000, feerate: 'normal', startweight: 250 },
    ...{ excess_as_change: true, reserve: 0 },
  });
  const { signed_psbt } = await alice.call('signpsbt', { psbt: funded.psbt });
  const prepared = await alice.call('txprepare', { outputs: [{ [address]: 20_000 }] });
  const sent = await alice.call('withdraw', { destination: address, satoshi: 30_000 });
  const { route } = await alice.call('getroute', { id: bob.id, amount_msat: 1000, riskfactor: 1 });
  const [channel] = (await alice.call('listpeerchannels')).channels;
  const coins: string[] = (await alice.call('listfunds')).outputs.map(outpointOf);
  const { zbase } = await alice.call('signmessage', { message: 'hello' });
  const { scb } = await alice.call('staticbackup');
  const hops = [{ pubkey: bob.id, payload: '07020203e804010a' }];
  const assocdata = 'ab'.repeat(32);
  const { onion, shared_secrets } = await alice.call('createonion', { hops, assocdata });
  await alice.call('datastore', { key: ['a', 'b'], string: 'x' });
  await alice.call('askrene-create-layer', { layer: 'l1' });
  const { short_channel_id: scid } = channel;
  const hashes = [ours, theirs, paid].map((invoice) => invoice.payment_hash);
  const newer = Transaction.fromPSBT(Buffer.from(signed_psbt, 'base64')).toPSBT(2);
  const psbts = [funded.psbt, signed_psbt, prepared.psbt, sent.psbt];
  psbts.push(Buffer.from(newer).toString('base64'));
  return {
    ...{ pubkey: [bob.id, alice.id], id: [bob.id, channel.channel_id, scid, alice.id] },
    'pubkey[@host[:port]]': [bob.id, `${bob.id}@127.0.0.1:${bob.port}`, `${bob.id}@127.0.0.1:1`],
    ...{ host: ['127.0.0.1', '::1'], port: [bob.port, 1], address: [address] },
    ...{ psbt: psbts, initialpsbt: psbts, hash: [...hashes, 'cd'.repeat(32)] },
    invoice: [theirs.bolt11, open.bolt11, paid.bolt11, ours.bolt11, `lightning:${theirs.bolt11}`],
    ...{ bolt11: [theirs.bolt11], invstring: [theirs.bolt11, ours.bolt11] },
    ...{ string: [theirs.bolt11, 'x'], label: ['a1', 'x1', 7] },
    ...{ secret: [theirs.payment_secret], payment_secret: [theirs.payment_secret] },
    ...{ msat: [1000, '1sat', 0, 100_000], sat: [1000, 20_000, '20000sat'] },
    ...{ 'sat|all': [20_000, 'all'], u32: [0, 1, 9, 100, 4294967295] },
    ...{ u64: [0, 1, 1n << 63n], number: [0, 0.5, 10], boolean: [true, false, 'true'] },
    ...{ short_channel_id: [scid, channel.alias.local], short_channel_id_dir: [`${scid}/0`] },
    ...{ txid: [prepared.txid, coins[0]?.slice(0, 64)], outpoint: [...coins, `${assocdata}:0`] },
    ...{ hex: ['00', 'ff00', onion, ...scb], scb: scb.map((one: string) => [one]) },
    ...{ onion: [onion], assocdata: [assocdata], shared_secrets: [shared_secrets], hops: [hops] },
    first_hop: [{ id: bob.id, amount_msat: 1000, delay: 10 }, route[0]],
    ...{ feerate: ['normal', '253perkw', 1000, '6blocks'], feerate_str: ['slow', '1perkb'] },
    ...{ destination: [address, `0014${'ab'.repeat(20)}`, bob.id], close_to: [address] },
    ...{ object: [{ [address]: 20_000 }, { [address]: 'all' }], fallbacks: [[address]] },
    ...{ layer: ['l1', 'l2'], layers: [['l1'], ['auto.localchans', 'auto.sourcefree'], []] },
    ...{ route: [route, [{}], [route[0], route[0]]], key: [['a', 'b'], ['a'], 'a', ['c']] },
    path: [[{ short_channel_id_dir: `${scid}/0`, amount_msat: 1000, next_node_id: bob.id }]],
    ...{ command_to_check: ['pay', 'ping', 'nope'], command: ['pay', 'list'] },
    ...{ subsystem: ['invoices', 'forwards', 'sendpays'], indexname: ['created', 'updated'] },
    ...{ config: ['min-capacity-sat', 'alias'], val: ['10000', 10_000] },
    ...{ zbase: [zbase], message: ['hello'], msg: ['8001ff', '0010', '8000'] },
    ...{ status: ['paid', 'pending', 'complete'], start: [0, 1], limit: [1, 0] },
    destinations: [[{ id: `${bob.id}@127.0.0.1:${bob.port}`, amount: 20_000 }]],
    ...{ retry_for: [1], maxdelay: [1, 500], timeout: [0, 1], unilateraltimeout: [1] },
    ...{ style: ['perkw', 'tlv'], utxos: [coins, []], exclude: [[`${scid}/0`], [bob.id]] },
    ...{ pongbytes: [0, 65_535], len: [0, 65_535], bias: [-100, 0, 50], maxfee: [0, 1000] },
    ...{ extratlvs: [{ 133773310: '00' }], wrong_funding: [coins[0]] },
  };
}
