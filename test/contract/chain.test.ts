import { BitcoindChain } from '../../src/adapters/chain/bitcoind/index.js';
import {
  EmbeddedChain,
  EmbeddedChainPort,
  startEmbeddedChainServer,
} from '../../src/adapters/chain/embedded/index.js';
import { systemClock } from '../../src/adapters/clock/system.js';
import { encodeAddress, NETWORKS } from '../../src/core/bitcoin/index.js';
import { type Bytes, fromHex, reversed, sat, toHex } from '../../src/core/bytes/index.js';
import { silentLogger } from '../../src/ports/index.js';
import { startBitcoind, type TestChain, testChain } from '../support/bitcoind.js';
import { type ChainUnderTest, chainContract } from './chain.js';

const address = (scriptPubkey: Bytes): string =>
  encodeAddress(scriptPubkey, NETWORKS.regtest) as string;
const shown = (hash: Bytes): string => toHex(reversed(hash));

/** A chain behind bitcoind's RPC, whoever answers it. */
async function overRpc(node: TestChain): Promise<ChainUnderTest> {
  const { rpcport, rpcuser, rpcpassword } = node;
  const port = await BitcoindChain.create(
    { network: 'regtest', rpcport, rpcuser, rpcpassword },
    { clock: systemClock, log: silentLogger },
  );
  return {
    port,
    async mine(blocks = 1, scriptPubkey) {
      await node.mine(blocks, scriptPubkey === undefined ? undefined : address(scriptPubkey));
    },
    async pay(scriptPubkey, amount) {
      const btc = `${amount / 100_000_000n}.${(amount % 100_000_000n).toString().padStart(8, '0')}`;
      const txid = await node.send(address(scriptPubkey), btc);
      return reversed(fromHex(txid) as Bytes);
    },
    invalidate: (hash) => node.rpc('invalidateblock', shown(hash)),
    reconsider: (hash) => node.rpc('reconsiderblock', shown(hash)),
    close: () => node.stop(),
  };
}

chainContract('bitcoind', async () => overRpc(await startBitcoind({ blocks: 110 })));

chainContract('embedded, over RPC', async () => {
  const access = { rpcuser: 'levin', rpcpassword: 'test' };
  const server = await startEmbeddedChainServer(
    { port: 0, blocks: 110, ...access },
    { clock: systemClock },
  );
  return overRpc(testChain({ rpcport: server.port, ...access }, () => server.close()));
});

chainContract('embedded, in the process', async () => {
  const chain = new EmbeddedChain({}, { clock: systemClock });
  chain.mine(110);
  const block = (hash: Bytes) => {
    const found = chain.block(hash);
    if (found === undefined) throw new Error('no such block');
    return found;
  };
  return {
    port: new EmbeddedChainPort(chain),
    async mine(blocks = 1, scriptPubkey) {
      chain.mine(blocks, scriptPubkey === undefined ? {} : { scriptPubkey });
    },
    async pay(scriptPubkey, amount) {
      return chain.send(scriptPubkey, sat(amount)).txid;
    },
    async invalidate(hash) {
      chain.invalidate(block(hash));
    },
    async reconsider(hash) {
      chain.reconsider(block(hash));
    },
    async close() {},
  };
});
