import { decodeTx, txid } from '../../core/bitcoin/index.js';
import { type Bytes, shownHash } from '../../core/bytes/index.js';
import type { BroadcastResult, Logger } from '../../ports/index.js';
import type { FollowedBlock } from '../chain/index.js';

interface ToTheChain {
  broadcast(tx: Bytes): Promise<BroadcastResult>;
}

interface Waiting {
  readonly tx: Bytes;
  readonly purpose: string;
  readonly since: number;
  /** What was last said of a refusal, so that the log says it once. */
  refusal: string;
}

/** Blocks after which a transaction that never confirms is given up: another spent its inputs. */
const PATIENCE = 2016;

/** Broadcasts the transactions of channels, and again with every block until they are in one. */
export class Broadcaster {
  readonly #waiting = new Map<string, Waiting>();
  readonly #chain: ToTheChain;
  readonly #log: Logger;
  #height = 0;

  constructor(_options: Record<string, never>, deps: { chain: ToTheChain; log: Logger }) {
    this.#chain = deps.chain;
    this.#log = deps.log;
  }

  broadcast(tx: Bytes, purpose: string): void {
    const decoded = decodeTx(tx);
    if (decoded === undefined) {
      this.#log.error('a transaction of ours cannot be read', { purpose });
      return;
    }
    const id = shownHash(txid(decoded));
    const waiting = { tx, purpose, since: this.#height, refusal: '' };
    this.#waiting.set(id, waiting);
    this.#send(id, waiting);
  }

  connectBlock(block: FollowedBlock): void {
    this.#height = block.height;
    if (this.#waiting.size === 0) return;
    for (const { txid: id } of block.txs) this.#waiting.delete(shownHash(id));
    for (const [id, waiting] of this.#waiting) {
      if (block.height - waiting.since > PATIENCE) this.#waiting.delete(id);
      // Where more blocks follow at once, one of them may hold it.
      else if (!block.more) this.#send(id, waiting);
    }
  }

  async #send(id: string, waiting: Waiting): Promise<void> {
    const { purpose } = waiting;
    try {
      const result = await this.#chain.broadcast(waiting.tx);
      if (result.kind === 'refused' && result.reason !== waiting.refusal) {
        waiting.refusal = result.reason;
        this.#log.warn(`${purpose} was refused`, { txid: id, reason: result.reason });
      }
      if (result.kind === 'accepted') this.#log.info(`broadcast: ${purpose}`, { txid: id });
    } catch (error) {
      // It is said again once the chain hears, and with the next block.
      this.#log.info(`${purpose} waits for the chain`, { txid: id, error: String(error) });
    }
  }
}
