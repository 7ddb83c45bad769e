import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeAddress, NETWORKS } from '../../../src/core/bitcoin/index.js';
import { type Bytes, hex, scidToString, toHex } from '../../../src/core/bytes/index.js';
import { sha256, signRecoverable } from '../../../src/core/crypto/index.js';
import {
  decodeInvoice,
  encodeInvoice,
  fallbackScript,
  type Invoice,
} from '../../../src/core/invoice/index.js';
import { setBits } from '../../../src/core/wire/index.js';

interface Case {
  readonly comment: string;
  readonly invoice: string;
}
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'invoices.json'), 'utf8')) as {
  private_key: string;
  payee: string;
  valid: Case[];
  invalid: Case[];
};

const HASH = '0001020304050607080900010203040506070809000102030405060708090102';
const LIST =
  'One piece of chocolate cake, one icecream cone, one pickle, one slice of swiss cheese, one slice of salami, one lollypop, one piece of cherry pie, one sausage, one cupcake, and one slice of watermelon';
const LIST_HASH = toHex(sha256(new TextEncoder().encode(LIST)));
const DONATION = {
  prefix: 'bc',
  amountMsat: undefined,
  timestamp: 1496314658,
  description: 'Please consider supporting this project',
  features: [8, 14],
};
const HASHED = { amountMsat: 2_000_000_000n, descriptionHash: LIST_HASH };
const BEANS = { amountMsat: 2_500_000_000n, description: 'coffee beans', features: [8, 14, 99] };

