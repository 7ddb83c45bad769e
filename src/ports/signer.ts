/** The role is the core's own: a step signs through its context. */
export type { ChannelPoints, KeyRef, Signer } from '../core/crypto/signer.js';
