/** The wallet as the channels see it: funding transactions and scripts to close to. */
import { type Bytes, err, ok, type Result, type Sat } from '../../core/bytes/index.js';
import { describeWalletError } from './errors.js';
import { parseOutpoint } from './rows.js';
import type { FundOptions, WalletError } from './types.js';
import type { Wallet } from './wallet.js';

/** A p2wsh script stands in for the funding output where only its size matters. */
const SAMPLE_FUNDING_SCRIPT = Uint8Array.from([0, 32, ...new Uint8Array(32)]);
/** BOLT 2: a funding transaction that did not confirm within 2016 blocks is forgotten. */
const FUNDING_RESERVE_BLOCKS = 2016;

export interface ChannelFundingRequest {
  readonly scriptPubkey: Bytes;
  readonly amount: Sat;
  readonly feeratePerKw: number | undefined;
  readonly minconf: number;
  /** `txid:vout` each, where the caller chose the coins. */
  readonly utxos: readonly string[] | undefined;
  /** The emergency reserve is to be left. */
  readonly anchors: boolean;
}

export type ChannelFundingError = {
  readonly code: 'insufficient_funds' | 'bad_request';
  readonly message: string;
};

function told(error: WalletError): ChannelFundingError {
  const poor = error.code === 'insufficient_funds' || error.code === 'emergency_reserve';
  return { code: poor ? 'insufficient_funds' : 'bad_request', message: describeWalletError(error) };
}

function readOptions(
  request: Omit<ChannelFundingRequest, 'amount' | 'scriptPubkey'>,
): Result<FundOptions, ChannelFundingError> {
  const utxos = [];
  for (const text of request.utxos ?? []) {
    const at = parseOutpoint(text);
    if (at === undefined) return err({ code: 'bad_request', message: `${text} is no txid:vout` });
    utxos.push(at);
  }
  return ok({
    minconf: request.minconf,
    reserveBlocks: FUNDING_RESERVE_BLOCKS,
    ...(request.anchors ? { keepReserve: true } : {}),
    ...(request.feeratePerKw === undefined ? {} : { feeratePerKw: request.feeratePerKw }),
    ...(request.utxos === undefined ? {} : { utxos }),
  });
}

export function walletForChannels(wallet: Wallet) {
  return {
    async fund(
      request: ChannelFundingRequest,
    ): Promise<
      Result<
        { readonly txid: Bytes; readonly vout: number; readonly tx: Bytes },
        ChannelFundingError
      >
    > {
      const options = readOptions(request);
      if (!options.ok) return options;
      const { amount, scriptPubkey } = request;
      const made = await wallet.fund([{ amount, scriptPubkey }], options.value);
      if (!made.ok) return err(told(made.error));
      const { txid, raw, payees } = made.value;
      return ok({ txid, vout: payees[0]?.vout ?? 0, tx: raw });
    },

    async fundMany(
      request: Omit<ChannelFundingRequest, 'amount' | 'scriptPubkey'> & {
        readonly outputs: readonly { readonly amount: Sat; readonly scriptPubkey: Bytes }[];
      },
    ): Promise<
      Result<
        { readonly txid: Bytes; readonly vouts: readonly number[]; readonly tx: Bytes },
        ChannelFundingError
      >
    > {
      const options = readOptions(request);
      if (!options.ok) return options;
      const made = await wallet.fund(
        request.outputs.map(({ amount, scriptPubkey }) => ({ amount, scriptPubkey })),
        options.value,
      );
      if (!made.ok) return err(told(made.error));
      const { txid, raw, payees } = made.value;
      return ok({ txid, vouts: payees.map(({ vout }) => vout), tx: raw });
    },

    async spendableForChannel(
      request: Omit<ChannelFundingRequest, 'amount' | 'scriptPubkey'> & {
        readonly beside?: readonly Sat[];
      },
    ): Promise<Result<Sat, ChannelFundingError>> {
      const options = readOptions(request);
      if (!options.ok) return options;
      const scriptPubkey = SAMPLE_FUNDING_SCRIPT;
      const others = (request.beside ?? []).map((amount) => ({ amount, scriptPubkey }));
      const found = wallet.affordable(scriptPubkey, options.value, others);
      return found.ok ? found : err(told(found.error));
    },

    /** A refusal is no end: mempools change, and the next block brings the next try. */
    async publish(txid: Bytes): Promise<void> {
      await wallet.publish(txid, true);
    },

    abandon(txid: Bytes): void {
      wallet
        .release(txid)
        .catch((error) => wallet.deps.log.error('releasing failed', { error: String(error) }));
    },

    /** p2wpkh: every peer accepts it, whatever features it has. */
    async closeScript(): Promise<Bytes> {
      return (await wallet.newAddress('p2wpkh')).scriptPubkey;
    },
  };
}
