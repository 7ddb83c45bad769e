/**
 * The file `hsm_secret`: the 32 bytes that every key of the node comes from, mode 0600.
 *
 * Plain, it is those 32 bytes and nothing else. With a passphrase it is 88 bytes: `LVNSEED1`,
 * log2 of scrypt's N (1), r (1), p (1), a reserved zero (1), salt (16), nonce (12), and the seed
 * sealed by ChaCha20-Poly1305 (48) with all before it as associated data.
 *
 * The words of BIP 39 are read too, as Core Lightning keeps them since 25.12: 32 bytes (zeros, or
 * with a passphrase the SHA256 of the 64 bytes that words and passphrase make) and then the words.
 * The seed is the first 32 of those 64 bytes. (The keys that come of it are our own.)
 */
import { scrypt } from 'node:crypto';
import { chmod, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  concat,
  equal,
  err,
  fromUtf8,
  isZero,
  ok,
  type Result,
  utf8,
} from '../../core/bytes/index.js';
import {
  chacha20poly1305Decrypt,
  chacha20poly1305Encrypt,
  sha256,
} from '../../core/crypto/index.js';
import type { Entropy } from '../../ports/index.js';

export type HsmSecretError =
  | { readonly code: 'not_found' }
  /** Neither 32 bytes nor the encrypted form, nor words. */
  | { readonly code: 'malformed'; readonly length: number }
  | { readonly code: 'passphrase_needed' }
  /** A passphrase was given for a file that has none. */
  | { readonly code: 'not_encrypted' }
  | { readonly code: 'wrong_passphrase' }
  | { readonly code: 'already_exists' }
  | { readonly code: 'io'; readonly reason: string };

const SEED_LENGTH = 32;
const MAGIC = utf8('LVNSEED1');
const HEADER_LENGTH = 8 + 4 + 16 + 12;
const ENCRYPTED_LENGTH = HEADER_LENGTH + SEED_LENGTH + 16;
/** 128 MiB and about a third of a second: for a key that opens money once a start. */
const SCRYPT = { logN: 17, r: 8, p: 1 };
/** What a file may ask for, so that a damaged one cannot exhaust the machine. */
const SCRYPT_LIMIT = { logN: 20, r: 16, p: 4 };

type ScryptCost = typeof SCRYPT;

function stretch(passphrase: string, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array> {
  const N = 2 ** cost.logN;
  const options = { N, r: cost.r, p: cost.p, maxmem: 256 * N * cost.r };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, 32, options, (error, key) =>
      error === null ? resolve(new Uint8Array(key)) : reject(error),
    );
  });
}

/** The encrypted form of `seed`. */
export async function encryptSeed(
  seed: Uint8Array,
  passphrase: string,
  entropy: Entropy,
): Promise<Uint8Array> {
  const salt = entropy.bytes(16);
  const nonce = entropy.bytes(12);
  const cost = Uint8Array.of(SCRYPT.logN, SCRYPT.r, SCRYPT.p, 0);
  const header = concat(MAGIC, cost, salt, nonce);
  const key = await stretch(passphrase, salt, SCRYPT);
  return concat(header, chacha20poly1305Encrypt(key, nonce, header, seed));
}

/** The seed in the contents of a file. */
export async function decodeSeed(
  contents: Uint8Array,
  passphrase?: string,
): Promise<Result<Uint8Array, HsmSecretError>> {
  const malformed = err({ code: 'malformed', length: contents.length } as const);
  if (contents.length === SEED_LENGTH)
    return passphrase === undefined ? ok(contents) : err({ code: 'not_encrypted' });
  if (contents.length !== ENCRYPTED_LENGTH || !equal(contents.slice(0, 8), MAGIC))
    return (await seedOfWords(contents, passphrase)) ?? malformed;
  if (passphrase === undefined) return err({ code: 'passphrase_needed' });
  const [logN, r, p] = [contents[8], contents[9], contents[10]] as [number, number, number];
  if (logN < 1 || r < 1 || p < 1) return malformed;
  if (logN > SCRYPT_LIMIT.logN || r > SCRYPT_LIMIT.r || p > SCRYPT_LIMIT.p) return malformed;
  const header = contents.slice(0, HEADER_LENGTH);
  const key = await stretch(passphrase, header.slice(12, 28), { logN, r, p });
  const sealed = contents.slice(HEADER_LENGTH);
  const seed = chacha20poly1305Decrypt(key, header.slice(28), header, sealed);
  return seed === undefined ? err({ code: 'wrong_passphrase' }) : ok(seed);
}

/** Of a file with the words of BIP 39; nothing where it holds none. */
async function seedOfWords(
  contents: Uint8Array,
  passphrase: string | undefined,
): Promise<Result<Uint8Array, HsmSecretError> | undefined> {
  const check = contents.slice(0, SEED_LENGTH);
  const words = fromUtf8(contents.slice(SEED_LENGTH));
  if (!/^[a-z]+( [a-z]+)+$/.test(words)) return undefined;
  // Few nodes have such a file: the others need not load the list of words.
  const { mnemonicToSeed, validateMnemonic } = await import('@scure/bip39');
  const { wordlist } = await import('@scure/bip39/wordlists/english.js');
  if (!validateMnemonic(words, wordlist)) return undefined;
  const sealed = !isZero(check);
  if (!sealed && passphrase !== undefined) return err({ code: 'not_encrypted' });
  if (sealed && passphrase === undefined) return err({ code: 'passphrase_needed' });
  const seed = await mnemonicToSeed(words, passphrase);
  if (sealed && !equal(sha256(seed), check)) return err({ code: 'wrong_passphrase' });
  return ok(seed.slice(0, SEED_LENGTH));
}

const codeOf = (e: unknown): string | undefined => (e as NodeJS.ErrnoException).code;
const ioError = (e: unknown): HsmSecretError => ({
  code: 'io',
  reason: e instanceof Error ? e.message : String(e),
});

/** Reads the file, and takes other users' access to it away where it was left open. */
export async function loadHsmSecret(
  path: string,
  passphrase?: string,
): Promise<Result<Uint8Array, HsmSecretError>> {
  try {
    const contents = new Uint8Array(await readFile(path));
    await chmod(path, 0o600);
    return await decodeSeed(contents, passphrase);
  } catch (e) {
    return err(codeOf(e) === 'ENOENT' ? { code: 'not_found' } : ioError(e));
  }
}

/**
 * Writes a new seed, durable (file and folder) before it answers. A file that is there is never
 * overwritten: it may be the only key to money.
 */
export async function createHsmSecret(
  path: string,
  deps: { readonly entropy: Entropy },
  options: { readonly passphrase?: string; readonly seed?: Uint8Array } = {},
): Promise<Result<Uint8Array, HsmSecretError>> {
  const seed = options.seed ?? deps.entropy.bytes(SEED_LENGTH);
  if (seed.length !== SEED_LENGTH) return err({ code: 'malformed', length: seed.length });
  const { passphrase } = options;
  try {
    const contents =
      passphrase === undefined ? seed : await encryptSeed(seed, passphrase, deps.entropy);
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(contents);
      await file.sync();
    } catch (error) {
      // A file that is half there would keep the next start from making a whole one.
      await unlink(path);
      throw error;
    } finally {
      await file.close();
    }
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return ok(seed);
  } catch (e) {
    return err(codeOf(e) === 'EEXIST' ? { code: 'already_exists' } : ioError(e));
  }
}
