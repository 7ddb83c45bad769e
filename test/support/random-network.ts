import { type Audit, Lab, LabRpcError } from '../../src/lab/index.js';

export interface RandomRun {
  readonly digest: string;
  readonly events: number;
  readonly audit: Audit;
  readonly paid: number;
  readonly failed: number;
  /** What is not as it must be; empty: all is well. */
  readonly wrong: readonly string[];
  readonly trace: string;
}

export interface RandomNetworkOptions {
  readonly seed: string;
  readonly payments?: number;
  /** Power cuts, resets and partitions while payments run. */
  readonly faults?: boolean;
}

interface Invoice {
  readonly payer: string;
  readonly payee: string;
  readonly payment_hash: string;
  readonly amountMsat: number;
}

/** A network, payments and bad luck that all follow from a seed; then the books are compared. */
export async function randomNetwork(options: RandomNetworkOptions): Promise<RandomRun> {
  const lab = await Lab.create({ seed: options.seed });
  try {
    const names = await build(lab);
    const invoices = await pay(lab, names, options);
    await calm(lab);
    const wrong = await compare(lab, invoices);
    const audit = await lab.audit();
    const paid = wrong.length === 0 ? await paidCount(lab, invoices) : 0;
    await lab.close();
    const { digest, count } = lab.trace;
    const failed = invoices.length - paid;
    return { digest, events: count, audit, paid, failed, wrong, trace: told(lab) };
  } catch (error) {
    (error as Error).message += `\nseed ${options.seed}\n${told(lab)}`;
    throw error;
  }
}

/** The last things that happened, without the bytes. */
const told = (lab: Lab): string =>
  lab.trace.entries
    .filter(({ kind }) => kind !== 'net')
    .slice(-100)
    .map(({ at, node, text }) => `${(at / 1000).toFixed(3)} ${node} ${text.slice(0, 300)}`)
    .join('\n');

/** Three to five nodes, each tied to an earlier one, and up to two channels more. */
async function build(lab: Lab): Promise<string[]> {
  const choose = lab.entropy.fork('network');
  const names = ['alice', 'bob', 'carol', 'dave', 'erin'].slice(0, choose.between(3, 5));
  for (const name of names)
    await lab.node(name, {
      feeBaseMsat: choose.pick([0, 1, 1000]),
      feePerSatoshi: choose.pick([0, 10, 500]),
      cltvDelta: choose.between(6, 40),
    });
  const pairs: [string, string][] = [];
  for (let i = 1; i < names.length; i++)
    pairs.push([names[i] as string, names[choose.below(i)] as string]);
  for (let more = choose.below(3); more > 0; more--) {
    const [a, b] = [choose.pick(names), choose.pick(names)];
    if (a !== b) pairs.push([a, b]);
  }
  for (const [from, to] of pairs) {
    const capacity = choose.between(100_000, 3_000_000);
    await lab.fund(from, capacity + 100_000);
    const push = choose.pick([0, 0.3, 0.5]);
    await lab.channel(from, to, capacity, { pushMsat: Math.floor(capacity * push) * 1000 });
  }
  await lab.wait(120_000);
  return names;
}

async function pay(lab: Lab, names: string[], options: RandomNetworkOptions): Promise<Invoice[]> {
  const choose = lab.entropy.fork('payments');
  const invoices: Invoice[] = [];
  let under: Promise<unknown>[] = [];
  for (let i = 0; i < (options.payments ?? 12); i++) {
    const payer = choose.pick(names);
    const payee = choose.pick(names.filter((name) => name !== payer));
    const amountMsat = choose.pick([1, 1_000, 333_333, 5_000_000, 60_000_000, 700_000_000]);
    const label = `${i}`;
    if (!lab.get(payee).running || !lab.get(payer).running) continue;
    const made = await lab
      .rpc(payee, 'invoice', { amount_msat: amountMsat, label, description: label })
      .catch(() => undefined);
    if (!made || !lab.get(payer).running) continue;
    invoices.push({ payer, payee, payment_hash: made.payment_hash, amountMsat });
    const paying = lab.rpc(payer, 'pay', { bolt11: made.bolt11, retry_for: 20 });
    under.push(paying.catch(expected));
    if (options.faults && choose.below(3) === 0) await badLuck(lab, names, choose.fork(`${i}`));
    if (choose.below(2) === 0) {
      await ended(lab, under);
      under = [];
    }
  }
  await ended(lab, under);
  return invoices;
}

