export { Invoices } from './invoices.js';
export type * from './types.js';
