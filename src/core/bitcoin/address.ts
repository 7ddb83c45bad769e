import { bech32, bech32m, createBase58check } from '@scure/base';
import { type Bytes, concat, err, ok, type Result } from '../bytes/index.js';
import { sha256 } from '../crypto/index.js';
import { NETWORKS, type NetworkName, type NetworkParams } from './networks.js';
import { OP, p2pkhOfHash, p2shOfHash, script, scriptKind, witnessProgram } from './script.js';

export type AddressError =
  | { readonly code: 'malformed_address' }
  /** Well formed, for another chain. */
  | { readonly code: 'wrong_network'; readonly expected: NetworkName };

const base58check = createBase58check(sha256);

/** The script an address pays to (BIP 173, BIP 350, or base58check). */
export function decodeAddress(
  address: string,
  network: NetworkParams,
): Result<Bytes, AddressError> {
  const wrong = err<AddressError>({ code: 'wrong_network', expected: network.name });
  const segwit = decodeSegwit(address);
  if (segwit !== undefined) return segwit.hrp === network.bech32 ? ok(segwit.script) : wrong;
  const legacy = decodeBase58(address);
  if (legacy === undefined) return err({ code: 'malformed_address' });
  const { version, hash } = legacy;
  if (version === network.p2pkhVersion) return ok(p2pkhOfHash(hash));
  if (version === network.p2shVersion) return ok(p2shOfHash(hash));
  const known = Object.values(NETWORKS).some(
    (n) => n.p2pkhVersion === version || n.p2shVersion === version,
  );
  return known ? wrong : err({ code: 'malformed_address' });
}

function decodeSegwit(address: string): { hrp: string; script: Bytes } | undefined {
  for (const coder of [bech32, bech32m]) {
    const decoded = coder.decodeUnsafe(address, 90);
    if (decoded === undefined) continue;
    const [version, ...words] = decoded.words;
    if (version === undefined || version > 16) return undefined;
    // BIP 350: version 0 has bech32's checksum, the others bech32m's.
    if ((version === 0) !== (coder === bech32)) return undefined;
    const program = coder.fromWordsUnsafe(words);
    if (!program || program.length < 2 || program.length > 40) return undefined;
    if (version === 0 && program.length !== 20 && program.length !== 32) return undefined;
    const bytes = script(version === 0 ? OP.ZERO : OP.ONE + version - 1, Uint8Array.from(program));
    return { hrp: decoded.prefix, script: bytes };
  }
  return undefined;
}

function decodeBase58(address: string): { version: number; hash: Bytes } | undefined {
  try {
    const payload = base58check.decode(address);
    if (payload.length !== 21) return undefined;
    return { version: payload[0] as number, hash: payload.slice(1) };
  } catch {
    return undefined;
  }
}

/** The address of a script, or `undefined` where it has none (OP_RETURN, bare scripts). */
export function encodeAddress(scriptPubkey: Bytes, network: NetworkParams): string | undefined {
  const witness = witnessProgram(scriptPubkey);
  if (witness !== undefined) {
    const { version, program } = witness;
    if (version === 0 && program.length !== 20 && program.length !== 32) return undefined;
    const coder = version === 0 ? bech32 : bech32m;
    return coder.encode(network.bech32, [version, ...coder.toWords(program)], 90);
  }
  switch (scriptKind(scriptPubkey)) {
    case 'p2pkh':
      return base58check.encode(
        concat(Uint8Array.of(network.p2pkhVersion), scriptPubkey.slice(3, 23)),
      );
    case 'p2sh':
      return base58check.encode(
        concat(Uint8Array.of(network.p2shVersion), scriptPubkey.slice(2, 22)),
      );
    default:
      return undefined;
  }
}
