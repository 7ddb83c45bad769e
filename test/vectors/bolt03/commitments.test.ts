/** BOLT 3, appendices B (funding), C (static_remotekey) and F (anchors). */
import { describe, expect, it } from 'vitest';
import {
  decodeTx,
  encodeTx,
  p2wpkhScriptCode,
  p2wsh,
  sighashV0,
  txid,
} from '../../../src/core/bitcoin/index.js';
import { msat, reversed, toHex } from '../../../src/core/bytes/index.js';
import {
  buildCommitment,
  type Commitment,
  type CommitmentSignatures,
  channelFundingScript,
  commitmentKeys,
  completeCommitment,
  completeHtlcTransaction,
  fundingScript,
  obscuringFactor,
  readCommitmentNumber,
  signCommitment,
  verifyCommitment,
} from '../../../src/core/channel/commitment/index.js';
import {
  anchorCases,
  bytes,
  cases,
  channelOf,
  compact,
  htlcsOf,
  load,
  localSecrets,
  params,
  perCommitmentPoint,
  preimageOf,
  remoteSecrets,
  signerOf,
} from './support.js';

const local = signerOf(localSecrets);
const remote = signerOf(remoteSecrets);

/** The peer signs with its own keys what we verify with its points; both must give the document's. */
function checkSignatures(c: Commitment, expected: CommitmentSignatures): void {
  const made = signCommitment(remote, 0, c);
  expect(toHex(made.signature)).toBe(toHex(expected.signature));
  expect(made.htlcSignatures.map(toHex)).toEqual(expected.htlcSignatures.map(toHex));
  expect(verifyCommitment(c, expected)).toEqual({ ok: true, value: undefined });
}

describe('BOLT 3 appendix B', () => {
  const v = load<Readonly<Record<string, string>>>('funding');

  it('the funding script and output are those of the two keys, in either order', () => {
    const [a, b] = [bytes(v.localFundingPubkey), bytes(v.remoteFundingPubkey)];
    expect(toHex(fundingScript(a, b))).toBe(v.fundingWitnessScript);
    expect(toHex(fundingScript(b, a))).toBe(v.fundingWitnessScript);
    const tx = decodeTx(bytes(v.fundingTx));
    expect(tx?.outputs[Number(v.fundingOutput)]).toEqual({
      amount: BigInt(v.fundingSatoshis as string),
      scriptPubkey: p2wsh(fundingScript(a, b)),
    });
    expect(tx?.outputs[1]?.amount).toBe(BigInt(v.changeSatoshis as string));
  });

  it('the funding transaction decodes, encodes to the same bytes, and has the txid', () => {
    const tx = decodeTx(bytes(v.fundingTx));
    if (tx === undefined) throw new Error('not decoded');
    expect(toHex(encodeTx(tx))).toBe(v.fundingTx);
    expect(toHex(reversed(txid(tx)))).toBe(v.txid);
    expect(toHex(reversed(tx.inputs[0]?.txid as Uint8Array))).toBe(v.inputTxid);
  });
});

describe('BOLT 3 appendix C: keys', () => {
  it('obscures the commitment number and derives each key', () => {
    const channel = channelOf('staticRemotekey', 546);
    const [a, b] = [channel.local.points, channel.remote.points];
    expect(toHex(a.fundingPubkey)).toBe(params.local_funding_pubkey);
    expect(toHex(b.fundingPubkey)).toBe(params.remote_funding_pubkey);
    expect(obscuringFactor(a.paymentBasepoint, b.paymentBasepoint)).toBe(
      BigInt(params.obscuring_factor as string),
    );
    expect(toHex(channelFundingScript(channel))).toBe(params.funding_wscript);
    const keys = commitmentKeys(channel, 'local', perCommitmentPoint);
    expect(toHex(keys.ownerHtlc)).toBe(params.local_htlcpubkey);
    expect(toHex(keys.otherHtlc)).toBe(params.remote_htlcpubkey);
    expect(toHex(keys.ownerDelayed)).toBe(params.local_delayedpubkey);
    expect(toHex(keys.revocation)).toBe(params.local_revocation_pubkey);
  });
});

