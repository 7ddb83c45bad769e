/** The graph, the search, and what failures taught it. */
export { channelKey, constraintJson } from './constraint-text.js';
export * from './cost.js';
export * from './csv.js';
export { explainNoRoute } from './explain.js';
export * from './fading.js';
export { Heap } from './heap.js';
export * from './knowledge.js';
export * from './layer.js';
export type { LayeredRequest, LayeredRoutes } from './layered.js';
export { explainNoRoutes, type NoLayeredRoutes } from './layered-failure.js';
export * from './lessons.js';
export type { HintChannel, LocalChannel } from './overlay.js';
export * from './reservations.js';
export * from './route.js';
export * from './route-request.js';
export { Search } from './search.js';
export * from './table.js';
