import { type Bytes, fromUtf8, type Sat, toHex, utf8 } from '../../core/bytes/index.js';
import { type FeeInput, type OnchainFees, selectFeeInputs } from '../../core/onchain/index.js';
import type { Write } from '../../ports/index.js';
import type { ChainFollower } from '../chain/index.js';
import type { ClaimWallet } from '../onchain/index.js';
import { outpointOf, type Wallet, type WalletOutput } from '../wallet/index.js';

/** A claim is bumped until it is in a block: its coins stay its own for two weeks at most. */
const RESERVE_BLOCKS = 2016;

/** Coins that pay the fees of claims; those that are reserved have their use. */
const isForFees = (output: WalletOutput): boolean =>
  output.confirmedHeight !== undefined && !output.coinbase;

/** The amounts of those that any claim may take. */
export const coinsForFees = (wallet: Wallet): readonly Sat[] =>
  wallet
    .unspent()
    .filter((output) => isForFees(output) && !wallet.isReserved(output))
    .map(({ amount }) => amount);

/**
 * One row of `vars` for each claim: the outpoints that are its own. Nothing large has a name behind
 * this one, so that a start reads these alone.
 */
const HELD_VAR = 'wallet_claims/';

const nameOf = ({ txid, vout }: Pick<WalletOutput, 'txid' | 'vout'>) => outpointOf(txid, vout);

/** The wallet's coins for the fees of claims: reserved under a claim's name until it lets go. */
export function claimWallet(wallet: Wallet): ClaimWallet {
  /** Outpoints that any version of a claim spends: any of them may be the one that confirms. */
  const held = new Map<string, Set<string>>();
  const changeScripts = new Map<string, Bytes>();

  const heldBy = (claim: string): Set<string> => {
    const found = held.get(claim) ?? new Set();
    held.set(claim, found);
    return found;
  };

  const heldWrite = (claim: string): Write => {
    const value = utf8(JSON.stringify([...heldBy(claim)]));
    return { put: 'vars', row: { name: HELD_VAR + claim, value } };
  };

  /** One script a claim, however often its fee is raised. */
  const changeScript = async (claim: string): Promise<Bytes> => {
    const known = changeScripts.get(claim);
    if (known !== undefined) return known;
    const { scriptPubkey } = await wallet.newAddress('p2wpkh');
    changeScripts.set(claim, scriptPubkey);
    return scriptPubkey;
  };

  const release = (claim: string): void => {
    const ours = held.get(claim);
    held.delete(claim);
    changeScripts.delete(claim);
    if (ours === undefined) return;
    const unspent = wallet.unspent().filter((o) => ours.has(nameOf(o)));
    wallet.unreserve(unspent, RESERVE_BLOCKS);
    void wallet.persist({ delete: 'vars', where: { name: HELD_VAR + claim } });
  };

  return {
    async start() {
      const rows = await wallet.deps.store.select('vars', { order: 'name', from: HELD_VAR });
      for (const { name, value } of rows)
        if (name.startsWith(HELD_VAR))
          held.set(name.slice(HELD_VAR.length), new Set(JSON.parse(fromUtf8(value)) as string[]));
    },

    async fundClaim(claim, request) {
      const script = await changeScript(claim);
      const ours = heldBy(claim);
      // A higher fee may take the same coins again, and others with them; those too that a version
      // spends which a reorg took out of its block.
      const free = wallet
        .outputs()
        .filter((o) => o.spentHeight === undefined && isForFees(o))
        .filter((o) => ours.has(nameOf(o)) || (o.spentBy === undefined && !wallet.isReserved(o)));
      const byInput = new Map(free.map((output) => [feeInput(wallet, output), output]));
      const chosen = selectFeeInputs(request, [...byInput.keys()], script);
      if (chosen === undefined) return undefined;
      const outputs = chosen.inputs.flatMap((input) => byInput.get(input) ?? []);
      const fresh = outputs.filter((o) => !ours.has(nameOf(o)));
      for (const output of fresh) ours.add(nameOf(output));
      wallet.reserve(fresh, RESERVE_BLOCKS);
      // In one commit: whatever a crash leaves reserved is known to be this claim's.
      await wallet.persist(heldWrite(claim));
      return chosen;
    },

    resume(owner, claims) {
      for (const { name, tx } of claims) {
        if (tx === undefined) continue;
        const spent = new Set(tx.inputs.map(nameOf));
        for (const coin of wallet.unspent())
          if (spent.has(nameOf(coin))) heldBy(name).add(nameOf(coin));
        const change = tx.outputs.find((output) => wallet.isMine(output.scriptPubkey));
        if (change !== undefined) changeScripts.set(name, change.scriptPubkey);
      }
      const alive = new Set(claims.map(({ name }) => name));
      for (const name of [...held.keys()])
        if (name.startsWith(`${owner}/`) && !alive.has(name)) release(name);
    },

    areGone: (coins, versions) =>
      coins.some(({ txid, vout }) => {
        const coin = wallet.book.output(txid, vout);
        if (coin === undefined) return true;
        const { spentHeight, spentBy } = coin;
        if (spentHeight === undefined || spentBy === undefined) return false;
        return !versions.includes(toHex(spentBy));
      }),

    releaseClaim: release,

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
