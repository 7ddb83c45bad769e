import { splitBlock } from '../../adapters/chain/bitcoind/block.js';
import { type BitcoindOptions, bitcoindAccess } from '../../adapters/chain/bitcoind/config.js';
import { BitcoindChain } from '../../adapters/chain/bitcoind/index.js';
import { RpcClient } from '../../adapters/chain/bitcoind/rpc.js';
import { decodeTx, encodeAddress, NETWORKS, type Transaction } from '../../core/bitcoin/index.js';
import { type Bytes, concat, equal, fromHex, type Sat, toHex } from '../../core/bytes/index.js';
import {
  type Chain,
  ChainAway,
  type ChainTip,
  type FeeEstimates,
  type Logger,
  seconds,
} from '../../ports/index.js';
import { LAB_EPOCH_MS, VirtualClock } from '../clock.js';
import type { LabChain, LabChainPort } from './types.js';

/** A reorg may take blocks from before the lab: what is its own may then lie so much lower. */
const BELOW = 10;
/** Satoshi per 1000 virtual bytes to per 1000 weight units. */
const perKw = (perKvb: number): number => Math.ceil(perKvb / 4);

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
  readonly #chain: BitcoindChain;
  readonly #first: number;
  /** By height, those that were mined here. */
  readonly #hashes = new Map<number, string>();
  /** By block hash. */
  readonly #transactions = new Map<string, readonly Transaction[]>();
  #height: number;
  #miners: number;
  /** bitcoind's answer, until the lab changes it. */
  #tip: Promise<ChainTip> | undefined;

  private constructor(
    rpc: RpcClient,
    chain: BitcoindChain,
    tip: { readonly blocks: number; readonly time: number },
  ) {
    this.#rpc = rpc;
    this.#chain = chain;
    this.#height = tip.blocks;
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
    const made = new BitcoindLabChain(rpc, chain, info);
    await made.#setTime();
    return made;
  }

  get height(): number {
    return this.#height;
  }

  /** The nodes ask for it far more often than it changes. */
  tip(): Promise<ChainTip> {
    this.#tip ??= this.#chain.tip();
    this.#tip.catch(() => this.#changed());
    return this.#tip;
  }

  async mine(blocks: number): Promise<void> {
    await this.#setTime();
    if (blocks === 0) return;
    const hashes = (await this.#call('generatetoaddress', blocks, this.#miner())) as string[];
    for (const hash of hashes) this.#hashes.set(++this.#height, hash);
    this.#changed();
  }

  async mineExactly(txs: readonly Bytes[]): Promise<void> {
    await this.#setTime();
    const made = await this.#call('generateblock', this.#miner(), txs.map(toHex));
    this.#hashes.set(++this.#height, (made as { hash: string }).hash);
    this.#changed();
  }

  async reorg(depth: number, first: readonly (readonly Bytes[])[] = []): Promise<void> {
    const last = await this.#hashAt(this.#height - depth + 1);
    await this.#call('invalidateblock', last);
    for (let i = 0; i < depth; i++) this.#hashes.delete(this.#height--);
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
    for (let height = this.#first; height <= this.#height; height++)
      found.push(...(await this.#blockAt(height)));
    // bitcoind lists parents before their children.
    for (const id of (await this.#call('getrawmempool')) as string[]) {
      const tx = await this.#waiting(id);
      if (tx !== undefined) found.push(tx);
    }
    return found;
  }

  async #blockAt(height: number): Promise<readonly Transaction[]> {
    const hash = await this.#hashAt(height);
    const known = this.#transactions.get(hash);
    if (known !== undefined) return known;
    const raw = fromHex((await this.#call('getblock', hash, 0)) as string) as Bytes;
    const txs = splitBlock(raw)?.transactions.slice(1) ?? [];
    const decoded = txs.map((tx) => decodeTx(tx) as Transaction);
    this.#transactions.set(hash, decoded);
    return decoded;
  }

  async #waiting(id: string): Promise<Transaction | undefined> {
    return decodeTx(fromHex((await this.#call('getrawtransaction', id)) as string) as Bytes);
  }

  async #hashAt(height: number): Promise<string> {
    const known = this.#hashes.get(height);
    const hash = known ?? ((await this.#call('getblockhash', height)) as string);
    this.#hashes.set(height, hash);
    return hash;
  }

  /** Another address for each call, or a block could be the very one that was taken back. */
  #miner(): string {
    const number = new Uint8Array(20);
    new DataView(number.buffer).setUint32(16, this.#miners++);
    // OP_0 and 20 bytes: a key's hash, of a key that nobody has.
    const script = concat(Uint8Array.of(0, 20), number);
    return encodeAddress(script, NETWORKS.regtest) as string;
  }

  /** bitcoind's clock, by which it dates blocks. */
  async #setTime(): Promise<void> {
    await this.#call('setmocktime', seconds(this.clock));
  }

  #changed(): void {
    this.#tip = undefined;
  }

  #call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    return this.clock.hold(this.#rpc.call(method, params));
  }
}

/**
 * The production adapter for one life of a node: virtual time stands still while one of its calls
 * is under way. Whatever the port offers is passed on.
 */
function heldChain(chain: Chain, lab: BitcoindLabChain): LabChainPort {
  const life: { fault: string | undefined } = { fault: undefined };
  const own: Record<PropertyKey, unknown> = {
    tip: () => lab.tip(),
    feeEstimates: async () => estimates(await chain.feeEstimates(), lab.feerate),
  };
  const ask = async (question: () => Promise<unknown>): Promise<unknown> => {
    if (life.fault !== undefined) throw new ChainAway(life.fault);
    return lab.clock.hold(question());
  };
  return new Proxy(chain as LabChainPort, {
    get(target, name) {
      if (name === 'fault') return life.fault;
      const value = own[name] ?? Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...params: unknown[]) => ask(() => value.apply(target, params));
    },
    set(_, name, value) {
      if (name === 'fault') life.fault = value;
      return name === 'fault';
    },
  });
}

/** What its mempool asks for is bitcoind's; an estimate, where there is no market, the lab's. */
function estimates({ minimum }: FeeEstimates, feerate: number | undefined): FeeEstimates {
  if (feerate === undefined) return { minimum, targets: [] };
  const feeratePerKw = Math.max(minimum, perKw(feerate));
  return { minimum, targets: [2, 6, 12, 100].map((blocks) => ({ blocks, feeratePerKw })) };
}
