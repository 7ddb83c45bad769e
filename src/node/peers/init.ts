/** BOLT 1, The init Message: ours, and what we hold of theirs. */
import { type Bytes, EMPTY, equal, err, ok, type Result } from '../../core/bytes/index.js';
import {
  addressDescriptor,
  checkInitFeatures,
  combineFeatures,
  encode,
  type FeatureError,
  type FeatureSet,
  featuresFor,
  type MessageOf,
} from '../../core/wire/index.js';
import type { NetAddress } from '../../ports/index.js';
import type { Direction } from './types.js';

type Init = MessageOf<'init'>;

export function ourInit(
  features: FeatureSet,
  chainHash: Bytes,
  remote: NetAddress,
  direction: Direction,
): Init {
  // BOLT 1, init: the receiver of a call over IP tells the caller how it looks from here.
  const remoteAddr = direction === 'in' ? descriptorOf(remote) : undefined;
  return {
    kind: 'init',
    globalfeatures: EMPTY,
    features: featuresFor(features, 'init'),
    tlvs: { networks: [chainHash], ...(remoteAddr === undefined ? {} : { remoteAddr }) },
  };
}

export type InitError = FeatureError | { readonly code: 'no_common_chain' };

/** The peer's features, or why the connection cannot stand. */
export function checkInit(
  features: FeatureSet,
  chainHash: Bytes,
  init: Init,
): Result<Bytes, InitError> {
  // BOLT 1, init: both bitmaps are one.
  const theirs = combineFeatures(init.globalfeatures, init.features);
  const checked = checkInitFeatures(features, theirs);
  if (!checked.ok) return checked;
  const { networks } = init.tlvs;
  // BOLT 1, init: networks without a common chain.
  if (networks !== undefined && !networks.some((hash) => equal(hash, chainHash)))
    return err({ code: 'no_common_chain' });
  return ok(theirs);
}

export function describeInitError(error: InitError): string {
  switch (error.code) {
    case 'unknown_required_feature':
      return `you require feature bit ${error.bit}, which we do not support`;
    case 'missing_dependency':
      return `your ${error.feature} needs ${error.dependency}`;
    case 'missing_feature':
      return `we require ${error.feature}, which you do not offer`;
    case 'no_common_chain':
      return 'no chain in common';
  }
}

/** The address descriptor of a public IPv4 address; private ones and others are not told. */
function descriptorOf({ host, port }: NetAddress): Bytes | undefined {
  const parts = host.split('.').map(Number);
  if (parts.length !== 4 || parts.some((n) => !Number.isInteger(n) || n < 0 || n > 255))
    return undefined;
  const [a, b] = parts as [number, number];
  // BOLT 1, init: private addresses are not sent.
  const unroutable =
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168);
  if (unroutable) return undefined;
  return encode(addressDescriptor, { kind: 'ipv4', address: Uint8Array.from(parts), port });
}
