import { bech32 } from '@scure/base';
import { type Bytes, err, ok, type Result } from '../bytes/index.js';
import { decodeInvoice, invoiceDigest, SIGNATURE_WORDS, unpack } from './decode.js';
import type { SignInvoice } from './encode.js';
import type { Invoice, InvoiceError } from './types.js';
import { bytesToWords } from './words.js';

/**
 * Signs an invoice that was written elsewhere, field for field as it stands; whatever signature it
 * has is ignored. It must not name another payee than `payee`.
 */
export function resignInvoice(
  text: string,
  payee: Bytes,
  sign: SignInvoice,
): Result<{ readonly bolt11: string; readonly invoice: Invoice }, InvoiceError> {
  const parts = unpack(text.trim().replace(/^lightning:/i, ''));
  if (!parts.ok) return parts;
  const { human, words } = parts.value;
  if (words.length < SIGNATURE_WORDS) return err({ code: 'too_short' });
  const signed = words.slice(0, -SIGNATURE_WORDS);
  const { signature, recovery } = sign(invoiceDigest(human, signed));
  const all = [...signed, ...bytesToWords(Uint8Array.from([...signature, recovery]))];
  const bolt11 = bech32.encode(human, all, false);
  const invoice = decodeInvoice(bolt11);
  if (!invoice.ok) return invoice;
  // Recovered from the signature or named: either way it is to be who signs.
  if (Buffer.compare(invoice.value.payee, payee) !== 0) return err({ code: 'bad_signature' });
  return ok({ bolt11, invoice: invoice.value });
}
