/** What outlives the loss of the store: `emergency.recover`, and what peers keep for us. */
export { Backups, readBackups } from './backups.js';
export { PeerStorage, type PeerStorageDeps } from './peer-storage.js';
export { StaticOutputs } from './static-outputs.js';
export type * from './types.js';
