/**
 * The graph as a flow sees it, for amounts and weights up to half an octave above some: of each node
 * the edges that may have a part in it, by what a millisatoshi over them costs at least.
 */
import { DISABLED, type Graph, KNOWN, UNROUTABLE } from '../gossip/index.js';
import { feesOf, LEAST_SHARE, leastDoubt } from './flow-arcs.js';
import type { Knowledge } from './knowledge.js';
import { ReadyRows } from './ready-rows.js';
import type { SearchRequest } from './search-request.js';

/** Edge, node and key: what else a search asks it asks of the few edges it tries. */
export const FLOW_WORDS = 3;
const STEPS_AN_OCTAVE = 2;
/** Sets of rows kept at most. */
const MOST_SETS = 6;
/** Float32 that is never above the number. */
const DOWN = 1 - 2 ** -22;

interface Band {
  readonly amount: number;
  readonly amountBelow: number;
  readonly weight: number;
}

export class FlowRows {
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #sets = new Map<string, ReadyRows>();

  constructor(deps: { readonly graph: Graph; readonly knowledge: Knowledge }) {
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
  }

  /** The rows for a request, and millisatoshi for each factor e of chance. */
  for({ amount, riskFactor, penalty, ignoreKnowledge }: SearchRequest, weight: number): ReadyRows {
    const [a, w] = [amount, weight].map((x) => Math.floor(Math.log2(x) * STEPS_AN_OCTAVE));
    const key = `${a} ${w} ${riskFactor} ${penalty.onesided} ${ignoreKnowledge}`;
    let rows = this.#sets.get(key);
    if (rows === undefined) {
      const at = (step: number): number => 2 ** (step / STEPS_AN_OCTAVE);
      // Roundings of the logarithm must not raise what is to be a bound.
      const band = {
        amount: Math.min(amount, at(a as number)),
        amountBelow: at((a as number) + 1) * (1 + 1e-9),
        weight: Math.min(weight, at(w as number)),
      };
      const doubt = leastDoubt(penalty.onesided) * band.weight;
      const write = (e: number): number => this.#key(e, band, riskFactor, doubt, ignoreKnowledge);
      rows = new ReadyRows({ words: FLOW_WORDS, write }, { graph: this.#graph });
      for (const old of this.#sets.keys()) {
        if (this.#sets.size < MOST_SETS) break;
        this.#sets.delete(old);
      }
    } else this.#sets.delete(key);
    this.#sets.set(key, rows);
    return rows;
  }

  #key(e: number, band: Band, riskFactor: number, doubt: number, ignoreKnowledge: boolean): number {
    const graph = this.#graph;
    if (((graph.flags[e] as number) & (KNOWN | DISABLED | UNROUTABLE)) !== KNOWN) return -1;
    const from = graph.source[e] as number;
    if ((graph.nodeUnroutable[from] as number) !== 0) return -1;
    const capacity = (graph.capacity[e >> 1] as number) || (graph.htlcMaximum[e] as number);
    if (capacity < band.amount * LEAST_SHARE) return -1;
    if ((graph.htlcMinimum[e] as number) > band.amountBelow) return -1;
    const [base, rate] = [graph.feeBase[e] as number, graph.feeRate[e] as number];
    const delta = graph.cltvDelta[e] as number;
    const fees = feesOf(base, rate, delta, band.amountBelow, riskFactor);
    const learned = !ignoreKnowledge && this.#knowledge.isAbout(e, from);
    return (learned ? fees : fees + doubt / capacity) * DOWN;
  }
}
