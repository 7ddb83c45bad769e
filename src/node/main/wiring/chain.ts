import { Broadcasts, ChainFollower } from '../../chain/index.js';
import { Broadcaster } from '../broadcaster.js';
import type { Wiring } from './wiring.js';

/** `--rescan` counts blocks back from where it stopped; a height is given by a negative number. */
const rescanFrom = (rescan: number | undefined): { from?: number } =>
  rescan === undefined || rescan === 0 ? {} : { from: -rescan };

export function makeChain({ config, ports, store }: Wiring): ChainFollower {
  const { clock, log } = ports;
  return new ChainFollower(
    {
      ...(config.pollMs === undefined ? {} : { pollMs: config.pollMs }),
      ...rescanFrom(config.rescan),
      ...(config.forceFeerate === undefined ? {} : { forceFeerate: config.forceFeerate }),
    },
    { chain: ports.chain, store, clock, log: log.child('chain') },
  );
}

export function makeBroadcasts({ ports, parts }: Wiring): Broadcasts {
  const { clock, log } = ports;
  const broadcasts = new Broadcasts({}, { chain: ports.chain, clock, log: log.child('broadcast') });
  parts.chain.onBlock((block) => broadcasts.connectBlock(block));
  parts.chain.onBack(() => broadcasts.again());
  return broadcasts;
}

export const makeBroadcaster = ({ ports, parts }: Wiring): Broadcaster =>
  new Broadcaster({}, { chain: parts.broadcasts, log: ports.log.child('broadcast') });
