import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { msat, scidToString } from '../../../src/core/bytes/index.js';
import type { CommandContext, Notify } from '../../../src/rpc/command.js';
import { CommandTable } from '../../../src/rpc/command-table.js';
import { commands } from '../../../src/rpc/commands/index.js';
import { RpcError } from '../../../src/rpc/errors.js';
import { encodeJson } from '../../../src/rpc/json.js';
import { parseParams } from '../../../src/rpc/parse-params.js';
import { HEIGHT, idOf, PaymentKit } from '../node/payment-kit.js';

let kit: PaymentKit;
beforeEach(async () => {
  kit = await PaymentKit.start();
});
afterEach(() => kit.stop());

const table = new CommandTable(commands, { developer: true });

type Json = Record<string, unknown>;

/** Runs a command on alice's payments and carol's invoices, with JSON in and JSON out. */
async function call(
  method: string,
  params: unknown = {},
  notify: Notify = { message() {}, progress() {} },
): Promise<Json> {
  const command = table.find(method)!;
  const node = {
    payments: kit.payments,
    invoices: kit.invoices,
    clock: kit.clock,
    entropy: kit.entropy,
    nodeId: idOf('alice'),
    settings: { network: 'regtest' },
  };
  const context = {
    node,
    signal: new AbortController().signal,
    notify,
    commands: table,
  } as unknown as CommandContext;
  const parsed = parseParams(command, params);
  return JSON.parse(encodeJson(await command.run(parsed, context)));
}

async function failure(
  call: Promise<unknown>,
): Promise<{ code: number; message: string; data: Json }> {
  const error = await call.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (!(error instanceof RpcError)) throw new Error(`no refusal: ${error}`);
  const { code, message } = error;
  const data = error.data === undefined ? {} : JSON.parse(encodeJson(error.data));
  return { code, message, data };
}

const route = (amount: number) =>
  kit.route(amount).map((hop) => ({
    id: hop.id,
    channel: scidToString(hop.channel),
    amount_msat: Number(hop.amountMsat),
    delay: hop.delay,
    style: 'tlv',
  }));

const invoice = (label = 'a', more: Json = {}) =>
  call('invoice', { amount_msat: 50_000, label, description: 'tea', ...more });

/** What is sent arrives, and its end comes back. */
async function delivered<T>(answer: Promise<T>): Promise<T> {
  await kit.clock.settleNow();
  await kit.deliver();
  return answer;
}

