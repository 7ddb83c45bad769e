/**
 * The signer that holds the seed in this process.
 *
 * From the 32 bytes of `hsm_secret` come, each apart from the others:
 * - the node key: HKDF-SHA256, info `levin node key`;
 * - channel n: HKDF, info `levin channel` and n in 8 bytes, cut into the five base secrets and the
 *   seed of the per-commitment secrets (32 bytes each: funding, revocation, payment, delayed
 *   payment, htlc, shachain). They depend on nothing but the seed and n, so that outputs are found
 *   again from the seed alone;
 * - the wallet: BIP 32 from the HKDF output of info `levin wallet` (64 bytes, BIP 32's seed), at
 *   m/84'/coin'/0' (p2wpkh, BIP 84) and m/86'/coin'/0' (p2tr, BIP 86);
 * - `secret(purpose)`: HKDF, info `levin secret` and the purpose.
 */
import {
  type NetworkParams,
  taprootOutputKey,
  taprootPrivateKey,
} from '../../core/bitcoin/index.js';
import { concat, utf8 } from '../../core/bytes/index.js';
import {
  type ChannelPoints,
  ecdh,
  hkdf,
  isValidPrivateKey,
  type KeyRef,
  ShachainGenerator,
  type Signer,
  schnorrSign,
  shachainIndex,
  sign,
  signLowR,
  signRecoverable,
  xOnly,
} from '../../core/crypto/index.js';
import { childKey, childPoints, descend, type ExtendedKey, HARDENED, masterKey } from './bip32.js';
import {
  type ChannelSecrets,
  channelPointsOf,
  channelPrivateKey,
  publicKeyOf,
} from './channel-secrets.js';

export interface LocalSignerOptions {
  /** 32 bytes, as `hsm_secret` holds them. */
  readonly seed: Uint8Array;
  readonly network: NetworkParams;
}

type WalletRef = Extract<KeyRef, { readonly kind: 'wallet' }>;

/** One of the wallet's chains: BIP 32's change or not, of one account. */
interface Branch {
  readonly key: ExtendedKey;
  readonly point: (index: number) => Uint8Array;
}

interface Channel {
  readonly secrets: ChannelSecrets;
  readonly points: ChannelPoints;
  readonly shachain: ShachainGenerator;
  /** The last few points: each is sent as the next one long before its commitment is made. */
  readonly recent: Map<bigint, Uint8Array>;
  /** The last tweaked htlc key: a commitment signs all its HTLCs with the same one. */
  lastHtlc?: { readonly point: Uint8Array; readonly key: Uint8Array };
}

const RECENT_POINTS = 4;
const NO_SALT = new Uint8Array(0);

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`signer: ${what}`);
  return value;
}

export class LocalSigner implements Signer {
  readonly nodeId: Uint8Array;
  readonly #seed: Uint8Array;
  readonly #nodeKey: Uint8Array;
  readonly #accounts: Readonly<Record<WalletRef['type'], ExtendedKey>>;
  readonly #channels = new Map<number, Channel>();
  readonly #branches = new Map<string, Branch>();

