/** What the channels need of the wallet and the chain, in their own words. */
import { reversed, toHex } from '../../core/bytes/index.js';
import type { ChannelWallet, FundingError, FundingRequest } from '../channels/index.js';
import type { FundOptions, Wallet, WalletError } from '../wallet/index.js';

const message = (error: WalletError): string => {
  switch (error.code) {
    case 'insufficient_funds':
      return `Could not afford ${error.needed} sat with ${error.available} sat available`;
    case 'broadcast_refused':
    case 'chain_away':
      return error.reason;
    default:
      return JSON.stringify(error, (_, value) =>
        typeof value === 'bigint' ? Number(value) : value,
      );
  }
};

const fundingError = (error: WalletError): FundingError => ({
  code: error.code === 'insufficient_funds' ? 'insufficient_funds' : 'bad_request',
  message: message(error),
});

function fundOptions(request: Omit<FundingRequest, 'amount'>): FundOptions {
  const { feeratePerKw, minconf, utxos } = request;
  return {
    minconf,
    ...(feeratePerKw === undefined ? {} : { feeratePerKw }),
    ...(utxos === undefined ? {} : { utxos }),
  };
}

/** The wallet as channels use it: fund, publish, abandon. */
export function channelWallet(wallet: Wallet): ChannelWallet {
  return {
    async fund(request) {
      const { scriptPubkey, amount } = request;
      const funded = await wallet.fundTransaction([{ amount, scriptPubkey }], fundOptions(request));
      if (!funded.ok) return { ok: false, error: fundingError(funded.error) };
      const { txid, raw, payees } = funded.value;
      const vout = payees[0]?.vout;
      if (vout === undefined) throw new Error('a funding transaction without its output');
      return { ok: true, value: { txid, vout, tx: raw } };
    },
    async spendableForChannel(request) {
      const payee = { amount: 'all' as const, scriptPubkey: request.scriptPubkey };
      const funded = await wallet.fundTransaction([payee], fundOptions(request));
      if (!funded.ok) return { ok: false, error: fundingError(funded.error) };
      await wallet.release(funded.value.txid);
      const amount = funded.value.payees[0]?.amount;
      if (amount === undefined) throw new Error('a funding transaction without its output');
      return { ok: true, value: amount };
    },
    publish(txid) {
      void wallet.publish(txid);
    },
    abandon(txid) {
      void wallet.release(txid);
    },
    closeScript: () => wallet.newScript(),
  };
}

export const txidText = (txid: Uint8Array): string => toHex(reversed(txid));
