import { type Bytes, concat, type Sat, sat } from '../bytes/index.js';
import { hash160, sha256 } from '../crypto/index.js';

/** The opcodes that Lightning's scripts use. */
export const OP = {
  ZERO: 0x00,
  PUSHDATA1: 0x4c,
  PUSHDATA2: 0x4d,
  PUSHDATA4: 0x4e,
  ONE_NEGATE: 0x4f,
  ONE: 0x51,
  TWO: 0x52,
  SIXTEEN: 0x60,
  IF: 0x63,
  NOTIF: 0x64,
  ELSE: 0x67,
  ENDIF: 0x68,
  VERIFY: 0x69,
  RETURN: 0x6a,
  IFDUP: 0x73,
  DROP: 0x75,
  DUP: 0x76,
  SWAP: 0x7c,
  SIZE: 0x82,
  EQUAL: 0x87,
  EQUALVERIFY: 0x88,
  HASH160: 0xa9,
  CHECKSIG: 0xac,
  CHECKSIGVERIFY: 0xad,
  CHECKMULTISIG: 0xae,
  CHECKLOCKTIMEVERIFY: 0xb1,
  CHECKSEQUENCEVERIFY: 0xb2,
} as const;

/** A number as the script interpreter reads it: little-endian, sign in the top bit, no padding. */
export function scriptNumber(value: number): Bytes {
  const out: number[] = [];
  let left = Math.abs(value);
  while (left > 0) {
    out.push(left % 256);
    left = Math.floor(left / 256);
  }
  const top = out.at(-1);
  if (top !== undefined) {
    if (top >= 0x80) out.push(value < 0 ? 0x80 : 0);
    else if (value < 0) out[out.length - 1] = top | 0x80;
  }
  return Uint8Array.from(out);
}

/** The shortest push of `data` (BIP 62). */
export function pushData(data: Bytes): Bytes {
  const n = data.length;
  if (n === 0) return Uint8Array.of(OP.ZERO);
  const only = data[0] as number;
  if (n === 1 && only >= 1 && only <= 16) return Uint8Array.of(OP.ONE + only - 1);
  if (n === 1 && only === 0x81) return Uint8Array.of(OP.ONE_NEGATE);
  if (n < OP.PUSHDATA1) return concat(Uint8Array.of(n), data);
  if (n <= 0xff) return concat(Uint8Array.of(OP.PUSHDATA1, n), data);
  return concat(Uint8Array.of(OP.PUSHDATA2, n & 0xff, n >> 8), data);
}

/** The shortest push of a number: OP_0 to OP_16, else its bytes. */
export const pushNumber = (value: number): Bytes => pushData(scriptNumber(value));

/** A script of opcodes (numbers) and pushes (byte strings). */
export function script(...items: readonly (number | Bytes)[]): Bytes {
  return concat(
    ...items.map((item) => (typeof item === 'number' ? Uint8Array.of(item) : pushData(item))),
  );
}

export interface ScriptItem {
  readonly opcode: number;
  /** What a push pushes. */
  readonly data?: Bytes;
}

/** The operations of a script; `undefined` where a push runs over its end. */
export function parseScript(bytes: Bytes): readonly ScriptItem[] | undefined {
  const items: ScriptItem[] = [];
  let at = 0;
  while (at < bytes.length) {
    const opcode = bytes[at++] as number;
    if (opcode > OP.PUSHDATA4) {
      items.push({ opcode });
      continue;
    }
    let length = opcode;
    if (opcode >= OP.PUSHDATA1) {
      const width = 1 << (opcode - OP.PUSHDATA1);
      if (at + width > bytes.length) return undefined;
      length = 0;
      for (let i = width - 1; i >= 0; i--) length = length * 256 + (bytes[at + i] as number);
      at += width;
    }
    if (at + length > bytes.length) return undefined;
    items.push({ opcode, data: bytes.slice(at, at + length) });
    at += length;
  }
  return items;
}

export const p2wpkh = (pubkey: Bytes): Bytes => p2wpkhOfHash(hash160(pubkey));
export const p2wpkhOfHash = (hash: Bytes): Bytes => script(OP.ZERO, hash);
export const p2wsh = (witnessScript: Bytes): Bytes => script(OP.ZERO, sha256(witnessScript));
/** `outputKey` is the tweaked key, x only. */
export const p2tr = (outputKey: Bytes): Bytes => script(OP.ONE, outputKey);
export const p2pkhOfHash = (hash: Bytes): Bytes =>
  script(OP.DUP, OP.HASH160, hash, OP.EQUALVERIFY, OP.CHECKSIG);
