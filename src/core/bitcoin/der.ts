import { type Bytes, concat, EMPTY } from '../bytes/index.js';

function derInteger(value: Bytes): Bytes {
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start++;
  const body = value.slice(start);
  const pad = (body[0] as number) >= 0x80 ? Uint8Array.of(0) : EMPTY;
  return concat(Uint8Array.of(0x02, pad.length + body.length), pad, body);
}

/** A 64-byte signature in DER, with the sighash type behind it where one is given. */
export function encodeDer(signature: Bytes, sighashType?: number): Bytes {
  const r = derInteger(signature.slice(0, 32));
  const s = derInteger(signature.slice(32, 64));
  const tail = sighashType === undefined ? EMPTY : Uint8Array.of(sighashType);
  return concat(Uint8Array.of(0x30, r.length + s.length), r, s, tail);
}

/** One strict DER integer at `at` as 32 bytes, and where it ends (BIP 66). */
function readInteger(der: Bytes, at: number): { value: Bytes; end: number } | undefined {
  const length = der[at + 1];
  if (der[at] !== 0x02 || length === undefined || length === 0) return undefined;
  const body = der.slice(at + 2, at + 2 + length);
  const [first, second] = [body[0], body[1]];
  if (body.length !== length || first === undefined || first >= 0x80) return undefined;
  if (first === 0 && length > 1 && (second as number) < 0x80) return undefined;
  const bare = first === 0 ? body.slice(1) : body;
  if (bare.length > 32) return undefined;
  const value = new Uint8Array(32);
  value.set(bare, 32 - bare.length);
  return { value, end: at + 2 + length };
}

/** The 64-byte form of a strict DER signature without sighash type; else `undefined`. */
export function decodeDer(der: Bytes): Bytes | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const r = readInteger(der, 2);
  if (r === undefined) return undefined;
  const s = readInteger(der, r.end);
  if (s === undefined || s.end !== der.length) return undefined;
  return concat(r.value, s.value);
}
