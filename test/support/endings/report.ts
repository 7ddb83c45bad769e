import type { Cell } from './table.js';

export type Verdict = 'right' | 'no such stage' | 'wrong';

const SIGNS: Record<Verdict, string> = { right: '.', 'no such stage': '-', wrong: 'X' };
/** Of several cells in one place, the first of these is shown. */
const ORDER: readonly Verdict[] = ['wrong', 'right', 'no such stage'];

/** The cells' verdicts, a line for each ending and a sign for each stage. */
export class EndingsTable {
  /** By line, then by stage. */
  readonly #lines = new Map<string, Map<number, Verdict>>();
  readonly #refused = new Map<string, number>();
  readonly #counts = new Map<Verdict, number>();

  add(cell: Cell, verdict: Verdict, refused: readonly string[] = []): void {
    for (const reason of refused) {
      // Which of them and how much differ from cell to cell.
      const kind = reason.replace(/[0-9a-f]{64}(:\d+)?/g, '…').replace(/\d+(\.\d+)?/g, '#');
      this.#refused.set(kind, (this.#refused.get(kind) ?? 0) + 1);
    }
    this.#counts.set(verdict, this.count(verdict) + 1);
    const { kind, payer, payee, closer, by } = cell;
    const name = `${kind}: ${payer} pays, the payee ${payee}, ${closer} closes (${by})`;
    const line = this.#lines.get(name) ?? new Map<number, Verdict>();
    this.#lines.set(name, line);
    const both = [verdict, line.get(cell.stage)];
    line.set(cell.stage, ORDER.find((each) => both.includes(each)) as Verdict);
  }

  count(verdict: Verdict): number {
    return this.#counts.get(verdict) ?? 0;
  }

  text(): string {
    const lines = [...this.#lines].map(([name, stages]) => {
      const last = Math.max(...stages.keys());
      const signs = Array.from({ length: last + 1 }, (_, stage) => {
        const verdict = stages.get(stage);
        return verdict === undefined ? ' ' : SIGNS[verdict];
      });
      return `${name.padEnd(72)} ${signs.join('')}`;
    });
    const refused = [...this.#refused].map(
      ([reason, count]) => `refused ${count} times: ${reason}`,
    );
    return ['A sign a stage: . right, - no such stage, X wrong', ...lines, ...refused].join('\n');
  }

  summary(): string {
    const all = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    return `${all} cells: ${this.count('right')} right, ${this.count('no such stage')} without such a stage, ${this.count('wrong')} wrong`;
  }
}
