/** One check: a digest (32 bytes), a compact signature (64), a compressed public key (33). */
export const CHECK_BYTES = 129;

/** Checks ECDSA signatures on secp256k1, many at a time, off the thread that asks where it can. */
export interface SignatureVerifier {
  /** How many batches are worked on at the same time; more than these wait for their turn. */
  readonly width: number;
  /**
   * `checks`: any number of `CHECK_BYTES`, one after another. Answers a bit for each, 1 where the
   * signature is good, the lowest bit of the first byte first. It does not reject: a batch whose
   * thread died is checked again. After `close` it never answers.
   */
  verify(checks: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}
