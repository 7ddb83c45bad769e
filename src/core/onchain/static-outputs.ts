/**
 * BOLT 3, option_static_remotekey: what a peer's commitment pays to us needs nothing but our own
 * payment key, so that it is found and claimed from the seed alone, whoever the peer was.
 */
import { encodeTx, p2wpkh, p2wsh } from '../bitcoin/index.js';
import type { Bytes, Sat } from '../bytes/index.js';
import { toRemoteScript } from '../channel/commitment/index.js';
import type { Signer } from '../crypto/index.js';
import { sweep } from './claims.js';
import { outputKey } from './outputs.js';

/** One of the two outputs by which a commitment pays to the payment key of channel `key`. */
export interface StaticScript {
  readonly key: number;
  readonly scriptPubkey: Bytes;
  /** The witness script, where it has one: with anchors. */
  readonly script?: Bytes;
}

export interface StaticOutput extends StaticScript {
  readonly txid: Bytes;
  readonly vout: number;
  readonly amount: Sat;
}

/** Of channel number `key`, in both formats. */
export function staticScripts(key: number, signer: Signer): readonly StaticScript[] {
  const payment = signer.publicKey({ kind: 'payment', channel: key });
  const script = toRemoteScript(payment);
  return [
    { key, scriptPubkey: p2wpkh(payment) },
    { key, scriptPubkey: p2wsh(script), script },
  ];
}

/**
 * The transaction that sends a confirmed output to a script of the wallet, at `feeratePerKw` or
 * what its amount allows; nothing where that is below `minimum`. It is version 2 and signed.
 */
export function sweepStatic(
  output: StaticOutput,
  to: Bytes,
  fees: { readonly feeratePerKw: number; readonly minimum: number },
  signer: Signer,
): Bytes | undefined {
  const { txid, vout, amount, scriptPubkey, script, key } = output;
  const way = { kind: 'payment', ...(script === undefined ? {} : { script }) } as const;
  const followed = {
    ...{ key: outputKey(txid, vout), txid, vout, amount, scriptPubkey },
    role: 'main',
  } as const;
  const wallet = { key, signer };
  const made = sweep([{ output: followed, way }], to, fees, wallet);
  return made && encodeTx(made.tx);
}
