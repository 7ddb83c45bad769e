import type { Bytes } from '../../core/bytes/index.js';

/** The alphabet that `signmessage` has in common with other implementations. */
const ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769';

export function encodeZbase32(bytes: Bytes): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) out += ALPHABET[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? out : out + ALPHABET[(held << (5 - bits)) & 31];
}

/** `undefined` for a foreign character, a wrong length, or bits left over that are not zero. */
export function decodeZbase32(text: string): Bytes | undefined {
  const out: number[] = [];
  let bits = 0;
  let held = 0;
  for (const char of text) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push((held >> bits) & 255);
    held &= (1 << bits) - 1;
  }
  return bits < 5 && held === 0 ? Uint8Array.from(out) : undefined;
}
