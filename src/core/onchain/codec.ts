/**
 * What is kept of a closing on disk. The channel's own facts are not in it: they are in the
 * channel's stored state, which does not change any more. Versioned; tags and orders are for ever.
 */
import { decodeTx, encodeTx, type Transaction } from '../bitcoin/index.js';
import { ok, type Result, sat } from '../bytes/index.js';
import type { RevokedRow } from '../channel/commitment/index.js';
import {
  array,
  bigsize,
  bool,
  bytes,
  bytes32,
  type Codec,
  choice,
  decode,
  encode,
  Fault,
  mapped,
  optional,
  record,
  string,
  uint,
  versioned,
  type WireError,
} from '../wire/index.js';
import type { ChainSpend, Claim, OnchainChannel, OnchainState } from './types.js';

const VERSION = 2;

const transaction: Codec<Transaction> = mapped(
  bytes,
  (raw) => {
    const tx = decodeTx(raw);
    if (tx === undefined) throw new Fault('out_of_range');
    return tx;
  },
  encodeTx,
);

const claimOfVersion1 = {
  id: string,
  purpose: string,
  outputs: array(string),
  deadline: optional(uint),
  feeratePerKw: uint,
  tx: optional(transaction),
  versions: array(string),
  madeAt: uint,
};
const claim: Codec<Claim> = record({
  ...claimOfVersion1,
  fee: optional(mapped(bigsize, sat, (value) => value)),
});

const spend: Codec<ChainSpend> = record({ tx: transaction, height: uint });
const row: Codec<RevokedRow> = record({ commitmentNumber: bigsize, data: bytes });

const state = (of: Codec<Claim>) =>
  record({
    height: uint,
    spends: array(spend),
    unconfirmed: optional(transaction),
    revokedRows: array(row),
    preimages: array(bytes32),
    claims: array(of),
    told: array(record({ id: bigsize, outcome: choice('fulfilled', 'failed') })),
    nextClaim: uint,
    classified: optional(bytes32),
    resolved: bool,
  });

const stored = versioned(VERSION, state(claim), { 1: state(record(claimOfVersion1)) });

export const encodeOnchain = (state: OnchainState): Uint8Array =>
  encode(stored, {
    ...state,
    told: [...state.told].map(([id, outcome]) => ({ id, outcome })),
  });

/** The state as it was for this channel; give it the input `restored` first. */
export function decodeOnchain(
  data: Uint8Array,
  channel: OnchainChannel,
): Result<OnchainState, WireError> {
  const decoded = decode(stored, data);
  if (!decoded.ok) return decoded;
  const { told, ...rest } = decoded.value;
  return ok({
    ...rest,
    channel,
    told: new Map(told.map(({ id, outcome }) => [id, outcome])),
    watched: new Set(),
  });
}
