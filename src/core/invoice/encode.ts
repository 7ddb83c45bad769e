import { bech32 } from '@scure/base';
import { type Bytes, err, ok, type Result, utf8, Writer } from '../bytes/index.js';
import { formatAmount } from './amount.js';
import { invoiceDigest } from './decode.js';
import {
  DEFAULT_EXPIRY,
  DEFAULT_MIN_FINAL_CLTV,
  type InvoiceEncodeError,
  type InvoiceTerms,
  type RouteHintHop,
} from './types.js';
import { bitsToWords, bytesToWords, numberToWords, wordOf } from './words.js';

/** Longest field: 1023 units, 639 bytes. */
const MAX_WORDS = 1023;
const TIMESTAMP_WORDS = 7;

/** As `Signer.signRecoverable`. */
export type SignInvoice = (digest: Bytes) => {
  readonly signature: Bytes;
  readonly recovery: number;
};

export interface EncodeOptions {
  /** Name the payee in the invoice (`n`), so that readers need not recover it. */
  readonly payee?: Bytes;
}

/** Writes and signs an invoice. Expiry and final delta are left out where they are the default. */
export function encodeInvoice(
  terms: InvoiceTerms,
  sign: SignInvoice,
  options: EncodeOptions = {},
): Result<string, InvoiceEncodeError> {
  const amount = terms.amountMsat === undefined ? '' : formatAmount(terms.amountMsat);
  if (amount === undefined) return err({ code: 'bad_amount' });
  const time = numberToWords(terms.timestamp);
  if (
    !Number.isSafeInteger(terms.timestamp) ||
    terms.timestamp < 0 ||
    time.length > TIMESTAMP_WORDS
  )
    return err({ code: 'bad_timestamp' });
  // BOLT 11, tagged fields: exactly one of description and hash.
  if ((terms.description === undefined) === (terms.descriptionHash === undefined))
    return err({ code: 'description_or_hash' });
  const words = [...new Array(TIMESTAMP_WORDS - time.length).fill(0), ...time];
  for (const [letter, data, length] of fieldsOf(terms, options)) {
    if (data.length > MAX_WORDS || (length !== undefined && data.length !== length))
      return err({ code: 'field_length', field: letter });
    words.push(wordOf(letter), data.length >> 5, data.length & 31, ...data);
  }
  for (const { tag, words: data } of terms.unknown)
    words.push(tag, data.length >> 5, data.length & 31, ...data);
  const human = `ln${terms.prefix}${amount}`;
  const { signature, recovery } = sign(invoiceDigest(human, words));
  const signed = [...words, ...bytesToWords(Uint8Array.from([...signature, recovery]))];
  return ok(bech32.encode(human, signed, false));
}

type Field = readonly [letter: string, data: readonly number[], length?: number];

function* fieldsOf(terms: InvoiceTerms, options: EncodeOptions): Generator<Field> {
  yield ['s', bytesToWords(terms.paymentSecret), 52];
  yield ['p', bytesToWords(terms.paymentHash), 52];
  if (terms.description !== undefined) yield ['d', bytesToWords(utf8(terms.description))];
  if (terms.descriptionHash !== undefined) yield ['h', bytesToWords(terms.descriptionHash), 52];
  if (terms.metadata !== undefined) yield ['m', bytesToWords(terms.metadata)];
  if (options.payee !== undefined) yield ['n', bytesToWords(options.payee), 53];
  if (terms.expiry !== DEFAULT_EXPIRY) yield ['x', numberToWords(terms.expiry)];
  if (terms.minFinalCltvExpiryDelta !== DEFAULT_MIN_FINAL_CLTV)
    yield ['c', numberToWords(terms.minFinalCltvExpiryDelta)];
  for (const { version, program } of terms.fallbacks)
    yield ['f', [version, ...bytesToWords(program)]];
  for (const hint of terms.routeHints) yield ['r', bytesToWords(hintBytes(hint))];
  const features = bitsToWords(terms.features);
  // BOLT 11, tagged fields: no field for no features.
  if (features.length > 0) yield ['9', features];
}

function hintBytes(hint: readonly RouteHintHop[]): Bytes {
  const w = new Writer();
  for (const hop of hint)
    w.bytes(hop.nodeId)
      .u64(hop.shortChannelId)
      .u32(hop.feeBaseMsat)
      .u32(hop.feeProportionalMillionths)
      .u16(hop.cltvExpiryDelta);
  return w.finish();
}
