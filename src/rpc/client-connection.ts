import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Logger } from '../ports/index.js';
import type { Notify } from './command.js';
import type { CommandTable } from './command-table.js';
import { codes, RpcError, unknownCommand } from './errors.js';
import { applyFilter } from './filter.js';
import {
  encodeJson,
  JsonSplitter,
  parseJson,
  type SplitProblem,
  type SplitResult,
} from './json.js';
import type { NodeApi } from './node-api.js';
import { parseParams } from './parse-params.js';

type Id = string | number | bigint | null;

interface Request {
  /** `undefined`: a notification, which is never answered. */
  readonly id: Id | undefined;
  readonly method: string;
  readonly params: unknown;
  /** Which part of the answer is wanted; `undefined`: all. */
  readonly filter: unknown;
}

export interface ClientDeps {
  readonly commands: CommandTable;
  /** `current` once it is there; `ready` resolves then. */
  readonly node: { readonly current: NodeApi | undefined; readonly ready: Promise<NodeApi> };
  readonly log: Logger;
}

/** Answers that the client has not read yet; beyond it we read no more requests from it. */
const HIGH_WATER = 4 * 1024 * 1024;
/** Requests of one client that run at once; beyond it we read no more from it. */
const MAX_RUNNING = 1024;

const PROBLEMS: Readonly<Record<SplitProblem, string>> = {
  not_json: 'not a JSON object',
  too_large: 'the request is too large',
  too_deep: 'the request is nested too deep',
};

const isId = (id: unknown): id is Id =>
  id === null || typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint';

/** One client: its requests run side by side, and each is answered when it is done. */
export class Client {
  readonly #socket: Socket;
  readonly #deps: ClientDeps;
  readonly #splitter: JsonSplitter;
  readonly #gone = new AbortController();
  /** Requests that have come and wait for their turn. */
  readonly #queue: SplitResult[] = [];
  #notifications = false;
  #running = 0;
  #ending = false;

  constructor(socket: Socket, options: { readonly maxRequestBytes: number }, deps: ClientDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.#splitter = new JsonSplitter(options.maxRequestBytes);
    // As many requests as may run may wait for it.
    setMaxListeners(0, this.#gone.signal);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => this.#pump());
    socket.on('error', () => socket.destroy());
    // Whether it went away or only shut its sending side cannot be told apart: what waits stops
    // waiting, and what is ready is still written.
    socket.on('end', () => {
      this.#ending = true;
      this.#gone.abort(new Error('the client is gone'));
      this.#endIfDone();
    });
    socket.on('close', () => this.#gone.abort(new Error('the client is gone')));
  }

  /** The daemon stops: no more requests, and no waiting for a client that does not read. */
  end(): void {
    this.#ending = true;
    this.#gone.abort(new Error('the daemon is stopping'));
    if (this.#socket.writableLength === 0) this.#socket.destroySoon();
    else this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#ending) return;
    this.#queue.push(...this.#splitter.push(chunk));
    this.#pump();
  }

  /** Back-pressure: a client that does not read its answers is not read either. */
  #pump(): void {
    while (this.#queue.length > 0 && !this.#full()) {
      const next = this.#queue.shift() as SplitResult;
      if ('text' in next) void this.#serve(next.text);
      else this.#refuseAll(next.problem);
    }
    if (this.#queue.length > 0 || this.#full()) this.#socket.pause();
    else this.#socket.resume();
  }

  #full(): boolean {
    return this.#socket.writableLength > HIGH_WATER || this.#running >= MAX_RUNNING;
  }

  /** There is no telling where in the stream the next request would start. */
  #refuseAll(problem: SplitProblem): void {
    this.#answerError(null, new RpcError(codes.badJson, PROBLEMS[problem]));
    this.#ending = true;
    this.#gone.abort(new Error('the client sent what is no JSON'));
    this.#socket.destroySoon();
  }

  async #serve(text: string): Promise<void> {
    this.#running++;
    let id: Id | undefined = null;
    try {
      const request = readRequest(text);
      id = request.id;
      // A command that answers at once is answered at once: then the next one is held back where
      // the client does not read.
      const running = this.#run(request);
      const whole = running instanceof Promise ? await running : running;
      const { filter } = request;
      const result = filter === undefined ? whole : applyFilter(whole, filter);
      if (id !== undefined) this.#write({ jsonrpc: '2.0', id, result });
    } catch (error) {
      const refusal = error instanceof RpcError ? error : this.#internal(text, error);
      const to = refusal instanceof MalformedRequest ? refusal.id : id;
      if (to !== undefined) this.#answerError(to, refusal);
    } finally {
      this.#running--;
      this.#pump();
      this.#endIfDone();
    }
  }

  #run(request: Request): unknown {
    const command = this.#deps.commands.find(request.method);
    if (!command) throw unknownCommand(request.method);
    const params = parseParams(command, request.params);
    if (command.name === 'notifications') {
      this.#notifications = params['enable'] as boolean;
      return {};
    }
    const run = (node: NodeApi): unknown =>
      command.run(params, {
        node,
        signal: this.#gone.signal,
        notify: this.#notifier(request.id),
        commands: this.#deps.commands,
      });
    const { current, ready } = this.#deps.node;
    return current ? run(current) : ready.then(run);
  }

  #notifier(id: Id | undefined): Notify {
    const send = (method: string, params: object): void => {
      if (!this.#notifications || id === undefined) return;
      this.#write({ jsonrpc: '2.0', method, params: { id, ...params } });
    };
    return {
      message: (message, level = 'info') => send('message', { level, message }),
      progress: (step) => send('progress', step),
    };
  }

  /** Our own bug: the client hears that much, the log all of it, and the daemon goes on. */
  #internal(text: string, error: unknown): RpcError {
    const message = error instanceof Error ? error.message : String(error);
    if (this.#gone.signal.aborted) return new RpcError(codes.general, message);
    this.#deps.log.error('a command broke', {
      error: error instanceof Error ? (error.stack ?? message) : message,
      method: /"method"\s*:\s*"([^"]{1,60})"/.exec(text)?.[1],
    });
    return new RpcError(codes.internal, 'internal error: the log tells of it');
  }

  #answerError(id: Id, { code, message, data }: RpcError): void {
    this.#write({ jsonrpc: '2.0', id, error: { code, message, data } });
  }

  #write(reply: object): void {
    if (this.#socket.writable) this.#socket.write(`${encodeJson(reply)}\n\n`);
  }

  #endIfDone(): void {
    if (this.#ending && this.#running === 0 && this.#queue.length === 0) this.#socket.destroySoon();
  }
}

class MalformedRequest extends RpcError {
  constructor(
    message: string,
    readonly id: Id,
    code: number = codes.malformedRequest,
  ) {
    super(code, message);
  }
}

function readRequest(text: string): Request {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    throw new MalformedRequest('not valid JSON', null, codes.badJson);
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw new MalformedRequest('a request is a JSON object', null);
  const { id, method, params, filter } = json as Record<string, unknown>;
  if (id !== undefined && !isId(id))
    throw new MalformedRequest('id should be a string, a number or null', null);
  if (typeof method !== 'string')
    throw new MalformedRequest('method should be a string', id ?? null);
  return { id, method, params, filter };
}
