export { decodeFailure, decodeRoute } from './book.js';
export { channelsOfHints } from './pay.js';
export { Payments } from './payments.js';
export { readInvoice } from './terms.js';
export type * from './types.js';
