/** Carries out cells of the table on the lab, and compares the books before and after. */

import { encodeTx } from '../../../src/core/bitcoin/index.js';
import { type Bytes, toHex } from '../../../src/core/bytes/index.js';
import {
  completeHtlcTransaction,
  type LiveState,
  ourCommitment,
  signedCommitment,
} from '../../../src/core/channel/index.js';
import { Lab, type LabChain } from '../../../src/lab/index.js';
import { type Cell, type ChannelKind, nameOf, other, type Who } from './table.js';

const CAPACITY = 1_000_000;
const PUSHED = 400_000;
const AMOUNT = 50_000;
const WALLET = 3_000_000;
/** More than any cell needs for its fees, in satoshi. */
const MOST_FEES = 40_000;
/** Blocks with reorgs between them: past every expiry and delay of the lab. */
const REORGS = 24;
const TYPES: Record<ChannelKind, number[]> = { anchors: [12, 22], static_remotekey: [12] };

export interface CellReport {
  /** Empty: the books are right. */
  readonly wrong: readonly string[];
  /** Whether the HTLC's life has such a stage, and the commitment such transactions. */
  readonly reached: boolean;
  /** What all of it cost in fees, satoshi. */
  readonly spent: number;
  /** Why the chain did not take what it was handed. */
  readonly refused: readonly string[];
  /** What happened, for people. */
  readonly told: string;
}

/** On the embedded chain, or the one given. */
export async function runCell(cell: Cell, chain?: LabChain): Promise<CellReport> {
  const lab = await Lab.create({
    seed: nameOf(cell),
    keepTrace: 20_000,
    ...(chain === undefined ? {} : { chain }),
  });
  const run = new CellRun(lab, cell);
  try {
    const reached = await run.all();
    await lab.close();
    const { wrong, spent } = run;
    return { wrong, reached, spent, refused: run.refused(), told: run.told() };
  } catch (error) {
    (error as Error).message += `\n${nameOf(cell)}\n${run.told()}`;
    throw error;
  }
}

/** An old commitment of the closer, and its HTLC transactions. */
interface Old {
  readonly commitment: Bytes;
  readonly htlcs: readonly Bytes[];
  readonly expiry: number;
}

class CellRun {
  readonly wrong: string[] = [];
  spent = 0;
  readonly #lab: Lab;
  readonly #cell: Cell;
  #hash = '';

  constructor(lab: Lab, cell: Cell) {
    this.#lab = lab;
    this.#cell = cell;
  }

