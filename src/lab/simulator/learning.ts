/**
 * What payments teach: the same payments asked of senders that remember more or less of them, at
 * the same moments and in the same world, so that only the knowledge differs.
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

/** `payments` are those before the first moment at which it is asked. */
export interface LearningOptions extends StreamOptions {
  /** How many of its last payments a sender remembers, a point each; `payments` at most. */
  readonly remembered: readonly number[];
  /** Times at which it is asked, and the payments from one to the next. */
  readonly moments: number;
  readonly apart: number;
  /** Payments asked for at each moment, as often of each payee as the sender pays it. */
  readonly questions: number;
}

export interface LearningCurve {
  questions: number;
  /** Those that are possible in one part; all where it is not asked. */
  possible: number;
  readonly points: readonly LearningPoint[];
}

export interface LearningPoint {
  readonly remembered: number;
  /** Those that the first route would pay. */
  firstTry: number;
}

interface Learned {
  /** The payment that taught it. */
  readonly payment: number;
  readonly lesson: Lesson;
  readonly now: number;
}

interface LearningDeps {
  readonly graph: Graph;
  readonly pool: readonly number[];
  readonly table: RouteTableOptions;
}

/**
 * One sender pays and learns, as `simulate` has it. At each moment senders in its place that
 * remember only its last payments are asked for their first routes: nothing is sent, so nothing
 * moves and nothing is learned by the questions.
 */
export function learningCurve(
  options: LearningOptions,
  person: Person,
  deps: LearningDeps,
): LearningCurve {
  const { payments, remembered, moments, apart, questions } = options;
  const points = remembered.map((count) => ({ remembered: count, firstTry: 0 }));
  const curve = { questions: 0, possible: 0, points };
  const learner = new Learner(options, person, deps);
  learner.pay(payments - apart);
  for (let moment = 0; moment < moments; moment++) {
    learner.pay(apart);
    const asked = learner.payees(questions);
    curve.questions += questions;
    curve.possible += options.asksPossible ? learner.possible(asked) : questions;
    for (const point of points) point.firstTry += learner.firstTries(asked, point.remembered);
  }
  return curve;
}

/** A sender, its world, and the log of what its payments taught. */
class Learner {
  readonly #options: LearningOptions;
  readonly #person: Person;
  readonly #deps: LearningDeps;
  readonly #world: World;
  readonly #payees: Payees;
  readonly #sender: RouteSender;
  readonly #amountMsat: Msat;
  readonly #learned: Learned[] = [];
  #payment = 0;

  constructor(options: LearningOptions, person: Person, deps: LearningDeps) {
    const { graph, pool, table } = deps;
    const { node } = person;
    this.#options = options;
    this.#person = person;
    this.#deps = deps;
    this.#world = new World(options, { graph });
    this.#world.keepStill(node);
    this.#payees = new Payees(options, { graph, pool, sender: node });
    this.#amountMsat = msat(options.amountSat * 1000);
    const onLesson = (lesson: Lesson, now: number): void => {
      this.#learned.push({ payment: this.#payment, lesson, now });
    };
    const ways = { table, learns: true, excludes: false };
    this.#sender = new RouteSender(ways, { world: this.#world, node, onLesson });
  }

  /** So many payments more; it is then the time of the next one. */
  pay(count: number): void {
    const end = this.#payment + count;
    for (; this.#payment < end; this.#payment++) {
      const destination = this.#hex(this.#payees.next(this.#seconds));
      const now = START + this.#seconds;
      this.#sender.pay({ destination, amountMsat: this.#amountMsat, now });
      this.#world.moveTo(this.#seconds + this.#person.kind.secondsBetween);
    }
  }

  /** Whom it might pay now. */
  payees(count: number): number[] {
    return Array.from({ length: count }, () => this.#payees.next(this.#seconds));
  }

  possible(asked: readonly number[]): number {
    const { node } = this.#person;
    const amount = this.#options.amountSat * 1000;
    // A first try is not asked what it would cost either.
    const maxFee = Number.POSITIVE_INFINITY;
    return asked.filter(onceEach((payee) => isPossible(this.#world, node, payee, amount, maxFee)))
      .length;
  }

  /** How many of the payees the first route would pay, by the lessons of the last payments. */
  firstTries(asked: readonly number[], remembered: number): number {
    const { graph, table } = this.#deps;
    const memory = new RouteTable(table, { graph });
    for (const { payment, lesson, now } of this.#learned)
      if (payment >= this.#payment - remembered) memory.learn(lesson, now);
    const world = this.#world;
    const { node } = this.#person;
    const request = {
      source: this.#hex(node),
      amountMsat: this.#amountMsat,
      riskFactor: RISK_FACTOR,
      localChannels: ownChannels({ world, node })(),
      exclude: [],
      now: START + this.#seconds,
    };
    const paysAtOnce = onceEach((payee) => {
      const found = memory.getroute({ ...request, destination: this.#hex(payee) });
      return found.ok && world.failingHop(attemptHops(world, found.value)) < 0;
    });
    return asked.filter(paysAtOnce).length;
  }

  get #seconds(): number {
    return this.#payment * this.#person.kind.secondsBetween;
  }

  #hex(n: number): NodeId {
    return this.#deps.graph.nodeHex(n) as NodeId;
  }
}

/** The same payee at the same moment gives the same answer. */
function onceEach(ask: (payee: number) => boolean): (payee: number) => boolean {
  const answers = new Map<number, boolean>();
  return (payee) => {
    const known = answers.get(payee) ?? ask(payee);
    answers.set(payee, known);
    return known;
  };
}
