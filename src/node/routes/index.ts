/** The route table of a running node. */
export { type ConstraintSubject, Routes } from './routes.js';
export type * from './types.js';
