/** A real bitcoind that labs stand on, one after another: `chain()` for each of them. */
import { BitcoindLabChain, LAB_EPOCH_MS } from '../../src/lab/index.js';
import { startBitcoind } from './bitcoind.js';

/** After so many labs the chain is long, its miner poor and its wallet slow: a new one begins. */
const LABS = 25;

const FIRST_BLOCKS = 110;

export interface LabBitcoind {
  chain(): Promise<BitcoindLabChain>;
  stop(): Promise<void>;
}

export async function labBitcoind(): Promise<LabBitcoind> {
  // Its clock is the lab's from the first block on.
  const start = () =>
    startBitcoind({ args: [`-mocktime=${LAB_EPOCH_MS / 1000}`], blocks: FIRST_BLOCKS });
  let process_ = await start();
  let labs = 0;
  return {
    async chain() {
      if (labs++ === LABS) {
        await process_.stop();
        [process_, labs] = [await start(), 1];
      }
      return BitcoindLabChain.create(access(process_));
    },
    stop: () => process_.stop(),
  };
}

const access = ({ rpcport, rpcuser, rpcpassword }: Awaited<ReturnType<typeof startBitcoind>>) => ({
  rpcport,
  rpcuser,
  rpcpassword,
});
