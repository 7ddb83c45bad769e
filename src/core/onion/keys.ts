import { type Bytes, utf8 } from '../bytes/index.js';
import { hmacSha256 } from '../crypto/index.js';

/** BOLT 4, "Key Generation": what a key derived from a shared secret is for. */
export type KeyType = 'rho' | 'mu' | 'um' | 'pad' | 'ammag' | 'ammagext' | 'blinded_node_id';

const NAMES: Readonly<Record<KeyType, Bytes>> = {
  rho: utf8('rho'),
  mu: utf8('mu'),
  um: utf8('um'),
  pad: utf8('pad'),
  ammag: utf8('ammag'),
  ammagext: utf8('ammagext'),
  blinded_node_id: utf8('blinded_node_id'),
};

/** 32 bytes: the HMAC of the secret, keyed with the type's name. */
export const deriveKey = (type: KeyType, secret: Bytes): Bytes => hmacSha256(NAMES[type], secret);
