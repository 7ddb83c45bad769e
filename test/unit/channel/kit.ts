/** What the two of the harness agree on, unless a test says otherwise. */
import { type Bytes, msat, sat, toHex } from '../../../src/core/bytes/index.js';
import type { LocalTerms, RelayPolicy } from '../../../src/core/channel/index.js';
import { sha256 } from '../../../src/core/crypto/index.js';
import { featureBits } from '../../../src/core/wire/index.js';

/** upfront_shutdown, large_channel, anchors, shutdown_anysegwit, scid_alias, zeroconf: optional. */
export const FEATURES_OF_BOTH = featureBits([1, 5, 9, 13, 15, 19, 23, 27, 45, 47, 51]);

export const POLICY: RelayPolicy = {
  feeBaseMsat: 1,
  feeProportionalMillionths: 10,
  cltvExpiryDelta: 34,
  htlcMinimumMsat: msat(0),
  htlcMaximumMsat: msat(10n ** 12n),
  enabled: true,
};

export const TERMS: LocalTerms = {
  dustLimit: sat(546),
  maxHtlcValueInFlight: msat(10n ** 12n),
  htlcMinimum: msat(0),
  toSelfDelay: 144,
  maxAcceptedHtlcs: 483,
};

export const FEES = {
  anchorCommitment: 1000,
  commitment: 2500,
  mutualClose: 1500,
  minimum: 253,
  maximum: 100_000,
};

export const script = (byte: number): Bytes =>
  Uint8Array.from([0, 20, ...new Array(20).fill(byte)]);

/** Preimages that both tests and receivers can find from the hash: this stands for the invoices. */
export class Preimages {
  readonly #byHash = new Map<string, Bytes>();
  #count = 0;

  make(): { readonly hash: Bytes; readonly preimage: Bytes } {
    const preimage = sha256(new TextEncoder().encode(`preimage ${this.#count++}`));
    const hash = sha256(preimage);
    this.#byHash.set(toHex(hash), preimage);
    return { hash, preimage };
  }

  of(hash: Bytes): Bytes {
    return this.#byHash.get(toHex(hash)) as Bytes;
  }
}

export const ONION = new Uint8Array(1366).fill(7);
