import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';
import { commands } from '../../src/rpc/commands/index.js';
import { misfits } from '../support/answer-shape.js';

let lab: Lab;
let ids: Record<'alice' | 'bob' | 'carol' | 'dave', string>;
let scids: Record<'ab' | 'bc' | 'ad' | 'dc', string>;

/** Calls a command and holds its answer to what its manual page says. */
// biome-ignore lint/suspicious/noExplicitAny: answers are as various as the commands.
async function call(node: string, name: string, params: object = {}): Promise<any> {
  const answer = await lab.rpc(node, name, params);
  const command = commands.find((c) => c.name === name);
  if (!command) throw new Error(`no command ${name}`);
  expect(misfits(command.result, answer), `${name} ${JSON.stringify(params)}`).toEqual([]);
  return answer;
}

const dir = (channel: keyof typeof scids, from: keyof typeof ids, to: keyof typeof ids): string =>
  `${scids[channel]}/${ids[from] < ids[to] ? 0 : 1}`;

// biome-ignore lint/suspicious/noExplicitAny: as JSON has it.
const routes = async (more: object = {}): Promise<any> =>
  call('alice', 'getroutes', {
    source: ids.alice,
    destination: ids.carol,
    amount_msat: 100_000_000,
    layers: ['auto.localchans', 'auto.sourcefree'],
    maxfee_msat: 1_000_000,
    final_cltv: 18,
    ...more,
  });

const ways = async (more: object = {}): Promise<string[][]> =>
  (await routes(more)).routes.map((route: { path: { short_channel_id_dir: string }[] }) =>
    route.path.map((hop) => hop.short_channel_id_dir),
  );

beforeAll(async () => {
  lab = await Lab.create({ seed: 'layers' });
  const made = { alice: '', bob: '', carol: '', dave: '' };
  for (const name of ['alice', 'bob', 'carol', 'dave'] as const)
    made[name] = (await lab.node(name)).id;
  ids = made;
  for (const name of ['alice', 'bob', 'dave']) await lab.fund(name, 5_000_000);
  scids = {
    ab: await lab.channel('alice', 'bob', 1_000_000),
    bc: await lab.channel('bob', 'carol', 1_000_000),
    ad: await lab.channel('alice', 'dave', 1_000_000),
    dc: await lab.channel('dave', 'carol', 1_000_000),
  };
  await lab.rpc('dave', 'setchannel', { id: ids.carol, feebase: 5000, feeppm: 100 });
  await lab.settle();
  await lab.wait(120_000);
}, 60_000);
afterAll(() => lab.close());

describe('getroutes', () => {
  it('answers the cheap way with what each hop takes in and gives out', async () => {
    const cheap = [dir('ab', 'alice', 'bob'), dir('bc', 'bob', 'carol')];
    const found = await routes();
    expect(found.routes).toMatchObject([
      {
        amount_msat: 100_000_000,
        final_cltv: 18,
        path: [
          {
            short_channel_id_dir: cheap[0],
            node_id_in: ids.alice,
            node_id_out: ids.bob,
            next_node_id: ids.bob,
            amount_in_msat: 100_001_001,
            amount_out_msat: 100_001_001,
            amount_msat: 100_001_001,
            delay: 24,
          },
          { short_channel_id_dir: cheap[1], amount_in_msat: 100_001_001, cltv_out: 18 },
        ],
      },
    ]);
    expect(found.probability_ppm).toBeGreaterThan(500_000);
    expect(found.probability_ppm).toBe(found.routes[0].probability_ppm);
  });

  it('charges our own channel as well, unless the source is free', async () => {
    const { routes: found } = await routes({ layers: ['auto.localchans'] });
    expect(found[0].path[0]).toMatchObject({
      amount_in_msat: 100_002_002,
      amount_out_msat: 100_001_001,
      cltv_in: 30,
    });
  });

  it('splits what no channel of ours carries alone, and says what they carry together', async () => {
    const found = await ways({ amount_msat: 1_500_000_000, maxfee_msat: 10_000_000 });
    expect(found).toHaveLength(2);
    await expect(routes({ amount_msat: 1_500_000_000, maxparts: 1 })).rejects.toMatchObject({
      code: 205,
    });
    await expect(routes({ amount_msat: 5_000_000_000 })).rejects.toMatchObject({
      code: 215,
      message: expect.stringMatching(/No route: the 2 channels out of the source have a capacity/),
    });
    await expect(
      routes({ source: ids.bob, destination: ids.alice, amount_msat: 3_000_000_000 }),
    ).rejects.toMatchObject({ code: 215 });
  });

  it('refuses by the limits, with what they would have to be', async () => {
    await expect(routes({ maxfee_msat: 100 })).rejects.toMatchObject({
      code: 206,
      message: expect.stringContaining('1001msat in fees'),
    });
    await expect(routes({ maxdelay: 20 })).rejects.toMatchObject({
      code: 206,
      message: expect.stringContaining('a delay of 24 blocks'),
    });
    await expect(routes({ maxdelay: 2017 })).rejects.toMatchObject({ code: 219 });
    await expect(routes({ layers: ['nobody'] })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining("layers: unknown layer: invalid token 'nobody'"),
    });
    await expect(routes({ amount_msat: 0 })).rejects.toMatchObject({ code: -32602 });
    await expect(routes({ destination: ids.alice })).rejects.toMatchObject({ code: -32602 });
  });

  it('takes fees out of the amount, and one part, where layers say so', async () => {
    const layers = ['auto.localchans', 'auto.sourcefree', 'auto.include_fees'];
    const { routes: found } = await routes({ layers });
    expect(found[0].amount_msat).toBe(99_998_999);
    await expect(
      routes({ amount_msat: 1_500_000_000, layers: [...layers, 'auto.no_mpp_support'] }),
    ).rejects.toMatchObject({ code: 205 });
  });
});

