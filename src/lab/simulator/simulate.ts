/** A stream of payments by several senders over one world, and what came of it. */
import { msat, type NodeId } from '../../core/bytes/index.js';
import { DISABLED, type Graph, KNOWN } from '../../core/gossip/index.js';
import { type Random, randomFrom } from './random.js';
import type { Sender, SenderDeps } from './senders.js';
import { type BalanceModel, World } from './world.js';

export interface SimulationOptions {
  readonly model: BalanceModel;
  readonly amountSat: number;
  readonly payments: number;
  /** Senders; they take turns. */
  readonly senders: number;
  readonly seed: number;
  /** Virtual seconds from one payment to the next. */
  readonly secondsBetween: number;
  /** Channels whose funds lie anew after each payment, by what others pay. */
  readonly stirred: number;
}

export interface Tally {
  readonly payments: number;
  /** Those that one part could pay, for one who knew how the funds lie. */
  readonly possible: number;
  readonly paid: number;
  readonly firstTry: number;
  readonly attempts: number;
  /** Of what was paid, in millionths. */
  readonly feePpm: number;
  /** Of each payment, in millisatoshi; not a number where it was not paid. */
  readonly fees: Float64Array;
  /** First tries that succeeded in the first and in the last fifth of the stream. */
  readonly firstTryEarly: number;
  readonly firstTryLate: number;
  readonly partsPerPayment: number;
}

const START = 1_770_000_000;

export function simulate(
  options: SimulationOptions,
  deps: { readonly graph: Graph; readonly sender: (deps: SenderDeps) => Sender },
): Tally {
  const { model, seed, amountSat, payments } = options;
  const { graph } = deps;
  const world = new World({ model, seed }, { graph });
  const random = randomFrom(seed + 1);
  const amount = amountSat * 1000;
  const pool = mutuallyReachable(graph, amount);
  const senders = pickSenders(world, pool, options, random).map((node) => ({
    node,
    sender: deps.sender({ world, node }),
  }));
  const feesOf = new Float64Array(payments).fill(Number.NaN);
  const fifth = Math.max(1, Math.floor(payments / 5));
  let [possible, paid, firstTry, attempts] = [0, 0, 0, 0];
  let [fees, parts, early, late] = [0, 0, 0, 0];
  for (let i = 0; i < payments; i++) {
    const { node, sender } = senders[i % senders.length] as (typeof senders)[number];
    let destination = node;
    while (destination === node) destination = pool[Math.floor(random() * pool.length)] as number;
    if (world.isPossible(node, destination, amount)) possible++;
    const outcome = sender.pay({
      destination: graph.nodeHex(destination) as NodeId,
      amountMsat: msat(amount),
      now: START + i * options.secondsBetween,
    });
    attempts += outcome.attempts;
    world.stir(options.stirred);
    if (!outcome.paid) continue;
    paid++;
    fees += outcome.feeMsat;
    feesOf[i] = outcome.feeMsat;
    parts += outcome.parts;
    if (!outcome.firstTry) continue;
    firstTry++;
    if (i < fifth) early++;
    if (i >= payments - fifth) late++;
  }
  return {
    payments,
    possible,
    paid,
    firstTry,
    attempts,
    fees: feesOf,
    feePpm: paid === 0 ? 0 : (fees / (paid * amount)) * 1e6,
    firstTryEarly: early / fifth,
    firstTryLate: late / fifth,
    partsPerPayment: paid === 0 ? 0 : parts / paid,
  };
}

/** Nodes of several kinds, from few channels to many, that have the amount to send. */
function pickSenders(
  world: World,
  pool: readonly number[],
  { senders, amountSat }: SimulationOptions,
  random: Random,
): number[] {
  const able = pool
    .filter((n) => {
      const sendable = world.outgoing(n).map((e) => world.liquidity(e));
      return Math.max(0, ...sendable) > amountSat * 1000 * 1.05;
    })
    .sort((a, b) => world.outgoing(a).length - world.outgoing(b).length);
  // One of each slice of the nodes in order of their channels.
  const slice = able.length / senders;
  return Array.from(
    { length: senders },
    (_, i) => able[Math.floor((i + random()) * slice)] as number,
  );
}

/** Nodes that reach each other with the amount in one part, as capacities and policies say. */
export function mutuallyReachable(graph: Graph, amount: number): number[] {
  const usable = (e: number): boolean =>
    ((graph.flags[e] as number) & (KNOWN | DISABLED)) === KNOWN &&
    amount >= (graph.htlcMinimum[e] as number) &&
    amount <= (graph.htlcMaximum[e] as number) &&
    amount <= (graph.capacity[e >> 1] as number);
  const sweep = (from: number, outwards: boolean): Set<number> => {
    const seen = new Set([from]);
    const stack = [from];
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      const start = graph.incoming.start(n);
      for (let i = 0; i < graph.incoming.length(n); i++) {
        const incoming = graph.incoming.pool[start + i] as number;
        const other = graph.source[incoming] as number;
        if (seen.has(other) || !usable(outwards ? incoming ^ 1 : incoming)) continue;
        seen.add(other);
        stack.push(other);
      }
    }
    return seen;
  };
  const hub = busiest(graph);
  const reached = sweep(hub, true);
  return [...sweep(hub, false)].filter((n) => reached.has(n)).sort((a, b) => a - b);
}

function busiest(graph: Graph): number {
  let best = 0;
  for (let n = 1; n < graph.nodeLimit; n++)
    if (graph.incoming.length(n) > graph.incoming.length(best)) best = n;
  return best;
}
