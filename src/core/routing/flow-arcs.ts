/**
 * What one more millisatoshi costs on each edge of a flow. An edge is a few arcs one after another,
 * each dearer than the one before, as the chance shrinks the more it is to carry.
 */
import { type Graph, grown } from '../gossip/index.js';
import { chanceOf } from './cost.js';
import type { Belief, Knowledge } from './knowledge.js';
import type { OverlayEdge, SearchRequest } from './search-request.js';

/** An edge of the graph, or `-1 - i` of the overlay, and how much goes over it. */
export type Flow = ReadonlyMap<number, number>;

/** The arcs of an edge, and where their shares of what it may carry end. */
const ARCS = 4;
const SHARES = [0.25, 0.5, 0.75, 0.95];
/** The least of these steps. */
const LEAST_GAP = 0.2;
/** Of what an edge may carry, so much is kept back for the fees of the hops behind it. */
const MARGIN = 0.005;
/** Whole millisatoshi, and the margin, change the shares by less than this. */
const NEARLY = 0.99;
/** No arc is used for less than this share of the amount: there would be no end of small ways. */
export const LEAST_SHARE = 1 / 200;
const RISK_DIVISOR = 5_259_600;

export interface ArcsRequest {
  readonly request: SearchRequest;
  /** Millisatoshi for each factor e of chance. */
  readonly weight: number;
  /** What edges carry already. */
  readonly reserved: Flow;
  readonly excluded: ReadonlySet<number>;
  /** Nothing is kept back for fees. */
  readonly toTheBrim: boolean;
}

export class FlowArcs {
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #belief: Belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };

  /** Columns of edges, valid where the stamp is this search's: slopes and sizes of their arcs. */
  #search = 0;
  #edgeStamp = new Uint32Array(0);
  #slope = new Float64Array(0);
  #size = new Float64Array(0);
  /** The arcs' steps of doubt, for a whole channel of 1, where nothing is known of it. */
  readonly #plainSlopes = new Float64Array(ARCS);

  #request!: SearchRequest;
  #weight = 0;
  #least = 0;
  #margin = MARGIN;
  #reserved: Flow = new Map();
  #excluded: ReadonlySet<number> = new Set();
  #overlayArcs = new Map<number, { slope: Float64Array; size: Float64Array }>();

  constructor(deps: { readonly graph: Graph; readonly knowledge: Knowledge }) {
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
  }

