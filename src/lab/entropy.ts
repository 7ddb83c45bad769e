import { type Cipher, createCipheriv, createHash } from 'node:crypto';
import type { Entropy } from '../ports/index.js';

const NO_NONCE = new Uint8Array(16);

/**
 * A stream of bytes from a seed: ChaCha20's key stream under SHA256(seed). `fork(label)` gives a
 * stream that depends on the seed and the label alone, so that what one node draws never shifts
 * what another one draws.
 */
export class SeededEntropy implements Entropy {
  readonly #key: Uint8Array;
  readonly #stream: Cipher;

  constructor(seed: string | Uint8Array) {
    this.#key = createHash('sha256').update('levin lab ').update(seed).digest();
    this.#stream = createCipheriv('chacha20', this.#key, NO_NONCE);
  }

  fork(label: string): SeededEntropy {
    const key = createHash('sha256').update(this.#key).update(label).digest();
    return new SeededEntropy(key);
  }

  bytes(count: number): Uint8Array {
    return new Uint8Array(this.#stream.update(new Uint8Array(count)));
  }

  /** A whole number from 0 up to, not including, `limit` (at most 2^48). */
  below(limit: number): number {
    const span = 2 ** 48;
    const fair = span - (span % limit);
    for (;;) {
      const raw = Buffer.from(this.bytes(6)).readUIntBE(0, 6);
      if (raw < fair) return raw % limit;
    }
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** One of the things. */
  pick<T>(things: readonly T[]): T {
    if (things.length === 0) throw new Error('nothing to pick from');
    return things[this.below(things.length)] as T;
  }
}
