import { bech32 } from '@scure/base';
import { type Bytes, concat, err, ok, Reader, type Result, utf8 } from '../bytes/index.js';
import { isValidPublicKey, recover, sha256, verify } from '../crypto/index.js';
import {
  type FeatureSet,
  missingDependency,
  trimFeatures,
  unknownRequired,
} from '../wire/index.js';
import { parseAmount } from './amount.js';
import {
  DEFAULT_EXPIRY,
  DEFAULT_MIN_FINAL_CLTV,
  type Fallback,
  type Invoice,
  type InvoiceError,
  type InvoicePrefix,
  type RouteHintHop,
  type UnknownField,
} from './types.js';
import { letterOf, wordsToBits, wordsToBytes, wordsToNumber, wordsToPaddedBytes } from './words.js';

const TIMESTAMP_WORDS = 7;
export const SIGNATURE_WORDS = 104;
const HASH_WORDS = 52;
const KEY_WORDS = 53;
const HUMAN = /^ln(bcrt|bc|tbs|tb)(\d*)([a-z]?)$/;

/** What a payer of this program understands of the `9` field. */
export const INVOICE_FEATURES: FeatureSet = {
  varOnionOptin: 'optional',
  paymentSecret: 'optional',
  basicMpp: 'optional',
  optionPaymentMetadata: 'optional',
  optionAttributionData: 'optional',
};

/** Reads an invoice, in either case, with or without `lightning:` before it, and verifies it. */
export function decodeInvoice(
  text: string,
  supported: FeatureSet = INVOICE_FEATURES,
): Result<Invoice, InvoiceError> {
  const parts = unpack(text.trim().replace(/^lightning:/i, ''));
  if (!parts.ok) return parts;
  const { human, words } = parts.value;
  const head = parseHuman(human);
  if (!head.ok) return head;
  if (words.length < TIMESTAMP_WORDS + SIGNATURE_WORDS) return err({ code: 'too_short' });
  const signed = words.slice(0, -SIGNATURE_WORDS);
  const fields = readFields(signed.slice(TIMESTAMP_WORDS));
  if (!fields.ok) return fields;
  const terms = checkFields(fields.value, supported);
  if (!terms.ok) return terms;
  const payee = checkSignature(human, signed, words.slice(-SIGNATURE_WORDS), fields.value.payee);
  if (!payee.ok) return payee;
  const timestamp = wordsToNumber(signed.slice(0, TIMESTAMP_WORDS)) as number;
  return ok({ ...head.value, timestamp, ...terms.value, ...payee.value });
}

/** The prefix and the words of an invoice's text. */
export function unpack(text: string): Result<{ human: string; words: number[] }, InvoiceError> {
  const lower = text.toLowerCase();
  // BIP 173: a string is of one case, and has a separator.
  if (text !== lower && text !== text.toUpperCase()) return err({ code: 'not_bech32' });
  if (!/^[!-~]+1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{6,}$/.test(lower))
    return err({ code: 'not_bech32' });
  const decoded = bech32.decodeUnsafe(lower, false);
  // BOLT 11, encoding overview: the checksum must be right.
  if (decoded === undefined) return err({ code: 'bad_checksum' });
  return ok({ human: decoded.prefix, words: decoded.words });
}

function parseHuman(human: string): Result<Pick<Invoice, 'prefix' | 'amountMsat'>, InvoiceError> {
  const match = HUMAN.exec(human);
  // BOLT 11, human-readable part: a prefix that is not understood fails the payment.
  if (match === null) return err({ code: 'unknown_prefix', prefix: human });
  const prefix = match[1] as InvoicePrefix;
  const [digits, multiplier] = [match[2] as string, match[3] as string];
  if (digits === '' && multiplier === '') return ok({ prefix });
  const amount = parseAmount(digits, multiplier);
  return amount.ok ? ok({ prefix, amountMsat: amount.value }) : amount;
}