describe('sendpay', () => {
  it("takes the seed's two arguments, and answers with the preimage under both names", async () => {
    const made = await invoice();
    const answer = await delivered(call('sendpay', [route(50_000), made['bolt11']]));
    expect(answer).toMatchObject({
      status: 'complete',
      payment_hash: made['payment_hash'],
      amount_msat: 50_000,
      amount_sent_msat: 50_010,
      destination: idOf('carol'),
      groupid: 1,
      bolt11: made['bolt11'],
    });
    expect(answer['preimage']).toBe(answer['payment_preimage']);
    expect(answer).not.toHaveProperty('partid');
    const again = await failure(call('sendpay', [route(50_000), made['bolt11']]));
    expect(again).toMatchObject({
      code: 201,
      data: {
        payment_preimage: answer['preimage'],
        amount_msat: 50_000,
        destination: idOf('carol'),
        completed_at: answer['completed_at'],
      },
    });
  });

  it('a path of getroutes does as a route, and a wrong field of it is named as in one', async () => {
    const { bolt11, payment_hash } = await invoice();
    const path = route(50_000).map(({ id, channel, amount_msat, delay }, i) => ({
      short_channel_id_dir: `${channel}/${kit.route(50_000)[i]!.direction}`,
      node_id_out: id,
      amount_in_msat: 0,
      amount_out_msat: amount_msat,
      cltv_out: delay,
    }));
    const wrong = path.map((hop) => ({ ...hop, cltv_out: 'soon' }));
    expect(await failure(call('sendpay', { route: wrong, payment_hash }))).toMatchObject({
      message: expect.stringContaining('route[0].delay'),
    });
    expect(await delivered(call('sendpay', [path, bolt11]))).toMatchObject({ status: 'complete' });
  });

  it.each([
    ['route: should be an array', { route: 'nonsense', payment_hash: '00'.repeat(32) }],
    [
      'route[0].id',
      { route: [{ id: 'x', amount_msat: 1, delay: 1 }], payment_hash: '00'.repeat(32) },
    ],
    ['payment_hash', { route: [], payment_hash: 'zz' }],
    ['missing required parameter: payment_hash', { route: [] }],
    ['unknown parameter: rout', { rout: [] }],
  ])('-32602: %s', async (message, params) => {
    const error = await failure(call('sendpay', params));
    expect(error.code).toBe(-32602);
    expect(error.message).toContain(message);
  });

  it('a malformed route names its field; a part without a total the total', async () => {
    const hops = route(50_000);
    hops[1]!.amount_msat = 60_000;
    const payment_hash = '11'.repeat(32);
    expect(await failure(call('sendpay', { route: hops, payment_hash }))).toMatchObject({
      code: -32602,
      message: expect.stringMatching(/^route\[1\]\.amount_msat: /),
    });
    expect(
      await failure(call('sendpay', { route: route(5), payment_hash, partid: 1 })),
    ).toMatchObject({ code: -32602, message: expect.stringMatching(/^amount_msat: /) });
  });

  it('in flight 200, refused 203, failed on the way 204, each with its data', async () => {
    const { payment_hash } = await invoice();
    const first = call('sendpay', { route: route(50_000), payment_hash });
    first.catch(() => {});
    await kit.clock.settleNow();
    expect(await failure(call('sendpay', { route: route(50_000), payment_hash }))).toMatchObject({
      code: 200,
    });
    await kit.deliver();
    expect(await failure(first)).toMatchObject({
      code: 203,
      data: {
        status: 'failed',
        erring_index: 2,
        failcode: 0x400f,
        failcodename: 'WIRE_INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS',
        erring_node: idOf('carol'),
        erring_channel: '104x2x1',
        retry: false,
        learned: [],
        created_at: expect.any(Number),
        raw_message: `400f000000000000c350${HEIGHT.toString(16).padStart(8, '0')}`,
      },
    });
    kit.refusals = [{ code: 'peer_offline' }];
    const here = await failure(call('sendpay', { route: route(50_000), payment_hash }));
    expect(here).toMatchObject({
      code: 204,
      data: { erring_index: 0, erring_node: idOf('alice'), retry: true },
    });
    expect(here.message).toContain('103x1x0');
    const waited = await failure(call('waitsendpay', { payment_hash }));
    expect(waited).toEqual(here);
    expect(await failure(call('waitsendpay', { payment_hash: '22'.repeat(32) }))).toMatchObject({
      code: 208,
    });
    expect(await call('listsendpays', { status: 'failed' })).toMatchObject({
      payments: [{ id: 1 }, { id: 2 }],
    });
    expect(await failure(call('delpay', { payment_hash, status: 'complete' }))).toMatchObject({
      code: 208,
    });
    const gone = await call('delpay', { payment_hash, status: 'failed' });
    expect(gone['payments']).toHaveLength(2);
    expect(await call('listsendpays')).toEqual({ payments: [] });
  });
});

describe('pay', () => {
  it('answers as Core Lightning does, and says why it cannot', async () => {
    const made = await invoice();
    const { bolt11 } = made;
    expect(await failure(call('pay', { bolt11 }))).toMatchObject({
      code: 205,
      message: expect.stringContaining('No route'),
      data: { attempts: [] },
    });
    kit.routes = [{ hops: kit.route(50_000, 6_000n), feeMsat: msat(6_000), cost: 1 }];
    expect(await failure(call('pay', { bolt11 }))).toMatchObject({
      code: 206,
      data: { fee_msat: 6_000, maxfee_msat: 5_000 },
    });
    expect(await failure(call('pay', { bolt11, maxfee: 1, maxfeepercent: 1 }))).toMatchObject({
      code: -32602,
      message: expect.stringMatching(/^maxfee: /),
    });
    kit.routes = [kit.asAsked];
    expect(await delivered(call('pay', { bolt11 }))).toEqual({
      payment_preimage: expect.any(String),
      payment_hash: made['payment_hash'],
      created_at: expect.any(Number),
      parts: 1,
      amount_msat: 50_000,
      amount_sent_msat: 50_010,
      status: 'complete',
      destination: idOf('carol'),
    });
    expect(await call('listpays', { bolt11 })).toMatchObject({
      pays: [
        {
          ...{ status: 'complete', amount_msat: 50_000, preimage: expect.any(String) },
          ...{ created_index: 1, updated_index: 1 },
        },
      ],
    });
    expect(await call('paystatus', { invstring: bolt11 })).toMatchObject({
      pay: [{ bolt11, status: 'complete', attempts: [{ success: { id: 1 }, route: [{}, {}] }] }],
    });
    expect(await call('xpay', { invstring: bolt11 })).toMatchObject({
      failed_parts: 0,
      successful_parts: 1,
    });
  });
});

