import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dustLimit } from '../../../src/core/bitcoin/index.js';
import { type Bytes, sat, toHex } from '../../../src/core/bytes/index.js';
import { type FundedTransaction, outpointOf } from '../../../src/node/wallet/index.js';
import { type WalletKit, walletKit } from '../../support/wallet-kit.js';

const outside = Uint8Array.from([0, 20, ...new Uint8Array(20).fill(5)]);

type Step =
  | { readonly do: 'receive'; readonly amount: number }
  | { readonly do: 'fund' | 'withdraw'; readonly amount: number; readonly minconf: number }
  | { readonly do: 'withdrawAll' }
  | { readonly do: 'publish' | 'release'; readonly which: number }
  | { readonly do: 'mine'; readonly blocks: number }
  | { readonly do: 'reorg'; readonly depth: number; readonly empty: boolean }
  | { readonly do: 'restart' };

const amount = fc.integer({ min: 400, max: 300_000 });
const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('receive' as const),
      amount: fc.integer({ min: 400, max: 400_000 }),
    }),
    fc.record({
      do: fc.constantFrom('fund' as const, 'withdraw' as const),
      amount,
      minconf: fc.integer({ min: 0, max: 2 }),
    }),
    fc.record({ do: fc.constant('withdrawAll' as const) }),
    fc.record({ do: fc.constantFrom('publish' as const, 'release' as const), which: fc.nat(5) }),
    fc.record({ do: fc.constant('mine' as const), blocks: fc.integer({ min: 1, max: 2 }) }),
    fc.record({
      do: fc.constant('reorg' as const),
      depth: fc.integer({ min: 1, max: 3 }),
      empty: fc.boolean(),
    }),
    fc.record({ do: fc.constant('restart' as const) }),
  ),
  { maxLength: 25 },
);

/** What the chain holds for the wallet: all its scripts, with the mempool's transactions applied. */
function onChain({ chain, wallet }: WalletKit): bigint {
  let total = 0n;
  for (const [outpoint, coin] of chain.ledger.coins)
    if (wallet.isMine(coin.scriptPubkey) && chain.mempool.spender(outpoint) === undefined)
      total += coin.amount;
  for (const entry of chain.mempool.entries())
    for (const [n, output] of entry.tx.outputs.entries())
      if (wallet.isMine(output.scriptPubkey) && !chain.mempool.spender(`${entry.key}:${n}`)) {
        // Payments from outside count once they are in a block, unless a reorg took them back.
        const known = wallet.book.output(entry.txid, n) !== undefined;
        if (known) total += output.amount;
      }
  return total;
}

class Run {
  prepared: FundedTransaction[] = [];

  constructor(public kit: WalletKit) {}

  async step(step: Step): Promise<void> {
    const { wallet, chain } = this.kit;
    switch (step.do) {
      case 'receive':
        await this.kit.give(BigInt(step.amount), step.amount % 2 === 0 ? 'p2tr' : 'p2wpkh');
        return;
      case 'fund':
      case 'withdraw': {
        const payee = { amount: sat(step.amount), scriptPubkey: outside };
        const options = { minconf: step.minconf, feeratePerKw: 300 + (step.amount % 5000) };
        const made = await wallet[step.do]([payee], options);
        if (!made.ok) return;
        this.check(made.value);
        if (step.do === 'fund') this.prepared.push(made.value);
        return;
      }
      case 'withdrawAll': {
        const made = await wallet.withdraw([{ amount: 'all', scriptPubkey: outside }]);
        if (made.ok) this.check(made.value);
        return;
      }
      case 'publish':
      case 'release': {
        const [one] = this.prepared.splice(step.which % Math.max(1, this.prepared.length), 1);
        if (one !== undefined) await wallet[step.do](one.txid);
        return;
      }
      case 'mine':
        await this.kit.mine(step.blocks);
        return;
      case 'reorg':
        chain.reorg(step.depth, { empty: step.empty });
        await this.kit.follower.sync();
        return;
      case 'restart':
        await this.kit.stop();
        this.kit = await walletKit({ on: this.kit });
    }
  }

  check(made: FundedTransaction): void {
    const input = made.inputs.reduce((sum, o) => sum + o.amount, 0n);
    const output = made.tx.outputs.reduce((sum, o) => sum + o.amount, 0n);
    expect(input).toBe(output + made.fee);
    for (const { amount, scriptPubkey } of made.tx.outputs)
      expect(amount).toBeGreaterThanOrEqual(dustLimit(scriptPubkey));
    const taken = new Set(this.prepared.flatMap((p) => p.inputs.map(name)));
    for (const one of made.inputs) expect(taken).not.toContain(name(one));
  }
}

const name = ({ txid, vout }: { txid: Bytes; vout: number }): string => outpointOf(txid, vout);

describe('the wallet, whatever happens', () => {
  it('has what the chain says it has, spends no reserved coin, and makes no dust', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const run = new Run(await walletKit());
        for (const amount of [90_000n, 200_000n, 200_000n]) await run.kit.give(amount);
        await run.kit.mine();
        for (const step of list) await run.step(step);
        // Every transaction of ours that waits is one that the mempool has, or takes when told.
        await run.kit.mine();
        await run.kit.mine();
        const { wallet, chain } = run.kit;
        expect(wallet.balance().total).toBe(onChain(run.kit));
        for (const { txid, height } of wallet.transactions())
          expect(height !== undefined).toBe(chain.ledger.blockOf(toHex(txid)) !== undefined);
        await run.kit.stop();
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});
