/** Serves an embedded chain over HTTP as bitcoind serves its own, so that its clients attach. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../ports/index.js';
import { parseExact } from '../bitcoind/rpc.js';
import { EmbeddedChain } from './chain.js';
import { toJson } from './json.js';
import { METHODS } from './methods.js';
import { Params } from './params.js';
import { ChainRpcError, CODE } from './rpc-error.js';

export interface ChainServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
  readonly seed?: string;
  /** Both or none: without them anybody on this machine is let in. */
  readonly rpcuser?: string;
  readonly rpcpassword?: string;
  /** Blocks to mine at the start, so that the faucet has coins; 0 by default. */
  readonly blocks?: number;
}

export interface ChainServerDeps {
  readonly clock: Clock;
}

export interface ChainServer {
  readonly chain: EmbeddedChain;
  readonly port: number;
  /** Resolves when a client has called `stop`, or `close` was. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

const MAX_BODY = 32 * 1024 * 1024;

interface Request {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
}

export async function startEmbeddedChainServer(
  options: ChainServerOptions,
  deps: ChainServerDeps,
): Promise<ChainServer> {
  const chain = new EmbeddedChain(options.seed === undefined ? {} : { seed: options.seed }, deps);
  if (options.blocks !== undefined && options.blocks > 0) chain.mine(options.blocks);
  const { rpcuser, rpcpassword } = options;
  const secret =
    rpcuser === undefined
      ? undefined
      : `Basic ${Buffer.from(`${rpcuser}:${rpcpassword ?? ''}`).toString('base64')}`;

  let done = (): void => {};
  const closed = new Promise<void>((resolve) => {
    done = resolve;
  });
  const close = (): Promise<void> => {
    server.close(() => done());
    server.closeAllConnections();
    return closed;
  };
  const server = createServer((request, response) => {
    serve(chain, secret, request, response).then((stop) => {
      if (stop) void close();
    });
  });
  // As long as a node may be silent between two looks at the tip.
  server.keepAliveTimeout = 120_000;
  await listen(server, options.port, options.host ?? '127.0.0.1');
  return { chain, port: (server.address() as AddressInfo).port, closed, close };
}

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => done());
  });

/** Answers one HTTP request; whether it asked the server to stop. */
async function serve(
  chain: EmbeddedChain,
  secret: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const reply = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${toJson(body)}\n`);
  };
  if (!allowed(secret, request.headers.authorization)) {
    response.setHeader('www-authenticate', 'Basic realm="jsonrpc"');
    reply(401, null);
    return false;
  }
  const body = await read(request);
  let asked: unknown;
  try {
    asked = body === undefined ? undefined : parseExact(body);
  } catch {
    asked = undefined;
  }
  if (asked === undefined || asked === null || typeof asked !== 'object') {
    reply(500, { result: null, error: { code: -32700, message: 'Parse error' }, id: null });
    return false;
  }
  if (Array.isArray(asked)) {
    reply(
      200,
      asked.map((one) => answer(chain, one as Request)),
    );
    return false;
  }
  const answered = answer(chain, asked as Request);
  reply(
    answered.error === null ? 200 : answered.error.code === CODE.noMethod ? 404 : 500,
    answered,
  );
  return (asked as Request).method === 'stop';
}

function allowed(secret: string | undefined, given: string | undefined): boolean {
  if (secret === undefined) return true;
  const [a, b] = [Buffer.from(secret), Buffer.from(given ?? '')];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function read(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request) {
      size += (part as Buffer).length;
      if (size > MAX_BODY) return undefined;
      parts.push(part as Buffer);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(parts).toString('utf8');
}

interface Answer {
  readonly result: unknown;
  readonly error: { readonly code: number; readonly message: string } | null;
  readonly id: unknown;
}

function answer(chain: EmbeddedChain, asked: Request): Answer {
  const id = asked?.id ?? null;
  const fail = (code: number, message: string): Answer => ({
    result: null,
    error: { code, message },
    id,
  });
  if (asked?.method === 'stop') return { result: 'Levin embedded chain stopping', error: null, id };
  const method = METHODS.get(String(asked?.method));
  if (method === undefined) return fail(CODE.noMethod, 'Method not found');
  try {
    const result = method.run(chain, new Params(asked.params, method.params));
    return { result: result ?? null, error: null, id };
  } catch (error) {
    if (error instanceof ChainRpcError) return fail(error.code, error.message);
    return fail(CODE.misc, `our bug: ${String(error)}`);
  }
}