  constructor(options: LocalSignerOptions) {
    if (options.seed.length !== 32) throw new Error('signer: the seed has 32 bytes');
    this.#seed = Uint8Array.from(options.seed);
    this.#nodeKey = this.#privateKey('levin node key');
    this.nodeId = publicKeyOf(this.#nodeKey);
    const root = masterKey(this.#derive('levin wallet', 64));
    const coin = HARDENED + options.network.coinType;
    this.#accounts = {
      p2wpkh: descend(root, [HARDENED + 84, coin, HARDENED]),
      p2tr: descend(root, [HARDENED + 86, coin, HARDENED]),
    };
  }

  ecdh(point: Uint8Array): Uint8Array {
    return must(ecdh(this.#nodeKey, point), 'ecdh with an invalid point');
  }

  channelPoints(channel: number): ChannelPoints {
    return this.#channel(channel).points;
  }

  perCommitmentPoint(channel: number, index: bigint): Uint8Array {
    const { recent, shachain } = this.#channel(channel);
    let point = recent.get(index);
    if (point === undefined) {
      point = publicKeyOf(shachain.at(shachainIndex(index)));
      const [oldest] = recent.keys();
      if (recent.size >= RECENT_POINTS && oldest !== undefined) recent.delete(oldest);
      recent.set(index, point);
    }
    return point;
  }

  perCommitmentSecret(channel: number, index: bigint): Uint8Array {
    return this.#channel(channel).shachain.at(shachainIndex(index));
  }

  publicKey(ref: KeyRef): Uint8Array {
    if (ref.kind !== 'wallet') return publicKeyOf(this.#keyOf(ref));
    const point = this.#branch(ref).point(ref.index);
    return ref.type === 'p2wpkh' ? point : must(taprootOutputKey(xOnly(point)), 'a taproot key');
  }

  sign(ref: KeyRef, digest: Uint8Array): Uint8Array {
    const key = this.#keyOf(ref);
    // The wallet's signatures are ground to low r as Bitcoin Core's are: smaller, and alike.
    const signature = ref.kind === 'wallet' ? signLowR(key, digest) : sign(key, digest);
    return must(signature, 'a digest has 32 bytes');
  }

  signSchnorr(ref: WalletRef, digest: Uint8Array): Uint8Array {
    return must(schnorrSign(this.#taprootKey(ref), digest), 'schnorr');
  }

  signRecoverable(digest: Uint8Array): { signature: Uint8Array; recovery: number } {
    return must(signRecoverable(this.#nodeKey, digest), 'a digest has 32 bytes');
  }

  secret(purpose: string): Uint8Array {
    return this.#derive(`levin secret ${purpose}`, 32);
  }

  #derive(info: string, length: number): Uint8Array {
    return hkdf(NO_SALT, this.#seed, utf8(info), length);
  }

  #privateKey(info: string): Uint8Array {
    const key = this.#derive(info, 32);
    // One in 2^127: a number above the order. A next try keeps the function total.
    return isValidPrivateKey(key) ? key : this.#privateKey(`${info} again`);
  }

  #keyOf(ref: KeyRef): Uint8Array {
    switch (ref.kind) {
      case 'node':
        return this.#nodeKey;
      case 'wallet':
        return this.#walletKey(ref);
      case 'htlc':
        return this.#htlcKey(ref.channel, ref.perCommitmentPoint);
      default: {
        const { secrets, points } = this.#channel(ref.channel);
        return channelPrivateKey(secrets, points, ref);
      }
    }
  }

  #htlcKey(number: number, point: Uint8Array): Uint8Array {
    const channel = this.#channel(number);
    if (channel.lastHtlc?.point !== point) {
      const ref = { kind: 'htlc', channel: number, perCommitmentPoint: point } as const;
      channel.lastHtlc = { point, key: channelPrivateKey(channel.secrets, channel.points, ref) };
    }
    return channel.lastHtlc.key;
  }

  #channel(number: number): Channel {
    let channel = this.#channels.get(number);
    if (channel === undefined) {
      const secrets = this.#channelSecrets(number);
      channel = {
        secrets,
        points: channelPointsOf(secrets),
        shachain: new ShachainGenerator(secrets.shachainSeed),
        recent: new Map(),
      };
      this.#channels.set(number, channel);
    }
    return channel;
  }

  #channelSecrets(number: number): ChannelSecrets {
    const index = new Uint8Array(8);
    new DataView(index.buffer).setBigUint64(0, BigInt(number));
    const all = hkdf(NO_SALT, this.#seed, concat(utf8('levin channel'), index), 6 * 32);
    const part = (i: number): Uint8Array => all.slice(i * 32, (i + 1) * 32);
    return {
      funding: part(0),
      revocation: part(1),
      payment: part(2),
      delayedPayment: part(3),
      htlc: part(4),
      shachainSeed: part(5),
    };
  }

  #taprootKey(ref: WalletRef): Uint8Array {
    return must(taprootPrivateKey(this.#keyOf(ref)), 'a taproot key');
  }

  #walletKey(ref: WalletRef): Uint8Array {
    return childKey(this.#branch(ref).key, ref.index).key;
  }

  #branch({ type, change }: WalletRef): Branch {
    const name = `${type}/${change ? 1 : 0}`;
    let branch = this.#branches.get(name);
    if (branch === undefined) {
      const key = childKey(this.#accounts[type], change ? 1 : 0);
      branch = { key, point: childPoints(key) };
      this.#branches.set(name, branch);
    }
    return branch;
  }
}
