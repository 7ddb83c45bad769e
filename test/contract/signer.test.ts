/** What every signer promises, on every adapter that fills the role. */
import { describe, expect, it } from 'vitest';
import { LocalSigner } from '../../src/adapters/signer/index.js';
import { NETWORKS } from '../../src/core/bitcoin/index.js';
import { toHex } from '../../src/core/bytes/index.js';
import { derivePublicKey, deriveRevocationKey } from '../../src/core/channel/commitment/index.js';
import {
  ecdh,
  isLowS,
  isValidPublicKey,
  type KeyRef,
  publicKeyFromPrivate,
  recover,
  type Signer,
  schnorrVerify,
  sha256,
  verify,
} from '../../src/core/crypto/index.js';

const seed = (n: number): Uint8Array => new Uint8Array(32).fill(n);

const ADAPTERS: Record<string, (seed: Uint8Array) => Signer> = {
  LocalSigner: (bytes) => new LocalSigner({ seed: bytes, network: NETWORKS.regtest }),
};

const digest = sha256(Uint8Array.of(1, 2, 3));

for (const [name, create] of Object.entries(ADAPTERS)) {
  describe(`${name}: the signer's contract`, () => {
    const signer = create(seed(1));
    const peer = create(seed(2));
    const points = signer.channelPoints(7);

    it('is the same from the same seed, and another from another', () => {
      const again = create(seed(1));
      expect(again.nodeId).toEqual(signer.nodeId);
      expect(again.channelPoints(7)).toEqual(points);
      expect(again.secret('a')).toEqual(signer.secret('a'));
      expect(peer.nodeId).not.toEqual(signer.nodeId);
      expect(peer.channelPoints(7)).not.toEqual(points);
      expect(peer.secret('a')).not.toEqual(signer.secret('a'));
    });

    it('gives every channel and purpose keys of its own, all valid', () => {
      const seen = new Set<string>();
      for (const channel of [1, 2, 7, 2 ** 40]) {
        const p = signer.channelPoints(channel);
        for (const point of [...Object.values(p), signer.perCommitmentPoint(channel, 0n)]) {
          expect(isValidPublicKey(point)).toBe(true);
          seen.add(toHex(point));
        }
      }
      expect(seen.size).toBe(4 * 6);
      expect(signer.secret('a')).not.toEqual(signer.secret('b'));
    });

    it('shares a secret with another signer', () => {
      expect(signer.ecdh(peer.nodeId)).toEqual(peer.ecdh(signer.nodeId));
      const ephemeral = seed(9);
      const point = publicKeyFromPrivate(ephemeral) as Uint8Array;
      expect(signer.ecdh(point)).toEqual(ecdh(ephemeral, signer.nodeId));
    });

    it('per-commitment points are those of the secrets, in BOLT 3 order', () => {
      for (const n of [0n, 1n, 42n, (1n << 48n) - 1n]) {
        const secret = signer.perCommitmentSecret(7, n);
        expect(signer.perCommitmentPoint(7, n)).toEqual(publicKeyFromPrivate(secret));
      }
      expect(signer.perCommitmentSecret(7, 0n)).not.toEqual(signer.perCommitmentSecret(8, 0n));
    });

    it('signs with the key that publicKey names, for every kind of key', () => {
      const perCommitmentPoint = peer.perCommitmentPoint(3, 5n);
      const perCommitmentSecret = peer.perCommitmentSecret(3, 5n);
      const refs: readonly KeyRef[] = [
        { kind: 'node' },
        { kind: 'funding', channel: 7 },
        { kind: 'payment', channel: 7 },
        { kind: 'htlc', channel: 7, perCommitmentPoint },
        { kind: 'delayed', channel: 7, perCommitmentPoint },
        { kind: 'revocation', channel: 7, perCommitmentSecret },
        { kind: 'wallet', type: 'p2wpkh', change: false, index: 3 },
      ];
      for (const ref of refs) {
        const signature = signer.sign(ref, digest);
        expect(signature.length).toBe(64);
        expect(isLowS(signature)).toBe(true);
        expect(verify(signature, digest, signer.publicKey(ref))).toBe(true);
        expect(signer.sign(ref, digest)).toEqual(signature);
      }
    });

    it('derives channel keys as BOLT 3 does', () => {
      const perCommitmentPoint = peer.perCommitmentPoint(3, 5n);
      const perCommitmentSecret = peer.perCommitmentSecret(3, 5n);
      const of = (ref: KeyRef): Uint8Array => signer.publicKey(ref);
      const channel = 7;
      expect(signer.publicKey({ kind: 'node' })).toEqual(signer.nodeId);
      expect(of({ kind: 'funding', channel })).toEqual(points.fundingPubkey);
      expect(of({ kind: 'payment', channel })).toEqual(points.paymentBasepoint);
      expect(of({ kind: 'htlc', channel, perCommitmentPoint })).toEqual(
        derivePublicKey(points.htlcBasepoint, perCommitmentPoint),
      );
      expect(of({ kind: 'delayed', channel, perCommitmentPoint })).toEqual(
        derivePublicKey(points.delayedPaymentBasepoint, perCommitmentPoint),
      );
      expect(of({ kind: 'revocation', channel, perCommitmentSecret })).toEqual(
        deriveRevocationKey(points.revocationBasepoint, perCommitmentPoint),
      );
    });

    it('signs taproot key paths of the wallet, with another key for each address', () => {
      const seen = new Set<string>();
      for (const change of [false, true]) {
        for (let index = 0; index < 8; index++) {
          const ref = { kind: 'wallet', type: 'p2tr', change, index } as const;
          const key = signer.publicKey(ref);
          expect(key.length).toBe(32);
          expect(schnorrVerify(signer.signSchnorr(ref, digest), digest, key)).toBe(true);
          seen.add(toHex(key));
        }
      }
      expect(seen.size).toBe(16);
    });

    it('signs so that the node is recovered from the signature', () => {
      const { signature, recovery } = signer.signRecoverable(digest);
      expect(recover(signature, recovery, digest)).toEqual(signer.nodeId);
    });
  });
}

describe('LocalSigner', () => {
  it('refuses a seed of another length', () => {
    const make = (): Signer =>
      new LocalSigner({ seed: new Uint8Array(31), network: NETWORKS.regtest });
    expect(make).toThrow('32 bytes');
  });

  it('shows no private key to who inspects it', () => {
    const signer = new LocalSigner({ seed: seed(5), network: NETWORKS.bitcoin });
    signer.channelPoints(1);
    expect(Object.keys(signer)).toEqual(['nodeId']);
    expect(JSON.stringify(signer)).not.toContain(toHex(seed(5)));
  });
});
