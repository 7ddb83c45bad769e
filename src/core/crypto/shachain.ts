/**
 * BOLT 3, "Efficient Per-commitment Secret Storage": 2^48 secrets from one seed, and a store of
 * at most 49 of them from which every later-indexed one follows. Indexes here are BOLT 3's own:
 * they count down from 2^48 - 1.
 */
import { type Bytes, compare, concat } from '../bytes/index.js';
import { sha256 } from './hash.js';

export const SHACHAIN_FIRST_INDEX = (1n << 48n) - 1n;

/** The shachain index of commitment number `n` (which counts up from 0). */
export const shachainIndex = (commitmentNumber: bigint): bigint =>
  SHACHAIN_FIRST_INDEX - commitmentNumber;

function derive(from: Bytes, bits: number, index: bigint): Bytes {
  let secret = from;
  for (let bit = bits - 1; bit >= 0; bit--) {
    if (((index >> BigInt(bit)) & 1n) === 1n) secret = flipAndHash(secret, bit);
  }
  return secret;
}

function flipAndHash(secret: Bytes, bit: number): Bytes {
  const flipped = Uint8Array.from(secret);
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  return sha256(flipped);
}

/** The secret at `index` of the chain from `seed` (32 bytes). */
export const generateFromSeed = (seed: Bytes, index: bigint): Bytes => derive(seed, 48, index);

/**
 * `generateFromSeed` for indexes that follow one another: what they share is not hashed again, so
 * that the next one takes two hashes on average where a first one takes about 24.
 */
export class ShachainGenerator {
  /** Position b holds the secret after the bits from b up; 48 is the seed. */
  readonly #after: Bytes[];
  #index = 0n;
  #valid = 48;

  constructor(seed: Bytes) {
    this.#after = new Array<Bytes>(49);
    this.#after[48] = seed;
  }

  at(index: bigint): Bytes {
    const differs = this.#index ^ index;
    let bit = this.#valid;
    while (bit < 48 && differs >> BigInt(bit) !== 0n) bit++;
    for (bit--; bit >= 0; bit--) {
      const from = this.#after[bit + 1] as Bytes;
      const set = ((index >> BigInt(bit)) & 1n) === 1n;
      this.#after[bit] = set ? flipAndHash(from, bit) : from;
    }
    this.#index = index;
    this.#valid = 0;
    return this.#after[0] as Bytes;
  }
}

/** Trailing zeros of the index: from a secret with n of them, 2^n - 1 others follow. */
function trailingZeros(index: bigint): number {
  for (let bit = 0; bit < 48; bit++) if (((index >> BigInt(bit)) & 1n) === 1n) return bit;
  return 48;
}

const clearLow = (index: bigint, bits: number): bigint => (index >> BigInt(bits)) << BigInt(bits);

export interface ShachainEntry {
  readonly index: bigint;
  readonly secret: Bytes;
}

/** Position n holds the newest secret whose index has n trailing zeros; immutable. */
export type ShachainStore = readonly (ShachainEntry | undefined)[];

export const emptyShachain: ShachainStore = [];

/**
 * The store with the secret in it; `undefined` where the secret contradicts an earlier one (the
 * peer lies). Secrets come in order: index 2^48 - 1 first, then down.
 */
export function insertSecret(
  store: ShachainStore,
  index: bigint,
  secret: Bytes,
): ShachainStore | undefined {
  if (secret.length !== 32 || index < 0n || index > SHACHAIN_FIRST_INDEX) return undefined;
  const position = trailingZeros(index);
  for (let p = 0; p < position; p++) {
    const entry = store[p];
    if (entry === undefined) continue;
    if (compare(derive(secret, position, entry.index), entry.secret) !== 0) return undefined;
  }
  const next = Array.from({ length: Math.max(store.length, position + 1) }, (_, p) => store[p]);
  next[position] = { index, secret };
  return next;
}

/** The secret at `index`, if it was stored or follows from one that was. */
export function lookupSecret(store: ShachainStore, index: bigint): Bytes | undefined {
  for (const [position, entry] of store.entries()) {
    if (entry !== undefined && clearLow(index, position) === entry.index)
      return derive(entry.secret, position, index);
  }
  return undefined;
}

const ENTRY_LENGTH = 1 + 8 + 32;

/** The store as bytes: position, index and secret of each entry. */
export function encodeShachain(store: ShachainStore): Bytes {
  const parts: Bytes[] = [];
  for (const [position, entry] of store.entries()) {
    if (entry === undefined) continue;
    const head = new Uint8Array(9);
    head[0] = position;
    new DataView(head.buffer).setBigUint64(1, entry.index);
    parts.push(head, entry.secret);
  }
  return concat(...parts);
}

/** The inverse of `encodeShachain`; `undefined` where the bytes are not its output. */
export function decodeShachain(bytes: Bytes): ShachainStore | undefined {
  if (bytes.length % ENTRY_LENGTH !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const store: (ShachainEntry | undefined)[] = [];
  for (let at = 0; at < bytes.length; at += ENTRY_LENGTH) {
    const position = bytes[at] as number;
    if (position > 48 || position < store.length) return undefined;
    const index = view.getBigUint64(at + 1);
    if (index > SHACHAIN_FIRST_INDEX || trailingZeros(index) !== position) return undefined;
    while (store.length < position) store.push(undefined);
    store.push({ index, secret: bytes.slice(at + 9, at + ENTRY_LENGTH) });
  }
  return store;
}
