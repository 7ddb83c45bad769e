/**
 * Which scripts are ours: four chains of keys, watched some way ahead of the last one used. They
 * are derived when a script is first looked for: no start waits for hundreds of keys.
 */
import { p2tr, p2wpkh } from '../../core/bitcoin/index.js';
import { type Bytes, toHex } from '../../core/bytes/index.js';
import type { KeyRef, Signer } from '../../ports/index.js';
import type { AddressType } from './types.js';

export type WalletKey = KeyRef & { readonly kind: 'wallet' };

interface KeyChain {
  readonly type: AddressType;
  readonly change: boolean;
  /** The scripts of keys up to here (exclusive) are known. */
  derived: number;
  /** The next one to hand out. */
  next: number;
}

const TYPES: readonly AddressType[] = ['p2wpkh', 'p2tr'];

export class WalletKeys {
  readonly #byScript = new Map<string, WalletKey>();
  readonly #chains: readonly KeyChain[] = TYPES.flatMap((type) =>
    [false, true].map((change) => ({ type, change, derived: 0, next: 0 })),
  );

  constructor(
    readonly gapLimit: number,
    readonly signer: Signer,
  ) {}

  #derive(chain: KeyChain): void {
    for (; chain.derived < chain.next + this.gapLimit; chain.derived++) {
      const { type, change, derived: index } = chain;
      const key: WalletKey = { kind: 'wallet', type, change, index };
      this.#byScript.set(toHex(this.script(key)), key);
    }
  }

  script(key: WalletKey): Bytes {
    const publicKey = this.signer.publicKey(key);
    return key.type === 'p2tr' ? p2tr(publicKey) : p2wpkh(publicKey);
  }

  find(scriptPubkey: Bytes): WalletKey | undefined {
    for (const chain of this.#chains) this.#derive(chain);
    return this.#byScript.get(toHex(scriptPubkey));
  }

  #chain(type: AddressType, change: boolean): KeyChain {
    return this.#chains.find((c) => c.type === type && c.change === change) as KeyChain;
  }

  next(type: AddressType, change: boolean): WalletKey {
    return { kind: 'wallet', type, change, index: this.#chain(type, change).next };
  }

  /** The key is in use: it is never handed out again. Answers whether more keys are watched now. */
  use({ type, change, index }: WalletKey): boolean {
    const chain = this.#chain(type, change);
    if (index < chain.next) return false;
    chain.next = index + 1;
    return true;
  }

  /** The last key of a chain, handed out and never shown to anybody, may be handed out again. */
  giveBack({ type, change, index }: WalletKey): void {
    const chain = this.#chain(type, change);
    if (chain.next === index + 1) chain.next = index;
  }

  /** How far each chain is used, to be kept on disk: `p2tr/0` and the like. */
  positions(): Record<string, number> {
    return Object.fromEntries(
      this.#chains.map(({ type, change, next }) => [`${type}/${change ? 1 : 0}`, next]),
    );
  }

  restore(positions: Readonly<Record<string, unknown>>): void {
    for (const chain of this.#chains) {
      const next = positions[`${chain.type}/${chain.change ? 1 : 0}`];
      if (typeof next === 'number' && next > chain.next) chain.next = next;
    }
  }
}
