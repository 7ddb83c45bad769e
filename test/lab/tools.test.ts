import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, msat, toHex } from '../../src/core/bytes/index.js';
import { sha256 } from '../../src/core/crypto/index.js';
import { decodeInvoice, encodeInvoice } from '../../src/core/invoice/index.js';
import { Lab } from '../../src/lab/index.js';
import { commands } from '../../src/rpc/commands/index.js';
import { misfits } from '../support/answer-shape.js';

let lab: Lab;
let ids: Record<'alice' | 'bob' | 'carol', string>;
let channel: string;

/** Calls a command and holds its answer to what its manual page says. */
// biome-ignore lint/suspicious/noExplicitAny: answers are as various as the commands.
async function call(node: string, name: string, params: object = {}): Promise<any> {
  const answer = await lab.rpc(node, name, params);
  const command = commands.find((c) => c.name === name);
  if (!command) throw new Error(`no command ${name}`);
  expect(misfits(command.result, answer), `${name} ${JSON.stringify(params)}`).toEqual([]);
  return answer;
}

beforeAll(async () => {
  lab = await Lab.create({ seed: 'tools' });
  const made = { alice: '', bob: '', carol: '' };
  for (const name of ['alice', 'bob', 'carol'] as const) made[name] = (await lab.node(name)).id;
  ids = made;
  await lab.fund('alice', 5_000_000);
  await lab.fund('bob', 5_000_000);
  channel = await lab.channel('alice', 'bob', 1_000_000);
  await lab.channel('bob', 'carol', 1_000_000);
  await lab.settle();
  await lab.wait(120_000);
}, 60_000);
afterAll(() => lab.close());

