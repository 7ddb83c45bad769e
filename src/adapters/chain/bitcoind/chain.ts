/** The `Chain` port over bitcoind's JSON-RPC. */
import { type Bytes, fromHex, hex, reversed, shownHash, toHex } from '../../../core/bytes/index.js';
import {
  type BroadcastResult,
  type Chain,
  ChainAway,
  type ChainBlock,
  type ChainTip,
  type Clock,
  type FeeEstimates,
  type Logger,
  type NetworkName,
  sleep,
  type Utxo,
} from '../../../ports/index.js';
import { btcToSat, feeratePerKw } from './amounts.js';
import { splitBlock } from './block.js';
import { type BitcoindOptions, bitcoindAccess } from './config.js';
import { GatheredCalls } from './gathered-calls.js';
import { RPC, RpcClient, RpcError } from './rpc.js';

/** What bitcoind calls the networks in `getblockchaininfo`. */
const NAMES: Record<NetworkName, string> = {
  bitcoin: 'main',
  testnet: 'test',
  testnet4: 'testnet4',
  signet: 'signet',
  regtest: 'regtest',
};

/** The relay minimum of the port: 1000 sat per kvB is 250, and rounding of weights makes it 253. */
const FLOOR = 253;

/** Blocks and how sure the estimate is to be, as wallets and commitments ask for it. */
const TARGETS = [
  [2, 'conservative'],
  [6, 'economical'],
  [12, 'economical'],
  [100, 'economical'],
] as const;

/** An answer that takes longer is worth a word in the log. */
const SLOW_MS = 10_000;
/** When a block is looked for that bitcoind's peers were asked for, milliseconds each. */
const PRUNED_MS = [50, 100, 200, 400, 800, 1_500, 3_000] as const;
/** Of a block that bitcoind knows and has not got. */
const PRUNED = Symbol('pruned');

interface ChainInfo {
  readonly chain: string;
  readonly blocks: number;
  readonly headers: number;
  readonly bestblockhash: string;
  readonly initialblockdownload?: boolean;
}

/** Something else may listen where a bitcoind is expected. */
const strange = (): ChainAway => new ChainAway('a bitcoind, where something else answers');

function hash(text: unknown): Bytes {
  const bytes = typeof text === 'string' ? fromHex(text) : undefined;
  if (bytes?.length !== 32) throw strange();
  return reversed(bytes);
}
const name = shownHash;

export interface BitcoindDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

export type BitcoindStartError = {
  readonly code: 'wrong_network';
  readonly expected: string;
  readonly actual: string;
};

export class BitcoindChain implements Chain {
  readonly network: NetworkName;
  readonly #rpc: RpcClient;
  readonly #gathered: GatheredCalls;

  private constructor(
    options: BitcoindOptions,
    readonly deps: BitcoindDeps,
    rpc: RpcClient,
  ) {
    this.network = options.network;
    this.#rpc = rpc;
    this.#gathered = new GatheredCalls(rpc);
  }

  static async create(options: BitcoindOptions, deps: BitcoindDeps): Promise<BitcoindChain> {
    const access = await bitcoindAccess(options);
    const rpc = new RpcClient({ ...access, timeoutMs: options.timeoutMs ?? 60_000 });
    return new BitcoindChain(options, deps, rpc);
  }

