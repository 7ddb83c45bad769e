import { assertNever } from '../bytes/index.js';
import type { InvoiceError } from './types.js';

const FIELDS: Readonly<Record<string, string>> = {
  p: 'payment hash (p)',
  s: 'payment secret (s)',
  d: 'description (d or h)',
};

/** What is wrong with an invoice, for people: "its checksum is wrong, …". */
export function describeInvoiceError(error: InvoiceError): string {
  switch (error.code) {
    case 'not_bech32':
      return 'it is no BOLT 11 string: bech32 has other characters, and does not mix cases';
    case 'bad_checksum':
      return 'its checksum is wrong, so that something is missing or mistyped';
    case 'unknown_prefix':
      return `it begins with '${error.prefix}', which no network does`;
    case 'bad_amount':
      return `its amount '${error.amount}' cannot be read`;
    case 'sub_millisatoshi':
      return `its amount '${error.amount}' is no whole number of millisatoshi`;
    case 'too_short':
      return 'it is too short';
    case 'bad_field':
      return `its field '${error.field}' cannot be read`;
    case 'missing_field':
      return `it has no ${FIELDS[error.field] ?? error.field}`;
    case 'description_and_hash':
      return 'it has a description and the hash of one';
    case 'unknown_required_feature':
      return `it requires the feature of bit ${error.bit}, which is unknown here`;
    case 'missing_feature_dependency':
      return `its feature ${error.feature} needs another that it does not name`;
    case 'bad_signature':
      return 'its signature is wrong';
    default:
      return assertNever(error);
  }
}
