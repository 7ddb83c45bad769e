export { decodeFailure, decodeRoute } from './book.js';
export { channelsOfHints } from './pay.js';
export { type DeletePaymentError, Payments } from './payments.js';
export { readInvoice } from './terms.js';
export type * from './types.js';
