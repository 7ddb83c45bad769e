/** The route table of a running node. */
export { AUTO_LAYERS, Layers, LEARNED_LAYER } from './layers.js';
export { type ConstraintSubject, Routes } from './routes.js';
export type * from './types.js';
