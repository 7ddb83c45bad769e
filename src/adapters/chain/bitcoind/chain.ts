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

const hash = (text: unknown): Bytes => reversed(hex(text as string));
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

  private constructor(
    options: BitcoindOptions,
    readonly deps: BitcoindDeps,
    rpc: RpcClient,
  ) {
    this.network = options.network;
    this.#rpc = rpc;
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
    for (let told = ''; ; ) {
      signal?.throwIfAborted();
      try {
        const info = (await this.#call('getblockchaininfo')) as { chain: string };
        const expected = NAMES[this.network];
        if (info.chain === expected) return undefined;
        return { code: 'wrong_network', expected, actual: info.chain };
      } catch (error) {
        if (!(error instanceof ChainAway)) throw error;
        if (error.message !== told) this.deps.log.warn(`waiting for ${error.message}`);
        told = error.message;
      }
      await sleep(this.deps.clock, 1000);
    }
  }

  async tip(): Promise<ChainTip> {
    const info = (await this.#call('getblockchaininfo')) as {
      blocks: number;
      bestblockhash: string;
    };
    return { height: info.blocks, hash: hash(info.bestblockhash) };
  }

  async blockHash(height: number): Promise<Bytes | undefined> {
    const found = await this.#call('getblockhash', [height], [RPC.invalidParameter]);
    return found === undefined ? undefined : hash(found);
  }

  async block(blockHash: Bytes): Promise<ChainBlock | undefined> {
    const id = name(blockHash);
    const header = (await this.#call('getblockheader', [id], [RPC.invalidAddressOrKey])) as
      | { height: number }
      | undefined;
    if (header === undefined) return undefined;
    const raw = fromHex((await this.#rawBlock(id)) as string);
    const parsed = raw === undefined ? undefined : splitBlock(raw);
    if (parsed === undefined) throw new ChainAway(`bitcoind's block ${id} does not parse`);
    return { height: header.height, hash: blockHash, ...parsed };
  }

  /** Where the block was pruned, its peers are asked for it, and the caller asks again later. */
  async #rawBlock(id: string): Promise<unknown> {
    try {
      return await this.#rpc.call('getblock', [id, 0]);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (!/pruned|not available|not found on disk/i.test(error.message)) throw away(error);
    }
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
    throw new ChainAway(
      `block ${id}, which bitcoind has pruned (${asked} of its peers are asked for it)`,
    );
  }

  async utxo(txid: Bytes, vout: number, includeMempool = false): Promise<Utxo | undefined> {
    const found = (await this.#call('gettxout', [name(txid), vout, includeMempool])) as {
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
    };
    const targets = [];
    for (const [blocks, mode] of TARGETS) {
      const found = (await this.#call('estimatesmartfee', [blocks, mode], [RPC.misc])) as
        | { feerate?: unknown }
        | undefined;
      const feerate = feeratePerKw(found?.feerate);
      if (feerate !== undefined) targets.push({ blocks, feeratePerKw: Math.max(FLOOR, feerate) });
    }
    const minimum = Math.max(
      FLOOR,
      feeratePerKw(pool.mempoolminfee) ?? 0,
      feeratePerKw(pool.minrelaytxfee) ?? 0,
    );
    return { minimum, targets };
  }

  async close(): Promise<void> {}

  /** The result; nothing where the error's code is one of `absent`; any other error: away. */
  async #call(
    method: string,
    params: readonly unknown[] = [],
    absent: readonly number[] = [],
  ): Promise<unknown> {
    try {
      return await this.#rpc.call(method, params);
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
