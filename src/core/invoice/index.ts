/** BOLT 11: invoices. */
export { formatAmount, parseAmount } from './amount.js';
export { decodeInvoice, INVOICE_FEATURES } from './decode.js';
export { describeInvoiceError } from './describe.js';
export { type EncodeOptions, encodeInvoice, type SignInvoice } from './encode.js';
export * from './fallback.js';
export { resignInvoice } from './resign.js';
export * from './types.js';
export { letterOf as tagOf, wordsToText } from './words.js';
