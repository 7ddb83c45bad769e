/** Functions on byte strings. All of them are total: bad hex answers `undefined`, never throws. */
export type Bytes = Uint8Array;

export const EMPTY: Bytes = new Uint8Array(0);

export function concat(...parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order, as BOLT 3 and BOLT 7 sort keys and scripts: negative, zero or positive. */
export function compare(a: Bytes, b: Bytes): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

export function toHex(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

const HEX = /^(?:[0-9a-fA-F]{2})*$/;

export function fromHex(hex: string): Bytes | undefined {
  if (!HEX.test(hex)) return undefined;
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** Hex that the program itself wrote: a constant or a fixture. Throws on a typing error of ours. */
export function hex(text: string): Bytes {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new Error(`not hex: ${text.slice(0, 80)}`);
  return bytes;
}

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

const lossy = new TextDecoder('utf-8', { fatal: false });
export const fromUtf8 = (bytes: Bytes): string => lossy.decode(bytes);

export function reversed(bytes: Bytes): Bytes {
  return Uint8Array.from(bytes).reverse();
}

/** A txid or block hash as people read it: the bytes reversed, in hex. */
export const shownHash = (hash: Bytes): string => toHex(reversed(hash));

export function xor(a: Bytes, b: Bytes): Bytes {
  const out = new Uint8Array(a.length);
  for (let i = 0; i < a.length; i++) out[i] = (a[i] as number) ^ (b[i] as number);
  return out;
}

export function isZero(bytes: Bytes): boolean {
  return bytes.every((b) => b === 0);
}