/** What BOLT 11 says that each example means, in its order. */
const MEANING: readonly Record<string, unknown>[] = [
  DONATION,
  { amountMsat: 250_000_000n, description: '1 cup coffee', expiry: 60 },
  { amountMsat: 250_000_000n, description: 'ナンセンス 1杯', expiry: 60 },
  HASHED,
  { ...HASHED, prefix: 'tb', fallback: 'mk2QpYatsKicvFVuTAQLBryyccRXMUaGHP' },
  {
    ...HASHED,
    fallback: '1RustyRX2oai4EYYDpQGWvEL62BBGqN9T',
    hints: [
      [
        '029e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255/66051x263430x1800/1/20/3',
        '039e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255/197637x395016x2314/2/30/4',
      ],
    ],
  },
  { ...HASHED, fallback: '3EktnHQD7RiAE6uzMj2ZifT9YgRrkSgzQX' },
  { ...HASHED, fallback: 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4' },
  { ...HASHED, fallback: 'bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3' },
  { ...HASHED, fallback: 'bc1pptdvg0d2nj99568qn6ssdy4cygnwuxgw2ukmnwgwz7jpqjz2kszse2s3lm' },
  {
    amountMsat: 967_878_534n,
    timestamp: 1572468703,
    paymentHash: '462264ede7e14047e9b249da94fefc47f41f7d02ee9b091815a5506bc8abf75f',
    description:
      'Blockstream Store: 88.85 USD for Blockstream Ledger Nano S x 1, "Back In My Day" Sticker x 2, "I Got Lightning Working" Sticker x 2 and 1 more items',
    expiry: 604800,
    minFinalCltvExpiryDelta: 10,
    hints: [
      [
        '03d06758583bb5154774a6eb221b1276c9e82d65bbaceca806d90e20c108f4b1c7/589390x3312x1/1000/2500/40',
      ],
    ],
  },
  BEANS,
  BEANS,
  { ...BEANS, unknown: 10 },
  {
    amountMsat: 1_000_000_000n,
    description: 'payment metadata inside',
    metadata: '01fafaf0',
    features: [8, 14, 48],
  },
  DONATION,
];

function meaningOf(invoice: Invoice): Record<string, unknown> {
  const first = invoice.fallbacks[0];
  const network = invoice.prefix === 'tb' ? NETWORKS.testnet : NETWORKS.bitcoin;
  return {
    prefix: invoice.prefix,
    amountMsat: invoice.amountMsat,
    timestamp: invoice.timestamp,
    paymentHash: toHex(invoice.paymentHash),
    description: invoice.description,
    descriptionHash: invoice.descriptionHash && toHex(invoice.descriptionHash),
    metadata: invoice.metadata && toHex(invoice.metadata),
    expiry: invoice.expiry,
    minFinalCltvExpiryDelta: invoice.minFinalCltvExpiryDelta,
    features: setBits(invoice.features),
    fallback: first && encodeAddress(fallbackScript(first), network),
    unknown: invoice.unknown.length,
    hints: invoice.routeHints.map((hint) =>
      hint.map((h) =>
        [
          toHex(h.nodeId),
          scidToString(h.shortChannelId),
          h.feeBaseMsat,
          h.feeProportionalMillionths,
          h.cltvExpiryDelta,
        ].join('/'),
      ),
    ),
  };
}

/** The recovery id of this example is that of the low S, so that another key is recovered. */
const HIGH_S = vectors.valid[15]!.invoice;
const OF_HIGH_S = '02d0139ce7427d6dfffd26a326c18be754ef1e64672b42694ba5b23ef6e6e7803d';

const sign = (digest: Bytes) => signRecoverable(hex(vectors.private_key), digest)!;

function read(text: string): Invoice {
  const result = decodeInvoice(text);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

describe('BOLT 11, Examples', () => {
  it('all of them are here', () => {
    expect(vectors.valid.length).toBe(MEANING.length);
  });

  it.each(vectors.valid.map((c, i) => [c.comment, c.invoice, i] as const))(
    'read: %s',
    (_, text, i) => {
      const invoice = read(text);
      expect(toHex(invoice.payee)).toBe(text === HIGH_S ? OF_HIGH_S : vectors.payee);
      expect(toHex(invoice.paymentSecret)).toBe('11'.repeat(32));
      expect(meaningOf(invoice)).toMatchObject({
        paymentHash: HASH,
        expiry: 3600,
        minFinalCltvExpiryDelta: 18,
        prefix: 'bc',
        timestamp: 1496314658,
        unknown: 0,
        features: [8, 14],
        ...MEANING[i],
      });
    },
  );

  it.each(vectors.valid.map((c) => [c.comment, c.invoice] as const))('write: %s', (_, text) => {
    const invoice = read(text);
    const written = encodeInvoice(invoice, sign);
    if (!written.ok) throw new Error(written.error.code);
    const { signature: _s, payee, ...terms } = read(written.value);
    const { signature: _t, payee: _p, ...expected } = invoice;
    expect(terms).toEqual(expected);
    expect(toHex(payee)).toBe(vectors.payee);
  });

  it.each([0, 1, 2, 3, 5, 9])('write example %i to the letter', (i) => {
    const text = vectors.valid[i]!.invoice;
    expect(encodeInvoice(read(text), sign)).toEqual({ ok: true, value: text });
  });
});

/** Why each of the invalid examples is refused, in their order. */
const REFUSALS: readonly Record<string, unknown>[] = [
  { code: 'unknown_required_feature', bit: 100 },
  { code: 'bad_checksum' },
  { code: 'not_bech32' },
  { code: 'not_bech32' },
  { code: 'bad_signature' },
  { code: 'too_short' },
  { code: 'bad_amount', amount: '2500x' },
  { code: 'sub_millisatoshi', amount: '2500000001p' },
  { code: 'missing_field', field: 's' },
  { code: 'bad_signature' },
];

describe('BOLT 11, Examples of Invalid Invoices', () => {
  it('all of them are here', () => {
    expect(vectors.invalid.length).toBe(REFUSALS.length);
  });

  it.each(vectors.invalid.map((c, i) => [c.comment, c.invoice, i] as const))(
    'refuse: %s',
    (_, text, i) => {
      expect(decodeInvoice(text)).toEqual({ ok: false, error: REFUSALS[i] });
    },
  );
});
