import { type Bytes, EMPTY } from '../bytes/index.js';
import {
  chacha20poly1305Decrypt,
  chacha20poly1305Encrypt,
  countingNonce,
  hkdfTwo,
} from '../crypto/index.js';

/** BOLT 8, Lightning Message Key Rotation: a key encrypts or decrypts this often. */
const ROTATE_AT = 1000;

/** One direction's key with its nonce, which rotates itself. */
export class RotatingCipher {
  #key: Bytes;
  #chainingKey: Bytes;
  #nonce = 0;

  constructor(key: Bytes, chainingKey: Bytes) {
    this.#key = key;
    this.#chainingKey = chainingKey;
  }

  encrypt(plaintext: Bytes): Bytes {
    const nonce = this.#next();
    return chacha20poly1305Encrypt(this.#key, nonce, EMPTY, plaintext);
  }

  /** `undefined` where the tag does not fit; the stream is of no more use then. */
  decrypt(ciphertext: Bytes): Bytes | undefined {
    const nonce = this.#next();
    return chacha20poly1305Decrypt(this.#key, nonce, EMPTY, ciphertext);
  }

  /** The nonce to use now; may change the key, so it is asked for first. */
  #next(): Bytes {
    // BOLT 8, Lightning Message Key Rotation: the key is changed once its nonce reaches 1000.
    if (this.#nonce === ROTATE_AT) {
      [this.#chainingKey, this.#key] = hkdfTwo(this.#chainingKey, this.#key);
      this.#nonce = 0;
    }
    return countingNonce(this.#nonce++);
  }
}
