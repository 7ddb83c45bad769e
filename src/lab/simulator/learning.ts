/**
 * What payments teach: the same payments asked of senders that remember more or less of them, at
 * the same moment and in the same world, so that only the knowledge differs.
 */
import { type Msat, msat, type NodeId } from '../../core/bytes/index.js';
import type { Graph } from '../../core/gossip/index.js';
import { type Lesson, RouteTable, type RouteTableOptions } from '../../core/routing/index.js';
import { Payees } from './payees.js';
import type { Person } from './people.js';
import { attemptHops, ownChannels, RISK_FACTOR, RouteSender } from './senders.js';
import { START, type StreamOptions } from './simulate.js';
import { World } from './world.js';

export interface LearningOptions extends StreamOptions {
  /** How many of its last payments a sender remembers, a point each; `payments` at most. */
  readonly remembered: readonly number[];
  /** Payments asked at the end, as often of each payee as its sender pays it. */
  readonly questions: number;
}

export interface LearningPoint {
  readonly remembered: number;
  readonly questions: number;
  /** Those that the first route would pay. */
  readonly firstTry: number;
}

interface Learned {
  /** The payment that taught it. */
  readonly payment: number;
  readonly lesson: Lesson;
  readonly now: number;
}

/**
 * One sender pays `payments` times and learns, as `simulate` has it. Then senders in its place that
 * remember only the last of these are asked for their first routes: nothing is sent, so nothing
 * moves and nothing is learned by the questions.
 */
export function learningCurve(
  options: LearningOptions,
  { kind, node }: Person,
  deps: {
    readonly graph: Graph;
    readonly pool: readonly number[];
    readonly table: RouteTableOptions;
  },
): LearningPoint[] {
  const { payments, remembered, questions } = options;
  const { graph, pool, table } = deps;
  const world = new World(options, { graph });
  world.keepStill(node);
  const payees = new Payees(options, { graph, pool, sender: node });
  const amountMsat = msat(options.amountSat * 1000);
  const learned: Learned[] = [];
  let payment = 0;
  const sender = new RouteSender(
    { table, learns: true, excludes: false },
    { world, node, onLesson: (lesson, now) => learned.push({ payment, lesson, now }) },
  );
  for (; payment < payments; payment++) {
    const seconds = payment * kind.secondsBetween;
    world.moveTo(seconds);
    const destination = graph.nodeHex(payees.next(seconds)) as NodeId;
    sender.pay({ destination, amountMsat, now: START + seconds });
  }
  const end = payments * kind.secondsBetween;
  world.moveTo(end);
  const asked = Array.from({ length: questions }, () => payees.next(end));
  return remembered.map((count) => {
    const memory = new RouteTable(table, { graph });
    for (const { payment, lesson, now } of learned)
      if (payment >= payments - count) memory.learn(lesson, now);
    const deps = { world, node, table: memory };
    return { remembered: count, ...firstTries(asked, { amountMsat, now: START + end }, deps) };
  });
}

/** How many of the payees the first route would pay. */
function firstTries(
  payees: readonly number[],
  { amountMsat, now }: { readonly amountMsat: Msat; readonly now: number },
  deps: { readonly world: World; readonly node: number; readonly table: RouteTable },
): Omit<LearningPoint, 'remembered'> {
  const { graph } = deps.world;
  const localChannels = ownChannels(deps)();
  const paysAtOnce = (destination: number): boolean => {
    const found = deps.table.getroute({
      source: graph.nodeHex(deps.node) as NodeId,
      destination: graph.nodeHex(destination) as NodeId,
      amountMsat,
      riskFactor: RISK_FACTOR,
      localChannels,
      exclude: [],
      now,
    });
    return found.ok && deps.world.failingHop(attemptHops(deps.world, found.value)) < 0;
  };
  // The same payee at the same moment gives the same answer.
  const answers = new Map([...new Set(payees)].map((payee) => [payee, paysAtOnce(payee)]));
  const firstTry = payees.filter((payee) => answers.get(payee) === true).length;
  return { questions: payees.length, firstTry };
}