interface Fields {
  paymentHash?: Bytes;
  paymentSecret?: Bytes;
  description?: string;
  descriptionHash?: Bytes;
  metadata?: Bytes;
  payee?: Bytes;
  expiry?: number;
  minFinalCltvExpiryDelta?: number;
  features?: Bytes;
  fallbacks: Fallback[];
  routeHints: (readonly RouteHintHop[])[];
  unknown: UnknownField[];
}

function readFields(words: readonly number[]): Result<Fields, InvoiceError> {
  const fields: Fields = { fallbacks: [], routeHints: [], unknown: [] };
  let at = 0;
  while (at < words.length) {
    const [tag, high, low] = words.slice(at, at + 3) as [number, number?, number?];
    if (high === undefined || low === undefined) return err({ code: 'bad_field', field: '?' });
    const length = high * 32 + low;
    const data = words.slice(at + 3, at + 3 + length);
    if (data.length < length) return err({ code: 'bad_field', field: letterOf(tag) });
    const taken = takeField(fields, letterOf(tag), data);
    if (taken === 'bad') return err({ code: 'bad_field', field: letterOf(tag) });
    if (taken === 'unknown') fields.unknown.push({ tag, words: data });
    at += 3 + length;
  }
  return ok(fields);
}

/**
 * `unknown` keeps a field without reading it. BOLT 11 has such examples: unknown tags, a second
 * field of a kind, and fields of fixed length that have another one (the invoice fails only if it
 * has no good one beside it).
 */
function takeField(fields: Fields, letter: string, data: readonly number[]) {
  switch (letter) {
    case 'p':
      return takeFixed(fields, 'paymentHash', data, HASH_WORDS);
    case 's':
      return takeFixed(fields, 'paymentSecret', data, HASH_WORDS);
    case 'h':
      return takeFixed(fields, 'descriptionHash', data, HASH_WORDS);
    case 'n':
      return takeFixed(fields, 'payee', data, KEY_WORDS);
    case 'd':
      return takeDescription(fields, data);
    case 'm':
      if (fields.metadata !== undefined) return 'unknown';
      fields.metadata = wordsToBytes(data);
      return 'taken';
    case 'x':
      return takeNumber(fields, 'expiry', data);
    case 'c':
      return takeNumber(fields, 'minFinalCltvExpiryDelta', data);
    case 'f':
      return takeFallback(fields, data);
    case 'r':
      return takeRouteHint(fields, data);
    case '9':
      // BOLT 11, tagged fields: no leading zero units.
      if (data[0] === 0) return 'bad';
      if (fields.features !== undefined) return 'unknown';
      fields.features = trimFeatures(wordsToBits(data));
      return 'taken';
    default:
      return 'unknown';
  }
}

