/** What streams of payments can be told on the command line: `name=value`. */
import {
  DEFAULT_FADING,
  DEFAULT_PENALTY,
  type RouteTableOptions,
} from '../../src/core/routing/index.js';
import type {
  Asking,
  BalanceModel,
  PayeeLaw,
  StreamOptions,
} from '../../src/lab/simulator/index.js';

export const STREAM_DEFAULTS = {
  payments: '300',
  /** Of each seed. */
  senders: '8',
  /** The first of `seeds` that follow each other. */
  seed: '7',
  seeds: '1',
  models: 'uniform,bimodal',
  amounts: '1000,10000,100000,1000000',
  payees: 'zipf',
  asking: 'receivable',
  forwards: '12',
  /** 1: others pay back what the sender moves. */
  counterflow: '0',
  /** 0: not to ask what was possible. */
  possible: '1',
  /** What the route tables that learn are to have in place of the defaults: a=1,b=2. */
  table: '',
  workers: '2',
};

/** One sender's stream. */
export interface StreamJob extends StreamOptions {
  readonly senders: number;
  readonly sender: number;
  readonly table: string;
}

/** `payees=uniform` and the like over the defaults. */
export function settings<Names extends string>(
  args: readonly string[],
  defaults: Readonly<Record<Names, string>>,
): Record<Names, string> {
  const given = Object.fromEntries(args.map((arg) => arg.split(/=(.*)/s).slice(0, 2)));
  for (const name of Object.keys(given))
    if (!(name in defaults))
      throw new Error(`no setting ${name}: there are ${Object.keys(defaults)}`);
  return { ...defaults, ...given };
}

/** The streams of a row: of every seed every sender. */
export function streamsOf(
  given: Readonly<Record<keyof typeof STREAM_DEFAULTS, string>>,
  { model, amountSat }: { readonly model: BalanceModel; readonly amountSat: number },
): StreamJob[] {
  const senders = Number(given.senders);
  const stream = {
    ...{ model, amountSat, senders, table: given.table },
    payees: given.payees as PayeeLaw,
    asking: given.asking as Asking,
    payments: Number(given.payments),
    forwardsPerDay: Number(given.forwards),
    counterflow: given.counterflow !== '0',
    asksPossible: given.possible !== '0',
  };
  return Array.from({ length: Number(given.seeds) * senders }, (_, i) => ({
    ...stream,
    seed: Number(given.seed) + Math.floor(i / senders),
    sender: i % senders,
  }));
}

/** All pairs of a model and an amount, in the order of the table. */
export const rowsOf = ({ models, amounts }: { models: string; amounts: string }) =>
  (models.split(',') as BalanceModel[]).flatMap((model) =>
    amounts.split(',').map((amount) => ({ model, amountSat: Number(amount) })),
  );

export function tableOptions(text: string): RouteTableOptions {
  const numbers: Record<string, number> = {};
  for (const part of text.split(',').filter((part) => part !== '')) {
    const [name, value] = part.split('=') as [string, string];
    if (!(name in DEFAULT_PENALTY) && !(name in DEFAULT_FADING)) throw new Error(`no ${name}`);
    numbers[name] = Number(value);
  }
  return { penalty: numbers, fading: numbers };
}
