/**
 * A bitcoind that is hard to talk to: `const proxy = await ChainProxy.start(bitcoind)` passes calls
 * on to a real one, and does with them what `proxy.trouble` says. Daemons are started on
 * `proxy.chain`, whose own `rpc` and `mine` go past it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestChain } from './bitcoind.js';

export interface Trouble {
  readonly delayMs?: number;
  /** No answer, ever. */
  readonly hang?: true;
  /** An answer of HTTP's in place of bitcoind's. */
  readonly status?: number;
  readonly error?: { readonly code: number; readonly message: string };
  readonly result?: unknown;
}

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

const sleep = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));

export class ChainProxy {
  trouble: (method: string, params: readonly unknown[]) => Trouble | undefined = () => undefined;
  readonly chain: TestChain;
  readonly #to: TestChain;
  readonly #server: Server;

  private constructor(to: TestChain, server: Server) {
    this.#to = to;
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.chain = { ...to, rpcport: port, stop: () => this.#stop() };
  }

  static async start(to: TestChain): Promise<ChainProxy> {
    const server = createServer((request, response) => {
      // Whoever ends in the middle of a call takes the connection with him.
      proxy.#serve(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
    const proxy = new ChainProxy(to, server);
    return proxy;
  }

  async #stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.#to.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const read = JSON.parse(body) as Call | Call[];
    const calls = Array.isArray(read) ? read : [read];
    const troubles = calls.map(({ method, params }) => this.trouble(method, params) ?? {});
    if (troubles.some((t) => t.hang)) return;
    await sleep(Math.max(...troubles.map((t) => t.delayMs ?? 0)));
    const status = troubles.find((t) => t.status !== undefined)?.status;
    if (status !== undefined) {
      response.writeHead(status).end('trouble');
      return;
    }
    const answer = await fetch(`http://127.0.0.1:${this.#to.rpcport}/`, {
      method: 'POST',
      headers: { authorization: request.headers.authorization ?? '' },
      body,
    });
    const text = await answer.text();
    const changed = troubles.some((t) => t.error !== undefined || t.result !== undefined);
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(changed ? this.#changed(read, troubles, text) : text);
  }

  #changed(read: Call | Call[], troubles: readonly Trouble[], text: string): string {
    const replies = [JSON.parse(text)].flat().map((reply, i) => {
      const { error, result } = troubles[i] as Trouble;
      if (error !== undefined) return { ...reply, result: null, error };
      return result === undefined ? reply : { ...reply, result, error: null };
    });
    return JSON.stringify(Array.isArray(read) ? replies : replies[0]);
  }
}
