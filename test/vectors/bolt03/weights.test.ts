/** BOLT 3, Appendix A and BOLT 5, Appendix A: the weights that fees are reckoned from. */
import { describe, expect, it } from 'vitest';
import { LocalSigner } from '../../../src/adapters/signer/index.js';
import {
  NETWORKS,
  p2wpkh,
  p2wsh,
  type Transaction,
  txWeight,
  withWitness,
} from '../../../src/core/bitcoin/index.js';
import { type Bytes, msat, sat } from '../../../src/core/bytes/index.js';
import {
  buildCommitment,
  type Commitment,
  type CommitmentFormat,
  commitmentWeight,
  fundingWitness,
  htlcSuccessWeight,
  htlcTimeoutWeight,
  htlcTransaction,
  htlcWitness,
} from '../../../src/core/channel/commitment/index.js';
import { sweep } from '../../../src/core/onchain/claims.js';
import { channelOf, htlcOf, load, perCommitmentPoint } from './support.js';

const { transactions, penaltyWitnesses } = load<{
  readonly transactions: readonly {
    readonly name: string;
    readonly format: CommitmentFormat;
    readonly base?: number;
    readonly perHtlc?: number;
    readonly expected?: number;
    readonly sum?: number;
  }[];
  readonly penaltyWitnesses: readonly { readonly name: string; readonly expected: number }[];
}>('weights');

/** DER writes both of its numbers with 33 bytes: 73 with the sighash type, as the appendix has it. */
const LONGEST = new Uint8Array(64).fill(0xff);
const PREIMAGE = new Uint8Array(32).fill(1);

/** The first five HTLCs of Appendix C, with expiries that take `expiryBytes` in a script. */
function commitment(format: CommitmentFormat, expiryBytes: number): Commitment {
  const cltvExpiry = 2 ** (8 * (expiryBytes - 1));
  return buildCommitment(channelOf(format, 546), 'local', perCommitmentPoint, {
    commitmentNumber: 42n,
    feeratePerKw: 253,
    localMsat: msat(6_988_000_000),
    remoteMsat: msat(3_000_000_000),
    htlcs: [0, 1, 2, 3, 4].map((i) => ({ ...htlcOf(i), cltvExpiry })),
  });
}

function heaviest(c: Commitment, name: string): Transaction {
  if (name === 'commitment')
    return withWitness(c.tx, 0, fundingWitness(c.channel, LONGEST, LONGEST));
  const [side, preimage] =
    name === 'HTLC-success' ? (['remote', PREIMAGE] as const) : (['local', undefined] as const);
  const output = c.htlcs.find(({ htlc }) => htlc.offeredBy === side);
  if (output === undefined) throw new Error(`no HTLC of ${side}`);
  const witness = htlcWitness(c, output, LONGEST, LONGEST, preimage);
  return withWitness(htlcTransaction(c, output), 0, witness);
}

describe('BOLT 3 appendix A: expected weights', () => {
  it.each(transactions)('$name, $format', ({ name, format, base, perHtlc, expected, sum }) => {
    const weight = txWeight(heaviest(commitment(format, 4), name));
    if (base !== undefined && perHtlc !== undefined) {
      for (const htlcs of [0, 1, 5])
        expect(commitmentWeight(format, htlcs)).toBe(base + perHtlc * htlcs);
      // With anchors the appendix gives the count of outputs 3 bytes, as from 253 outputs on.
      expect(weight).toBe(base + perHtlc * 5 - (format === 'anchors' ? 4 * 2 : 0));
      return;
    }
    const used = name === 'HTLC-success' ? htlcSuccessWeight : htlcTimeoutWeight;
    expect(used(format)).toBe(expected);
    expect(weight).toBe(sum);
  });
});

describe('BOLT 5 appendix A: expected weights of penalties', () => {
  const signer = new LocalSigner({ seed: new Uint8Array(32).fill(7), network: NETWORKS.regtest });
  const c = commitment('staticRemotekey', 3);

  const scriptOf = (name: string): Bytes => {
    const found = c.outputs.find((o) =>
      name === 'to_local'
        ? o.kind === 'toLocal'
        : o.kind === 'htlc' && o.htlc.offeredBy === (name === 'offered_htlc' ? 'local' : 'remote'),
    );
    if (found === undefined || !('witnessScript' in found) || found.witnessScript === undefined)
      throw new Error(`no ${name}`);
    return found.witnessScript;
  };

  it.each(penaltyWitnesses)('$name', ({ name, expected }) => {
    const script = scriptOf(name);
    const way = {
      kind: 'penalty' as const,
      secret: PREIMAGE,
      script,
      ...(name !== 'to_local' && { key: c.keys.revocation }),
    };
    const output = {
      key: '',
      txid: new Uint8Array(32),
      vout: 0,
      amount: sat(100_000),
      scriptPubkey: p2wsh(script),
      role: 'main' as const,
    };
    const to = p2wpkh(c.keys.ownerDelayed);
    const claim = sweep(
      [{ output, way }],
      to,
      { feeratePerKw: 253, minimum: 253 },
      { key: 1, signer },
    );
    const witness = claim?.tx.inputs[0]?.witness ?? [];
    const bytes = 1 + witness.reduce((sum, item) => sum + 1 + item.length, 0);
    const signature = witness[0]?.length ?? 0;
    // The appendix gives to_self_delay 8 bytes, and 144 has 2; the 1 that chooses the branch it
    // counts by its length alone.
    const appendix = name === 'to_local' ? 6 - 1 : 0;
    expect(bytes + (73 - signature) + appendix).toBe(expected);
  });
});
