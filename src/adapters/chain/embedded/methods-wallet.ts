/** The faucet, in the words of bitcoind's wallet. There is one wallet and it is always loaded. */
import { btc, shown } from './json.js';
import type { Method } from './method.js';
import { ChainRpcError, CODE } from './rpc-error.js';

const wallet = { name: 'faucet', warning: '' };

export const walletMethods: Record<string, Method> = {
  createwallet: { params: ['wallet_name'], run: () => wallet },
  loadwallet: { params: ['filename'], run: () => wallet },
  listwallets: { params: [], run: () => ['faucet'] },
  getnewaddress: {
    params: ['label', 'address_type'],
    run: (chain) => chain.faucet.newAddress(),
  },
  getbalance: { params: [], run: (chain) => btc(chain.faucet.balance) },
  getwalletinfo: {
    params: [],
    run: (chain) => ({ walletname: 'faucet', balance: btc(chain.faucet.balance) }),
  },
  sendtoaddress: {
    params: ['address', 'amount'],
    run: (chain, params) => {
      const [scriptPubkey, amount] = [params.address(0), params.amount(1)];
      const made = chain.faucet.pay([{ amount, scriptPubkey }]);
      if (!made.ok) throw new ChainRpcError(CODE.insufficientFunds, made.error);
      const answer = chain.mempool.submit(made.value);
      if ('reason' in answer) throw new ChainRpcError(CODE.wallet, answer.reason);
      return shown(made.value.txid);
    },
  },
};
