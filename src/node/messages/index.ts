/** Onion messages: those of others are passed on. */
export { OnionMessages } from './onion-messages.js';
