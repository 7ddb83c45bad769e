/**
 * What payments teach: the same payments asked of senders that remember more or less of them, at
 * the same moment and in the same world, so that only the knowledge differs.
 */
import { type Msat, msat, type NodeId } from '../../core/bytes/index.js';
import type { Graph } from '../../core/gossip/index.js';
import { type Lesson, RouteTable, type RouteTableOptions } from '../../core/routing/index.js';
import { Payees } from './payees.js';
import type { Person } from './people.js';
import { isPossible } from './possible.js';
import { attemptHops, ownChannels, RISK_FACTOR, RouteSender } from './senders.js';
import { START, type StreamOptions } from './simulate.js';
import { World } from './world.js';

export interface LearningOptions extends StreamOptions {
  /** How many of its last payments a sender remembers, a point each; `payments` at most. */
  readonly remembered: readonly number[];
  /** Payments asked at the end, as often of each payee as its sender pays it. */
  readonly questions: number;
}

export interface LearningCurve {
  readonly questions: number;
  /** Those that are possible in one part; all where it is not asked. */
  readonly possible: number;
  readonly points: readonly LearningPoint[];
}

export interface LearningPoint {
  readonly remembered: number;
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
): LearningCurve {
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
  const points = remembered.map((count) => {
    const memory = new RouteTable(table, { graph });
    for (const { payment, lesson, now } of learned)
      if (payment >= payments - count) memory.learn(lesson, now);
    const request = { amountMsat, now: START + end };
    return { remembered: count, firstTry: firstTries(asked, request, { world, node, memory }) };
  });
  const isIt = remembering((payee) => isPossible(world, node, payee, Number(amountMsat)));
  const possible = options.asksPossible ? asked.filter(isIt).length : questions;
  return { questions, possible, points };
}

/** How many of the payees the first route would pay. */
function firstTries(
  payees: readonly number[],
  request: { readonly amountMsat: Msat; readonly now: number },
  { world, node, memory }: { world: World; node: number; memory: RouteTable },
): number {
  const source = world.graph.nodeHex(node) as NodeId;
  const localChannels = ownChannels({ world, node })();
  const paysAtOnce = (payee: number): boolean => {
    const destination = world.graph.nodeHex(payee) as NodeId;
    const known = { source, destination, riskFactor: RISK_FACTOR, localChannels };
    const found = memory.getroute({ ...request, ...known, exclude: [] });
    return found.ok && world.failingHop(attemptHops(world, found.value)) < 0;
  };
  return payees.filter(remembering(paysAtOnce)).length;
}

/** The same payee at the same moment gives the same answer. */
function remembering(ask: (payee: number) => boolean): (payee: number) => boolean {
  const answers = new Map<number, boolean>();
  return (payee) => {
    const known = answers.get(payee) ?? ask(payee);
    answers.set(payee, known);
    return known;
  };
}
