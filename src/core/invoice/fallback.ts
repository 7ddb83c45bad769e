import { p2pkhOfHash, p2shOfHash, script, scriptKind, witnessProgram } from '../bitcoin/index.js';
import type { Bytes } from '../bytes/index.js';
import type { Fallback } from './types.js';

const P2PKH = 17;
const P2SH = 18;
const OP_1 = 0x51;

/** The script that a fallback address pays to. */
export function fallbackScript({ version, program }: Fallback): Bytes {
  if (version === P2PKH) return p2pkhOfHash(program);
  if (version === P2SH) return p2shOfHash(program);
  return script(version === 0 ? 0 : OP_1 + version - 1, program);
}

/** The fallback that pays to a script; undefined where BOLT 11 has no form for it. */
export function fallbackOfScript(scriptPubkey: Bytes): Fallback | undefined {
  const witness = witnessProgram(scriptPubkey);
  if (witness !== undefined) return witness;
  const kind = scriptKind(scriptPubkey);
  if (kind === 'p2pkh') return { version: P2PKH, program: scriptPubkey.slice(3, 23) };
  if (kind === 'p2sh') return { version: P2SH, program: scriptPubkey.slice(2, 22) };
  return undefined;
}
