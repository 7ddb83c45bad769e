/**
 * Payments a second through `sendpay`, and how long one takes: daemons as processes, on a bitcoind.
 *     npx tsx bench/payments.ts [PAYMENTS=300] [TOGETHER=1] [HOPS=1] [-- DAEMON [OPTIONS]]
 * With another daemon of the same interface both are measured in turn, and the last line compares.
 */
import { readFileSync } from 'node:fs';
import { type Daemon, LightningNetwork, until } from '../test/support/daemon.js';

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

const split = process.argv.indexOf('--');
const [payments = 300, together = 1, hops = 1] = process.argv
  .slice(2, split < 0 ? undefined : split)
  .map(Number);
const other = split < 0 ? undefined : process.argv.slice(split + 1);

/** User and system time of a process so far, as Linux counts them. */
function cpuMs(daemon: Daemon): number {
  try {
    const fields =
      readFileSync(`/proc/${daemon.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}

async function line(network: LightningNetwork, command?: readonly string[]): Promise<Daemon[]> {
  const nodes: Daemon[] = [];
  const args = ['--log-level=info'];
  for (let i = 0; i <= hops; i++)
    nodes.push(await network.node(`n${i}`, command === undefined ? { args } : { args, command }));
  for (let i = 0; i < hops; i++) {
    await network.fund(nodes[i] as Daemon, 10_000_000);
    await network.channel(nodes[i] as Daemon, nodes[i + 1] as Daemon, 5_000_000);
  }
  return nodes;
}

async function measure(command?: readonly string[]): Promise<Figures> {
  const network = await LightningNetwork.start();
  try {
    const nodes = await line(network, command);
    const [payer, payee] = [nodes[0] as Daemon, nodes[hops] as Daemon];
    const wanted = { id: payee.id, amount_msat: 1000, riskfactor: 1, cltv: 18 };
    const { route } = await until('a route', () => answer(payer, 'getroute', wanted), 90_000);
    const invoices: { payment_hash: string; payment_secret: string }[] = [];
    for (let i = 0; i < payments; i++)
      invoices.push(
        await payee.call('invoice', { amount_msat: 1000, label: `i${i}`, description: 'd' }),
      );

    const took: number[] = [];
    const pay = async (): Promise<void> => {
      for (let next = invoices.shift(); next !== undefined; next = invoices.shift()) {
        const { payment_hash, payment_secret } = next;
        const began = performance.now();
        const sent = await payer.call('sendpay', { route, payment_hash, payment_secret });
        if (sent.status !== 'complete') await payer.call('waitsendpay', { payment_hash });
        took.push(performance.now() - began);
      }
    };
    const cpu = nodes.map(cpuMs);
    const began = performance.now();
    await Promise.all(Array.from({ length: together }, pay));
    const seconds = (performance.now() - began) / 1000;
    const spent = nodes.map((node, i) => (cpuMs(node) - (cpu[i] as number)) / payments);

    took.sort((a, b) => a - b);
    const at = (part: number): number => took[Math.floor(took.length * part)] as number;
    const figures = { perSecond: payments / seconds, p50Ms: at(0.5), p95Ms: at(0.95) };
    const list = (await payee.call('listinvoices')).invoices as { status: string }[];
    const paid = list.filter((invoice) => invoice.status === 'paid').length;
    if (paid !== payments) throw new Error(`${paid} of ${payments} invoices are paid`);
    console.log(
      JSON.stringify({
        daemon: command?.[0] ?? 'levin',
        ...{ payments, together, hops },
        ...Object.fromEntries(Object.entries(figures).map(([k, v]) => [k, Number(v.toFixed(1))])),
        cpuMsEach: spent.map((ms) => Number(ms.toFixed(2))),
      }),
    );
    return figures;
  } finally {
    await network.stop();
  }
}

// biome-ignore lint/suspicious/noExplicitAny: results are as various as the commands.
const answer = (daemon: Daemon, method: string, params: object): Promise<any> =>
  daemon.call(method, params).catch(() => undefined);

const ours = await measure();
if (other !== undefined) {
  const theirs = await measure(other);
  const [speed, latency] = [ours.perSecond / theirs.perSecond, theirs.p50Ms / ours.p50Ms];
  console.log(`payments a second: x${speed.toFixed(1)}; median: x${latency.toFixed(1)} shorter`);
}