describe('pay, for who watches', () => {
  const bobFails = async () => {
    await kit.clock.settleNow();
    const failure = { kind: 'temporaryChannelFailure', channelUpdate: new Uint8Array(0) } as const;
    await kit.goBack(kit.sent.shift()!, { kind: 'fail', failure }, 0);
    await kit.clock.settleNow();
  };

  it('tells a client that asked of each part, each failure and what it taught', async () => {
    const { bolt11 } = await invoice();
    kit.routes = [kit.asAsked, kit.inParts(30_000n, 20_000n)];
    const told: string[] = [];
    const steps: unknown[] = [];
    const paid = call(
      'pay',
      { bolt11, retry_for: 20 },
      {
        message: (text) => told.push(text),
        progress: (step) => steps.push(step),
      },
    );
    await bobFails();
    await delivered(paid);
    expect(told).toEqual([
      'Sending the whole, attempt 1: 50000msat, fee 10msat, over 103x1x0/1 104x2x1/1',
      expect.stringMatching(
        /^It failed: temporary_channel_failure from node .*; learned: learned /,
      ),
      'Trying another way for 50000msat, for a fee of 5000msat at most; 0 parts are in flight',
      'Sending part 1, attempt 2: 30000msat, fee 10msat, over 103x1x0/1 104x2x1/1',
      'Sending part 2, attempt 3: 20000msat, fee 10msat, over 103x1x0/1 104x2x1/1',
    ]);
    expect(steps[0]).toEqual({ num: 0, total: 20 });
  });

  it('every attempt is listed with its way, its end and what was learned', async () => {
    const { bolt11 } = await invoice();
    kit.routes = [kit.asAsked, { code: 'no_path' }];
    const paid = failure(call('pay', { bolt11, maxfee: 77 }));
    await kit.clock.settleNow();
    expect(await call('listpays', { bolt11 })).toMatchObject({ pays: [{ status: 'pending' }] });
    await bobFails();
    const { message } = await paid;
    expect(message).toMatch(
      /^No route: .*; 1 of 1 parts failed, the last: temporary_channel_failure/,
    );
    const attempt = {
      status: 'failed',
      route: [{ channel: expect.stringMatching(/^103x1x0/) }, { amount_msat: 50_000 }],
      failure: {
        erring_index: 1,
        erring_node: idOf('bob'),
        erring_channel: '104x2x1',
        failcodename: 'WIRE_TEMPORARY_CHANNEL_FAILURE',
        learned: [{ short_channel_id_dir: 'learned' }, {}],
      },
    };
    expect(await call('listsendpays', { bolt11 })).toMatchObject({ payments: [attempt] });
    expect(await call('paystatus', { invstring: bolt11 })).toMatchObject({
      pay: [{ status: 'failed', maxfee_msat: 77, error: message, attempts: [attempt] }],
    });
    expect(await call('listpays', { bolt11 })).toMatchObject({
      pays: [{ status: 'failed', failed_attempts: 1, error: message }],
    });
  });

  it('keysend takes route hints, hop by hop to the payee', async () => {
    const hop = (id: string, scid: string) => ({
      id,
      scid,
      feebase: '1sat',
      feeprop: 10,
      expirydelta: 40,
    });
    await failure(
      call('keysend', {
        destination: idOf('carol'),
        amount_msat: 1000,
        routehints: [[hop(idOf('bob'), '1x1x1'), hop(idOf('alice'), '2x2x2')]],
      }),
    );
    const terms = { feeBaseMsat: 1000, feeProportionalMillionths: 10, cltvDelta: 40 };
    expect(kit.queries[0]?.hints).toMatchObject([
      { source: idOf('bob'), target: idOf('alice'), ...terms },
      { source: idOf('alice'), target: idOf('carol'), ...terms },
    ]);
    expect(kit.queries[0]?.maxParts).toBe(1);
  });
});

