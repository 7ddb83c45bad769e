import { type Call, type RpcClient, RpcError } from './rpc.js';

interface Waiting {
  readonly call: Call;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests under way at the same time: bitcoind has few threads, and others want to be heard. */
const REQUESTS = 2;
/** Calls in one of them. */
const TOGETHER = 50;

/**
 * Small calls, of which a whole graph's gossip needs a hundred thousand: what comes while requests
 * are under way shares the next one. A call that comes alone goes alone, and at once.
 */
export class GatheredCalls {
  readonly #rpc: Pick<RpcClient, 'call' | 'callTogether'>;
  readonly #line: Waiting[] = [];
  #open = 0;
  #planned = false;

  constructor(rpc: Pick<RpcClient, 'call' | 'callTogether'>) {
    this.#rpc = rpc;
  }

  /** As `RpcClient.call`. */
  call(method: string, params: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#line.push({ call: { method, params }, resolve, reject });
      if (this.#planned) return;
      this.#planned = true;
      queueMicrotask(() => {
        this.#planned = false;
        this.#send();
      });
    });
  }

  #send(): void {
    while (this.#open < REQUESTS && this.#line.length > 0) {
      this.#open++;
      void this.#request(this.#line.splice(0, TOGETHER)).finally(() => {
        this.#open--;
        this.#send();
      });
    }
  }

  async #request(batch: readonly Waiting[]): Promise<void> {
    try {
      const [only] = batch as readonly [Waiting];
      if (batch.length === 1) {
        only.resolve(await this.#rpc.call(only.call.method, only.call.params));
        return;
      }
      const results = await this.#rpc.callTogether(batch.map(({ call }) => call));
      batch.forEach(({ resolve, reject }, i) => {
        if (results[i] instanceof RpcError) reject(results[i]);
        else resolve(results[i]);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