  /**
   * Waits until bitcoind answers, telling the log what it waits for. The error names the network
   * that bitcoind is on where it is another than ours. An abort rejects with its reason.
   */
  async ready(signal?: AbortSignal): Promise<BitcoindStartError | undefined> {
    const told = new Set<string>();
    const wait = (text: string): void => {
      if (!told.has(text)) this.deps.log.warn(`waiting for ${text}`);
      told.add(text);
    };
    const aborted = new Promise<never>((_, fail) => {
      if (signal?.aborted) fail(signal.reason);
      signal?.addEventListener('abort', () => fail(signal.reason), { once: true });
    });
    // It is heard where it is raced with; where it comes later, nobody waits any more.
    aborted.catch(() => {});
    for (;;) {
      const cancel = this.deps.clock.after(SLOW_MS, () => wait('bitcoind, which takes its time'));
      try {
        const found = await Promise.race([aborted, this.#network()]);
        if (told.size > 0) this.deps.log.info('bitcoind answers');
        const expected = NAMES[this.network];
        return found === expected ? undefined : { code: 'wrong_network', expected, actual: found };
      } catch (error) {
        if (!(error instanceof ChainAway)) throw error;
        wait(error.message);
      } finally {
        cancel();
      }
      await Promise.race([aborted, sleep(this.deps.clock, 1000)]);
    }
  }

  async #network(): Promise<string> {
    const info = (await this.#call('getblockchaininfo')) as ChainInfo | null;
    if (typeof info?.chain !== 'string') throw strange();
    return info.chain;
  }

  async tip(): Promise<ChainTip> {
    const info = (await this.#call('getblockchaininfo')) as ChainInfo | null;
    if (info === null || !Number.isInteger(info.blocks)) throw strange();
    const tip = { height: info.blocks, hash: hash(info.bestblockhash) };
    return info.initialblockdownload ? { ...tip, syncing: { headers: info.headers } } : tip;
  }

  async blockHash(height: number): Promise<Bytes | undefined> {
    const asked = this.#gathered.call('getblockhash', [height]);
    const found = await this.#answered(asked, [RPC.invalidParameter]);
    return found === undefined ? undefined : hash(found);
  }

  async block(blockHash: Bytes): Promise<ChainBlock | undefined> {
    const id = name(blockHash);
    const header = (await this.#call('getblockheader', [id], [RPC.invalidAddressOrKey])) as
      | { height: number }
      | undefined
      | null;
    if (header === undefined || header === null) return undefined;
    const stored = await this.#storedBlock(id, 0, header.height);
    const raw = typeof stored === 'string' ? fromHex(stored) : undefined;
    const parsed = raw === undefined ? undefined : splitBlock(raw);
    if (parsed === undefined) throw new ChainAway(`bitcoind's block ${id} does not parse`);
    return { height: header.height, hash: blockHash, ...parsed };
  }

  async txids(blockHash: Bytes): Promise<Bytes | undefined> {
    const id = name(blockHash);
    const block = (await this.#storedBlock(id, 1)) as { tx?: unknown } | undefined;
    if (block === undefined) return undefined;
    const ids = Array.isArray(block.tx) ? (block.tx as string[]) : [];
    const out = fromHex(ids.join(''));
    if (out === undefined || out.length !== 32 * ids.length)
      throw new ChainAway(`bitcoind's block ${id} has no list of transactions`);
    for (let at = 0; at < out.length; at += 32) out.subarray(at, at + 32).reverse();
    return out;
  }

  /**
   * The block as hex (0) or as an object with the ids of its transactions (1); nothing where
   * bitcoind does not know it. Where it was pruned, bitcoind's peers are asked for it, and given
   * some seconds.
   */
  async #storedBlock(id: string, verbosity: 0 | 1, height?: number): Promise<unknown> {
    const found = await this.#unpruned(id, verbosity);
    if (found !== PRUNED) return found;
    const asked = await this.#askPeers(id);
    for (const wait of asked > 0 ? PRUNED_MS : []) {
      await sleep(this.deps.clock, wait);
      const brought = await this.#unpruned(id, verbosity);
      if (brought !== PRUNED) return brought;
    }
    const todo =
      asked > 0
        ? `${asked} of its peers are asked for it`
        : 'none of its peers has it: connect it to a node with all blocks, or let it read them anew without prune';
    throw new ChainAway(
      `block ${height === undefined ? '' : `${height}, `}${id}, which bitcoind has pruned; ${todo}`,
    );
  }

  async #unpruned(id: string, verbosity: 0 | 1): Promise<unknown> {
    try {
      return await this.#rpc.call('getblock', [id, verbosity]);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (error.code === RPC.invalidAddressOrKey) return undefined;
      if (/pruned|not available|not found on disk/i.test(error.message)) return PRUNED;
      throw away(error);
    }
  }

  /** Answers how many were asked. */
  async #askPeers(id: string): Promise<number> {
    const peers = (await this.#call('getpeerinfo', [], [RPC.methodNotFound])) as
      | { id: number; services?: string }[]
      | undefined;
    let asked = 0;
    for (const peer of peers ?? []) {
      // NODE_NETWORK: the peer has the whole chain.
      if ((Number.parseInt(peer.services?.slice(-1) ?? '0', 16) & 1) === 0) continue;
      await this.#call('getblockfrompeer', [id, peer.id], [RPC.misc, RPC.methodNotFound]);
      if (++asked === 3) break;
    }
    return asked;
  }

  async utxo(txid: Bytes, vout: number, includeMempool = false): Promise<Utxo | undefined> {
    const params = [name(txid), vout, includeMempool];
    const found = (await this.#answered(this.#gathered.call('gettxout', params))) as {
      value: unknown;
      confirmations: number;
      scriptPubKey: { hex: string };
    } | null;
    if (found === null || found === undefined) return undefined;
    const amount = btcToSat(found.value);
    if (amount === undefined) throw new ChainAway(`bitcoind's amount ${found.value} is none`);
    return {
      amount,
      scriptPubkey: hex(found.scriptPubKey.hex),
      confirmations: found.confirmations,
    };
  }

  async spender(txid: Bytes, vout: number): Promise<Bytes | undefined> {
    const outputs = [{ txid: name(txid), vout }];
    const found = (await this.#call('gettxspendingprevout', [outputs], [RPC.methodNotFound])) as
      | readonly { spendingtxid?: string }[]
      | undefined;
    const id = found?.[0]?.spendingtxid;
    if (id === undefined) return undefined;
    const raw = await this.#call('getrawtransaction', [id], [RPC.invalidAddressOrKey]);
    return typeof raw === 'string' ? fromHex(raw) : undefined;
  }

  async broadcast(tx: Bytes): Promise<BroadcastResult> {
    try {
      // A fee of any height: what to pay was decided before, and the money must move.
      await this.#rpc.call('sendrawtransaction', [toHex(tx), 0]);
      return { kind: 'accepted' };
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (error.code === RPC.alreadyInChain || KNOWN.test(error.message)) return { kind: 'known' };
      if (error.code === RPC.methodNotFound) throw away(error);
      return { kind: 'refused', reason: error.message };
    }
  }

  async broadcastPackage(txs: readonly Bytes[]): Promise<BroadcastResult | undefined> {
    let answer: PackageAnswer;
    try {
      answer = (await this.#rpc.call('submitpackage', [txs.map(toHex), 0])) as PackageAnswer;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (error.code === RPC.methodNotFound) return undefined;
      return { kind: 'refused', reason: error.message };
    }
    const errors = Object.values(answer['tx-results'] ?? {}).flatMap((r) =>
      r.error === undefined || KNOWN.test(r.error) ? [] : [`${r.txid}: ${r.error}`],
    );
    if (errors.length > 0) return { kind: 'refused', reason: errors.join(', ') };
    if (answer.package_msg === 'success') return { kind: 'accepted' };
    return { kind: 'refused', reason: answer.package_msg };
  }

  async feeEstimates(): Promise<FeeEstimates> {
    const pool = (await this.#call('getmempoolinfo')) as {
      mempoolminfee?: unknown;
      minrelaytxfee?: unknown;
    } | null;
    const answers = await Promise.all(
      TARGETS.map(async ([blocks, mode]) => {
        const found = await this.#call('estimatesmartfee', [blocks, mode], [RPC.misc]);
        return { blocks, feerate: feeratePerKw((found as { feerate?: unknown })?.feerate) };
      }),
    );
    const targets = answers.flatMap(({ blocks, feerate }) =>
      feerate === undefined ? [] : [{ blocks, feeratePerKw: Math.max(FLOOR, feerate) }],
    );
    const minimum = Math.max(
      FLOOR,
      feeratePerKw(pool?.mempoolminfee) ?? 0,
      feeratePerKw(pool?.minrelaytxfee) ?? 0,
    );
    return { minimum, targets };
  }

  async close(): Promise<void> {
    this.#rpc.close();
  }

  /** The result; nothing where the error's code is one of `absent`; any other error: away. */
  #call(
    method: string,
    params: readonly unknown[] = [],
    absent: readonly number[] = [],
  ): Promise<unknown> {
    return this.#answered(this.#rpc.call(method, params), absent);
  }

  async #answered(asked: Promise<unknown>, absent: readonly number[] = []): Promise<unknown> {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (absent.includes(error.code)) return undefined;
      throw away(error);
    }
  }
}

interface PackageAnswer {
  readonly package_msg: string;
  readonly 'tx-results'?: Record<string, { readonly txid: string; readonly error?: string }>;
}

const KNOWN =
  /already in (block ?chain|utxo set|mempool)|txn-already-(in-mempool|known)|txn-same-nonwitness-data-in-mempool/i;

const away = (error: RpcError): ChainAway =>
  new ChainAway(`bitcoind's ${error.method}: ${error.message} (code ${error.code})`);