describe('invoices', () => {
  it('made, listed under both names, deleted, with the codes of Core Lightning', async () => {
    const made = await invoice('a', { expiry: 60 });
    expect(Object.keys(made).sort()).toEqual(
      ['bolt11', 'created_index', 'expires_at', 'payment_hash', 'payment_secret'].sort(),
    );
    expect((await failure(invoice())).code).toBe(900);
    const preimage = '07'.repeat(32);
    await invoice('b', { preimage });
    expect((await failure(invoice('c', { preimage }))).code).toBe(901);
    for (const bad of [
      { amount_msat: 0 },
      { label: 'x'.repeat(129) },
      { expiry: 0 },
      { fallbacks: ['x'] },
    ])
      expect((await failure(invoice('d', bad))).code).toBe(-32602);
    for (const by of [
      { label: 'a' },
      { invstring: made['bolt11'] },
      { payment_hash: made['payment_hash'] },
    ])
      expect(await call('listinvoice', by)).toMatchObject({
        invoices: [{ label: 'a', status: 'unpaid', amount_msat: 50_000 }],
      });
    expect(await call('listinvoices', { label: 'nobody' })).toEqual({ invoices: [] });
    expect(
      (await failure(call('listinvoices', { label: 'a', payment_hash: made['payment_hash'] })))
        .code,
    ).toBe(-32602);
    expect((await failure(call('delinvoice', { label: 'nobody' }))).code).toBe(905);
    expect(await failure(call('delinvoice', { label: 'a', status: 'paid' }))).toMatchObject({
      code: 906,
      data: { current_status: 'unpaid', expected_status: 'paid' },
    });
    expect(await call('delinvoice', { label: 'a', desconly: true })).not.toHaveProperty(
      'description',
    );
    expect((await failure(call('delinvoice', { label: 'a', desconly: true }))).code).toBe(908);
    expect(await call('delinvoice', ['a'])).toMatchObject({ label: 'a', status: 'unpaid' });
  });

  it('waited for: unknown -1, expired 903, timeout 904', async () => {
    expect((await failure(call('waitinvoice', { label: 'a' }))).code).toBe(-1);
    expect((await failure(call('waitanyinvoice', { timeout: 0 }))).code).toBe(904);
    await invoice('a', { expiry: 5 });
    const waiting = failure(call('waitinvoice', { label: 'a' }));
    await kit.clock.advance(6_000);
    expect(await waiting).toMatchObject({ code: 903, data: { label: 'a', status: 'expired' } });
    const made = await invoice('b');
    await delivered(call('sendpay', [route(50_000), made['bolt11']]));
    const paid = { label: 'b', status: 'paid', pay_index: 1, amount_received_msat: 50_000 };
    expect(await call('waitinvoice', { label: 'b' })).toMatchObject(paid);
    expect(await call('waitanyinvoice')).toMatchObject(paid);
  });

  it('an invoice of any amount names none', async () => {
    const made = await call('invoice', { amount_msat: 'any', label: 'a', description: 'gift' });
    expect(await call('decode', [made['bolt11']])).not.toHaveProperty('amount_msat');
  });
});

describe('decode', () => {
  const text =
    'lnbc20m1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqsfpp3qjmp7lwpagxun9pygexvgpjdc4jdj85fr9yq20q82gphp2nflc7jtzrcazrra7wwgzxqc8u7754cdlpfrmccae92qgzqvzq2ps8pqqqqqqpqqqqq9qqqvpeuqafqxu92d8lr6fvg0r5gv0heeeqgcrqlnm6jhphu9y00rrhy4grqszsvpcgpy9qqqqqqgqqqqq7qqzq9qrsgqdfjcdk6w3ak5pca9hwfwfh63zrrz06wwfya0ydlzpgzxkn5xagsqz7x9j4jwe7yj7vaf2k9lqsdk45kts2fd0fkr28am0u4w95tt2nsq76cqw0';

  it('says all that is in an invoice, of whatever network', async () => {
    expect(await call('decode', [text])).toMatchObject({
      type: 'bolt11 invoice',
      valid: true,
      currency: 'bc',
      created_at: 1496314658,
      expiry: 3600,
      payee: '03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad',
      amount_msat: 2_000_000_000,
      description_hash: '3925b6f67e2c340036ed12093dd44e0368df1b6ea26c53dbe4811f58fd5db8c1',
      min_final_cltv_expiry: 18,
      payment_secret: '11'.repeat(32),
      features: '4100',
      fallbacks: [{ type: 'P2PKH', addr: '1RustyRX2oai4EYYDpQGWvEL62BBGqN9T' }],
      routes: [
        [{ short_channel_id: '66051x263430x1800' }, { short_channel_id: '197637x395016x2314' }],
      ],
    });
  });

  it('says what is wrong, as pay does', async () => {
    const missing = await failure(call('pay', { bolt11: `${text.slice(0, -1)}q` }));
    expect(missing.message).toMatch(/^bolt11: its checksum is wrong/);
    const error = await failure(call('decode', [`${text.slice(0, -1)}q`]));
    expect(error).toMatchObject({
      code: -32602,
      message:
        'string: not a valid invoice: its checksum is wrong, so that something is missing or mistyped',
    });
  });
});

describe('createonion', () => {
  it("makes the packet of BOLT 4's example", async () => {
    const file = join(import.meta.dirname, '../../vectors/bolt04/onion-test.json');
    const { generate, onion } = JSON.parse(readFileSync(file, 'utf8'));
    const { hops, associated_data: assocdata, session_key } = generate;
    const made = await call('createonion', { hops, assocdata, session_key });
    expect(made['onion']).toBe(onion);
    expect(made['shared_secrets']).toHaveLength(5);
    hops[1].payload = `ff${hops[1].payload}`;
    expect(await failure(call('createonion', { hops, assocdata }))).toMatchObject({
      code: -32602,
      message: expect.stringContaining('hops[1].payload'),
    });
  });
});
