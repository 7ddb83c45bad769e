import { decodeTx, txid } from '../../core/bitcoin/index.js';
import { fromHex, toHex } from '../../core/bytes/index.js';

/** The demo's transactions, to add up what they paid for being mined. */
export class Books {
  readonly #outputs = new Map<string, bigint>();
  /** Sat. */
  fees = 0n;
  count = 0;

  /** A transaction whose inputs are none of ours: its outputs are what comes in. */
  comesIn(hex: string): void {
    this.#enter(hex);
  }

  /** A transaction that spends what is in the books. */
  spends(hex: string): void {
    const tx = this.#enter(hex);
    let fee = 0n;
    for (const { txid: spent, vout } of tx.inputs) {
      const amount = this.#outputs.get(`${toHex(spent)}:${vout}`);
      if (amount === undefined) throw new Error('a transaction spends what is not in the books');
      fee += amount;
    }
    for (const output of tx.outputs) fee -= output.amount;
    this.fees += fee;
    this.count++;
  }

  #enter(hex: string) {
    const bytes = fromHex(hex);
    const tx = bytes && decodeTx(bytes);
    if (!tx) throw new Error('a transaction that cannot be read');
    const id = toHex(txid(tx));
    tx.outputs.forEach((output, vout) => {
      this.#outputs.set(`${id}:${vout}`, output.amount);
    });
    return tx;
  }
}
