export * from './hsm-secret.js';
export { LocalSigner, type LocalSignerOptions } from './local.js';
