import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Daemon, LightningNetwork, until } from '../support/daemon.js';
import type { RpcFailure } from '../support/daemon-rpc.js';

const failure = (call: Promise<unknown>): Promise<RpcFailure> =>
  call.then(
    (answer) => {
      throw new Error(`it succeeded: ${JSON.stringify(answer)}`);
    },
    (error: RpcFailure) => error,
  );

/** From, to, sat, and how much of it lies on the far side from the start. */
const CHANNELS = [
  ['alice', 'bob', 1_000_000, 0],
  ['alice', 'carol', 1_000_000, 0],
  ['alice', 'dave', 1_000_000, 0],
  // Drained: what gossip tells of it looks as good as the others.
  ['bob', 'erin', 1_000_000, 950_000],
  ['bob', 'frank', 700_000, 0],
  ['carol', 'erin', 400_000, 0],
  ['carol', 'frank', 1_000_000, 0],
  ['dave', 'grace', 1_000_000, 0],
  ['erin', 'henry', 1_000_000, 0],
  ['frank', 'henry', 1_000_000, 0],
  // Half drained.
  ['grace', 'henry', 1_000_000, 500_000],
] as const;
/** More than any channel into henry has, and less than they have together. */
const AMOUNT = 1_300_000_000;
const FEES = ['--fee-base=1000', '--fee-per-satoshi=100'];

/**
 * A diamond on a real bitcoind: alice pays henry over bob, carol and dave, and behind them erin,
 * frank and grace, whose channels are partly drained.
 */
