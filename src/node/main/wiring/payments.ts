import { err, ok } from '../../../core/bytes/index.js';
import { limitsFor } from '../../../core/channel/index.js';
import { featuresFor } from '../../../core/wire/index.js';
import { Invoices } from '../../invoices/index.js';
import { Payments } from '../../payments/index.js';
import { OUR_FEATURES } from '../features.js';
import { localChannels } from '../local-channels.js';
import { routeHints } from '../route-hints.js';
import type { Wiring } from './wiring.js';

export function makeInvoices({ config, network, ports, store, parts }: Wiring): Invoices {
  const { clock, entropy, signer, log, fatal } = ports;
  return new Invoices(
    {
      network,
      cltvFinal: config.cltvFinal,
      fulfillDeadline: limitsFor(config.cltvDelta).fulfillDeadline,
      features: featuresFor(OUR_FEATURES, 'invoice'),
    },
    {
      store,
      clock,
      entropy,
      signer,
      log: log.child('invoices'),
      height: () => parts.chain.height,
      whenCurrent: () => parts.chain.whenCurrent(),
      routeHints: (expose, amountMsat) =>
        routeHints(parts.channels.list(), expose, amountMsat, (peer) =>
          parts.gossip.isDeadEnd(peer),
        ),
      settle: (channelId, htlcId, settlement) =>
        parts.channels.settle(channelId, htlcId, settlement),
      fatal,
    },
  );
}

export function makePayments({ config, network, nodeId, ports, store, parts }: Wiring): Payments {
  const { clock, entropy, log, fatal } = ports;
  return new Payments(
    { nodeId, invoicePrefix: network.invoicePrefix, sendpayCompat: config.sendpayCompat },
    {
      store,
      clock,
      entropy,
      log: log.child('payments'),
      height: () => parts.chain.height,
      offer: async ({ peer, scid }, htlc, writes) => {
        const first = parts.channels.firstHop(peer, scid, htlc.amountMsat);
        if (first === undefined) return err({ code: 'channel_not_ready' });
        const result = await parts.channels.offer(first, htlc, writes);
        return result.ok ? ok(undefined) : err(result.error);
      },
      getroutes: (request, layers) => parts.routes.payroutes(request, layers),
      localChannels: () => localChannels(nodeId, parts.channels.list()),
      reserved: () => parts.routes.reservations.totals(),
      allConnected: () =>
        parts.channels.list().every((channel) => !channel.ready || channel.online),
      learn: (lessons) => parts.routes.learn(lessons),
      channelBetween: (source, destination, amountMsat) => {
        const found = parts.routes.getroute({
          source,
          destination,
          amountMsat,
          riskFactor: 1,
          maxHops: 1,
        });
        const hop = found.ok ? found.value.hops[0] : undefined;
        return hop && { scid: hop.channel, direction: hop.direction };
      },
      fatal,
    },
  );
}
