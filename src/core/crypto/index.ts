/**
 * Hashes, ciphers and secp256k1: thin functions over libraries. All are total: what is no key,
 * point, signature or ciphertext answers `undefined` or `false`, and nothing here throws for it.
 */
export * from './chacha.js';
export { isLowS } from './curve-noble.js';
export * from './hash.js';
export * from './secp256k1.js';
export * from './shachain.js';
export type { ChannelPoints, KeyRef, Signer } from './signer.js';
