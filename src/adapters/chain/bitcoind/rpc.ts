/**
 * A client of bitcoind's JSON-RPC over node:http, with connections that are kept alive. Not over
 * fetch: loading that took 30 ms of every start.
 */
import { Agent, request } from 'node:http';
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
  /** For one call. */
  readonly timeoutMs: number;
}

/** Calls under way at once: bitcoind refuses what its queue has no room for (16 in older ones). */
const PARALLEL = 8;
/** Waits before a call is made again that bitcoind's full queue refused, in milliseconds. */
const BUSY_MS = [100, 300, 900] as const;

export interface Call {
  readonly method: string;
  readonly params: readonly unknown[];
}

interface Reply {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code?: number; readonly message?: string } | null;
}

/** Matches strings, so that they are skipped, and numbers with a fraction or an exponent. */
const FRACTIONS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/g;

/** JSON with its fractions as strings: an amount in bitcoin never becomes a float. */
export function parseExact(text: string): unknown {
  return JSON.parse(text.replace(FRACTIONS, (m) => (m.startsWith('"') ? m : `"${m}"`)));
}

interface Response {
  readonly status: number;
  readonly text: string;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there: is it running?',
  ENOTFOUND: 'no host has this name',
  EHOSTUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'the host does not answer',
};
const inWords = (code: string): string => (code in WORDS ? `${WORDS[code]} (${code})` : code);

const reason = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};

export class RpcClient {
  #authorization: string | undefined;
  #nextId = 0;
  #active = 0;
  readonly #line: (() => void)[] = [];
  readonly #underWay = new Set<AbortController>();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: PARALLEL });
  #closed = false;

  constructor(readonly options: RpcOptions) {}

  /**
   * The result of `method`, fractions as decimal strings. Rejects with `RpcError` where bitcoind
   * says no, and with `ChainAway` where it does not answer, still starts, or does not let us in.
   */
  async call(method: string, params: readonly unknown[] = []): Promise<unknown> {
    const body = { jsonrpc: '1.0', id: this.#nextId++, method, params };
    return settle(method, (await this.#ask(method, body)) as Reply);
  }

  /**
   * Several calls in one request, which bitcoind works through in their order. Answers for each
   * its result or an `RpcError`, and rejects with `ChainAway` as `call` does.
   */
  async callTogether(calls: readonly Call[]): Promise<readonly unknown[]> {
    const first = this.#nextId;
    this.#nextId += calls.length;
    const name = calls[0]?.method ?? '';
    const body = calls.map((call, i) => ({ jsonrpc: '1.0', id: first + i, ...call }));
    const replies = await this.#ask(name, body);
    if (!Array.isArray(replies)) {
      settle(name, replies as Reply);
      throw new ChainAway(`bitcoind at ${this.options.url}, which answers no calls together`);
    }
    const byId = new Map((replies as Reply[]).map((reply) => [Number(reply.id), reply]));
    return calls.map(({ method }, i) => {
      const reply = byId.get(first + i);
      if (reply === undefined)
        throw new ChainAway(`bitcoind at ${this.options.url}, which left out an answer`);
      try {
        return settle(method, reply);
      } catch (error) {
        if (error instanceof RpcError) return error;
        throw error;
      }
    });
  }

  async #ask(method: string, body: unknown): Promise<unknown> {
    if (this.#active >= PARALLEL) await new Promise<void>((go) => this.#line.push(go));
    this.#active++;
    try {
      return this.#read(await this.#answered(method, body));
    } finally {
      this.#active--;
      this.#line.shift()?.();
    }
  }

  /** Ends what is under way, and refuses what comes, with `ChainAway`. */
  close(): void {
    this.#closed = true;
    for (const call of this.#underWay) call.abort();
    this.#agent.destroy();
  }

  async #answered(method: string, body: unknown): Promise<Response> {
    let fresh = true;
    for (let busy = 0; ; ) {
      const response = await this.#post(method, body, !fresh);
      if (response?.status === 503 && busy < BUSY_MS.length && !this.#closed) {
        const pause = BUSY_MS[busy++];
        await new Promise((go) => setTimeout(go, pause));
        continue;
      }
      const refused = response?.status === 401 || response?.status === 403;
      if (response !== undefined && !refused) return response;
      if (refused) this.#authorization = undefined;
      if (!fresh)
        throw new ChainAway(`bitcoind at ${this.options.url}, which refuses our user and password`);
      fresh = false;
    }
  }

  /** One try. Nothing where the connection was stale and another try may help. */
  async #post(method: string, body: unknown, last: boolean): Promise<Response | undefined> {
    const { url, timeoutMs } = this.options;
    this.#authorization ??= `Basic ${Buffer.from(await this.options.credentials()).toString('base64')}`;
    if (this.#closed) throw new ChainAway('bitcoind, while we end');
    const call = new AbortController();
    const timer = setTimeout(() => call.abort(), timeoutMs);
    this.#underWay.add(call);
    try {
      return await this.#exchange(this.#authorization, JSON.stringify(body), call.signal);
    } catch (error) {
      if (this.#closed) throw new ChainAway('bitcoind, while we end');
      if (call.signal.aborted)
        throw new ChainAway(`bitcoind at ${url}: no answer to ${method} in ${timeoutMs / 1000} s`);
      // bitcoind closes idle connections; every call we make may be repeated safely.
      if (!last && /ECONNRESET|EPIPE/.test(reason(error))) return undefined;
      throw new ChainAway(`bitcoind at ${url}: ${inWords(reason(error))}`);
    } finally {
      clearTimeout(timer);
      this.#underWay.delete(call);
    }
  }

  #exchange(authorization: string, body: string, signal: AbortSignal): Promise<Response> {
    const headers = { authorization, 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const asking = request(
        this.options.url,
        { method: 'POST', headers, agent: this.#agent, signal },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
          );
        },
      );
      asking.once('error', reject);
      asking.end(body);
    });
  }

  #read({ status, text }: Response): unknown {
    try {
      return parseExact(text);
    } catch {
      throw new ChainAway(
        `bitcoind at ${this.options.url}: HTTP ${status}: ${text.slice(0, 80).trim()}`,
      );
    }
  }
}

/** The result; throws what the error says. */
function settle(method: string, reply: Reply): unknown {
  const error = reply?.error;
  if (error === undefined || error === null) return reply?.result;
  const code = error.code ?? RPC.misc;
  if (code === RPC.inWarmup)
    throw new ChainAway(`bitcoind, which is starting: ${error.message ?? ''}`);
  throw new RpcError(method, code, error.message ?? 'no message');
}
