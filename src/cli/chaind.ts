/** `levin-chaind`: an embedded regtest chain that speaks bitcoind's JSON-RPC, until it is stopped. */
import { parseArgs } from 'node:util';
import { startEmbeddedChainServer } from '../adapters/chain/embedded/index.js';
import { systemClock } from '../adapters/clock/system.js';

const USAGE = `usage: chaind [--port=18443] [--host=127.0.0.1] [--seed=TEXT] [--blocks=N]
              [--rpcuser=NAME --rpcpassword=WORD]
Serves a regtest chain as bitcoind would. --blocks mines so many at the start: after 101 the
faucet (getnewaddress, sendtoaddress) has coins. Ends on SIGINT, SIGTERM or the call "stop".`;

function options() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '18443' },
      host: { type: 'string', default: '127.0.0.1' },
      seed: { type: 'string' },
      blocks: { type: 'string', default: '0' },
      rpcuser: { type: 'string' },
      rpcpassword: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [port, blocks] = [Number(values.port), Number(values.blocks)];
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error('--port is no port');
  if (!Number.isInteger(blocks) || blocks < 0) throw new Error('--blocks is no number of blocks');
  const { host, seed, rpcuser, rpcpassword, help } = values;
  return {
    help,
    port,
    blocks,
    host,
    ...(seed === undefined ? {} : { seed }),
    ...(rpcuser === undefined ? {} : { rpcuser }),
    ...(rpcpassword === undefined ? {} : { rpcpassword }),
  };
}

async function main(): Promise<void> {
  const { help, ...wanted } = options();
  if (help) {
    console.log(USAGE);
    return;
  }
  const server = await startEmbeddedChainServer(wanted, { clock: systemClock });
  console.log(
    `embedded chain: RPC on ${wanted.host}:${server.port}, height ${server.chain.ledger.height}`,
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void server.close());
  await server.closed;
}

main().catch((error: Error) => {
  console.error(`chaind: ${error.message}\n${USAGE}`);
  process.exitCode = 1;
});
