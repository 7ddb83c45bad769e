import { afterEach, describe, expect, it } from 'vitest';
import { Lab } from '../../../src/lab/index.js';

let lab: Lab;
afterEach(async () => {
  await lab.close();
});

/** alice - bob - carol in a line, by public channels. */
async function line(seed: string): Promise<[string, string]> {
  lab = await Lab.create({ seed });
  for (const name of ['alice', 'bob', 'carol']) await lab.node(name);
  await lab.fund('alice', 10_000_000);
  await lab.fund('bob', 10_000_000);
  const ab = await lab.channel('alice', 'bob', 1_000_000);
  const bc = await lab.channel('bob', 'carol', 1_000_000);
  return [ab, bc];
}

const scidsAt = async (node: string): Promise<string[]> => {
  const { channels } = await lab.rpc(node, 'listchannels');
  return channels.map(
    (c: { short_channel_id: string; direction: number }) => `${c.short_channel_id}/${c.direction}`,
  );
};

describe('gossip between nodes', () => {
  it('tells everyone of every public channel and node, and routes are found by it', async () => {
    const [ab, bc] = await line('gossip 1');
    await lab.wait(5_000);
    const all = [`${ab}/0`, `${ab}/1`, `${bc}/0`, `${bc}/1`];
    for (const node of ['alice', 'bob', 'carol']) expect(await scidsAt(node)).toEqual(all);
    const { nodes } = await lab.rpc('alice', 'listnodes');
    expect(nodes.map((n: { alias: string }) => n.alias).sort()).toEqual(['alice', 'bob', 'carol']);
    const { route } = await lab.rpc('alice', 'getroute', {
      id: lab.get('carol').id,
      amount_msat: 100_000,
      riskfactor: 10,
    });
    expect(route.map((h: { channel: string }) => h.channel)).toEqual([ab, bc]);
    expect(Number(route[0].amount_msat)).toBe(100_002);
    expect(Number(route[0].delay)).toBe(15);
  });

  it('is there again after a restart and after a crash', async () => {
    await line('gossip 2');
    await lab.wait(5_000);
    const before = await scidsAt('alice');
    expect(before.length).toBe(4);
    await lab.get('alice').stop();
    await lab.restart('alice');
    expect(await scidsAt('alice')).toEqual(before);
    lab.crash('alice');
    await lab.restart('alice');
    expect(await scidsAt('alice')).toEqual(before);
    const { nodes } = await lab.rpc('alice', 'listnodes', { id: lab.get('carol').id });
    expect(nodes[0].alias).toBe('carol');
  });

  it('reaches a node that comes later', async () => {
    await line('gossip 3');
    await lab.node('dave');
    await lab.connect('dave', 'carol');
    await lab.wait(20_000);
    expect((await scidsAt('dave')).length).toBe(4);
    const connected = await lab.rpc('dave', 'connect', { id: lab.get('alice').id });
    expect(connected.id).toBe(lab.get('alice').id);
  });

  it('forgets a channel 72 blocks after it was closed', async () => {
    const [ab, bc] = await line('gossip 4');
    await lab.wait(5_000);
    await lab.rpc('bob', 'close', { id: bc });
    await lab.mine(70);
    expect((await scidsAt('alice')).length).toBe(4);
    await lab.mine(5);
    expect(await scidsAt('alice')).toEqual([`${ab}/0`, `${ab}/1`]);
  });
});
