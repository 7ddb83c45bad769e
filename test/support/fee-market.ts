/** A bitcoind on regtest whose blocks and whose mempool have a price. */
import { randomBytes } from 'node:crypto';
import type { TestChain } from './bitcoind.js';

/** Nearly as large as relays take it, in outputs of 31 bytes. */
const OUTPUTS = 3_000;
const COINS = 60;

/**
 * Fills a mempool with transactions that pay so many satoshi per virtual byte and somewhat more,
 * until it takes nothing that pays less. bitcoind is started with `-maxmempool=5`, which is the
 * least, and has coins of its own.
 */
export async function fillMempool(chain: TestChain, satPerVbyte: number): Promise<void> {
  await fanOut(chain);
  for (let i = 0; i < COINS; i++) {
    const { mempoolminfee } = await chain.rpc('getmempoolinfo');
    if (mempoolminfee * 1e5 >= satPerVbyte) return;
    await sendLarge(chain, satPerVbyte + i / 10);
  }
  throw new Error('the mempool does not fill');
}

/** Coins that do not hang on each other, confirmed by a block of their own. */
async function fanOut(chain: TestChain): Promise<void> {
  const payees: Record<string, string> = {};
  for (let i = 0; i < COINS; i++) payees[await chain.rpc('getnewaddress')] = '0.1';
  const txid = await chain.rpc('sendmany', '', payees);
  await chain.rpc('generateblock', await chain.rpc('getnewaddress'), [txid]);
}

async function sendLarge(chain: TestChain, satPerVbyte: number): Promise<void> {
  const outputs = Array.from({ length: OUTPUTS }, () => {
    const script = `0014${randomBytes(20).toString('hex')}`;
    // 600 satoshi, eight bytes little endian.
    return `5802000000000000${(script.length / 2).toString(16)}${script}`;
  });
  const raw = `0200000000fd${littleEndian16(OUTPUTS)}${outputs.join('')}00000000`;
  const fund = { fee_rate: satPerVbyte, changePosition: OUTPUTS };
  const { hex } = await chain.rpc('fundrawtransaction', raw, fund, false);
  const signed = await chain.rpc('signrawtransactionwithwallet', hex);
  await chain.rpc('sendrawtransaction', signed.hex, 0);
}

const littleEndian16 = (n: number): string =>
  [n & 0xff, n >> 8].map((b) => b.toString(16).padStart(2, '0')).join('');

interface Waiting {
  readonly ancestorsize: number;
  readonly fees: { readonly ancestor: number };
  readonly depends: readonly string[];
}

/**
 * A block of what pays so many satoshi per virtual byte together with what it hangs on; answers
 * which they are.
 */
export async function mineDear(chain: TestChain, satPerVbyte: number): Promise<string[]> {
  const waiting: Record<string, Waiting> = await chain.rpc('getrawmempool', true);
  const chosen = new Set<string>();
  const choose = (txid: string): void => {
    if (chosen.has(txid)) return;
    for (const parent of waiting[txid]?.depends ?? []) choose(parent);
    chosen.add(txid);
  };
  for (const [txid, { fees, ancestorsize }] of Object.entries(waiting))
    if ((fees.ancestor * 1e8) / ancestorsize >= satPerVbyte) choose(txid);
  await chain.rpc('generateblock', await chain.rpc('getnewaddress'), [...chosen]);
  return [...chosen];
}
