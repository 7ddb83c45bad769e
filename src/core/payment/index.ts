/** Payments as values: sending, receiving, relaying. */
export * from './failure.js';
export * from './receive.js';
export * from './relay.js';
export * from './send.js';
