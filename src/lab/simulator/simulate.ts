/** A stream of payments by one sender, and what came of it; many such make a row of the table. */
import { msat, type NodeId } from '../../core/bytes/index.js';
import type { Graph } from '../../core/gossip/index.js';
import { Payees, type PayeesOptions } from './payees.js';
import { mutuallyReachable, type Person, pickSenders } from './people.js';
import { type Bottleneck, bottleneckOf, isPossible, mostInParts } from './possible.js';
import { randomFrom } from './random.js';
import { mostFee, type Outcome, type Sender, type SenderDeps } from './senders.js';
import { World } from './world.js';

export interface StreamOptions extends PayeesOptions {
  readonly payments: number;
  /** Whether to find out what was possible where a payment failed. */
  readonly asksPossible: boolean;
}

export interface Tally {
  payments: number;
  paid: number;
  firstTry: number;
  attempts: number;
  /** Not paid, and not possible in one part; and not in any number of parts. */
  notInOne: number;
  notInParts: number;
  /** What made those of `notInOne` impossible. */
  readonly bottlenecks: Record<Bottleneck, number>;
  /** Payees that were drawn and could not have been paid. */
  passedOver: number;
  /** Parts of what was paid. */
  parts: number;
  /** Of each payment, in millisatoshi; not a number where it was not paid. */
  readonly fees: number[];
}

const emptyTally = (): Tally => ({
  payments: 0,
  paid: 0,
  firstTry: 0,
  attempts: 0,
  notInOne: 0,
  notInParts: 0,
  bottlenecks: { payee: 0, sender: 0, between: 0 },
  passedOver: 0,
  parts: 0,
  fees: [],
});

export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = emptyTally();
  for (const tally of tallies) {
    for (const key of COUNTS) sum[key] += tally[key];
    for (const key of BOTTLENECKS) sum.bottlenecks[key] += tally.bottlenecks[key];
    for (const fee of tally.fees) sum.fees.push(fee);
  }
  return sum;
}

const COUNTS = [
  'payments',
  'paid',
  'firstTry',
  'attempts',
  'notInOne',
  'notInParts',
  'passedOver',
  'parts',
] as const;
const BOTTLENECKS = ['payee', 'sender', 'between'] as const;

/** The beginning of virtual time, in seconds since the epoch. */
export const START = 1_770_000_000;

/** The senders of a row: the same for each way to pay. */
export function castOf(
  { model, amountSat, seed }: Pick<StreamOptions, 'model' | 'amountSat' | 'seed'>,
  count: number,
  graph: Graph,
): { readonly pool: readonly number[]; readonly people: readonly Person[] } {
  const amount = amountSat * 1000;
  const world = new World({ model, seed, forwardsPerDay: 0 }, { graph });
  const pool = mutuallyReachable(graph, amount);
  const sendable = (n: number): number =>
    world.outgoing(n).reduce((most, e) => Math.max(most, world.liquidity(e)), 0);
  const people = pickSenders(graph, pool, count, sendable, amount, randomFrom(seed + 1));
  return { pool, people };
}

/** One sender pays again and again, in a world of its own that is the same for each way to pay. */
export function simulate(
  options: StreamOptions,
  { kind, node }: Person,
  deps: {
    readonly graph: Graph;
    readonly pool: readonly number[];
    readonly sender: (deps: SenderDeps) => Sender;
  },
): Tally {
  const { payments, amountSat } = options;
  const { graph } = deps;
  const world = new World(options, { graph });
  world.keepStill(node);
  const sender = deps.sender({ world, node });
  const payees = new Payees(options, { graph, pool: deps.pool, sender: node });
  const amount = amountSat * 1000;
  const maxFee = Number(mostFee(msat(amount)));
  const tally = emptyTally();
  for (let i = 0; i < payments; i++) {
    const seconds = i * kind.secondsBetween;
    world.moveTo(seconds);
    const destination = payees.next(seconds);
    const outcome = sender.pay({
      destination: graph.nodeHex(destination) as NodeId,
      amountMsat: msat(amount),
      now: START + seconds,
    });
    count(tally, outcome);
    if (outcome.paid || !options.asksPossible) continue;
    if (isPossible(world, node, destination, amount, maxFee)) continue;
    tally.notInOne++;
    tally.bottlenecks[bottleneckOf(world, node, destination, amount)]++;
    if (mostInParts(world, node, destination, amount) < amount) tally.notInParts++;
  }
  tally.passedOver = payees.passedOver;
  return tally;
}

function count(tally: Tally, { paid, firstTry, attempts, parts, feeMsat }: Outcome): void {
  tally.payments++;
  tally.attempts += attempts;
  tally.fees.push(paid ? feeMsat : Number.NaN);
  if (firstTry) tally.firstTry++;
  if (!paid) return;
  tally.paid++;
  tally.parts += parts;
}
