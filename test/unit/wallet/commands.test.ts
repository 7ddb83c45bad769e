import * as btc from '@scure/btc-signer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeTx, encodeAddress, NETWORKS, txid } from '../../../src/core/bitcoin/index.js';
import { type Bytes, fromHex, reversed, toHex } from '../../../src/core/bytes/index.js';
import { Lab } from '../../../src/lab/index.js';

const outside = encodeAddress(
  Uint8Array.from([0, 20, ...new Uint8Array(20).fill(8)]),
  NETWORKS.regtest,
);
const shown = (id: Bytes): string => toHex(reversed(id));

describe('the commands of the wallet', () => {
  let lab: Lab;
  // biome-ignore lint/suspicious/noExplicitAny: as various as the commands.
  const call = (method: string, params: object = {}): Promise<any> =>
    lab.rpc('alice', method, params);
  const refused = (code: number, message?: RegExp) =>
    expect.objectContaining({
      code,
      ...(message === undefined ? {} : { message: expect.stringMatching(message) }),
    });

  beforeAll(async () => {
    lab = await Lab.create({ seed: 'wallet commands' });
    await lab.node('alice');
    await lab.fund('alice', 500_000);
    await lab.fund('alice', 300_000);
  }, 60_000);
  afterAll(() => lab.close());

  const inMempool = (id: string): boolean =>
    lab.chain.mempool.get(toHex(reversed(fromHex(id) as Bytes))) !== undefined;

  it('newaddr: of the kind that is asked for', async () => {
    expect(await call('newaddr')).toEqual({ p2tr: expect.stringMatching(/^bcrt1p/) });
    expect(await call('newaddr', { addresstype: 'bech32' })).toEqual({
      bech32: expect.stringMatching(/^bcrt1q/),
    });
    expect(Object.keys(await call('newaddr', { addresstype: 'all' })).sort()).toEqual([
      'bech32',
      'p2tr',
    ]);
    await expect(call('newaddr', { addresstype: 'p2pkh' })).rejects.toEqual(
      refused(-32602, /addresstype/),
    );
  });

  it('listfunds: the outputs with their blocks', async () => {
    const { outputs, channels } = await call('listfunds');
    expect(channels).toEqual([]);
    expect(outputs).toHaveLength(2);
    for (const output of outputs)
      expect(output).toMatchObject({ status: 'confirmed', reserved: false });
    const total = outputs.reduce(
      (sum: number, o: { amount_msat: number }) => sum + o.amount_msat,
      0,
    );
    expect(total).toBe(800_000_000);
  });

  it('withdraw: pays, and says what it paid with', async () => {
    const sent = await call('withdraw', {
      destination: outside,
      satoshi: 100_000,
      feerate: '1000perkw',
    });
    expect(inMempool(sent.txid)).toBe(true);
    const tx = decodeTx(fromHex(sent.tx) as Bytes);
    expect(tx && shown(txid(tx))).toBe(sent.txid);
    const psbt = btc.Transaction.fromPSBT(new Uint8Array(Buffer.from(sent.psbt, 'base64')));
    expect(toHex(psbt.extract())).toBe(sent.tx);
    await lab.mine();
    const { transactions } = await call('listtransactions');
    expect(transactions.at(-1)).toMatchObject({
      hash: sent.txid,
      blockheight: lab.chain.ledger.height,
    });
    const { outputs } = await call('listfunds', { spent: true });
    expect(outputs.filter((o: { status: string }) => o.status === 'spent')).toHaveLength(1);
  });

  it('withdraw: refuses what it cannot pay, dust, and what is no address', async () => {
    const to = { destination: outside };
    await expect(call('withdraw', { ...to, satoshi: '1btc' })).rejects.toEqual(refused(301));
    await expect(call('withdraw', { ...to, satoshi: 100 })).rejects.toEqual(refused(302));
    const bad = call('withdraw', { destination: 'bc1qxyz', satoshi: 1000 });
    await expect(bad).rejects.toEqual(refused(-32602, /destination/));
    const utxos = [`${'11'.repeat(32)}:0`];
    const unknown = call('withdraw', { ...to, satoshi: 1000, utxos });
    await expect(unknown).rejects.toEqual(refused(-32602, /utxos/));
  });

  it('txprepare: reserves; txdiscard frees; txsend sends', async () => {
    const outputs = [{ [outside as string]: 50_000 }, { [outside as string]: '60000sat' }];
    const made = await call('txprepare', { outputs });
    expect(decodeTx(fromHex(made.unsigned_tx) as Bytes)?.inputs[0]?.witness).toEqual([]);
    const funds = await call('listfunds');
    expect(funds.outputs.some((o: { reserved: boolean }) => o.reserved)).toBe(true);
    expect((await call('txdiscard', { txid: made.txid })).txid).toBe(made.txid);
    const free = await call('listfunds');
    expect(free.outputs.some((o: { reserved: boolean }) => o.reserved)).toBe(false);
    await expect(call('txsend', { txid: made.txid })).rejects.toEqual(refused(-32602));

    const again = await call('txprepare', { outputs: [{ [outside as string]: 'all' }] });
    const sent = await call('txsend', { txid: again.txid });
    expect(inMempool(sent.txid)).toBe(true);
    await lab.mine();
    expect((await call('listfunds')).outputs).toEqual([]);
    await lab.fund('alice', 400_000);
  });

  it('txprepare: refuses outputs that are none', async () => {
    for (const outputs of [[], ['x'], [{ nowhere: 1000 }], [{ [outside as string]: 'much' }], 7])
      await expect(call('txprepare', { outputs })).rejects.toEqual(refused(-32602, /outputs/));
  });

  it('fundpsbt, signpsbt, sendpsbt: a transaction that somebody else completes', async () => {
    const funded = await call('fundpsbt', {
      satoshi: 100_000,
      feerate: '1000perkw',
      startweight: 42 + 4 * 31,
      excess_as_change: true,
    });
    expect(funded).toMatchObject({ feerate_per_kw: 1000, change_outnum: 0, excess_msat: 0 });
    expect(funded.reservations).toHaveLength(1);
    expect(funded.reservations[0]).toMatchObject({ was_reserved: false, reserved: true });
    const psbt = btc.Transaction.fromPSBT(new Uint8Array(Buffer.from(funded.psbt, 'base64')));
    psbt.addOutput({
      script: Uint8Array.from([0, 20, ...new Uint8Array(20).fill(8)]),
      amount: 100_000n,
    });
    const complete = Buffer.from(psbt.toPSBT(0)).toString('base64');
    await expect(call('sendpsbt', { psbt: complete })).rejects.toEqual(refused(-1));
    const { signed_psbt } = await call('signpsbt', { psbt: complete });
    const sent = await call('sendpsbt', { psbt: signed_psbt });
    expect(inMempool(sent.txid)).toBe(true);
    const [entry] = lab.chain.mempool.entries();
    const feerate = (Number(entry?.fee) * 1000) / (entry?.weight ?? 1);
    expect(feerate).toBeGreaterThanOrEqual(1000);
    expect(feerate).toBeLessThan(1020);
    await lab.mine();
  });

  it('utxopsbt: exactly the outputs that are named', async () => {
    const { outputs } = await call('listfunds');
    const utxos = [`${outputs[0].txid}:${outputs[0].output}`];
    const made = await call('utxopsbt', {
      satoshi: 'all',
      feerate: '253perkw',
      startweight: 200,
      utxos,
    });
    const psbt = btc.Transaction.fromPSBT(new Uint8Array(Buffer.from(made.psbt, 'base64')));
    expect(psbt.inputsLength).toBe(1);
    expect(made.excess_msat).toBeGreaterThan(0);
    await expect(
      call('utxopsbt', { satoshi: 'all', feerate: '253perkw', startweight: 200, utxos }),
    ).rejects.toEqual(refused(-32602, /reserved/));
    const freed = await call('unreserveinputs', { psbt: made.psbt });
    expect(freed.reservations).toEqual([
      { txid: outputs[0].txid, vout: outputs[0].output, was_reserved: true, reserved: false },
    ]);
    const { reservations } = await call('reserveinputs', { psbt: made.psbt });
    expect(reservations[0]).toMatchObject({ was_reserved: false, reserved: true });
    await expect(call('reserveinputs', { psbt: made.psbt })).rejects.toEqual(refused(-32602));
    await call('unreserveinputs', { psbt: made.psbt });
  });

  it('signpsbt: refuses what is none, and what is not ours', async () => {
    for (const psbt of ['', 'AAAA', 'cHNidP8=', '§'])
      await expect(call('signpsbt', { psbt })).rejects.toEqual(refused(-32602, /psbt/));
    const foreign = new btc.Transaction({ allowUnknownOutputs: true });
    foreign.addInput({
      txid: new Uint8Array(32).fill(1),
      index: 0,
      witnessUtxo: { script: Uint8Array.from([0, 20, ...new Uint8Array(20)]), amount: 1000n },
    });
    const psbt = Buffer.from(foreign.toPSBT(0)).toString('base64');
    await expect(call('signpsbt', { psbt })).rejects.toEqual(refused(-1));
  });

  it.each([
    ['', 'should be a PSBT (this is not base64)'],
    ['{}', 'should be a PSBT (this is not base64)'],
    ['AAAA', 'should be a PSBT (this does not begin as one does)'],
    ['cHNidP8=', 'should be a PSBT (it is damaged, or cut short)'],
  ])(
    'every command with a PSBT names the field, and says in plain words what %j is',
    async (psbt, why) => {
      for (const [method, field] of [
        ['signpsbt', 'psbt'],
        ['sendpsbt', 'psbt'],
        ['reserveinputs', 'psbt'],
        ['unreserveinputs', 'psbt'],
        ['addpsbtoutput', 'initialpsbt'],
      ] as const)
        await expect(
          call(
            method,
            method === 'addpsbtoutput' ? { satoshi: 1000, [field]: psbt } : { [field]: psbt },
          ),
        ).rejects.toMatchObject({
          code: -32602,
          message: expect.stringContaining(`${field}: ${why}: invalid token '${psbt}'`),
        });
    },
  );

  it('signpsbt: a signature of ours that stands there for another transaction is replaced', async () => {
    const funded = await call('fundpsbt', {
      ...{ satoshi: 50_000, feerate: '1000perkw', startweight: 200, excess_as_change: true },
    });
    const { signed_psbt } = await call('signpsbt', { psbt: funded.psbt });
    const changed = await call('addpsbtoutput', { satoshi: 1000, initialpsbt: signed_psbt });
    const again = await call('signpsbt', { psbt: changed.psbt });
    expect(again.signed_psbt).not.toBe(changed.psbt);
    const sent = await call('sendpsbt', { psbt: again.signed_psbt });
    expect(inMempool(sent.txid)).toBe(true);
    await lab.mine();
  });

  it('addpsbtoutput: not to one that forbids it (BIP 370)', async () => {
    const funded = await call('fundpsbt', {
      ...{ satoshi: 50_000, feerate: '1000perkw', startweight: 200, reserve: 0 },
    });
    const { signed_psbt } = await call('signpsbt', { psbt: funded.psbt });
    const bytes = new Uint8Array(Buffer.from(signed_psbt, 'base64'));
    const newer = btc.Transaction.fromPSBT(bytes).toPSBT(2);
    const initialpsbt = Buffer.from(newer).toString('base64');
    await expect(call('addpsbtoutput', { satoshi: 1000, initialpsbt })).rejects.toEqual(
      refused(-32602, /initialpsbt: it takes no further output/),
    );
  });

  it('an address is wanted, or its script: other bytes would burn the money', async () => {
    for (const destination of ['ab'.repeat(32), `02${'ab'.repeat(32)}`, '6a', '00'])
      await expect(call('withdraw', { destination, satoshi: 1000 })).rejects.toEqual(
        refused(-32602, /destination: should be an address/),
      );
    const { txid } = await call('withdraw', {
      destination: `0014${'08'.repeat(20)}`,
      satoshi: 1000,
    });
    expect(inMempool(txid)).toBe(true);
    await lab.mine();
  });

  it('feerates: in both units', async () => {
    const { perkw, onchain_fee_estimates } = await call('feerates', { style: 'perkw' });
    const { perkb } = await call('feerates', { style: 'perkb' });
    expect(perkb.opening).toBe(perkw.opening * 4);
    expect(perkw.floor).toBe(253);
    expect(onchain_fee_estimates.opening_channel_satoshis).toBeGreaterThan(0);
    await expect(call('feerates', { style: 'perbyte' })).rejects.toEqual(refused(-32602, /style/));
  });
});