describe('layers', () => {
  const auto = ['auto.localchans', 'auto.sourcefree'];
  const dear = () => [[dir('ad', 'alice', 'dave'), dir('dc', 'dave', 'carol')]];
  const cheap = () => [[dir('ab', 'alice', 'bob'), dir('bc', 'bob', 'carol')]];

  it('are made once, and shown', async () => {
    const { layers } = await call('alice', 'askrene-create-layer', { layer: 'mine' });
    expect(layers).toMatchObject([{ layer: 'mine', persistent: false, constraints: [] }]);
    for (const layer of ['mine', 'auto.mine', 'xpay'])
      await expect(call('alice', 'askrene-create-layer', { layer })).rejects.toMatchObject({
        code: -32602,
      });
    await call('alice', 'askrene-create-layer', { layer: 'kept', persistent: true });
    await call('alice', 'askrene-create-layer', { layer: 'kept', persistent: true });
    await call('alice', 'askrene-create-layer', { layer: 'xpay', persistent: true });
    const all = await call('alice', 'askrene-listlayers');
    expect(all.layers.map(({ layer }: { layer: string }) => layer)).toEqual([
      'xpay',
      'mine',
      'kept',
    ]);
    await expect(call('alice', 'askrene-listlayers', { layer: 'other' })).rejects.toMatchObject({
      code: -32602,
    });
  });

  it('say what channels carry, and forget it with age', async () => {
    const at = { layer: 'mine', short_channel_id_dir: dir('bc', 'bob', 'carol') };
    const told = await call('alice', 'askrene-inform-channel', {
      ...at,
      amount_msat: 50_000_000,
      inform: 'constrained',
    });
    expect(told).toMatchObject({
      constraints: [{ layer: 'mine', maximum_msat: 49_999_999 }],
      impressions: [],
    });
    expect(await ways({ layers: auto })).toEqual(cheap());
    expect(await ways({ layers: [...auto, 'mine'] })).toEqual(dear());
    const passed = { ...at, amount_msat: 1000, inform: 'succeeded' };
    expect((await call('alice', 'askrene-inform-channel', passed)).impressions).toMatchObject([
      { amount_msat: 1000 },
    ]);
    const cutoff = told.constraints[0].timestamp + 1_000_000;
    expect(await call('alice', 'askrene-age', { layer: 'mine', cutoff })).toEqual({
      layer: 'mine',
      num_removed: 2,
    });
    expect(await ways({ layers: [...auto, 'mine'] })).toEqual(cheap());
  });

  it('xpay is what payments taught', async () => {
    const at = { layer: 'xpay', short_channel_id_dir: dir('bc', 'bob', 'carol') };
    const constrained = { ...at, amount_msat: 50_000_000, inform: 'constrained' };
    await call('alice', 'askrene-inform-channel', constrained);
    const { constraints } = await call('alice', 'listconstraints');
    expect(constraints).toMatchObject([{ maximum_msat: 49_999_999 }]);
    const { layers } = await call('alice', 'askrene-listlayers', { layer: 'xpay' });
    expect(layers[0].constraints).toMatchObject([{ maximum_msat: 49_999_999 }]);
    expect(await ways({ layers: auto })).toEqual(cheap());
    expect(await ways({ layers: [...auto, 'xpay'] })).toEqual(dear());
    const disable = { layer: 'xpay', node: ids.bob };
    await expect(call('alice', 'askrene-disable-node', disable)).rejects.toMatchObject({
      code: -32602,
    });
    const cutoff = constraints[0].timestamp + 1;
    expect((await call('alice', 'askrene-age', { layer: 'xpay', cutoff })).num_removed).toBe(1);
    expect(await ways({ layers: [...auto, 'xpay'] })).toEqual(cheap());
  });

  it('disable, bias, make and change channels; those that are kept outlive a restart', async () => {
    const layer = 'kept';
    await call('alice', 'askrene-disable-node', { layer, node: ids.bob });
    expect(await ways({ layers: [...auto, layer] })).toEqual(dear());
    const stranger = `02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}`;
    const made = {
      layer,
      source: ids.carol,
      destination: stranger,
      short_channel_id: '1x2x3',
      capacity_msat: 500_000_000,
    };
    await call('alice', 'askrene-create-channel', made);
    await expect(call('alice', 'askrene-create-channel', made)).rejects.toMatchObject({
      code: -32602,
    });
    const direction = ids.carol < stranger ? 0 : 1;
    const update = { layer, short_channel_id_dir: `1x2x3/${direction}`, fee_base_msat: 7 };
    await expect(
      call('alice', 'askrene-update-channel', { ...update, fee_base_msat: 2 ** 32 }),
    ).rejects.toMatchObject({ code: -32602 });
    await call('alice', 'askrene-update-channel', update);
    const bias = { layer, short_channel_id_dir: dir('dc', 'dave', 'carol'), bias: -3 };
    await call('alice', 'askrene-bias-channel', bias);
    const more = await call('alice', 'askrene-bias-channel', { ...bias, relative: true });
    expect(more.biases).toMatchObject([{ layer, bias: -6 }]);
    const node = await call('alice', 'askrene-bias-node', {
      layer,
      node: ids.dave,
      direction: 'out',
      bias: 4,
      description: 'quick',
    });
    expect(node.node_biases).toMatchObject([{ in_bias: 0, out_bias: 4, description: 'quick' }]);
    const before = await call('alice', 'askrene-listlayers', { layer });
    await lab.restart('alice');
    await lab.settle();
    await lab.wait(120_000);
    expect(await call('alice', 'askrene-listlayers', { layer })).toEqual(before);
    await expect(call('alice', 'askrene-listlayers', { layer: 'mine' })).rejects.toMatchObject({
      code: -32602,
    });
    const there = { destination: stranger, layers: [...auto, layer] };
    const { routes: found } = await routes(there);
    expect(found[0].path.at(-1)).toMatchObject({ next_node_id: stranger, cltv_out: 18 });
    expect(found[0].path).toHaveLength(3);
    const { short_channel_id_dir } = update;
    await call('alice', 'askrene-remove-channel-update', { layer, short_channel_id_dir });
    await expect(routes(there)).rejects.toMatchObject({ code: 205 });
    await call('alice', 'askrene-remove-layer', { layer });
    await expect(routes(there)).rejects.toMatchObject({ code: -32602 });
  });

  it('reservations are left alone until they are let go', async () => {
    const whole = { amount_msat: 900_000_000, maxparts: 1 };
    const [route] = (await routes(whole)).routes;
    await call('alice', 'askrene-reserve', { path: route.path });
    const { reservations } = await call('alice', 'askrene-listreservations');
    expect(reservations).toHaveLength(2);
    expect(reservations[0]).toMatchObject({ amount_msat: 900_009_001, age_in_seconds: 0 });
    expect(await ways(whole)).toEqual(dear());
    await call('alice', 'askrene-unreserve', { path: route.path });
    await expect(call('alice', 'askrene-unreserve', { path: route.path })).rejects.toMatchObject({
      code: -32602,
    });
    expect(await ways(whole)).toEqual(cheap());
  });
});