export const p2shOfHash = (hash: Bytes): Bytes => script(OP.HASH160, hash, OP.EQUAL);

export type ScriptKind =
  | 'p2pkh'
  | 'p2sh'
  | 'p2wpkh'
  | 'p2wsh'
  | 'p2tr'
  /** A witness program of another version or length (BIP 141), 2 to 40 bytes. */
  | 'witnessUnknown'
  | 'opReturn'
  | 'other';

/** A witness program: version and program, or `undefined` where the script is none (BIP 141). */
export function witnessProgram(
  bytes: Bytes,
): { readonly version: number; readonly program: Bytes } | undefined {
  const [op, length] = [bytes[0], bytes[1]];
  if (op === undefined || length === undefined) return undefined;
  if (bytes.length < 4 || bytes.length > 42 || length !== bytes.length - 2) return undefined;
  if (op !== OP.ZERO && (op < OP.ONE || op > OP.SIXTEEN)) return undefined;
  return { version: op === OP.ZERO ? 0 : op - OP.ONE + 1, program: bytes.slice(2) };
}

export function scriptKind(bytes: Bytes): ScriptKind {
  const witness = witnessProgram(bytes);
  if (witness !== undefined) {
    const { version, program } = witness;
    if (version === 0 && program.length === 20) return 'p2wpkh';
    if (version === 0 && program.length === 32) return 'p2wsh';
    if (version === 1 && program.length === 32) return 'p2tr';
    return 'witnessUnknown';
  }
  const n = bytes.length;
  if (n === 25 && startsWith(bytes, 0x76, 0xa9, 20) && bytes[23] === 0x88 && bytes[24] === 0xac)
    return 'p2pkh';
  if (n === 23 && startsWith(bytes, 0xa9, 20) && bytes[22] === 0x87) return 'p2sh';
  if (bytes[0] === OP.RETURN) return 'opReturn';
  return 'other';
}

const startsWith = (bytes: Bytes, ...prefix: readonly number[]): boolean =>
  prefix.every((b, i) => bytes[i] === b);

/** BOLT 3, "Dust Limits": below it a mempool does not relay an output with this script. */
export function dustLimit(scriptPubkey: Bytes): Sat {
  switch (scriptKind(scriptPubkey)) {
    case 'p2pkh':
      return sat(546);
    case 'p2sh':
      return sat(540);
    case 'p2wpkh':
      return sat(294);
    case 'p2wsh':
    case 'p2tr':
      return sat(330);
    case 'witnessUnknown':
      return sat(354);
    case 'opReturn':
      return sat(0);
    case 'other':
      return sat(546);
  }
}

export interface ShutdownFeatures {
  /** option_shutdown_anysegwit */
  readonly anySegwit: boolean;
  /** option_simple_close */
  readonly simpleClose: boolean;
}

/** BOLT 2, shutdown: the forms of scriptpubkey a node may ask to be paid to. */
export function isShutdownScript(bytes: Bytes, features: ShutdownFeatures): boolean {
  switch (scriptKind(bytes)) {
    case 'p2wpkh':
    case 'p2wsh':
      return true;
    case 'p2tr':
      return features.anySegwit;
    case 'witnessUnknown':
      // BOLT 2, shutdown: OP_1 to OP_16 with 2 to 40 bytes; version 0 is as above or nothing.
      return features.anySegwit && bytes[0] !== OP.ZERO;
    case 'opReturn':
      return features.simpleClose && isSingleReturn(bytes);
    // BOLT 2, shutdown: p2pkh and p2sh are legacy forms that a receiver no longer accepts.
    case 'p2pkh':
    case 'p2sh':
    case 'other':
      return false;
  }
}

/** BOLT 2, shutdown: OP_RETURN with one push of 6 to 75 bytes, or PUSHDATA1 of 76 to 80. */
function isSingleReturn(bytes: Bytes): boolean {
  const [length, long] = [bytes[1], bytes[2]];
  if (length === undefined) return false;
  if (length >= 6 && length <= 75) return bytes.length === 2 + length;
  return (
    length === OP.PUSHDATA1 &&
    long !== undefined &&
    long >= 76 &&
    long <= 80 &&
    bytes.length === 3 + long
  );
}