/** Waits for payments, and starts whoever dies over them. */
async function ended(lab: Lab, payments: readonly Promise<unknown>[]): Promise<void> {
  let over = false;
  const all = Promise.all(payments).finally(() => {
    over = true;
  });
  all.catch(() => {});
  for (let waits = 0; !over && waits < 500; waits++) {
    await lab.wait(1_000);
    for (const node of lab.nodes) if (!node.running) await lab.restart(node);
  }
  await all;
}

/** A payment may fail, and its payer may die; anything else is a bug. */
function expected(error: unknown): void {
  if (error instanceof LabRpcError && error.code >= 200 && error.code <= 212) return;
  if (error instanceof Error && /died/.test(error.message)) return;
  throw error;
}

async function badLuck(lab: Lab, names: string[], choose: Lab['entropy']): Promise<void> {
  await lab.wait(choose.below(400));
  const [a, b] = [choose.pick(names), choose.pick(names)];
  switch (choose.below(a === b ? 3 : 5)) {
    case 0:
      lab.crash(a);
      break;
    case 1:
      if (lab.get(a).running) lab.commitFate(a, 'crash before', choose.below(4));
      break;
    case 2:
      if (lab.get(a).running) lab.commitFate(a, 'crash after', choose.below(4));
      break;
    case 3:
      lab.cut(a, b);
      break;
    default:
      lab.partition(a, b);
  }
  await lab.wait(choose.below(3_000));
  for (const node of lab.nodes) if (!node.running) await lab.restart(node);
  if (a !== b) lab.heal(a, b);
}

/** Everybody is up and connected, and no payment is under way any more. */
async function calm(lab: Lab): Promise<void> {
  for (const node of lab.nodes) lab.commitFate(node, 'durable');
  for (let i = 0; i < 40; i++) {
    for (const node of lab.nodes) if (!node.running) await lab.restart(node);
    await lab.wait(5_000);
    await lab.settle();
    if (await isCalm(lab)) return;
  }
  throw new Error('payments do not end');
}

async function isCalm(lab: Lab): Promise<boolean> {
  for (const node of lab.nodes) {
    if (!node.running) return false;
    const { payments } = await lab.rpc(node, 'listsendpays', { status: 'pending' });
    const { channels } = await lab.rpc(node, 'listpeerchannels');
    const idle = channels.every(
      (c: { htlcs: unknown[]; peer_connected: boolean }) =>
        c.htlcs.length === 0 && c.peer_connected,
    );
    if (payments.length > 0 || !idle) return false;
  }
  return true;
}

const statusOf = async (lab: Lab, { payer, payee, payment_hash }: Invoice) => {
  const { payments } = await lab.rpc(payer, 'listsendpays', { payment_hash });
  const { invoices } = await lab.rpc(payee, 'listinvoices', { payment_hash });
  const complete = payments.filter((p: { status: string }) => p.status === 'complete');
  return { complete, invoice: invoices[0] };
};

async function compare(lab: Lab, invoices: readonly Invoice[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const made of invoices) {
    const { complete, invoice } = await statusOf(lab, made);
    const paid = invoice?.status === 'paid';
    if (paid !== complete.length > 0)
      wrong.push(`${made.payment_hash}: ${invoice?.status}, ${complete.length} parts complete`);
    const arrived = complete.reduce(
      (n: number, p: { amount_msat: number }) => n + p.amount_msat,
      0,
    );
    if (paid && (arrived !== made.amountMsat || invoice.amount_received_msat !== made.amountMsat))
      wrong.push(`${made.payment_hash}: ${arrived} sent, ${invoice.amount_received_msat} received`);
  }
  for (const node of lab.nodes) {
    const { channels } = await lab.rpc(node, 'listpeerchannels');
    for (const { state, short_channel_id } of channels)
      if (state !== 'CHANNELD_NORMAL') wrong.push(`${node.name}: ${short_channel_id} is ${state}`);
  }
  return wrong;
}

async function paidCount(lab: Lab, invoices: readonly Invoice[]): Promise<number> {
  let paid = 0;
  for (const made of invoices) if ((await statusOf(lab, made)).invoice?.status === 'paid') paid++;
  return paid;
}
