/** The mempool: what comes in, what is in it, and what a fee buys. */
import { fromHex, type Sat, toHex } from '../../../core/bytes/index.js';
import type { EmbeddedChain } from './chain.js';
import { btc, entryJson, shown } from './json.js';
import type { MempoolEntry } from './mempool.js';
import type { Method } from './method.js';
import { type Params, readHexTx } from './params.js';
import { feeAt, MIN_RELAY_FEERATE } from './policy.js';
import { packageFault, words } from './port.js';
import { ChainRpcError, CODE } from './rpc-error.js';
import type { ChainTx, Rejection } from './types.js';

/** bitcoind's guard against fees of a slip of the hand: 0.10 bitcoin per 1000 virtual bytes. */
const MAX_FEERATE = 10_000_000;

function tooDear(tx: ChainTx, fee: Sat, maximum: Sat | undefined): boolean {
  const perKvb = Number(maximum ?? MAX_FEERATE);
  return perKvb > 0 && fee > feeAt(perKvb, tx.vsize);
}

function refuse(rejected: Rejection): never {
  if (rejected.kind === 'confirmed')
    throw new ChainRpcError(CODE.alreadyInChain, 'Transaction outputs already in utxo set');
  const code = rejected.kind === 'missing' ? CODE.transaction : CODE.rejected;
  throw new ChainRpcError(code, words(rejected));
}

function send(chain: EmbeddedChain, params: Params): unknown {
  const tx = params.transaction(0);
  const maximum = params.optionalAmount(1);
  if (chain.hasOutputsOf(tx)) refuse({ reason: '', kind: 'confirmed' });
  const answer = chain.mempool.submit(tx, true);
  if ('reason' in answer) {
    if (answer.kind === 'known') return shown(tx.txid);
    return refuse(answer);
  }
  if (tooDear(tx, answer.fee, maximum))
    throw new ChainRpcError(
      CODE.transaction,
      'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)',
    );
  const rejected = chain.submit(tx.raw);
  return rejected === undefined ? shown(tx.txid) : refuse(rejected);
}

function test(chain: EmbeddedChain, params: Params): unknown {
  const maximum = params.optionalAmount(1);
  return params.list(0).map((text) => {
    const tx = readHexTx(text);
    const names = { txid: shown(tx.txid), wtxid: shown(tx.wtxid) };
    const answer = chain.mempool.submit(tx, true);
    if ('reason' in answer)
      return {
        ...names,
        allowed: false,
        'reject-reason': answer.reason,
        'reject-details': words(answer),
      };
    if (tooDear(tx, answer.fee, maximum))
      return { ...names, allowed: false, 'reject-reason': 'max-fee-exceeded' };
    return { ...names, allowed: true, vsize: tx.vsize, fees: { base: btc(answer.fee) } };
  });
}

function submitPackage(chain: EmbeddedChain, params: Params): unknown {
  const txs = params.list(0).map(readHexTx);
  const wrong = packageFault(txs);
  if (wrong !== undefined) throw new ChainRpcError(CODE.transaction, wrong);
  const answers = chain.mempool.submitPackage(txs);
  const failed = answers.some((a) => a !== undefined && a.kind !== 'known');
  const results = txs.map((tx, i) => {
    const [answer, entry] = [answers[i], chain.mempool.get(tx.key)];
    if (entry === undefined)
      return [
        shown(tx.wtxid),
        { txid: shown(tx.txid), error: answer ? words(answer) : 'not-in-mempool' },
      ];
    const fees = { base: btc(entry.fee) };
    return [shown(tx.wtxid), { txid: shown(tx.txid), vsize: tx.vsize, fees }];
  });
  return {
    package_msg: failed ? 'transaction failed' : 'success',
    'tx-results': Object.fromEntries(results),
    'replaced-transactions': [],
  };
}

function entryOf(chain: EmbeddedChain, params: Params): MempoolEntry {
  const entry = chain.mempool.get(toHex(params.hash(0)));
  if (entry === undefined) throw new ChainRpcError(CODE.notFound, 'Transaction not in mempool');
  return entry;
}

function spenders(chain: EmbeddedChain, params: Params): unknown {
  return params.list(0).map((item) => {
    const { txid, vout } = item as { txid: string; vout: number };
    const id = fromHex(txid) ?? new Uint8Array(0);
    const spender = chain.mempool.spender(`${toHex(id.slice().reverse())}:${vout}`);
    return { txid, vout, ...(spender === undefined ? {} : { spendingtxid: shown(spender.txid) }) };
  });
}

export const mempoolMethods: Record<string, Method> = {
  sendrawtransaction: { params: ['hexstring', 'maxfeerate', 'maxburnamount'], run: send },
  testmempoolaccept: { params: ['rawtxs', 'maxfeerate'], run: test },
  submitpackage: { params: ['package', 'maxfeerate', 'maxburnamount'], run: submitPackage },
  gettxspendingprevout: { params: ['outputs'], run: spenders },
  getrawmempool: {
    params: ['verbose', 'mempool_sequence'],
    run: (chain, params) => {
      const entries = chain.mempool.entries();
      if (!params.flag(0, false)) return entries.map((e) => shown(e.txid));
      return Object.fromEntries(entries.map((e) => [shown(e.txid), entryJson(chain, e)]));
    },
  },
  getmempoolentry: {
    params: ['txid'],
    run: (chain, params) => entryJson(chain, entryOf(chain, params)),
  },
  getmempoolinfo: {
    params: [],
    run: ({ mempool }) => {
      const entries = mempool.entries();
      return {
        loaded: true,
        size: entries.length,
        bytes: entries.reduce((sum, e) => sum + e.vsize, 0),
        usage: entries.reduce((sum, e) => sum + e.raw.length, 0),
        total_fee: btc(entries.reduce((sum, e) => sum + e.fee, 0n)),
        maxmempool: 300_000_000,
        mempoolminfee: btc(Math.max(MIN_RELAY_FEERATE, mempool.minimumFeerate)),
        minrelaytxfee: btc(MIN_RELAY_FEERATE),
        incrementalrelayfee: btc(MIN_RELAY_FEERATE),
        unbroadcastcount: 0,
        fullrbf: true,
      };
    },
  },
  estimatesmartfee: {
    params: ['conf_target', 'estimate_mode'],
    run: (chain, params) => {
      const blocks = params.integer(0);
      if (chain.feerate === undefined)
        return { errors: ['Insufficient data or no feerate found'], blocks };
      return { feerate: btc(chain.feerate), blocks };
    },
  },
  /** Ours alone: sets what is estimated, and what the mempool asks, in bitcoin per 1000 vbytes. */
  setfeerate: {
    params: ['feerate', 'mempoolminfee'],
    run: (chain, params) => {
      const [feerate, minimum] = [params.optionalAmount(0), params.optionalAmount(1)];
      chain.feerate = feerate === undefined ? undefined : Number(feerate);
      chain.mempool.minimumFeerate = Math.max(MIN_RELAY_FEERATE, Number(minimum ?? 0n));
      return null;
    },
  },
};
