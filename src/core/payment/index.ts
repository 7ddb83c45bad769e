/** Payments as values: sending, receiving, relaying. */
export * from './failure.js';
export * from './in-flight.js';
export * from './plan.js';
export * from './receive.js';
export * from './relay.js';
export * from './send.js';
