import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';
import { commands } from '../../src/rpc/commands/index.js';
import { misfits } from '../support/answer-shape.js';

let lab: Lab;
let ids: Record<'alice' | 'bob' | 'carol', string>;
let channel: string;
const answered = new Set<string>();

/** Calls a command and holds its answer to what its manual page says. */
// biome-ignore lint/suspicious/noExplicitAny: answers are as various as the commands.
async function call(node: string, name: string, params: object = {}): Promise<any> {
  const answer = await lab.rpc(node, name, params);
  const command = commands.find((c) => c.name === name);
  if (!command) throw new Error(`no command ${name}`);
  expect(misfits(command.result, answer), `${name} ${JSON.stringify(params)}`).toEqual([]);
  answered.add(name);
  return answer;
}

beforeAll(async () => {
  lab = await Lab.create({ seed: 'answers' });
  const [alice, bob, carol] = [
    await lab.node('alice'),
    await lab.node('bob'),
    await lab.node('carol'),
  ];
  ids = { alice: alice.id, bob: bob.id, carol: carol.id };
  await lab.fund('alice', 5_000_000);
  await lab.fund('bob', 5_000_000);
  channel = await lab.channel('alice', 'bob', 1_000_000);
  await lab.channel('bob', 'carol', 1_000_000);
  await lab.settle();
}, 60_000);
afterAll(() => lab.close());

describe('answers are what the manual says', () => {
  it('of the node, its peers and its channels', async () => {
    const info = await call('alice', 'getinfo');
    expect(info).toMatchObject({ id: ids.alice, num_peers: 1, num_active_channels: 1 });
    await call('alice', 'listpeers');
    await call('alice', 'listpeers', { id: ids.bob, level: 'debug' });
    const { channels } = await call('alice', 'listpeerchannels', { short_channel_id: channel });
    expect(channels).toHaveLength(1);
    expect(channels[0]).toMatchObject({ state: 'CHANNELD_NORMAL', peer_id: ids.bob });
    expect(await call('alice', 'ping', { id: ids.bob })).toEqual({ totlen: 132 });
    expect(await call('alice', 'connect', { id: ids.bob })).toMatchObject({ direction: 'out' });
    await call('alice', 'listnodes');
    const graph = await call('alice', 'listchannels');
    expect(graph.channels).toHaveLength(4);
    await call('alice', 'getlog', { level: 'debug' });
    await call('alice', 'listconfigs');
    await call('alice', 'feerates', { style: 'perkw' });
    expect((await call('alice', 'help')).help.length).toBeGreaterThan(40);
    await call('alice', 'check', { command_to_check: 'ping', id: ids.bob });
    const { zbase } = await call('alice', 'signmessage', { message: 'hello' });
    expect(await call('bob', 'checkmessage', { message: 'hello', zbase })).toEqual({
      verified: true,
      pubkey: ids.alice,
    });
  });

  it('of setting a channel, which the peer and the graph then know', async () => {
    const set = await call('bob', 'setchannel', { id: ids.carol, feebase: 5000, feeppm: 100 });
    expect(set.channels[0]).toMatchObject({ fee_base_msat: 5000 });
    await lab.settle();
    await lab.wait(120_000);
    const { channels } = await call('alice', 'listchannels', { source: ids.bob });
    expect(
      channels.map((c: { base_fee_millisatoshi: number }) => c.base_fee_millisatoshi),
    ).toContain(5000);
  });

  it('of a payment over two hops, on every side', async () => {
    const invoice = await call('carol', 'invoice', {
      amount_msat: 10_000_000,
      label: 'first',
      description: 'tea',
    });
    await call('carol', 'listinvoices');
    const decoded = await call('alice', 'decode', { string: invoice.bolt11 });
    expect(decoded.signature).toMatch(/^304[3-5]02(20|21|1f)/);
    const { route } = await call('alice', 'getroute', {
      id: ids.carol,
      amount_msat: 10_000_000,
      riskfactor: 10,
    });
    const waiting = call('carol', 'waitanyinvoice');
    const paid = await call('alice', 'sendpay', { route, payment_hash: invoice.bolt11 });
    expect(await waiting).toMatchObject({ label: 'first', status: 'paid' });
    await call('carol', 'waitinvoice', { label: 'first' });
    await call('alice', 'waitsendpay', { payment_hash: paid.payment_hash });
    await call('alice', 'listsendpays');
    await call('alice', 'listpays');
    await call('alice', 'listconstraints');
    await call('alice', 'wait', { subsystem: 'sendpays', indexname: 'created', nextvalue: 1 });
    await lab.settle();
    const { forwards } = await call('bob', 'listforwards', { status: 'settled' });
    expect(forwards).toMatchObject([
      { in_channel: channel, out_msat: 10_000_000, fee_msat: 6000, status: 'settled' },
    ]);
    expect((await call('bob', 'getinfo')).fees_collected_msat).toBe(6000);
    expect((await call('bob', 'getinfo')).fees_collected_msat).toBe(6000);
    const unfunded = [{ ...route[0], amount_msat: route[1].amount_msat }, route[1]];
    const refused = await call('carol', 'invoice', {
      amount_msat: 10_000_000,
      label: 'refused',
      description: 'tea',
    });
    const underpaid = { route: unfunded, payment_hash: refused.bolt11 };
    await expect(call('alice', 'sendpay', underpaid)).rejects.toMatchObject({ code: 204 });
    const failed = await call('bob', 'listforwards', { status: 'local_failed' });
    expect(failed.forwards).toMatchObject([
      { failcode: 4108, failreason: 'WIRE_FEE_INSUFFICIENT' },
    ]);
    const second = await call('carol', 'invoice', {
      amount_msat: 'any',
      label: 2,
      description: 'any',
    });
    await call('alice', 'pay', { bolt11: second.bolt11, amount_msat: '1sat' });
    await call('alice', 'keysend', { destination: ids.carol, amount_msat: 1000 });
    await call('alice', 'delpay', { payment_hash: paid.payment_hash, status: 'complete' });
    await call('carol', 'delinvoice', { label: 'first', status: 'paid' });
  });

  it('of the wallet', async () => {
    await call('alice', 'newaddr');
    const { outputs } = await call('alice', 'listfunds');
    expect(outputs.length).toBeGreaterThan(0);
    await call('alice', 'listtransactions');
    const { bech32 } = await call('bob', 'newaddr', { addresstype: 'bech32' });
    await call('alice', 'withdraw', { destination: bech32, satoshi: 50_000 });
    await lab.mine(1);
  });

  it('of a close, and of what is refused', async () => {
    const gone = { id: ids.bob };
    await expect(call('alice', 'disconnect', gone)).rejects.toMatchObject({ code: -1 });
    await expect(call('alice', 'close', { id: '1x1x1' })).rejects.toMatchObject({ code: -32602 });
    await expect(
      call('alice', 'fundchannel', { id: ids.carol, amount: 'all', push_msat: -1 }),
    ).rejects.toMatchObject({ message: expect.stringContaining('push_msat') });
    await expect(
      call('alice', 'listpeerchannels', { id: ids.bob, channel_id: '00'.repeat(32) }),
    ).rejects.toMatchObject({ code: -32602 });
    const closed = await call('alice', 'close', { id: channel });
    expect(closed.type).toBe('mutual');
    await call('alice', 'listhtlcs');
    await lab.mine(101);
    await call('alice', 'disconnect', { id: ids.bob, force: true });
  });

  it('was shown of most commands', () => {
    expect([...answered].length).toBeGreaterThan(30);
  });
});
