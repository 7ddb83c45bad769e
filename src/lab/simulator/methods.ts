/** The ways to pay that a table compares, the first baseline first. */
import type { RouteTableOptions } from '../../core/routing/index.js';
import { PartSender } from './part-sender.js';
import { RouteSender, type Sender, type SenderDeps, TRIES } from './senders.js';

/** `table` is for those that learn. */
type Method = (table: RouteTableOptions, deps: SenderDeps) => Sender;

const FEES_ONLY: RouteTableOptions = { penalty: { penaltyBaseMsat: 0, penaltyMillionths: 0 } };

const MAX_PARTS = 20;
/** `pay` goes on for a minute (`retry_for`), of which a round of parts takes some three seconds. */
const PAY_ROUNDS = 20;

const parts =
  (rounds: number): Method =>
  (table, deps) =>
    new PartSender({ table, rounds, maxParts: MAX_PARTS }, deps);

export const METHODS: Readonly<Record<string, Method>> = {
  'fees only': (_, deps) =>
    new RouteSender({ table: FEES_ONLY, learns: false, excludes: false }, deps),
  exclusion: (_, deps) =>
    new RouteSender({ table: FEES_ONLY, learns: false, excludes: true }, deps),
  'getroute that forgets': (table, deps) =>
    new RouteSender({ table, learns: true, excludes: false, forgets: true }, deps),
  getroute: (table, deps) => new RouteSender({ table, learns: true, excludes: false }, deps),
  'pay, five rounds': parts(TRIES),
  pay: parts(PAY_ROUNDS),
};
