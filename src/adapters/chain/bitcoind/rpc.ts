/** A client of bitcoind's JSON-RPC over fetch. Connections are kept alive by fetch itself. */
import { ChainAway } from '../../../ports/index.js';

/** bitcoind answered, and the answer is an error. */
export class RpcError extends Error {
  constructor(
    readonly method: string,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** bitcoind's error codes (its `rpc/protocol.h`) that mean something to us. */
export const RPC = {
  misc: -1,
  invalidAddressOrKey: -5,
  invalidParameter: -8,
  verifyError: -25,
  verifyRejected: -26,
  alreadyInChain: -27,
  inWarmup: -28,
  methodNotFound: -32601,
} as const;

export interface RpcOptions {
  readonly url: string;
  /** `user:password`; read again where bitcoind refuses it, for a cookie changes at its restart. */
  readonly credentials: () => Promise<string>;
  readonly timeoutMs: number;
}

interface Reply {
  readonly result?: unknown;
  readonly error?: { readonly code?: number; readonly message?: string } | null;
}

/** Matches strings, so that they are skipped, and numbers with a fraction or an exponent. */
const FRACTIONS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/g;

/** JSON with its fractions as strings: an amount in bitcoin never becomes a float. */
export function parseExact(text: string): unknown {
  return JSON.parse(text.replace(FRACTIONS, (m) => (m.startsWith('"') ? m : `"${m}"`)));
}

const reason = (error: unknown): string => {
  const e = error as Error & { cause?: { code?: string; message?: string } };
  return e.cause?.code ?? e.cause?.message ?? e.message;
};

export class RpcClient {
  #authorization: string | undefined;
  #nextId = 0;

  constructor(readonly options: RpcOptions) {}

  /**
   * The result of `method`, fractions as decimal strings. Rejects with `RpcError` where bitcoind
   * says no, and with `ChainAway` where it does not answer, still starts, or does not let us in.
   */
  async call(method: string, params: readonly unknown[] = []): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      const last = attempt > 0;
      const response = await this.#post(method, params, last);
      if (response === undefined) continue;
      if (response.status === 401 || response.status === 403) {
        this.#authorization = undefined;
        if (!last) continue;
        throw new ChainAway(`bitcoind at ${this.options.url} refuses our user and password`);
      }
      return this.#read(method, response);
    }
  }

  /** One try. Nothing where the connection was stale and another try may help. */
  async #post(
    method: string,
    params: readonly unknown[],
    last: boolean,
  ): Promise<{ status: number; text: string } | undefined> {
    const { url, timeoutMs } = this.options;
    this.#authorization ??= `Basic ${Buffer.from(await this.options.credentials()).toString('base64')}`;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization: this.#authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '1.0', id: this.#nextId++, method, params }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      if ((error as Error).name === 'TimeoutError')
        throw new ChainAway(`bitcoind at ${url} did not answer ${method} in ${timeoutMs} ms`);
      // bitcoind closes idle connections; every call we make may be repeated safely.
      if (!last && /UND_ERR_SOCKET|ECONNRESET|EPIPE/.test(reason(error))) return undefined;
      throw new ChainAway(`bitcoind at ${url}: ${reason(error)}`);
    }
  }

  #read(method: string, { status, text }: { status: number; text: string }): unknown {
    let reply: Reply;
    try {
      reply = parseExact(text) as Reply;
    } catch {
      throw new ChainAway(
        `bitcoind at ${this.options.url}: HTTP ${status}: ${text.slice(0, 80).trim()}`,
      );
    }
    const error = reply?.error;
    if (error === undefined || error === null) return reply?.result;
    const code = error.code ?? RPC.misc;
    if (code === RPC.inWarmup) throw new ChainAway(`bitcoind is starting: ${error.message ?? ''}`);
    throw new RpcError(method, code, error.message ?? 'no message');
  }
}