  refused(): string[] {
    const said = /^refused: (?:[0-9a-f]{64}: )?(.*)$/;
    return this.#lab.trace.entries.flatMap(({ kind, text }) => {
      const reason = kind === 'chain' ? said.exec(text)?.[1] : undefined;
      return reason === undefined ? [] : [reason];
    });
  }

  told(): string {
    return this.#lab.trace.entries
      .filter(({ kind }) => kind !== 'net' && kind !== 'store')
      .slice(-200)
      .map(({ at, node, text }) => `${(at / 1000).toFixed(3)} ${node} ${text.slice(0, 200)}`)
      .join('\n');
  }

  async all(): Promise<boolean> {
    await this.#setUp();
    const { by } = this.#cell;
    return by === 'latest' || by === 'mutual' || by === 'swapped'
      ? this.#honest()
      : this.#cheated();
  }

  async #setUp(): Promise<void> {
    const lab = this.#lab;
    for (const name of ['alice', 'bob']) {
      await lab.node(name);
      await lab.fund(name, WALLET);
    }
    await lab.connect('alice', 'bob');
    await lab.rpc('alice', 'fundchannel', {
      id: lab.get('bob').id,
      amount: CAPACITY,
      push_msat: PUSHED * 1000,
      channel_type: TYPES[this.#cell.kind],
    });
    await lab.settle();
    await lab.mine(6);
  }

  async #honest(): Promise<boolean> {
    const lab = this.#lab;
    const { stage, closer, payer, by } = this.#cell;
    const before = { alice: await this.#worth('alice'), bob: await this.#worth('bob') };
    const feesBefore = await this.#costs();
    await this.#pay();
    const reached = await this.#goTo(stage);
    const id = toHex(this.#live(closer).channelId);
    if (by === 'mutual') {
      await lab.rpc(closer, 'close', { id, unilateraltimeout: 0 });
      await lab.settle();
    } else {
      lab.partition('alice', 'bob');
      const theirs = this.#commitmentOf(other(closer));
      await lab.rpc(closer, 'close', { id, unilateraltimeout: 1 });
      if (by === 'swapped') await this.#mineAndReplace(theirs);
    }
    await this.#mineToTheEnd(['alice', 'bob']);
    this.spent = (await this.#costs()) - feesBefore;
    const payment = await this.#paymentStatus();
    const invoice = await this.#invoiceStatus();
    if (payment === 'pending' || (payment === 'complete') !== (invoice === 'paid'))
      this.wrong.push(`the payment is ${payment}, the invoice ${invoice}`);
    const moved = payment === 'complete' ? AMOUNT : 0;
    this.#expect(payer, await this.#worth(payer), before[payer] - moved);
    const payee = other(payer);
    this.#expect(payee, await this.#worth(payee), before[payee] + moved);
    return reached;
  }

  async #cheated(): Promise<boolean> {
    const lab = this.#lab;
    const { closer, by } = this.#cell;
    const honest = other(closer);
    const old = await this.#oldCommitment();
    if (old === undefined) return false;
    const punished = (await this.#walletOf(honest)) + CAPACITY;
    const due = by === 'restored' ? await this.#worth(honest) : punished;
    lab.crash(closer);
    await this.#crime(honest, old);
    await lab.wait(2_000);
    await this.#mineToTheEnd([honest]);
    this.spent = due - (await this.#walletOf(honest));
    this.#expect(honest, due - this.spent, due);
    return true;
  }

  /** How the revoked commitment comes into the chain. */
  async #crime(honest: Who, { commitment, htlcs, expiry }: Old): Promise<void> {
    const lab = this.#lab;
    const { by, reorg } = this.#cell;
    if (by === 'revoked2') {
      // An HTLC-timeout is final only then.
      if (lab.height < expiry) await lab.mine(expiry - lab.height);
      lab.crash(honest);
      await lab.mineExactly([commitment]);
      await lab.mineExactly(htlcs);
      await lab.restart(honest);
    } else if (by === 'betrayed') {
      const id = toHex(this.#live(honest).channelId);
      await lab.rpc(honest, 'close', { id, unilateraltimeout: 1 });
      await this.#mineAndReplace(commitment);
    } else if (by === 'restored') {
      const newest = this.#commitmentOf(honest);
      await lab.mineExactly([commitment]);
      await lab.wait(2_000);
      if (reorg > 1) await lab.mine(reorg - 1);
      await lab.reorg(reorg, [[newest]]);
    } else await lab.mineExactly([commitment]);
  }

  /** What waits is mined and settled a while; then a reorg puts this commitment in its place. */
  async #mineAndReplace(commitment: Bytes): Promise<void> {
    const { reorg } = this.#cell;
    for (let i = 0; i < reorg; i++) await this.#lab.mine(1);
    await this.#lab.reorg(reorg, [[commitment]]);
  }

  #commitmentOf(who: Who): Bytes {
    return signedCommitment(this.#live(who), this.#lab.get(who).node.api.signer);
  }

  /** Carries the payment through, and one more after it, so that all before them is revoked. */
  async #oldCommitment(): Promise<Old | undefined> {
    const lab = this.#lab;
    const { closer, payer, payee, stage, by } = this.#cell;
    await this.#pay();
    if (!(await this.#goTo(stage))) return undefined;
    const state = this.#live(closer);
    const { signer } = lab.get(closer).node.api;
    const commitment = signedCommitment(state, signer);
    // Held parts are given up after a minute.
    await lab.wait(payee === 'holds' ? 90_000 : 5_000);
    const { bolt11 } = await lab.rpc(other(payer), 'invoice', {
      amount_msat: 5_000_000,
      label: 'another',
      description: 'another',
    });
    await lab.rpc(payer, 'pay', { bolt11 });
    await lab.settle();
    const [invoice] = (await lab.rpc(other(payer), 'listinvoices', {})).invoices;
    const preimage = invoice.payment_preimage && Buffer.from(invoice.payment_preimage, 'hex');
    const ours = ourCommitment(state, signer);
    const htlcs = ours.htlcs.map((output, i) => {
      const remote = state.commitments.local.htlcSignatures[i] as Bytes;
      const shown = output.htlc.offeredBy === 'local' ? undefined : preimage;
      return encodeTx(
        completeHtlcTransaction(signer, state.params.key, ours, output, remote, shown),
      );
    });
    if (by === 'revoked2' && htlcs.length === 0) return undefined;
    const expiry = Math.max(0, ...ours.htlcs.map(({ htlc }) => htlc.cltvExpiry));
    return { commitment, htlcs, expiry };
  }

  async #pay(): Promise<void> {
    const lab = this.#lab;
    const { payer, payee: does } = this.#cell;
    const payee = other(payer);
    const label = 'payment';
    const amount_msat = AMOUNT * 1000;
    const whole = does === 'holds' ? 2 * amount_msat : amount_msat;
    const made = await lab.rpc(payee, 'invoice', { amount_msat: whole, label, description: label });
    const { payment_hash, payment_secret } = made;
    this.#hash = payment_hash;
    if (does === 'fails') await lab.rpc(payee, 'delinvoice', { label, status: 'unpaid' });
    const { id } = lab.get(payee);
    const { route } = await lab.rpc(payer, 'getroute', { id, amount_msat, riskfactor: 10 });
    const parts = does === 'holds' ? { partid: 1, amount_msat: whole } : {};
    // Not by `lab.rpc`, which would let time pass until the payment ends.
    lab
      .get(payer)
      .call('sendpay', { route, payment_hash, payment_secret, ...parts })
      .catch(() => {});
  }

  #live(who: Who): LiveState {
    const [state] = this.#lab.get(who).node.api.channels.liveStates();
    if (state === undefined) throw new Error(`${who} has no channel`);
    return state;
  }

  /** What a stage is known by: the commitments of both, and where their HTLCs stand. */
  #stageNow(): string {
    const sides = (['alice', 'bob'] as const).map((who) => {
      const { commitments } = this.#live(who);
      const { local, remote, htlcs } = commitments;
      return [local.number, remote.number, remote.awaitingRevocation, ...htlcs.map((h) => h.state)];
    });
    return sides.join(' | ');
  }

  /** Lets the payment go on to its `stage`-th change. Answers whether it came so far. */
  async #goTo(stage: number): Promise<boolean> {
    let last = this.#stageNow();
    for (let count = 0, still = 0; count < stage; still++) {
      if (still > 1_000) return false;
      await this.#lab.wait(1);
      const now = this.#stageNow();
      if (now === last) continue;
      [last, still] = [now, 0];
      count++;
    }
    return true;
  }

  /** Until every channel is settled for good. */
  async #mineToTheEnd(nodes: readonly Who[]): Promise<void> {
    const lab = this.#lab;
    const { reorg } = this.#cell;
    for (let i = 0; i < REORGS; i++) {
      await lab.mine(1);
      // What was taken back is in the new branch at once, or in its last block only.
      const empty = i % 2 === 0 ? 0 : reorg;
      await lab.reorg(reorg, Array(empty).fill([]));
      if (this.#cell.restarts) for (const who of nodes) await lab.restart(who);
    }
    const open = () => nodes.filter((who) => lab.get(who).node.api.channels.list().length > 0);
    for (let i = 0; i < 20 && open().length > 0; i++) await lab.mine(10);
    for (const who of open()) this.wrong.push(`${who} still has the channel`);
  }

  /** Wallet and channels, in satoshi, rounded down. */
  async #worth(who: Who): Promise<number> {
    const { channels } = await this.#lab.rpc(who, 'listfunds');
    let worth = await this.#walletOf(who);
    for (const c of channels) worth += Math.floor(Number(c.our_amount_msat) / 1000);
    return worth;
  }

  async #walletOf(who: Who): Promise<number> {
    const { outputs } = await this.#lab.rpc(who, 'listfunds');
    const unspent = outputs.filter((o: { status: string }) => o.status !== 'spent');
    return unspent.reduce(
      (sum: number, o: { amount_msat: number }) => sum + Number(o.amount_msat) / 1000,
      0,
    );
  }

  /** Fees, and what lies on the chain that is not worth a transaction. */
  async #costs(): Promise<number> {
    const { fees, unresolved } = await this.#lab.audit();
    return Number(fees + unresolved);
  }

  async #paymentStatus(): Promise<string> {
    const { payments } = await this.#lab.rpc(this.#cell.payer, 'listsendpays', {
      payment_hash: this.#hash,
    });
    return payments[0]?.status ?? 'never made';
  }

  async #invoiceStatus(): Promise<string> {
    const { invoices } = await this.#lab.rpc(other(this.#cell.payer), 'listinvoices', {
      payment_hash: this.#hash,
    });
    return invoices[0]?.status ?? 'none';
  }

  #expect(who: Who, has: number, due: number): void {
    if (this.spent > MOST_FEES) this.wrong.push(`${this.spent} sat were spent`);
    if (has < due - this.spent) this.wrong.push(`${who} has ${has} sat, ${due} are due`);
  }
}