describe('commands that tools call', () => {
  it('a feerate in its unit', async () => {
    expect(await call('alice', 'parsefeerate', { feerate_str: '10000perkb' })).toEqual({
      perkw: 2500,
    });
    await expect(call('alice', 'parsefeerate', { feerate_str: 'soon' })).rejects.toMatchObject({
      code: -32602,
    });
  });

  it('no plugins, and no way to have any', async () => {
    expect(await call('alice', 'plugin', { subcommand: 'list' })).toEqual({
      command: 'list',
      plugins: [],
    });
    const start = { subcommand: 'start', plugin: '/bin/true' };
    await expect(call('alice', 'plugin', start)).rejects.toMatchObject({ code: -1 });
  });

  it('a secret that is always the same, for a name, and another for another', async () => {
    const { secret } = await call('alice', 'makesecret', { string: 'scb' });
    expect(await call('alice', 'makesecret', { hex: '736362' })).toEqual({ secret });
    expect((await call('alice', 'makesecret', { string: 'scc' })).secret).not.toBe(secret);
    expect((await call('bob', 'makesecret', { string: 'scb' })).secret).not.toBe(secret);
    for (const wrong of [{}, { string: 'a', hex: '61' }])
      await expect(call('alice', 'makesecret', wrong)).rejects.toMatchObject({ code: -32602 });
  });

  it('the smallest channel that is accepted: set for good, for now, and as it was given', async () => {
    const set = (params: object) =>
      call('bob', 'setconfig', { config: 'min-capacity-sat', ...params });
    const opened = () => call('alice', 'fundchannel', { id: ids.bob, amount: 50_000 });
    const inForce = async () => {
      const { configs } = await call('bob', 'listconfigs', { config: 'min-capacity-sat' });
      return configs['min-capacity-sat'];
    };
    const other = call('bob', 'setconfig', { config: 'alias', val: 1 });
    await expect(other).rejects.toMatchObject({ code: -32602 });
    expect(await inForce()).toEqual({ value_int: 10_000, source: 'default', dynamic: true });
    const bigger = { value_int: 60_000, source: 'setconfig', dynamic: true };
    expect(await set({ val: 60_000 })).toMatchObject({ config: bigger });
    await expect(opened()).rejects.toThrow('funding_satoshis 50000 is below 60000');
    await set({ val: 20_000, transient: true });
    expect(await inForce()).toMatchObject({ value_int: 20_000 });
    await lab.restart('bob');
    await lab.settle();
    expect(await inForce()).toEqual(bigger);
    await expect(opened()).rejects.toThrow('funding_satoshis 50000 is below 60000');
    expect((await set({})).config.value_int).toBe(10_000);
    await lab.restart('bob');
    await lab.settle();
    expect(await inForce()).toMatchObject({ value_int: 10_000, source: 'default' });
  });

  it("a message beside the protocol, and none of the protocol's own", async () => {
    await call('alice', 'sendcustommsg', { node_id: ids.bob, msg: '77770012' });
    await lab.settle();
    expect((await call('alice', 'getinfo')).num_peers).toBe(1);
    const ping = { node_id: ids.bob, msg: '001200000000' };
    await expect(call('alice', 'sendcustommsg', ping)).rejects.toMatchObject({ code: -32602 });
    await expect(
      call('alice', 'sendcustommsg', { node_id: ids.carol, msg: '77770012' }),
    ).rejects.toMatchObject({ code: -1 });
  });

  it("what the peer's last channel_update asks, beside ours", async () => {
    await lab.rpc('bob', 'setchannel', { id: ids.alice, feebase: 4321 });
    await lab.settle();
    const { channels } = await call('alice', 'listpeerchannels');
    expect(channels[0].updates).toMatchObject({
      local: { fee_base_msat: 1 },
      remote: { fee_base_msat: 4321, cltv_expiry_delta: 6 },
    });
  });

  it('an invoice written elsewhere is signed, kept and paid', async () => {
    const preimage = new Uint8Array(32).fill(7);
    const { bolt11 } = await call('carol', 'invoice', {
      amount_msat: 1000,
      label: 'pattern',
      description: 'a pattern',
    });
    const pattern = decodeInvoice(bolt11);
    if (!pattern.ok) throw new Error(pattern.error.code);
    const terms = { ...pattern.value, paymentHash: sha256(preimage), amountMsat: msat(5000) };
    const foreign = encodeInvoice(terms, () => ({
      signature: new Uint8Array(64).fill(1),
      recovery: 0,
    }));
    if (!foreign.ok) throw new Error(foreign.error.code);
    const invstring = foreign.value;
    const signed = await call('carol', 'signinvoice', { invstring });
    const read = decodeInvoice(signed.bolt11);
    expect(read.ok && toHex(read.value.payee)).toBe(ids.carol);
    const kept = { invstring, label: 'written', preimage: toHex(preimage) };
    const wrong = { ...kept, preimage: '00'.repeat(32) };
    await expect(call('carol', 'createinvoice', wrong)).rejects.toMatchObject({ code: -32602 });
    const made = await call('carol', 'createinvoice', kept);
    expect(made).toMatchObject({ status: 'unpaid', amount_msat: 5000, bolt11: signed.bolt11 });
    await expect(call('carol', 'createinvoice', kept)).rejects.toMatchObject({ code: 900 });
    await expect(call('carol', 'createinvoice', { ...kept, label: 'again' })).rejects.toMatchObject(
      { code: 901 },
    );
    await call('alice', 'preapproveinvoice', { bolt11: made.bolt11 });
    const paid = await call('alice', 'pay', { bolt11: made.bolt11 });
    expect(paid.payment_preimage).toBe(toHex(preimage));
  });

  it('one forward is deleted: its number is not given again, and what it earned stays earned', async () => {
    await lab.settle();
    const { forwards } = await call('bob', 'listforwards');
    const [{ in_channel, in_htlc_id, created_index, fee_msat }] = forwards;
    const earned = async () => (await call('bob', 'getinfo')).fees_collected_msat;
    expect(await earned()).toBe(fee_msat);
    const which = { in_channel, in_htlc_id, status: 'settled' };
    await expect(call('bob', 'delforward', { ...which, status: 'failed' })).rejects.toMatchObject({
      code: 1401,
    });
    const gone = { subsystem: 'forwards', indexname: 'deleted' };
    expect(await call('bob', 'wait', { ...gone, nextvalue: 0 })).toMatchObject({ deleted: 0 });
    const waiting = call('bob', 'wait', { ...gone, nextvalue: 1 });
    await call('bob', 'delforward', which);
    expect(await waiting).toEqual({ subsystem: 'forwards', deleted: 1 });
    await expect(call('bob', 'delforward', which)).rejects.toMatchObject({ code: 1401 });
    expect((await call('bob', 'listforwards')).forwards).toEqual([]);
    expect(await earned()).toBe(fee_msat);
    await lab.restart('bob');
    expect(await earned()).toBe(fee_msat);
    await lab.settle();
    await lab.wait(120_000);
    const { created } = await call('bob', 'wait', {
      subsystem: 'forwards',
      indexname: 'created',
      nextvalue: 0,
    });
    expect(created).toBe(created_index);
    const next = call('bob', 'wait', {
      subsystem: 'forwards',
      indexname: 'created',
      nextvalue: created + 1,
    });
    await call('alice', 'keysend', { destination: ids.carol, amount_msat: 1000 });
    const reached = await next;
    const told = { in_channel, in_msat: 1001, status: 'offered' };
    expect(reached).toMatchObject({ created: created + 1, forwards: told, details: told });
    await lab.settle();
    const after = await call('bob', 'listforwards');
    expect(await earned()).toBe(fee_msat + after.forwards[0].fee_msat);
    expect(after.forwards).toMatchObject([{ created_index: created_index + 1 }]);
  });

  it('values by key, in a tree, with their generation', async () => {
    const key = ['tool', 'seen'];
    expect(await call('alice', 'datastore', { key, string: 'one' })).toEqual({
      key,
      generation: 0,
      hex: '6f6e65',
      string: 'one',
    });
    const refused = async (params: object, code: number): Promise<void> => {
      await expect(call('alice', 'datastore', params)).rejects.toMatchObject({ code });
    };
    await refused({ key, string: 'two' }, 1202);
    await refused({ key: 'none', string: 'two', mode: 'must-replace' }, 1203);
    await refused({ key, string: 'two', mode: 'must-replace', generation: 3 }, 1204);
    await refused({ key: 'tool', string: 'two' }, 1205);
    await refused({ key: [...key, 'below'], string: 'two' }, 1206);
    await refused({ key, string: 'two', hex: '00' }, -32602);
    const appended = { key, hex: 'ff', mode: 'must-append', generation: 0 };
    const more = await call('alice', 'datastore', appended);
    expect(more).toEqual({ key, generation: 1, hex: '6f6e65ff' });
    await call('alice', 'datastore', { key: ['tool', 'deep', 'down'], string: 'x' });
    await lab.restart('alice');
    const root = await call('alice', 'listdatastore');
    expect(root).toEqual({ datastore: [{ key: ['tool'] }] });
    const tool = await call('alice', 'listdatastore', { key: 'tool' });
    expect(tool.datastore).toEqual([{ key: ['tool', 'deep'] }, more]);
    expect((await call('alice', 'listdatastore', { key })).datastore).toEqual([more]);
    expect(await call('alice', 'datastoreusage', { key: 'tool' })).toEqual({
      datastoreusage: { key: 'tool', total_bytes: 4 + 9 + 1 + 14 },
    });
    const del = { key, generation: 0 };
    await expect(call('alice', 'deldatastore', del)).rejects.toMatchObject({ code: 1201 });
    expect(await call('alice', 'deldatastore', { key })).toEqual(more);
    await expect(call('alice', 'deldatastore', { key })).rejects.toMatchObject({ code: 1200 });
  });

  it('an output for a PSBT, which the wallet then signs', async () => {
    const funded = await call('alice', 'fundpsbt', {
      satoshi: 100_000,
      feerate: 'normal',
      startweight: 400,
      excess_as_change: true,
    });
    const added = await call('alice', 'addpsbtoutput', {
      satoshi: 100_000,
      initialpsbt: funded.psbt,
    });
    expect(added).toMatchObject({ outnum: 1, estimated_added_weight: 172 });
    const { signed_psbt } = await call('alice', 'signpsbt', { psbt: added.psbt });
    const { txid } = await call('alice', 'sendpsbt', { psbt: signed_psbt });
    await lab.mine(1);
    const { outputs } = await call('alice', 'listfunds');
    const got = outputs.find(
      (o: { txid: string; output: number }) => o.txid === txid && o.output === 1,
    );
    expect(got).toMatchObject({ amount_msat: 100_000_000, status: 'confirmed' });
    expect(await call('alice', 'addpsbtoutput', { satoshi: 1000, locktime: 5 })).toMatchObject({
      outnum: 0,
    });
  });

  it('channels that are over, with what they ended in', async () => {
    await lab.settle();
    const { channels } = await call('alice', 'listpeerchannels');
    const { to_us_msat, out_fulfilled_msat } = channels[0];
    expect(channels[0]).toMatchObject({
      out_payments_offered: 2,
      out_payments_fulfilled: 2,
      in_payments_offered: 0,
      min_to_us_msat: to_us_msat,
      max_to_us_msat: 1_000_000_000,
    });
    expect(to_us_msat + out_fulfilled_msat).toBe(1_000_000_000);
    const { payments } = await call('alice', 'listsendpays', { status: 'complete' });
    const { htlcs } = await call('alice', 'listhtlcs', { id: channel });
    expect(htlcs).toMatchObject(
      payments.map((p: { payment_hash: string; amount_sent_msat: number }, id: number) => ({
        ...{ id, direction: 'out', state: 'RCVD_REMOVE_ACK_REVOCATION' },
        ...{ payment_hash: p.payment_hash, amount_msat: p.amount_sent_msat },
        ...{ short_channel_id: channel, expiry: expect.any(Number) },
      })),
    );
    const states = async (node: string) =>
      (await call(node, 'listhtlcs')).htlcs.map((h: { state: string }) => h.state);
    expect(await states('carol')).toEqual(Array(2).fill('SENT_REMOVE_ACK_REVOCATION'));
    await lab.restart('bob');
    expect((await states('bob')).length).toBe(4);
    await lab.settle();
    const { txid } = await call('alice', 'close', { id: channel });
    await lab.mine(101);
    await lab.settle();
    const { closedchannels } = await call('alice', 'listclosedchannels', { id: ids.bob });
    expect(closedchannels).toMatchObject([
      {
        peer_id: ids.bob,
        short_channel_id: channel,
        opener: 'local',
        total_msat: 1_000_000_000,
        last_commitment_txid: txid,
        closer: 'local',
        close_cause: 'user',
        total_htlcs_sent: 2,
      },
    ]);
    const [{ final_to_us_msat, last_commitment_fee_msat, ...closed }] = closedchannels;
    expect(final_to_us_msat).toBeLessThan(1_000_000_000 - 6000);
    expect(closed).toMatchObject({
      min_to_us_msat: final_to_us_msat,
      max_to_us_msat: 1_000_000_000,
    });
    expect(last_commitment_fee_msat).toBeGreaterThan(0);
    const other = { id: ids.carol };
    expect((await call('alice', 'listclosedchannels', other)).closedchannels).toEqual([]);
    expect(fromHex(closedchannels[0].funding_txid)).toHaveLength(32);
  });
});