  begin({ request, weight, reserved, excluded, toTheBrim }: ArcsRequest): void {
    this.#request = request;
    this.#weight = weight;
    this.#reserved = reserved;
    this.#excluded = excluded;
    this.#margin = toTheBrim ? 0 : MARGIN;
    this.#least = Math.max(1, request.amount * LEAST_SHARE);
    this.#search++;
    this.#overlayArcs.clear();
    let [before, cost] = [0, 0];
    SHARES.forEach((share, i) => {
      const end = share * (1 - this.#margin);
      const next = doubtOf(end, request.penalty.onesided);
      this.#plainSlopes[i] = (next - cost) / (end - before);
      [before, cost] = [end, next];
    });
    const edges = this.#graph.flags.length;
    if (edges <= this.#edgeStamp.length) return;
    this.#edgeStamp = grown(this.#edgeStamp, edges);
    this.#slope = grown(this.#slope, edges * ARCS);
    this.#size = grown(this.#size, edges * ARCS);
  }

  /** Cost of one more millisatoshi on an edge with this flow; Infinity: it takes no more. */
  slopeAt(e: number, flow: number): number {
    const arcs = this.#arcs(e);
    let left = flow;
    for (let i = arcs.at; i < arcs.at + ARCS; i++) {
      const size = arcs.size[i] as number;
      if (left < size) return arcs.slope[i] as number;
      left -= size;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** How much more it takes at that cost. */
  room(e: number, flow: number): number {
    const arcs = this.#arcs(e);
    let left = flow;
    for (let i = arcs.at; i < arcs.at + ARCS; i++) {
      const size = arcs.size[i] as number;
      if (left < size) return size - left;
      left -= size;
    }
    return 0;
  }

  /** Cost of the last millisatoshi of the flow on an edge, and how much of it costs the same. */
  lastArc(e: number, flow: number): { readonly slope: number; readonly part: number } {
    const arcs = this.#arcs(e);
    let left = flow;
    for (let i = arcs.at; i < arcs.at + ARCS; i++) {
      const size = arcs.size[i] as number;
      if (left <= size) return { slope: arcs.slope[i] as number, part: left };
      left -= size;
    }
    return { slope: 0, part: Math.max(0, left) };
  }

  #arcs(e: number): { slope: Float64Array; size: Float64Array; at: number } {
    if (e < 0) {
      let arcs = this.#overlayArcs.get(e);
      if (arcs === undefined) {
        arcs = { slope: new Float64Array(ARCS), size: new Float64Array(ARCS) };
        this.#makeOverlayArc(-1 - e, arcs.slope, arcs.size);
        this.#overlayArcs.set(e, arcs);
      }
      return { ...arcs, at: 0 };
    }
    if (this.#edgeStamp[e] !== this.#search) {
      this.#edgeStamp[e] = this.#search;
      this.#makeArcs(e);
    }
    return { slope: this.#slope, size: this.#size, at: e * ARCS };
  }

  #makeOverlayArc(i: number, slope: Float64Array, size: Float64Array): void {
    const edge = this.#request.overlay[i] as OverlayEdge;
    const taken = this.#reserved.get(-1 - i) ?? 0;
    const most = Math.min(edge.maximum, edge.limit, Number.MAX_SAFE_INTEGER) - taken;
    const room = this.#excluded.has(-1 - i) ? 0 : Math.floor(most * (1 - this.#margin));
    size[0] = room >= this.#least ? room : 0;
    slope[0] =
      edge.source === this.#request.source
        ? 0
        : this.#fees(edge.feeBase, edge.feeRate, edge.cltvDelta) * this.#bias(-1 - i);
  }

  #bias(e: number): number {
    return this.#request.bias?.(e) ?? 1;
  }

  #fees(base: number, rate: number, delta: number): number {
    return feesOf(base, rate, delta, this.#request.amount, this.#request.riskFactor);
  }

  #makeArcs(e: number): void {
    const graph = this.#graph;
    const { source, now, penalty, ignoreKnowledge } = this.#request;
    const at = e * ARCS;
    this.#size.fill(0, at, at + ARCS);
    const maximum = graph.htlcMaximum[e] as number;
    const capacity = (graph.capacity[e >> 1] as number) || maximum;
    const belief = this.#belief;
    if (ignoreKnowledge) {
      belief.lower = 0;
      belief.limit = capacity;
      belief.upper = capacity;
      belief.blame = 0;
      belief.usable = true;
    } else this.#knowledge.look(e, capacity, now, belief);
    if (!belief.usable) return;
    const taken = this.#reserved.get(e) ?? 0;
    const upper = Math.min(belief.upper, belief.limit);
    const most = Math.floor(upper * (1 - this.#margin)) - taken;
    if (most < this.#least || (graph.htlcMinimum[e] as number) > this.#request.amount) return;
    const fees =
      graph.source[e] === source
        ? 0
        : this.#fees(
            graph.feeBase[e] as number,
            graph.feeRate[e] as number,
            graph.cltvDelta[e] as number,
          );
    const untouched = taken === 0 && belief.lower === 0 && upper === capacity;
    if (untouched && most * LEAST_GAP >= this.#least) {
      this.#makePlainArcs(at, capacity, most, fees, this.#bias(e));
      return;
    }
    const doubt = (x: number): number =>
      -this.#weight *
      Math.log(chanceOf(taken + x, capacity, belief.lower, upper, penalty.onesided));
    const bias = this.#bias(e);
    // The first arc ends where it is sure, if that is worth an arc; the others share the rest.
    const sure = Math.max(0, Math.min(most, belief.lower - taken));
    let before = 0;
    let cost = doubt(0);
    let steepest = 0;
    let arc = at;
    const close = (end: number): void => {
      const part = end - before;
      if (part < this.#least && !(before === 0 && end === most)) return;
      const next = doubt(end);
      // A slope never sinks, or the arcs could not be taken one after another.
      steepest = Math.max(steepest, (next - cost) / part);
      this.#slope[arc] = (fees + steepest) * bias;
      this.#size[arc] = part;
      arc++;
      before = end;
      cost = next;
    };
    if (sure >= this.#least) close(sure);
    const rest = most - before;
    for (const share of sure >= this.#least ? SHARES.slice(1) : SHARES)
      if (arc < at + ARCS) close(Math.floor(before === 0 ? rest * share : sure + rest * share));
  }

  /** The arcs of an edge of which nothing is known: their doubts are those of shares of any channel. */
  #makePlainArcs(at: number, capacity: number, most: number, fees: number, bias: number): void {
    let before = 0;
    let steepest = 0;
    for (let i = 0; i < ARCS; i++) {
      const end = Math.floor(most * (SHARES[i] as number));
      steepest = Math.max(steepest, (this.#plainSlopes[i] as number) / capacity);
      this.#slope[at + i] = (fees + this.#weight * steepest) * bias;
      this.#size[at + i] = end - before;
      before = end;
    }
  }
}

/** Minus the logarithm of the chance of a share of a channel of which nothing is known. */
const doubtOf = (share: number, onesided: number): number =>
  -Math.log(chanceOf(share, 1, 0, 1, onesided));

/**
 * What the first arc of an edge with a capacity of 1 rises by at least, a millisatoshi and a factor e
 * of chance, where nothing is known of it and nothing reserved: wherever the arc ends.
 */
export const leastDoubt = (onesided: number): number =>
  NEARLY * Math.min(...SHARES.map((share) => doubtOf(share * NEARLY, onesided) / share));

/** Fees and risk of a millisatoshi. */
export const feesOf = (
  base: number,
  rate: number,
  delta: number,
  amount: number,
  riskFactor: number,
): number =>
  // Base fees as for a part of an eighth: their true share is known only once the parts are.
  (8 * base) / amount + rate / 1e6 + (delta * riskFactor) / RISK_DIVISOR;
