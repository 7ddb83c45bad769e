import { afterEach, describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

let lab: Lab;
afterEach(() => lab.close());

const PEERS = ['bob', 'carol', 'dave'];

async function network(seed: string, sat = 5_000_000): Promise<void> {
  lab = await Lab.create({ seed });
  for (const name of ['alice', ...PEERS]) await lab.node(name);
  await lab.fund('alice', sat);
}

const idOf = (name: string) => `${lab.get(name).id}@${name}:${lab.get(name).port}`;

const open = (destinations: object[], more: object = {}) =>
  lab.rpc('alice', 'multifundchannel', { destinations, ...more });

const statesOf = async (name: string): Promise<string[]> =>
  (await lab.rpc(name, 'listpeerchannels')).channels.map((c: { state: string }) => c.state);

const openings = () => [...lab.chain.mempool.entries()];

describe('multifundchannel', () => {
  it('opens them all by one transaction, each with its own terms', async () => {
    await network('all');
    const result = await open([
      { id: idOf('bob'), amount: 500_000 },
      { id: idOf('carol'), amount: 700_000, announce: false, push_msat: 50_000_000 },
      { id: idOf('dave'), amount: '300000sat' },
    ]);
    expect(result.failed).toBeUndefined();
    expect(result.channel_ids.map((c: { id: string }) => c.id)).toEqual(
      PEERS.map((name) => lab.get(name).id),
    );
    expect(new Set(result.channel_ids.map((c: { outnum: number }) => c.outnum)).size).toBe(3);
    expect(openings()).toHaveLength(1);
    await lab.mine(6);
    expect(await statesOf('alice')).toEqual(new Array(3).fill('CHANNELD_NORMAL'));
    const { channels } = await lab.rpc('carol', 'listpeerchannels');
    expect(channels[0]).toMatchObject({ private: true, to_us_msat: 50_000_000 });
    const { bolt11 } = await lab.rpc('dave', 'invoice', {
      amount_msat: 1_000_000,
      label: 'x',
      description: 'x',
    });
    await lab.rpc('alice', 'pay', { bolt11 });
    await lab.settle();
    await lab.audit();
    expect((await lab.rpc('alice', 'staticbackup')).scb).toHaveLength(3);
  });

  it('with `all`: one of them takes what the others leave', async () => {
    await network('with all', 2_000_000);
    await open([
      { id: idOf('bob'), amount: 'all' },
      { id: idOf('carol'), amount: 500_000 },
    ]);
    await lab.mine(6);
    const { channels } = await lab.rpc('bob', 'listpeerchannels');
    expect(Number(channels[0].total_msat)).toBeGreaterThan(1_440_000_000);
    await lab.audit();
  });

  it('one refuses: nothing is opened and nothing spent', async () => {
    await network('one refuses');
    const asked = open([
      { id: idOf('bob'), amount: 500_000 },
      // Below what carol accepts.
      { id: idOf('carol'), amount: 5_000 },
    ]);
    await expect(asked).rejects.toMatchObject({
      data: { id: lab.get('carol').id, method: 'fundchannel_start' },
    });
    await lab.settle();
    expect(openings()).toEqual([]);
    expect(await statesOf('alice')).toEqual([]);
    expect(await statesOf('bob')).toEqual([]);
    const { outputs } = await lab.rpc('alice', 'listfunds');
    expect(outputs).toMatchObject([{ reserved: false, amount_msat: 5_000_000_000 }]);
  });

  it('one refuses or is not there, and minchannels bears it', async () => {
    await network('minchannels');
    lab.crash('dave');
    const result = await open(
      [
        { id: idOf('bob'), amount: 500_000 },
        { id: idOf('carol'), amount: 5_000 },
        { id: idOf('dave'), amount: 500_000 },
      ],
      { minchannels: 1 },
    );
    expect(result.channel_ids.map((c: { id: string }) => c.id)).toEqual([lab.get('bob').id]);
    expect(result.failed.map((f: { method: string }) => f.method)).toEqual([
      'connect',
      'fundchannel_start',
    ]);
    await lab.restart('dave');
    await lab.mine(6);
    expect(await statesOf('alice')).toEqual(['CHANNELD_NORMAL']);
    await lab.audit();
  });

  for (const minchannels of [undefined, 2]) {
    it(`one is silent when it is to sign (minchannels: ${minchannels}): no transaction pays it`, async () => {
      await network(`silent ${minchannels}`);
      for (const name of PEERS) await lab.connect('alice', name);
      await lab.settle();
      // Her third commit has the channel; she dies before she tells of it.
      lab.commitFate('carol', 'crash after', 2);
      const asked = open(
        PEERS.map((name) => ({ id: lab.get(name).id, amount: 500_000 })),
        minchannels === undefined ? {} : { minchannels },
      );
      if (minchannels === undefined)
        await expect(asked).rejects.toMatchObject({
          data: { id: lab.get('carol').id, method: 'fundchannel_complete' },
        });
      else expect((await asked).channel_ids).toHaveLength(2);
      await lab.restart('carol');
      await lab.settle();
      const transactions = openings();
      expect(transactions).toHaveLength(minchannels === undefined ? 0 : 1);
      await lab.mine(6);
      const expected = minchannels === undefined ? [] : ['CHANNELD_NORMAL', 'CHANNELD_NORMAL'];
      expect(await statesOf('alice')).toEqual(expected);
      const { outputs } = await lab.rpc('alice', 'listfunds');
      expect(outputs.every((o: { reserved: boolean }) => !o.reserved)).toBe(true);
      await lab.audit();
    });
  }

  it('a crash at any commit: the transaction is broadcast only if all its channels are safe', async () => {
    for (let skip = 0; skip < 30; skip++) {
      await network(`crash ${skip}`);
      for (const name of PEERS) await lab.connect('alice', name);
      await lab.settle();
      lab.commitFate('alice', 'crash after', skip);
      const destinations = PEERS.map((name) => ({ id: lab.get(name).id, amount: 500_000 }));
      const opened = await open(destinations).then(
        () => true,
        () => false,
      );
      if (opened) return;
      await lab.restart('alice');
      await lab.wait(60_000);
      await lab.settle();
      // What was broadcast, or was to be, is so again with a block.
      await lab.mine(1);
      await lab.mine(6);
      const states = await statesOf('alice');
      const { outputs } = await lab.rpc('alice', 'listfunds');
      const untouched = outputs.some((o: { amount_msat: number }) => o.amount_msat === 5e9);
      expect([skip, states]).toEqual([skip, untouched ? [] : new Array(3).fill('CHANNELD_NORMAL')]);
      await lab.audit();
      await lab.close();
    }
    throw new Error('it never came to the end');
  }, 120_000);
});
