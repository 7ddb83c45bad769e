/** Coins of the wallet that pay the fees of claims on the chain. */
import { describe, expect, it } from 'vitest';
import { type Transaction, unsignedInput } from '../../../src/core/bitcoin/index.js';
import { sat, toHex } from '../../../src/core/bytes/index.js';
import type { FundClaim } from '../../../src/core/onchain/index.js';
import { claimWallet } from '../../../src/node/main/claim-wallet.js';
import type { ClaimCoins } from '../../../src/node/onchain/index.js';
import { walletKit } from '../../support/wallet-kit.js';

const request: FundClaim = {
  kind: 'fundClaim',
  claim: '1',
  purpose: 'htlc_success',
  weight: 700,
  paid: sat(0),
  feeratePerKw: 1000,
  extraFee: sat(0),
  maxFee: sat(50_000),
  needsChange: false,
};

const spending = ({ inputs, change }: ClaimCoins): Transaction => ({
  version: 2,
  inputs: inputs.map(({ txid, vout }) => unsignedInput(txid, vout, 0xfffffffd)),
  outputs: change === undefined ? [] : [change],
  locktime: 0,
});

const must = (coins: ClaimCoins | undefined): ClaimCoins => {
  if (coins === undefined) throw new Error('no coins');
  return coins;
};

describe('coins for claims', () => {
  it('are the same for a dearer version, also after a restart', async () => {
    const kit = await walletKit();
    await kit.give(20_000n);
    await kit.mine();
    const before = claimWallet(kit.wallet);
    const first = must(await before.fundClaim('c/a', request));
    expect(await before.fundClaim('c/b', request)).toBeUndefined();
    const dearer = { ...request, feeratePerKw: 2000 };
    expect(must(await before.fundClaim('c/a', dearer)).inputs).toEqual(first.inputs);
    await kit.stop();

    const again = await walletKit({ on: kit });
    const after = claimWallet(again.wallet);
    await after.start();
    after.resume('c', [{ name: 'c/a', tx: spending(first) }]);
    const third = must(await after.fundClaim('c/a', dearer));
    expect(third.inputs).toEqual(first.inputs);
    expect(third.change?.scriptPubkey).toEqual(first.change?.scriptPubkey);
    expect(await after.fundClaim('c/b', request)).toBeUndefined();
    after.releaseClaim('c/a');
    expect(await after.fundClaim('c/b', request)).toBeDefined();
  });

  it('that were reserved when the power went are still of their claim, or free without it', async () => {
    const kit = await walletKit();
    await kit.give(20_000n);
    await kit.mine();
    const first = must(await claimWallet(kit.wallet).fundClaim('c/1', request));
    await kit.stop();
    // The claim itself was not on disk with its coins yet.
    for (const claims of [[{ name: 'c/1', tx: undefined }], []]) {
      const again = await walletKit({ on: kit });
      const after = claimWallet(again.wallet);
      await after.start();
      after.resume('c', claims);
      const [alive] = claims;
      if (alive !== undefined) expect(await after.fundClaim('c/2', request)).toBeUndefined();
      const next = must(await after.fundClaim(alive?.name ?? 'c/2', request));
      expect(next.inputs).toEqual(first.inputs);
      await again.stop();
    }
  });

  it('of an older version stay with their claim: it may be the one that confirms', async () => {
    const kit = await walletKit();
    await kit.give(20_000n);
    await kit.mine();
    const claims = claimWallet(kit.wallet);
    const first = must(await claims.fundClaim('a', request));
    await kit.give(90_000n);
    await kit.mine();
    expect(must(await claims.fundClaim('a', request)).inputs).not.toEqual(first.inputs);
    expect(await claims.fundClaim('b', request)).toBeUndefined();
  });

  it('that were spent are not free again when the claim lets go', async () => {
    const kit = await walletKit();
    await kit.give(20_000n);
    await kit.mine();
    const claims = claimWallet(kit.wallet);
    await claims.fundClaim('a', request);
    const [coin] = kit.wallet.unspent();
    kit.wallet.unreserve(kit.wallet.unspent(), 5000);
    await kit.wallet.withdraw([{ amount: 'all', scriptPubkey: coin?.scriptPubkey as Uint8Array }]);
    await kit.mine();
    claims.releaseClaim('a');
    expect(kit.wallet.unspent().map((o) => o.txid)).not.toContainEqual(coin?.txid);
  });

  it('that a version spent in a block which a reorg took back are for a dearer one', async () => {
    const kit = await walletKit();
    await kit.give(20_000n);
    await kit.mine();
    const claims = claimWallet(kit.wallet);
    const first = must(await claims.fundClaim('c/1', request));
    const { txid, vout, scriptPubkey } = first.inputs[0]!;
    // In the place of the claim's transaction: one that spends the same coin.
    const utxos = [{ txid, vout }];
    const made = await kit.wallet.fund([{ amount: sat(10_000), scriptPubkey }], {
      ...{ utxos, reservedOk: true },
    });
    if (!made.ok) throw new Error(made.error.code);
    kit.chain.submit(made.value.raw);
    await kit.mine();
    expect(await claims.fundClaim('c/2', request)).toBeDefined();
    claims.releaseClaim('c/2');
    kit.chain.reorg(1, { empty: true });
    await kit.follower.sync();
    const dearer = { ...request, feeratePerKw: 2000 };
    const next = must(await claims.fundClaim('c/1', dearer));
    expect(next.inputs.map((coin) => coin.txid)).toContainEqual(txid);
    expect(await claims.fundClaim('c/2', request)).toBeUndefined();
  });

  it('are gone when another transaction took them in a block, or nobody has made them', async () => {
    const kit = await walletKit();
    await kit.give(20_000n);
    await kit.mine();
    const claims = claimWallet(kit.wallet);
    const { inputs } = must(await claims.fundClaim('c/1', request));
    const { txid, vout, scriptPubkey } = inputs[0]!;
    expect(claims.areGone(inputs, [])).toBe(false);
    expect(claims.areGone([{ txid, vout: vout + 7 }], [])).toBe(true);
    const made = await kit.wallet.fund([{ amount: sat(10_000), scriptPubkey }], {
      ...{ utxos: [{ txid, vout }], reservedOk: true },
    });
    if (!made.ok) throw new Error(made.error.code);
    kit.chain.submit(made.value.raw);
    expect(claims.areGone(inputs, [])).toBe(false);
    await kit.mine();
    expect(claims.areGone(inputs, [])).toBe(true);
    // It was the claim's own transaction.
    expect(claims.areGone(inputs, [toHex(made.value.txid)])).toBe(false);
  });
});
