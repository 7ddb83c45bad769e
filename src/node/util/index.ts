/** Small tools of the services. */
export { Lines } from './lines.js';
export { newest } from './newest.js';
export { type WaitEnd, Waiters, type Waiting } from './waiters.js';
export { WatchedStore } from './watched-store.js';
