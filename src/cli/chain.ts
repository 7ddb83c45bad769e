/**
 * An embedded regtest chain as a program, which speaks bitcoind's RPC: for the demo, and for
 * people who test an app without a bitcoind. `node dist/cli/chain.js --rpcport=18443`.
 */
import { parseArgs } from 'node:util';
import { startEmbeddedChainServer } from '../adapters/chain/embedded/index.js';
import { systemClock } from '../adapters/clock/system.js';

const { values } = parseArgs({
  options: {
    rpcport: { type: 'string', default: '18443' },
    rpcuser: { type: 'string' },
    rpcpassword: { type: 'string' },
    seed: { type: 'string' },
    blocks: { type: 'string', default: '101' },
  },
});

const { rpcuser, rpcpassword, seed } = values;
const server = await startEmbeddedChainServer(
  {
    port: Number(values.rpcport),
    blocks: Number(values.blocks),
    ...(rpcuser === undefined ? {} : { rpcuser }),
    ...(rpcpassword === undefined ? {} : { rpcpassword }),
    ...(seed === undefined ? {} : { seed }),
  },
  { clock: systemClock },
);
console.log(`a regtest chain listens on 127.0.0.1:${server.port}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close());
await server.closed;
process.exit(0);
