/** Runs the channel machines, opens channels, and switches HTLCs between them. */
export { Channels } from './channels.js';
export { closedChannels } from './closed-view.js';
export { htlcHistory } from './htlc-history.js';
export type { FinalHtlc, HtlcToOffer, Settlement } from './switch.js';
export type * from './types.js';