function takeFixed(
  fields: Fields,
  name: 'paymentHash' | 'paymentSecret' | 'descriptionHash' | 'payee',
  data: readonly number[],
  length: number,
) {
  if (fields[name] !== undefined || data.length !== length) return 'unknown';
  fields[name] = wordsToBytes(data);
  return 'taken';
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function takeDescription(fields: Fields, data: readonly number[]) {
  if (fields.description !== undefined) return 'unknown';
  try {
    fields.description = strictUtf8.decode(wordsToBytes(data));
    return 'taken';
  } catch {
    // BOLT 11, tagged fields: a description is valid UTF-8.
    return 'bad';
  }
}

function takeNumber(
  fields: Fields,
  name: 'expiry' | 'minFinalCltvExpiryDelta',
  data: readonly number[],
) {
  const value = wordsToNumber(data);
  // BOLT 11, tagged fields: no leading zero units.
  if (value === undefined || data[0] === 0) return 'bad';
  if (fields[name] !== undefined) return 'unknown';
  fields[name] = value;
  return 'taken';
}

function takeFallback(fields: Fields, data: readonly number[]) {
  const version = data[0];
  if (version === undefined) return 'bad';
  const program = wordsToBytes(data.slice(1));
  // BOLT 11, tagged fields: an address of an unknown version is skipped.
  if (version > 18) return 'unknown';
  if (version > 16 && program.length !== 20) return 'bad';
  if (version === 0 && program.length !== 20 && program.length !== 32) return 'bad';
  if (program.length < 2 || program.length > 40) return 'bad';
  fields.fallbacks.push({ version, program });
  return 'taken';
}

const HINT_LENGTH = 51;

function takeRouteHint(fields: Fields, data: readonly number[]) {
  const bytes = wordsToBytes(data);
  if (bytes.length === 0 || bytes.length % HINT_LENGTH !== 0) return 'bad';
  const r = new Reader(bytes);
  const hops: RouteHintHop[] = [];
  while (r.left > 0) {
    const nodeId = r.take(33);
    if (!isValidPublicKey(nodeId)) return 'bad';
    hops.push({
      nodeId,
      shortChannelId: r.u64() as RouteHintHop['shortChannelId'],
      feeBaseMsat: r.u32(),
      feeProportionalMillionths: r.u32(),
      cltvExpiryDelta: r.u16(),
    });
  }
  fields.routeHints.push(hops);
  return 'taken';
}

type Terms = Omit<
  Invoice,
  'prefix' | 'amountMsat' | 'timestamp' | 'payee' | 'namesPayee' | 'signature'
>;

function checkFields(fields: Fields, supported: FeatureSet): Result<Terms, InvoiceError> {
  const { payee: _, paymentHash, paymentSecret, ...rest } = fields;
  if (paymentHash === undefined) return err({ code: 'missing_field', field: 'p' });
  // BOLT 11, tagged fields: without a valid payment secret there is no payment.
  if (paymentSecret === undefined) return err({ code: 'missing_field', field: 's' });
  // BOLT 11, tagged fields: a description or its hash, and not both.
  const [described, hashed] = [
    fields.description !== undefined,
    fields.descriptionHash !== undefined,
  ];
  if (!described && !hashed) return err({ code: 'missing_field', field: 'd' });
  if (described && hashed) return err({ code: 'description_and_hash' });
  const features = fields.features ?? new Uint8Array(0);
  const [bit] = unknownRequired(features, supported);
  // BOLT 11, tagged fields: an unknown even feature bit fails the payment.
  if (bit !== undefined) return err({ code: 'unknown_required_feature', bit });
  const missing = missingDependency(features);
  // BOLT 11, feature bits: without its dependencies a feature forbids the payment.
  if (missing?.code === 'missing_dependency')
    return err({ code: 'missing_feature_dependency', feature: missing.feature });
  return ok({
    ...rest,
    paymentHash,
    paymentSecret,
    features,
    expiry: fields.expiry ?? DEFAULT_EXPIRY,
    minFinalCltvExpiryDelta: fields.minFinalCltvExpiryDelta ?? DEFAULT_MIN_FINAL_CLTV,
  });
}

/** What the signature is made over. */
export const invoiceDigest = (human: string, signed: readonly number[]): Bytes =>
  sha256(concat(utf8(human), wordsToPaddedBytes(signed)));

function checkSignature(
  human: string,
  signed: readonly number[],
  words: readonly number[],
  named: Bytes | undefined,
): Result<Pick<Invoice, 'payee' | 'namesPayee' | 'signature'>, InvoiceError> {
  const bytes = wordsToBytes(words);
  const signature = bytes.slice(0, 64);
  const digest = invoiceDigest(human, signed);
  if (named !== undefined) {
    // BOLT 11, tagged fields: a named payee's signature is verified, and has a low S.
    if (!verify(signature, digest, named)) return err({ code: 'bad_signature' });
    return ok({ payee: named, namesPayee: true, signature });
  }
  // BOLT 11, tagged fields: else the payee is recovered, whichever S the signature has.
  const payee = recover(signature, bytes[64] as number, digest);
  if (payee === undefined) return err({ code: 'bad_signature' });
  return ok({ payee, namesPayee: false, signature });
}
