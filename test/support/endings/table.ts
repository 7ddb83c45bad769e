/**
 * The table of endings: who closes, with which commitment, at which stage of an HTLC's life, the
 * preimage known or not, on both types of channels, with reorgs of depth 1 to 6.
 */
export type Who = 'alice' | 'bob';
export type ChannelKind = 'anchors' | 'static_remotekey';

/** What the payee does: it knows the preimage, was never to be paid, or waits for more parts. */
export type Payee = 'fulfills' | 'fails' | 'holds';

export interface Cell {
  readonly kind: ChannelKind;
  /** Who offers the HTLC; alice opened the channel. */
  readonly payer: Who;
  readonly payee: Payee;
  /** How many changes of the two sides' states were seen since the payment began: then comes the end. */
  readonly stage: number;
  readonly closer: Who;
  /**
   * `mutual`: by shutdown, as far as the HTLC lets them; `latest`: the closer's newest commitment;
   * `revoked`: the one it had at `stage`, when the payment is long over; `revoked2`: the same, and
   * its HTLC transactions before anyone could punish.
   *
   * And where a reorg puts one commitment in the place of another that had `reorg` blocks:
   * `swapped`: the other side's newest for the closer's; `restored`: the other side's newest for
   * the revoked one; `betrayed`: the revoked one for the other side's newest.
   */
  readonly by: 'mutual' | 'latest' | 'revoked' | 'revoked2' | 'swapped' | 'restored' | 'betrayed';
  /** Blocks that are taken back after every block. */
  readonly reorg: number;
  /** Every node loses its power after every block. */
  readonly restarts?: true;
}

export const other = (who: Who): Who => (who === 'alice' ? 'bob' : 'alice');

export const nameOf = (c: Cell): string =>
  `${c.kind}: ${c.payer} pays, the payee ${c.payee}, stage ${c.stage}, ${c.closer} closes ` +
  `(${c.by}), reorgs of ${c.reorg}${c.restarts ? ', power cuts' : ''}`;

/** Changes in a whole life; some steps fall together, so that not every life has them all. */
const LIFE = 9;
/** Of an HTLC that is held: no more than that it was added. */
const ADDED = 5;

/** The stages at which commitments take each other's place. */
const REPLACED = { fulfills: [2, 5, 6], fails: [5, 7], holds: [4] };

const KINDS: readonly ChannelKind[] = ['anchors', 'static_remotekey'];
const SIDES: readonly Who[] = ['alice', 'bob'];

/** A short table: of the stages where most can go wrong, every seventh cell. */
export function* chosenEndings(): Generator<Cell> {
  const stages = { fulfills: [1, 2, 4, 5, 6, 7], fails: [5, 7, 8], holds: [3, 4, 5] };
  let count = 0;
  for (const cell of endings()) {
    const wanted = cell.by === 'mutual' || stages[cell.payee].includes(cell.stage);
    if (!wanted || count++ % 7 !== 0) continue;
    yield count % 4 === 0 ? { ...cell, restarts: true } : cell;
  }
}

/** For where a cell takes longer: a third of the short table. */
export const fewEndings = (): Cell[] => [...chosenEndings()].filter((_, i) => i % 3 === 0);

/** Every cell; the depth of the reorgs goes round from one to the next, or is the one given. */
export function* endings(reorg?: number): Generator<Cell> {
  let count = 0;
  const depth = (): number => reorg ?? (count++ % 6) + 1;
  for (const kind of KINDS)
    for (const payer of SIDES)
      for (const payee of ['fulfills', 'fails', 'holds'] as const)
        for (const closer of SIDES) {
          const base = { kind, payer, payee, closer };
          const last = payee === 'holds' ? ADDED : LIFE;
          for (let stage = 0; stage <= last; stage++) {
            yield { ...base, stage, by: 'latest', reorg: depth() };
            yield { ...base, stage, by: 'revoked', reorg: depth() };
            // Who offered it times it out; who received it needs the preimage.
            if (closer === payer || payee === 'fulfills')
              yield { ...base, stage, by: 'revoked2', reorg: depth() };
          }
          yield { ...base, stage: 3, by: 'mutual', reorg: depth() };
          for (const stage of REPLACED[payee])
            for (const by of ['swapped', 'restored', 'betrayed'] as const)
              yield { ...base, stage, by, reorg: depth() };
        }
}