describe('paying in parts', () => {
  vi.setConfig({ testTimeout: 90_000 });
  let lightning: LightningNetwork;
  const nodes: Record<string, Daemon> = {};
  const scids: Record<string, string> = {};
  const node = (name: string): Daemon => nodes[name] as Daemon;

  beforeAll(async () => {
    lightning = await LightningNetwork.start();
    const names = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'henry'];
    await Promise.all(
      names.map(async (name) => {
        const args = name === 'grace' ? ['--fee-base=5000', '--fee-per-satoshi=900'] : FEES;
        nodes[name] = await lightning.node(name, { args });
      }),
    );
    await fundAll();
    await openAll();
    await lightning.gossiped([node('alice'), node('henry')], CHANNELS.length);
  }, 120_000);

  afterAll(() => lightning?.stop(), 30_000);
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(lightning?.tails(60));
  });

  /** One transaction for all who open channels. */
  async function fundAll(): Promise<void> {
    const openers = [...new Set(CHANNELS.map(([from]) => from))];
    const outputs: Record<string, number> = {};
    for (const name of openers)
      outputs[(await node(name).call('newaddr', { addresstype: 'bech32' })).bech32] = 0.04;
    await lightning.chain.rpc('sendmany', '', outputs);
    await lightning.mine(1);
    for (const name of openers)
      await until(
        `${name}'s coin`,
        async () => (await node(name).call('listfunds')).outputs[0]?.status === 'confirmed',
      );
  }

  async function openAll(): Promise<void> {
    const openers = [...new Set(CHANNELS.map(([from]) => from))];
    await Promise.all(
      openers.map((opener) =>
        node(opener).call('multifundchannel', {
          destinations: CHANNELS.filter(([from]) => from === opener).map(([, to, sat, pushed]) => ({
            id: `${node(to).id}@127.0.0.1:${node(to).port}`,
            amount: sat,
            push_msat: pushed * 1000,
          })),
        }),
      ),
    );
    await until(
      'the fundings in the mempool',
      async () => (await lightning.chain.rpc('getrawmempool')).length >= openers.length,
    );
    await lightning.mine(6);
    for (const [from, to] of CHANNELS)
      scids[`${from}-${to}`] = await until(`${from}'s channel with ${to}`, async () => {
        const { channels } = await node(from).call('listpeerchannels', { id: node(to).id });
        return channels[0]?.state === 'CHANNELD_NORMAL' && channels[0].short_channel_id;
      });
  }

  const invoice = (to: string, label: string, amount_msat = AMOUNT) =>
    node(to).call('invoice', { amount_msat, label, description: label });
  const attemptsOf = async (from: string, payment_hash: string) =>
    (await node(from).call('listsendpays', { payment_hash })).payments as {
      status: string;
      amount_msat: number;
      amount_sent_msat: number;
    }[];
  /** By the program, for who watches: what it tells meanwhile, and the answer. */
  async function cli(method: string, ...params: string[]) {
    const args = [`--lightning-dir=${node('alice').dir}`, '--network=regtest', '-N', 'info', '-k'];
    const program = resolve(import.meta.dirname, '../../bin/lightning-cli');
    const { stdout } = await promisify(execFile)(program, [...args, method, ...params]);
    const lines = stdout.split('\n');
    const told = lines.filter((line) => line.startsWith('# '));
    return { told, answer: JSON.parse(lines.slice(told.length).join('\n')) };
  }
  const feesOf = (parts: readonly { amount_msat: number; amount_sent_msat: number }[]): number =>
    parts.reduce((sum, part) => sum + part.amount_sent_msat - part.amount_msat, 0);

  it('a refusal of the payee ends it at once: one attempt', async () => {
    const made = await invoice('henry', 'refused', 10_000_000);
    await node('henry').call('delinvoice', { label: 'refused', status: 'unpaid' });
    const before = Date.now();
    const error = await failure(node('alice').call('pay', { bolt11: made.bolt11 }));
    // Of the sixty seconds in which it might try again.
    expect(Date.now() - before).toBeLessThan(20_000);
    expect(error).toMatchObject({ code: 203, data: { erring_node: node('henry').id } });
    expect(await attemptsOf('alice', made.payment_hash)).toHaveLength(1);
    const { pays } = await node('alice').call('listpays', { bolt11: made.bolt11 });
    expect(pays).toMatchObject([{ status: 'failed' }]);
  });

  it('no fee limit is passed by several parts: the error names what the cheapest costs', async () => {
    const made = await invoice('henry', 'too dear');
    const error = await failure(
      node('alice').call('xpay', { invstring: made.bolt11, maxfee: 100_000 }),
    );
    expect(error.code).toBe(206);
    expect(error.message).toMatch(/costs \d+msat, over the 100000msat allowed/);
    expect(error.data.fee_msat).toBeGreaterThan(100_000);
    expect(error.data.maxfee_msat).toBe(100_000);
  });

  it('more than we have, and more than the payee can take: both are told with the figures', async () => {
    const poor = await failure(
      node('alice').call('pay', { bolt11: (await invoice('henry', 'poor', 4e9)).bolt11 }),
    );
    expect(poor.code).toBe(205);
    expect(poor.message).toMatch(/our channels send \d+msat at most, and 4000000000msat/);
    const narrow = await failure(
      node('alice').call('pay', {
        bolt11: (await invoice('erin', 'narrow', 2_500_000_000)).bolt11,
        maxfeepercent: 5,
      }),
    );
    expect(narrow.code).toBe(205);
    expect(narrow.message).toMatch(/capacity|learned/);
  });

  it('what no single route has goes in parts, within one fee limit', async () => {
    const made = await invoice('henry', 'parts');
    const limit = 4_000_000;
    const { told, answer: paid } = await cli('pay', `bolt11=${made.bolt11}`, `maxfee=${limit}`);
    expect(paid).toMatchObject({ status: 'complete', amount_msat: AMOUNT });
    expect(paid.amount_sent_msat - AMOUNT).toBeLessThanOrEqual(limit);
    const [received] = (await node('henry').call('listinvoices', { label: 'parts' })).invoices;
    expect(received).toMatchObject({ status: 'paid', amount_received_msat: AMOUNT });
    const done = await until('all parts to end', async () => {
      const parts = await attemptsOf('alice', made.payment_hash);
      return parts.every(({ status }) => status !== 'pending') && parts;
    });
    const arrived = done.filter(({ status }) => status === 'complete');
    expect(arrived.length).toBeGreaterThan(1);
    expect(arrived.reduce((sum, part) => sum + part.amount_msat, 0)).toBe(AMOUNT);
    expect(feesOf(arrived)).toBe(paid.amount_sent_msat - AMOUNT);
    expect(told.filter((line) => line.startsWith('# Sending '))).toHaveLength(done.length);
    // What was drained is found out on the way, and told with what it taught.
    const failed = told.filter((line) => / failed: temporary_channel_failure from /.test(line));
    expect(failed).toHaveLength(done.length - arrived.length);
    for (const line of failed) expect(line).toMatch(/; learned: .* carries .*at most \d+msat/);
    const { pay } = await node('alice').call('paystatus', { invstring: made.bolt11 });
    expect(pay).toMatchObject([{ status: 'complete', maxfee_msat: limit }]);
    expect(pay[0].attempts).toHaveLength(done.length);
  });

  it('killed while its parts are in flight, the sender finishes its payment after the restart', async () => {
    // Back again, so that no single route has it any more.
    const back = await invoice('alice', 'back', 1_100_000_000);
    await node('henry').call('pay', { bolt11: back.bolt11, maxfeepercent: 5 });
    await node('alice').call('delconstraints', {});
    const made = await invoice('henry', 'killed', 1_200_000_000);
    // Two nodes hold what comes to them.
    const [first, last] = [node('bob').pid as number, node('henry').pid as number];
    process.kill(last, 'SIGSTOP');
    process.kill(first, 'SIGSTOP');
    const limit = 4_000_000;
    node('alice')
      .call('pay', { bolt11: made.bolt11, maxfee: limit })
      .catch(() => {});
    try {
      await until('parts in flight', async () => {
        const parts = await attemptsOf('alice', made.payment_hash);
        const flying = parts.filter(({ status }) => status === 'pending');
        const sum = flying.reduce((all, part) => all + part.amount_msat, 0);
        return flying.length > 1 && sum === 1_200_000_000;
      });
      await node('alice').kill();
    } finally {
      process.kill(first, 'SIGCONT');
      process.kill(last, 'SIGCONT');
    }
    await node('alice').up();
    const seen = new Set<string>();
    const end = await until('the end', async () => {
      const { pays } = await node('alice').call('listpays', { payment_hash: made.payment_hash });
      expect(pays).toHaveLength(1);
      seen.add(pays[0].status);
      return pays[0].status !== 'pending' && pays[0];
    });
    expect(seen.has('failed')).toBe(false);
    expect(end.status).toBe('complete');
    const [received] = (await node('henry').call('listinvoices', { label: 'killed' })).invoices;
    expect(received).toMatchObject({ status: 'paid', amount_received_msat: 1_200_000_000 });
    const done = await until('all parts to end', async () => {
      const parts = await attemptsOf('alice', made.payment_hash);
      return parts.every(({ status }) => status !== 'pending') && parts;
    });
    const arrived = done.filter(({ status }) => status === 'complete');
    expect(arrived.reduce((sum, part) => sum + part.amount_msat, 0)).toBe(1_200_000_000);
    expect(feesOf(arrived)).toBeLessThanOrEqual(limit);
    // Once more is not twice.
    const again = await node('alice').call('pay', { bolt11: made.bolt11 });
    expect(again.payment_preimage).toBe(end.preimage);
    expect(await attemptsOf('alice', made.payment_hash)).toHaveLength(done.length);
  });
});
