/** Reads the parameters of a call; what is wrong is told as bitcoind tells it. */
import { decodeAddress, NETWORKS } from '../../../core/bitcoin/index.js';
import { type Bytes, fromHex, reversed, type Sat, sat } from '../../../core/bytes/index.js';
import { btcToSat } from '../bitcoind/amounts.js';
import { ChainRpcError, CODE } from './rpc-error.js';
import { type ChainTx, readChainTx } from './types.js';

/** The parameters by position or by name, the names in the order of the positions. */
export class Params {
  readonly #values: readonly unknown[];

  constructor(given: unknown, names: readonly string[]) {
    if (Array.isArray(given)) this.#values = given;
    else if (given === null || typeof given !== 'object') this.#values = [];
    else this.#values = names.map((n) => (given as Record<string, unknown>)[n]);
  }

  has(at: number): boolean {
    return this.#values[at] !== undefined && this.#values[at] !== null;
  }

  #required(at: number, type: string): unknown {
    if (this.has(at)) return this.#values[at];
    throw new ChainRpcError(CODE.misc, `parameter ${at + 1} is missing, expected ${type}`);
  }

  text(at: number): string {
    const value = this.#required(at, 'string');
    if (typeof value === 'string') return value;
    throw new ChainRpcError(CODE.type, `JSON value of parameter ${at + 1} is not a string`);
  }

  integer(at: number, otherwise?: number): number {
    if (!this.has(at) && otherwise !== undefined) return otherwise;
    const value = Number(this.#required(at, 'number'));
    if (Number.isInteger(value)) return value;
    throw new ChainRpcError(CODE.type, `JSON value of parameter ${at + 1} is not an integer`);
  }

  flag(at: number, otherwise: boolean): boolean {
    if (!this.has(at)) return otherwise;
    const value = this.#values[at];
    if (typeof value === 'boolean') return value;
    throw new ChainRpcError(CODE.type, `JSON value of parameter ${at + 1} is not a boolean`);
  }

  /** Verbosity: a number, or a boolean for 1 and 0. */
  level(at: number, otherwise: number): number {
    const value = this.#values[at];
    return typeof value === 'boolean' ? Number(value) : this.integer(at, otherwise);
  }

  hash(at: number): Bytes {
    const bytes = fromHex(this.text(at));
    if (bytes?.length === 32) return reversed(bytes);
    throw new ChainRpcError(CODE.parameter, `parameter ${at + 1} must be of length 64 and hex`);
  }

  /** An amount in bitcoin. */
  amount(at: number): Sat {
    const amount = btcToSat(this.#required(at, 'amount'));
    if (amount !== undefined && amount > 0n) return sat(amount);
    throw new ChainRpcError(CODE.type, 'Invalid amount');
  }

  /** Nothing where it is left out. */
  optionalAmount(at: number): Sat | undefined {
    if (!this.has(at)) return undefined;
    const amount = btcToSat(this.#values[at]);
    if (amount !== undefined && amount >= 0n) return amount;
    throw new ChainRpcError(CODE.type, 'Invalid amount');
  }

  address(at: number): Bytes {
    const decoded = decodeAddress(this.text(at), NETWORKS.regtest);
    if (decoded.ok) return decoded.value;
    throw new ChainRpcError(CODE.notFound, 'Invalid address');
  }

  transaction(at: number): ChainTx {
    return readHexTx(this.text(at));
  }

  list(at: number): readonly unknown[] {
    const value = this.#required(at, 'array');
    if (Array.isArray(value)) return value;
    throw new ChainRpcError(CODE.type, `JSON value of parameter ${at + 1} is not an array`);
  }
}

export function readHexTx(text: unknown): ChainTx {
  const raw = typeof text === 'string' ? fromHex(text) : undefined;
  const tx = raw === undefined ? undefined : readChainTx(raw);
  if (tx !== undefined) return tx;
  throw new ChainRpcError(
    CODE.decode,
    'TX decode failed. Make sure the tx has at least one input.',
  );
}
