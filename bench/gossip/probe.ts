/**
 * Asks a daemon over its socket, from a process of its own, how it does: `getinfo` all the time,
 * and payments to another daemon. Each line on stdin ends a phase, whose figures are written.
 */
import { createInterface } from 'node:readline';
import { RpcClient } from '../../test/support/daemon-rpc.js';

export interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

export interface ProbeReport {
  readonly getinfo: Latencies;
  readonly sendpay: Latencies;
}

const EVERY_MS = 10;
const PAY_EVERY_MS = 200;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function latencies(times: number[]): Latencies {
  const sorted = times.splice(0).sort((a, b) => a - b);
  const at = (part: number): number =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1));
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), longestMs: at(1) };
}

/** Runs until its stdin ends. */
export async function probe(subject: string, payee: string): Promise<void> {
  const [asked, paid]: [number[], number[]] = [[], []];
  let running = true;
  const rpc = await RpcClient.open(subject);
  const payer = await RpcClient.open(subject);
  const other = await RpcClient.open(payee);
  const { id } = await other.call('getinfo');
  const ask = async (): Promise<void> => {
    while (running) {
      const began = performance.now();
      await rpc.call('getinfo');
      asked.push(performance.now() - began);
      await pause(EVERY_MS);
    }
  };
  const { route } = await payer.call('getroute', { id, amount_msat: 1000, riskfactor: 1 });
  const pay = async (): Promise<void> => {
    for (let n = 0; running; n++) {
      const { payment_hash, payment_secret } = await other.call('invoice', {
        ...{ amount_msat: 1000, label: `probe ${n}`, description: 'd' },
      });
      const began = performance.now();
      await payer.call('sendpay', { route, payment_hash, payment_secret });
      await payer.call('waitsendpay', { payment_hash });
      paid.push(performance.now() - began);
      await pause(PAY_EVERY_MS);
    }
  };
  const work = Promise.all([ask(), pay()]);
  process.stdout.write('ready\n');
  for await (const _ of createInterface({ input: process.stdin }))
    process.stdout.write(
      `${JSON.stringify({ getinfo: latencies(asked), sendpay: latencies(paid) } satisfies ProbeReport)}\n`,
    );
  running = false;
  await work;
  for (const client of [rpc, payer, other]) client.close();
}
