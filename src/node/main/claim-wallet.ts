import type { Bytes } from '../../core/bytes/index.js';
import { type FeeInput, type OnchainFees, selectFeeInputs } from '../../core/onchain/index.js';
import type { ChainFollower } from '../chain/index.js';
import type { ClaimWallet } from '../onchain/index.js';
import type { Wallet, WalletOutput } from '../wallet/index.js';

/** A claim is bumped until it is in a block: its coins stay its own for two weeks at most. */
const RESERVE_BLOCKS = 2016;

/** The wallet's coins for the fees of claims: reserved under a claim's name until it lets go. */
export function claimWallet(wallet: Wallet): ClaimWallet {
  const held = new Map<string, readonly WalletOutput[]>();
  const changeScripts = new Map<string, Bytes>();

  const release = (claim: string): void => {
    const outputs = held.get(claim);
    if (outputs === undefined) return;
    held.delete(claim);
    wallet.unreserve(outputs, RESERVE_BLOCKS);
  };

  /** One script a claim, however often its fee is raised. */
  const changeScript = async (claim: string): Promise<Bytes> => {
    const known = changeScripts.get(claim);
    if (known !== undefined) return known;
    const { scriptPubkey } = await wallet.newAddress('p2wpkh');
    changeScripts.set(claim, scriptPubkey);
    return scriptPubkey;
  };

  return {
    async fundClaim(claim, request) {
      const script = await changeScript(claim);
      // A higher fee may take the same coins again, and others with them.
      release(claim);
      const free = wallet
        .unspent()
        .filter((o) => o.confirmedHeight !== undefined && !o.coinbase && !wallet.isReserved(o));
      const byInput = new Map(free.map((output) => [feeInput(wallet, output), output]));
      const chosen = selectFeeInputs(request, [...byInput.keys()], script);
      if (chosen !== undefined) {
        const outputs = chosen.inputs.flatMap((input) => byInput.get(input) ?? []);
        held.set(claim, outputs);
        wallet.reserve(outputs, RESERVE_BLOCKS);
      }
      await wallet.persist();
      return chosen;
    },

    releaseClaim(claim) {
      release(claim);
      changeScripts.delete(claim);
      void wallet.persist();
    },

    async sweepScript(wanted) {
      if (wallet.isMine(wanted)) return wanted;
      return (await wallet.newAddress('p2wpkh')).scriptPubkey;
    },
  };
}

function feeInput(wallet: Wallet, output: WalletOutput): FeeInput {
  const { txid, vout, amount, scriptPubkey } = output;
  return { txid, vout, amount, scriptPubkey, ref: wallet.keyOf(output) };
}

/** The targets a claim may choose from, so that none is ever missing. */
const TARGETS = [1, 2, 3, 6, 12, 24, 144];

export const claimFees = (chain: ChainFollower): OnchainFees => ({
  targets: TARGETS.map((blocks) => ({ blocks, feeratePerKw: chain.feerateFor(blocks) })),
  minimum: chain.estimates.minimum,
});
