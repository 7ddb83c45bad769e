import { type BitcoindOptions, bitcoindAccess } from '../../adapters/chain/bitcoind/config.js';
import { BitcoindChain } from '../../adapters/chain/bitcoind/index.js';
import { RpcClient } from '../../adapters/chain/bitcoind/rpc.js';
import { decodeTx, encodeAddress, NETWORKS, type Transaction } from '../../core/bitcoin/index.js';
import {
  type Bytes,
  concat,
  equal,
  fromHex,
  hex,
  reversed,
  type Sat,
  shownHash,
  toHex,
} from '../../core/bytes/index.js';
import { type Logger, seconds } from '../../ports/index.js';
import { LAB_EPOCH_MS, VirtualClock } from '../clock.js';
import { heldChain, SharedChain } from './held.js';
import type { LabChain, LabChainPort } from './types.js';

/** A reorg may take blocks from before the lab: what is its own may then lie so much lower. */
const BELOW = 10;
const SILENT: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => SILENT,
};

/**
 * A real bitcoind on regtest as the chain of a lab. The nodes speak to it by the production
 * adapter; virtual time stands still while it works, and its own clock is set to the lab's. It has
 * a wallet with coins, and mines for nobody else meanwhile. Many labs may use it, one after
 * another.
 */
export class BitcoindLabChain implements LabChain {
  readonly clock: VirtualClock;
  readonly given = new Set<string>();
  feerate: number | undefined;
  readonly #rpc: RpcClient;
  readonly #chain: SharedChain;
  readonly #first: number;
  #miners: number;

  private constructor(
    rpc: RpcClient,
    chain: BitcoindChain,
    tip: { readonly blocks: number; readonly time: number },
  ) {
    this.#rpc = rpc;
    this.#chain = new SharedChain(chain, tip.blocks);
    this.#first = Math.max(1, tip.blocks - BELOW);
    this.#miners = tip.blocks;
    this.clock = new VirtualClock({ start: Math.max(LAB_EPOCH_MS, 1000 * (tip.time + 1)) });
  }

  /** `options`: where it listens, as the daemon is told. */
  static async create(options: Omit<BitcoindOptions, 'network'>): Promise<BitcoindLabChain> {
    const at = { ...options, network: 'regtest' } as const;
    const rpc = new RpcClient({ ...(await bitcoindAccess(at)), timeoutMs: 60_000 });
    const info = (await rpc.call('getblockchaininfo')) as { blocks: number; time: number };
    const start = { clock: new VirtualClock(), log: SILENT };
    const chain = await BitcoindChain.create(at, start);
    return new BitcoindLabChain(rpc, chain, info);
  }

  get height(): number {
    return this.#chain.height;
  }

  async mine(blocks: number): Promise<void> {
    if (blocks === 0) return;
    const hashes = await this.#atThisTime('generatetoaddress', blocks, this.#miner());
    for (const hash of hashes as string[]) this.#chain.push(reversed(hex(hash)));
  }

  async mineExactly(txs: readonly Bytes[]): Promise<void> {
    const made = await this.#atThisTime('generateblock', this.#miner(), txs.map(toHex));
    this.#chain.push(reversed(hex((made as { hash: string }).hash)));
  }

  async reorg(depth: number, first: readonly (readonly Bytes[])[] = []): Promise<void> {
    const last = await this.clock.hold(this.#chain.blockHash(this.height - depth + 1));
    if (last === undefined) throw new Error(`no ${depth} blocks to replace`);
    await this.#call('invalidateblock', shownHash(last));
    for (let i = 0; i < depth; i++) this.#chain.pop();
    for (const txs of first) await this.mineExactly(txs);
    await this.mine(depth + 1 - first.length);
  }

  async give(scriptPubkey: Bytes, amount: Sat): Promise<void> {
    const address = encodeAddress(scriptPubkey, NETWORKS.regtest);
    const btc = `${amount / 100_000_000n}.${String(amount % 100_000_000n).padStart(8, '0')}`;
    const id = await this.#call('sendtoaddress', address, btc);
    const tx = await this.#waiting(id as string);
    const vout = tx?.outputs.findIndex((output) => equal(output.scriptPubkey, scriptPubkey));
    this.given.add(`${id}:${vout}`);
  }

  port(): LabChainPort {
    return heldChain(this.#chain, this);
  }

  async transactions(): Promise<readonly Transaction[]> {
    // One by one: bitcoind refuses more than some dozens of calls at a time.
    const found: Transaction[] = [];
    for (let height = this.#first; height <= this.height; height++)
      found.push(...(await this.#blockAt(height)));
    // bitcoind lists parents before their children.
    for (const id of (await this.#call('getrawmempool')) as string[]) {
      const tx = await this.#waiting(id);
      if (tx !== undefined) found.push(tx);
    }
    return found;
  }

  async #blockAt(height: number): Promise<readonly Transaction[]> {
    const hash = await this.clock.hold(this.#chain.blockHash(height));
    const block = hash && (await this.clock.hold(this.#chain.block(hash)));
    return (block?.transactions ?? []).slice(1).map((tx) => decodeTx(tx) as Transaction);
  }

  async #waiting(id: string): Promise<Transaction | undefined> {
    return decodeTx(fromHex((await this.#call('getrawtransaction', id)) as string) as Bytes);
  }

  /** Another address for each call, or a block could be the very one that was taken back. */
  #miner(): string {
    const number = new Uint8Array(20);
    new DataView(number.buffer).setUint32(16, this.#miners++);
    // OP_0 and 20 bytes: a key's hash, of a key that nobody has.
    const script = concat(Uint8Array.of(0, 20), number);
    return encodeAddress(script, NETWORKS.regtest) as string;
  }

  /** A call when bitcoind's clock, by which it dates blocks, has been set to the lab's. */
  async #atThisTime(method: string, ...params: readonly unknown[]): Promise<unknown> {
    const set = { method: 'setmocktime', params: [seconds(this.clock)] };
    const answers = await this.clock.hold(this.#rpc.callTogether([set, { method, params }]));
    for (const answer of answers) if (answer instanceof Error) throw answer;
    return answers[1];
  }

  #call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    return this.clock.hold(this.#rpc.call(method, params));
  }
}