describe('BOLT 3 appendix C: commitments with static_remotekey', () => {
  it('has all 16 cases', () => expect(cases.length).toBe(16));

  for (const v of cases) {
    it(v.name, () => {
      const channel = channelOf('staticRemotekey', 546);
      const c = buildCommitment(channel, 'local', perCommitmentPoint, {
        commitmentNumber: 42n,
        feeratePerKw: v.local_feerate_per_kw,
        localMsat: msat(v.to_local_msat),
        remoteMsat: msat(v.to_remote_msat),
        htlcs: htlcsOf(v.name, v.to_local_msat < 7e9),
      });
      expect(readCommitmentNumber(channel, c.tx)).toBe(42n);
      checkSignatures(c, {
        signature: compact(v.remote_signature),
        htlcSignatures: v.htlcs.map((h) => compact(h.remote_signature)),
      });
      const full = completeCommitment(local, 0, c, compact(v.remote_signature));
      expect(toHex(encodeTx(full))).toBe(v.commit_tx);

      if (v.base_fee !== undefined) expect(Number(c.figures.fee)).toBe(v.base_fee);
      const paid = 10_000_000n - c.outputs.reduce((sum, o) => sum + o.amount, 0n);
      if (v.actual_fee !== undefined) expect(Number(paid)).toBe(v.actual_fee);
      for (const o of v.outputs) {
        const found = c.outputs.find((x) =>
          x.kind === 'htlc' ? Number(x.htlc.id) === o.htlc : o.kind === KIND[x.kind],
        );
        expect(Number(found?.amount)).toBe(o.amount);
        if (o.wscript !== undefined && found !== undefined)
          expect(toHex(found.witnessScript as Uint8Array)).toBe(o.wscript);
      }

      expect(c.htlcs.length).toBe(v.num_htlcs);
      for (const [i, output] of c.htlcs.entries()) {
        const h = v.htlcs[i];
        if (h === undefined) throw new Error('not in the document');
        expect([output.vout, Number(output.htlc.id)]).toEqual([h.output, h.htlc]);
        const preimage = h.kind === 'success' ? preimageOf(output.htlc.id) : undefined;
        const tx = completeHtlcTransaction(
          local,
          0,
          c,
          output,
          compact(h.remote_signature),
          preimage,
        );
        expect(toHex(encodeTx(tx))).toBe(h.tx);
      }
    });
  }
});

const KIND: Record<string, string> = { toLocal: 'to_local', toRemote: 'to_remote' };

describe('BOLT 3 appendix F: commitments with anchors', () => {
  it('has all 9 cases', () => expect(anchorCases.length).toBe(9));

  for (const v of anchorCases) {
    it(v.Name, () => {
      const channel = channelOf('anchors', v.DustLimitSatoshis);
      const c = buildCommitment(channel, 'local', perCommitmentPoint, {
        commitmentNumber: 42n,
        feeratePerKw: v.FeePerKw,
        localMsat: msat(v.LocalBalance),
        remoteMsat: msat(v.RemoteBalance),
        htlcs: htlcsOf(v.Name, v.UseTestHtlcs),
      });
      const remoteSignature = compact(v.RemoteSigHex);
      checkSignatures(c, {
        signature: remoteSignature,
        htlcSignatures: v.HtlcDescs.map((h) => compact(h.RemoteSigHex)),
      });
      const full = completeCommitment(local, 0, c, remoteSignature);
      expect(toHex(encodeTx(full))).toBe(v.ExpectedCommitmentTxHex);
      for (const [i, output] of c.htlcs.entries()) {
        const h = v.HtlcDescs[i];
        if (h === undefined) throw new Error('not in the document');
        const received = output.htlc.offeredBy === 'remote';
        const tx = completeHtlcTransaction(
          local,
          0,
          c,
          output,
          compact(h.RemoteSigHex),
          received ? preimageOf(output.htlc.id) : undefined,
        );
        expect(toHex(encodeTx(tx))).toBe(h.ResolutionTxHex);
      }
    });
  }
});

describe('a signature of the peer that does not fit', () => {
  const v = cases[1] as (typeof cases)[number];
  const channel = channelOf('staticRemotekey', 546);
  const c = buildCommitment(channel, 'local', perCommitmentPoint, {
    commitmentNumber: 42n,
    feeratePerKw: 0,
    localMsat: msat(v.to_local_msat),
    remoteMsat: msat(v.to_remote_msat),
    htlcs: htlcsOf(v.name, true),
  });
  const good = signCommitment(remote, 0, c);
  const zero = new Uint8Array(64);

  it('receive commitment_signed (bad signature)', () => {
    expect(verifyCommitment(c, { ...good, signature: zero })).toEqual({
      ok: false,
      error: { code: 'bad_commitment_signature' },
    });
  });

  it('receive commitment_signed (too few or too many htlc signatures)', () => {
    const fewer = good.htlcSignatures.slice(1);
    expect(verifyCommitment(c, { ...good, htlcSignatures: fewer })).toEqual({
      ok: false,
      error: { code: 'wrong_htlc_signature_count', expected: 5, actual: 4 },
    });
    const more = [...good.htlcSignatures, zero];
    expect(verifyCommitment(c, { ...good, htlcSignatures: more }).ok).toBe(false);
  });

  it('receive commitment_signed (htlc signatures in another order)', () => {
    const swapped = [...good.htlcSignatures].reverse();
    expect(verifyCommitment(c, { ...good, htlcSignatures: swapped })).toEqual({
      ok: false,
      error: { code: 'bad_htlc_signature', index: 0 },
    });
  });
});

describe('the sighash helpers', () => {
  it('a p2wpkh script code is the p2pkh script of the hash', () => {
    const hash = new Uint8Array(20).fill(7);
    expect(toHex(p2wpkhScriptCode(hash))).toBe(`76a914${'07'.repeat(20)}88ac`);
    const tx = decodeTx(bytes(load<{ fundingTx: string }>('funding').fundingTx));
    if (tx === undefined) throw new Error('not decoded');
    expect(() => sighashV0(tx, 5, hash, tx.outputs[0]?.amount as never)).toThrow('no input 5');
  });
});
