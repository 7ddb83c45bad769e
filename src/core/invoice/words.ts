/** Data of 5-bit units, as bech32 carries it. */
import type { Bytes } from '../bytes/index.js';

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** The letter that names a field in BOLT 11. */
export const letterOf = (word: number): string => CHARSET[word] ?? '?';
/** Units as bech32 writes them. */
export const wordsToText = (words: readonly number[]): string => words.map(letterOf).join('');
export const wordOf = (letter: string): number => CHARSET.indexOf(letter);

/** Bytes, padded with zero bits at the end to whole units. */
export function bytesToWords(bytes: Bytes): number[] {
  const words: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      words.push((buffer >> bits) & 31);
    }
    buffer &= (1 << bits) - 1;
  }
  if (bits > 0) words.push((buffer << (5 - bits)) & 31);
  return words;
}

function pack(words: readonly number[]): { bytes: number[]; rest: number; bits: number } {
  const bytes: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (const word of words) {
    buffer = (buffer << 5) | word;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((buffer >> bits) & 255);
    }
    buffer &= (1 << bits) - 1;
  }
  return { bytes, rest: buffer, bits };
}

/** The whole bytes in the units; the bits left over are dropped. */
export const wordsToBytes = (words: readonly number[]): Bytes => Uint8Array.from(pack(words).bytes);

/** The bits left over are kept, with zeros behind them: what the signature covers. */
export function wordsToPaddedBytes(words: readonly number[]): Bytes {
  const { bytes, rest, bits } = pack(words);
  if (bits > 0) bytes.push(rest << (8 - bits));
  return Uint8Array.from(bytes);
}

/** A big-endian number without leading zero units. */
export function numberToWords(value: number): number[] {
  const words: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 32)) words.unshift(rest % 32);
  return words;
}

/** Undefined where it is more than a number holds exactly. */
export function wordsToNumber(words: readonly number[]): number | undefined {
  let value = 0;
  for (const word of words) {
    value = value * 32 + word;
    if (!Number.isSafeInteger(value)) return undefined;
  }
  return value;
}

/** A big-endian bit string, aligned to its end: feature bits. */
export function wordsToBits(words: readonly number[]): Bytes {
  const padding = (8 - ((words.length * 5) % 8)) % 8;
  const out = new Uint8Array((words.length * 5 + padding) / 8);
  for (let bit = 0; bit < words.length * 5; bit++) {
    const word = words[words.length - 1 - Math.floor(bit / 5)] as number;
    if ((word >> (bit % 5)) & 1) out[out.length - 1 - (bit >> 3)]! |= 1 << (bit & 7);
  }
  return out;
}

export function bitsToWords(bytes: Bytes): number[] {
  const words: number[] = new Array(Math.ceil((bytes.length * 8) / 5)).fill(0);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const byte = bytes[bytes.length - 1 - (bit >> 3)] as number;
    if ((byte >> (bit & 7)) & 1) words[words.length - 1 - Math.floor(bit / 5)]! |= 1 << (bit % 5);
  }
  const first = words.findIndex((word) => word !== 0);
  return first < 0 ? [] : words.slice(first);
}
