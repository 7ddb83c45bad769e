/** The services of a node, each with what it needs of the others. */
import { makeBackups, makeStatics, makeStorage } from './backups.js';
import { makeBroadcaster, makeBroadcasts, makeChain } from './chain.js';
import { makeChannels, makeEndings } from './channels.js';
import { connect } from './connect.js';
import { makeInvoices, makePayments } from './payments.js';
import { makeMessages, makePeers } from './peers.js';
import { makeGossip, makeRoutes } from './routes.js';
import { makeFeeReserve, makeWallet } from './wallet.js';
import type { Parts, Wiring } from './wiring.js';

export type { Parts, Wiring } from './wiring.js';

/** Makes them all, each after those that it is handed, and connects them. */
export function makeParts(about: Omit<Wiring, 'parts'>): Parts {
  const parts = {} as Parts;
  const wiring: Wiring = { ...about, parts };
  parts.chain = makeChain(wiring);
  parts.broadcasts = makeBroadcasts(wiring);
  parts.broadcaster = makeBroadcaster(wiring);
  parts.wallet = makeWallet(wiring);
  parts.peers = makePeers(wiring);
  parts.routes = makeRoutes(wiring);
  parts.invoices = makeInvoices(wiring);
  parts.payments = makePayments(wiring);
  parts.gossip = makeGossip(wiring);
  parts.endings = makeEndings(wiring);
  parts.backups = makeBackups(wiring);
  parts.statics = makeStatics(wiring);
  parts.storage = makeStorage(wiring);
  parts.channels = makeChannels(wiring);
  parts.feeReserve = makeFeeReserve(wiring);
  parts.messages = makeMessages(wiring);
  connect(parts);
  return parts;
}
