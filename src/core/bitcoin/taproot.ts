/** BIP 341 and BIP 86: keys of taproot outputs without a script tree. */
import { type Bytes, concat } from '../bytes/index.js';
import {
  pointTweakAdd,
  privAdd,
  privNegate,
  publicKeyFromPrivate,
  taggedHash,
  xOnly,
} from '../crypto/index.js';

const EVEN = Uint8Array.of(0x02);

/** The output key (x only) for an internal key (x only); `undefined` where that is no point. */
export function taprootOutputKey(internal: Bytes): Bytes | undefined {
  const point = pointTweakAdd(concat(EVEN, internal), taggedHash('TapTweak', internal));
  return point === undefined ? undefined : xOnly(point);
}

/** The private key that spends by the key path what pays to `key`'s taproot output. */
export function taprootPrivateKey(key: Bytes): Bytes | undefined {
  const point = publicKeyFromPrivate(key);
  if (point === undefined) return undefined;
  const even = point[0] === EVEN[0] ? key : privNegate(key);
  return even === undefined ? undefined : privAdd(even, taggedHash('TapTweak', xOnly(point)));
}
