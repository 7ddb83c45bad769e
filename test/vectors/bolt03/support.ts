import { readFileSync } from 'node:fs';
import {
  type ChannelSecrets,
  channelPointsOf,
  channelPrivateKey,
} from '../../../src/adapters/signer/channel-secrets.js';
import { decodeDer } from '../../../src/core/bitcoin/index.js';
import { hex, msat, reversed, sat } from '../../../src/core/bytes/index.js';
import type {
  CommitmentChannel,
  CommitmentHtlc,
} from '../../../src/core/channel/commitment/index.js';
import { type KeyRef, type Signer, sha256, sign } from '../../../src/core/crypto/index.js';

export const load = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as T;

interface HtlcCase {
  readonly output: number;
  readonly kind: 'success' | 'timeout';
  readonly htlc: number;
  readonly remote_signature: string;
  readonly tx: string;
}

interface CommitmentCase {
  readonly name: string;
  readonly to_local_msat: number;
  readonly to_remote_msat: number;
  readonly local_feerate_per_kw: number;
  readonly base_fee?: number;
  readonly actual_fee?: number;
  readonly outputs: readonly {
    readonly kind: 'to_local' | 'to_remote' | 'offered' | 'received';
    readonly amount: number;
    readonly htlc?: number;
    readonly wscript?: string;
  }[];
  readonly remote_signature: string;
  readonly commit_tx: string;
  readonly num_htlcs: number;
  readonly htlcs: readonly HtlcCase[];
}

interface AnchorCase {
  readonly Name: string;
  readonly LocalBalance: number;
  readonly RemoteBalance: number;
  readonly DustLimitSatoshis: number;
  readonly FeePerKw: number;
  readonly UseTestHtlcs: boolean;
  readonly HtlcDescs: readonly {
    readonly RemoteSigHex: string;
    readonly ResolutionTxHex: string;
  }[];
  readonly ExpectedCommitmentTxHex: string;
  readonly RemoteSigHex: string;
}

interface Params {
  readonly [name: string]: string;
}

interface HtlcParams {
  readonly direction: 'local->remote' | 'remote->local';
  readonly amountMsat: number;
  readonly expiry: number;
  readonly preimage: string;
}

export const bytes = (text: string | undefined): Uint8Array =>
  hex((text ?? '?').replace(/^0x/, ''));

/** Private keys in the document carry a trailing 01. */
const secret = (text: string | undefined): Uint8Array => bytes(text).slice(0, 32);

export const compact = (der: string): Uint8Array => {
  const signature = decodeDer(bytes(der));
  if (signature === undefined) throw new Error(`not DER: ${der}`);
  return signature;
};

export const { params, htlcs, cases } = load<{
  readonly params: Params;
  readonly htlcs: readonly HtlcParams[];
  readonly cases: readonly CommitmentCase[];
}>('commitments');
export const anchorCases = load<{ readonly cases: readonly AnchorCase[] }>('anchors').cases;

const UNUSED = new Uint8Array(32).fill(0x77);

/** The secrets of "local" in appendices C and F; its revocation key appears nowhere in them. */
export const localSecrets: ChannelSecrets = {
  funding: secret(params.local_funding_privkey),
  revocation: UNUSED,
  payment: secret(params.local_payment_basepoint_secret),
  delayedPayment: secret(params.local_delayed_payment_basepoint_secret),
  htlc: secret(params.local_payment_basepoint_secret),
  shachainSeed: UNUSED,
};

export const remoteSecrets: ChannelSecrets = {
  funding: secret(params.remote_funding_privkey),
  revocation: secret(params.remote_revocation_basepoint_secret),
  payment: secret(params.remote_payment_basepoint_secret),
  delayedPayment: UNUSED,
  htlc: secret(params.remote_payment_basepoint_secret),
  shachainSeed: UNUSED,
};

/** Signs for one channel with given secrets. */
export function signerOf(secrets: ChannelSecrets): Signer {
  const points = channelPointsOf(secrets);
  const no = (): never => {
    throw new Error('not in these vectors');
  };
  return {
    nodeId: points.fundingPubkey,
    ecdh: no,
    channelPoints: () => points,
    perCommitmentPoint: no,
    perCommitmentSecret: no,
    publicKey: no,
    sign: (ref: KeyRef, digest) => {
      if (!('channel' in ref)) return no();
      return sign(channelPrivateKey(secrets, points, ref), digest) as Uint8Array;
    },
    signSchnorr: no,
    signRecoverable: no,
    secret: no,
  };
}

export function channelOf(
  format: CommitmentChannel['format'],
  dustLimit: number,
): CommitmentChannel {
  return {
    format,
    fundingTxid: reversed(bytes(params.funding_tx_id)),
    fundingVout: Number(params.funding_output_index),
    fundingAmount: sat(Number(params.funding_amount_satoshi)),
    opener: 'local',
    local: { points: channelPointsOf(localSecrets), dustLimit: sat(dustLimit), toSelfDelay: 9 },
    remote: {
      points: channelPointsOf(remoteSecrets),
      dustLimit: sat(1),
      toSelfDelay: Number(params.local_delay),
    },
  };
}

export const perCommitmentPoint = bytes(params.local_per_commitment_point);

export const htlcOf = (index: number): CommitmentHtlc => {
  const h = htlcs[index] as HtlcParams;
  return {
    id: BigInt(index),
    offeredBy: h.direction === 'local->remote' ? 'local' : 'remote',
    amountMsat: msat(h.amountMsat),
    paymentHash: sha256(bytes(h.preimage)),
    cltvExpiry: h.expiry,
  };
};

export const preimageOf = (index: bigint): Uint8Array => bytes(htlcs[Number(index)]?.preimage);

/** Which HTLCs a case has: none, the first five, or those of the "same amount and preimage" case. */
export function htlcsOf(name: string, useHtlcs: boolean): CommitmentHtlc[] {
  if (!useHtlcs) return [];
  return (name.includes('same amount') ? [1, 5, 6] : [0, 1, 2, 3, 4]).map(htlcOf);
}
