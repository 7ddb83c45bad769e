/** A stream of payments by one sender, and what came of it; many such make a row of the table. */
import { msat, type NodeId } from '../../core/bytes/index.js';
import type { Graph } from '../../core/gossip/index.js';
import type { BalanceModel } from './balances.js';
import { mutuallyReachable, type PayeeLaw, type Person, payeesOf, pickSenders } from './people.js';
import { isPossible, mostInParts } from './possible.js';
import { randomFrom } from './random.js';
import type { Sender, SenderDeps } from './senders.js';
import { World } from './world.js';

export interface StreamOptions {
  readonly model: BalanceModel;
  readonly payees: PayeeLaw;
  readonly amountSat: number;
  readonly payments: number;
  readonly seed: number;
  /** Payments of others that each channel forwards a day. */
  readonly forwardsPerDay: number;
  /** Others pay back what the sender moves. */
  readonly counterflow?: boolean;
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
  /** Parts of what was paid. */
  parts: number;
  /** Payments that one part could make, and those made at once, in each third of each stream. */
  readonly thirds: { possible: number; firstTry: number }[];
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
  parts: 0,
  thirds: [0, 1, 2].map(() => ({ possible: 0, firstTry: 0 })),
  fees: [],
});

export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = emptyTally();
  for (const tally of tallies) {
    for (const key of COUNTS) sum[key] += tally[key];
    tally.thirds.forEach(({ possible, firstTry }, i) => {
      const third = sum.thirds[i] as Tally['thirds'][number];
      third.possible += possible;
      third.firstTry += firstTry;
    });
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
  'parts',
] as const;

/** The beginning of virtual time, in seconds since the epoch. */
const START = 1_770_000_000;

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
  const payee = payeesOf(options.payees, deps.pool, node, randomFrom(options.seed + 2 + node));
  const amount = amountSat * 1000;
  const tally = emptyTally();
  for (let i = 0; i < payments; i++) {
    world.moveTo(i * kind.secondsBetween);
    const destination = payee();
    const outcome = sender.pay({
      destination: graph.nodeHex(destination) as NodeId,
      amountMsat: msat(amount),
      now: START + i * kind.secondsBetween,
    });
    const third = tally.thirds[Math.floor((3 * i) / payments)] as Tally['thirds'][number];
    tally.payments++;
    tally.attempts += outcome.attempts;
    tally.fees.push(outcome.paid ? outcome.feeMsat : Number.NaN);
    if (outcome.firstTry) {
      tally.firstTry++;
      third.firstTry++;
    }
    if (outcome.paid) {
      tally.paid++;
      tally.parts += outcome.parts;
    } else if (options.asksPossible && !isPossible(world, node, destination, amount)) {
      tally.notInOne++;
      if (mostInParts(world, node, destination, amount) < amount) tally.notInParts++;
      continue;
    }
    third.possible++;
  }
  return tally;
}
