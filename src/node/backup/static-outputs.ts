/** Recovery from the seed alone: outputs that commitments of forgotten channels pay to us. */

import type { Transaction } from '../../core/bitcoin/index.js';
import { decodeTx } from '../../core/bitcoin/index.js';
import { type Bytes, shownHash, toHex } from '../../core/bytes/index.js';
import {
  type StaticOutput,
  type StaticScript,
  staticScripts,
  sweepStatic,
} from '../../core/onchain/index.js';
import type { Logger, Signer, Store } from '../../ports/index.js';
import type { PastBlock } from './types.js';

const VAR = 'seed_outlived_store';
/** Channel numbers that are looked for beyond the last one found. */
const AHEAD = 500;

export interface StaticOutputsOptions {
  /** The seed is older than the store: numbers that it does not know were in use. */
  readonly seedIsOld: boolean;
  /** The operator has blocks read again: then they are looked through for these, too. */
  readonly rescan: boolean;
}

export interface StaticOutputsDeps {
  readonly store: Pick<Store, 'commit' | 'select'>;
  readonly signer: Signer;
  readonly log: Logger;
  /** Numbers of channels that care for themselves. */
  liveKeys(): ReadonlySet<number>;
  /** Whether every block there is has been seen. */
  synced(height: number): boolean;
  fees(): { readonly feeratePerKw: number; readonly minimum: number };
  sweepScript(): Promise<Bytes>;
  /** Keeps the transaction and broadcasts it until it is in a block. */
  send(tx: Transaction): Promise<{ readonly ok: boolean }>;
}

export class StaticOutputs {
  readonly #options: StaticOutputsOptions;
  readonly #deps: StaticOutputsDeps;
  readonly #scripts = new Map<string, StaticScript>();
  /** Found and not known to be spent, by outpoint. */
  readonly #found = new Map<string, StaticOutput>();
  /** One script for all of them, however often they are tried. */
  #to: Bytes | undefined;
  #watched = 0;
  #active = false;

  constructor(options: StaticOutputsOptions, deps: StaticOutputsDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const { seedIsOld, rescan } = this.#options;
    const { store } = this.#deps;
    const [row] = await store.select('vars', { where: { name: VAR } });
    let outlived = row?.value[0] === 1;
    if (row === undefined) {
      // The first start of this store.
      outlived = seedIsOld;
      const value = Uint8Array.of(outlived ? 1 : 0);
      await store.commit([{ put: 'vars', row: { name: VAR, value } }]);
    }
    this.#active = outlived || rescan;
    if (this.#active) this.#watchTo(AHEAD);
  }

  async connectBlock(block: PastBlock): Promise<void> {
    if (!this.#active) return;
    for (const { txid, tx } of block.txs) {
      for (const input of tx.inputs) this.#found.delete(nameOf(input.txid, input.vout));
      for (const [vout, { amount, scriptPubkey }] of tx.outputs.entries()) {
        const script = this.#scripts.get(toHex(scriptPubkey));
        if (script === undefined) continue;
        this.#found.set(nameOf(txid, vout), { ...script, txid, vout, amount });
        this.#watchTo(script.key + AHEAD);
      }
    }
    if (this.#deps.synced(block.height)) await this.#sweep();
  }

  #watchTo(last: number): void {
    for (; this.#watched < last; this.#watched++)
      for (const script of staticScripts(this.#watched + 1, this.#deps.signer))
        this.#scripts.set(toHex(script.scriptPubkey), script);
  }

  async #sweep(): Promise<void> {
    const { liveKeys, fees, signer, log, sweepScript, send } = this.#deps;
    const live = liveKeys();
    for (const [name, output] of [...this.#found]) {
      // A channel that we know of, restored from a backup maybe, claims its own.
      if (live.has(output.key)) continue;
      this.#to ??= await sweepScript();
      const raw = sweepStatic(output, this.#to, fees(), signer);
      const tx = raw && decodeTx(raw);
      if (tx === undefined) continue;
      log.info('an output of a forgotten channel goes to the wallet', {
        outpoint: name,
        channel_key: output.key,
        amount: output.amount,
      });
      // What is refused now is tried again with the next block.
      if ((await send(tx)).ok) this.#found.delete(name);
    }
  }
}

const nameOf = (txid: Bytes, vout: number): string => `${shownHash(txid)}:${vout}`;
