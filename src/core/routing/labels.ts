import { grown } from '../gossip/index.js';

/** The labels of a search in columns, and what each node has of them. Nothing is freed in between. */
export class Labels {
  node = new Int32Array(1024);
  cost = new Float64Array(1024);
  amount = new Float64Array(1024);
  delay = new Int32Array(1024);
  hops = new Uint16Array(1024);
  bytes = new Uint16Array(1024);
  edge = new Int32Array(1024);
  parent = new Int32Array(1024);
  /** The next settled label of the same node. */
  #next = new Int32Array(1024);
  count = 0;

  /** Columns of nodes, valid where the stamp is this search's. */
  #generation = 0;
  #seen = new Uint32Array(0);
  /** The cheapest label made so far. */
  #bestCost = new Float64Array(0);
  #bestAmount = new Float64Array(0);
  #settled = new Uint32Array(0);
  #leastAmount = new Float64Array(0);
  #head = new Int32Array(0);

  resize(nodes: number): void {
    if (nodes <= this.#seen.length) return;
    this.#seen = grown(this.#seen, nodes);
    this.#bestCost = grown(this.#bestCost, nodes);
    this.#bestAmount = grown(this.#bestAmount, nodes);
    this.#settled = grown(this.#settled, nodes);
    this.#leastAmount = grown(this.#leastAmount, nodes);
    this.#head = grown(this.#head, nodes);
  }

  begin(): void {
    this.count = 0;
    this.#generation++;
    if (this.#generation < 0xffffffff) return;
    this.#seen.fill(0);
    this.#settled.fill(0);
    this.#generation = 1;
  }

  add(
    node: number,
    cost: number,
    amount: number,
    delay: number,
    hops: number,
    bytes: number,
    edge: number,
    parent: number,
  ): number {
    const label = this.count++;
    if (label === this.node.length) this.#grow();
    this.node[label] = node;
    this.cost[label] = cost;
    this.amount[label] = amount;
    this.delay[label] = delay;
    this.hops[label] = hops;
    this.bytes[label] = bytes;
    this.edge[label] = edge;
    this.parent[label] = parent;
    return label;
  }

  /** Whether the node has a settled label (so a cheaper one) that needs no more to arrive. */
  isBeaten(label: number, node: number): boolean {
    return (
      this.#settled[node] === this.#generation &&
      (this.#leastAmount[node] as number) <= (this.amount[label] as number)
    );
  }

  settle(label: number, node: number): void {
    this.#next[label] =
      this.#settled[node] === this.#generation ? (this.#head[node] as number) : -1;
    this.#head[node] = label;
    this.#settled[node] = this.#generation;
    this.#leastAmount[node] = this.amount[label] as number;
  }

  firstSettled(node: number): number {
    return this.#settled[node] === this.#generation ? (this.#head[node] as number) : -1;
  }
  nextSettled(label: number): number {
    return this.#next[label] as number;
  }

  /** Whether a label with this cost and amount, or more of both, would be dominated. */
  isHopeless(node: number, cost: number, amount: number): boolean {
    const generation = this.#generation;
    if (this.#settled[node] === generation && (this.#leastAmount[node] as number) <= amount)
      return true;
    return (
      this.#seen[node] === generation &&
      cost >= (this.#bestCost[node] as number) &&
      amount >= (this.#bestAmount[node] as number)
    );
  }

  /** A label with this cost and amount is made. */
  note(node: number, cost: number, amount: number): void {
    if (this.#seen[node] === this.#generation && cost >= (this.#bestCost[node] as number)) return;
    this.#seen[node] = this.#generation;
    this.#bestCost[node] = cost;
    this.#bestAmount[node] = amount;
  }

  /** Whether the way of `label` goes through `node`. */
  passes(label: number, node: number): boolean {
    for (let at = label; at >= 0; at = this.parent[at] as number)
      if (this.node[at] === node) return true;
    return false;
  }

  #grow(): void {
    const size = this.node.length * 2;
    this.node = grown(this.node, size);
    this.cost = grown(this.cost, size);
    this.amount = grown(this.amount, size);
    this.delay = grown(this.delay, size);
    this.hops = grown(this.hops, size);
    this.bytes = grown(this.bytes, size);
    this.edge = grown(this.edge, size);
    this.parent = grown(this.parent, size);
    this.#next = grown(this.#next, size);
  }
}
