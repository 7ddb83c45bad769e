/** Blocks, headers, unspent outputs, and what mines and unmines. */
import { toHex } from '../../../core/bytes/index.js';
import type { EmbeddedChain } from './chain.js';
import { blockJson, btc, headerJson, rawBlock, scriptJson, shown, txJson } from './json.js';
import type { Method } from './method.js';
import { type Params, readHexTx } from './params.js';
import { MIN_RELAY_FEERATE } from './policy.js';
import { words } from './port.js';
import { ChainRpcError, CODE } from './rpc-error.js';
import { outpointKey, type StoredBlock, UNCONFIRMED } from './types.js';

function blockAt(chain: EmbeddedChain, params: Params, at = 0): StoredBlock {
  const block = chain.block(params.hash(at));
  if (block === undefined) throw new ChainRpcError(CODE.notFound, 'Block not found');
  return block;
}

function utxo(chain: EmbeddedChain, params: Params): unknown {
  const [key, includeMempool] = [
    outpointKey(params.hash(0), params.integer(1)),
    params.flag(2, true),
  ];
  const { ledger, mempool } = chain;
  if (includeMempool && mempool.spender(key) !== undefined) return null;
  const coin = includeMempool ? mempool.coin(key) : ledger.coins.get(key);
  if (coin === undefined) return null;
  return {
    bestblock: shown(ledger.tip.hash),
    confirmations: coin.height === UNCONFIRMED ? 0 : ledger.height - coin.height + 1,
    value: btc(coin.amount),
    scriptPubKey: scriptJson(coin.scriptPubkey),
    coinbase: coin.coinbase,
  };
}

function transaction(chain: EmbeddedChain, params: Params): unknown {
  const key = toHex(params.hash(0));
  const block = params.has(2) ? blockAt(chain, params, 2) : chain.ledger.blockOf(key);
  const found = chain.mempool.get(key) ?? block?.txs.find((t) => t.key === key);
  if (found === undefined)
    throw new ChainRpcError(CODE.notFound, 'No such mempool or blockchain transaction.');
  if (params.level(1, 0) === 0) return toHex(found.raw);
  if (block === undefined) return txJson(found);
  const confirmations = chain.ledger.isActive(block) ? chain.ledger.height - block.height + 1 : 0;
  return { ...txJson(found), blockhash: shown(block.hash), confirmations, time: block.time };
}

export const chainMethods: Record<string, Method> = {
  getblockchaininfo: {
    params: [],
    run: ({ ledger }) => ({
      chain: 'regtest',
      blocks: ledger.height,
      headers: ledger.height,
      bestblockhash: shown(ledger.tip.hash),
      difficulty: 4.656542373906925e-10,
      time: ledger.tip.time,
      mediantime: ledger.medianTime(ledger.height),
      verificationprogress: 1,
      initialblockdownload: false,
      size_on_disk: 0,
      pruned: false,
      warnings: [],
    }),
  },
  getblockcount: { params: [], run: (chain) => chain.ledger.height },
  getbestblockhash: { params: [], run: (chain) => shown(chain.ledger.tip.hash) },
  getblockhash: {
    params: ['height'],
    run: (chain, params) => {
      const block = chain.ledger.at(params.integer(0));
      if (block === undefined) throw new ChainRpcError(CODE.parameter, 'Block height out of range');
      return shown(block.hash);
    },
  },
  getblockheader: {
    params: ['blockhash', 'verbose'],
    run: (chain, params) => {
      const block = blockAt(chain, params);
      return params.flag(1, true) ? headerJson(chain, block) : toHex(block.header);
    },
  },
  getblock: {
    params: ['blockhash', 'verbosity'],
    run: (chain, params) => {
      const [block, level] = [blockAt(chain, params), params.level(1, 1)];
      return level === 0 ? toHex(rawBlock(block)) : blockJson(chain, block, level > 1);
    },
  },
  gettxout: { params: ['txid', 'n', 'include_mempool'], run: utxo },
  getrawtransaction: { params: ['txid', 'verbose', 'blockhash'], run: transaction },
  decoderawtransaction: {
    params: ['hexstring', 'iswitness'],
    run: (_, params) => txJson(params.transaction(0)),
  },
  generatetoaddress: {
    params: ['nblocks', 'address', 'maxtries'],
    run: (chain, params) =>
      chain
        .mine(params.integer(0), { scriptPubkey: params.address(1) })
        .map((block) => shown(block.hash)),
  },
  generateblock: {
    params: ['output', 'transactions', 'submit'],
    run: (chain, params) => {
      const raws = params.list(1).map((t) => readHexTx(t).raw);
      const block = chain.mineExactly(raws, params.address(0));
      if ('reason' in block)
        throw new ChainRpcError(CODE.transaction, `TestBlockValidity failed: ${words(block)}`);
      return { hash: shown(block.hash) };
    },
  },
  invalidateblock: {
    params: ['blockhash'],
    run: (chain, params) => {
      chain.invalidate(blockAt(chain, params));
      return null;
    },
  },
  reconsiderblock: {
    params: ['blockhash'],
    run: (chain, params) => {
      chain.reconsider(blockAt(chain, params));
      return null;
    },
  },
  getnetworkinfo: {
    params: [],
    run: () => ({
      version: 290000,
      subversion: '/Levin embedded chain/',
      protocolversion: 70016,
      localservices: '0000000000000409',
      localrelay: true,
      networkactive: true,
      connections: 0,
      networks: [],
      relayfee: btc(MIN_RELAY_FEERATE),
      incrementalfee: btc(MIN_RELAY_FEERATE),
      localaddresses: [],
      warnings: [],
    }),
  },
  getpeerinfo: { params: [], run: () => [] },
  uptime: { params: [], run: () => 0 },
  echo: { params: [], run: () => null },
};
