/** The commands of a node, called in its own process: same checks, same JSON, no socket. */
import { setMaxListeners } from 'node:events';
import type { Command } from './command.js';
import { CommandTable } from './command-table.js';
import { unlessAborted } from './commands/waiting.js';
import { codes, cut, RpcError, unknownCommand } from './errors.js';
import { encodeJson, parseJson } from './json.js';
import type { NodeApi } from './node-api.js';
import { parseParams } from './parse-params.js';

/** A refusal, as a client of the socket sees it: Core Lightning's code, and plain data. */
export class CommandError extends Error {
  readonly method: string;
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: what `data` holds depends on the command.
  readonly data: any;

  constructor(method: string, error: RpcError) {
    super(`${method}: ${error.message} (${error.code})`);
    this.method = method;
    this.code = error.code;
    this.data = error.data === undefined ? undefined : throughJson(error.data);
  }
}

const throughJson = (value: unknown): unknown => parseJson(encodeJson(value));

const MAX_DEPTH = 64;

/**
 * Parameters as JSON would bring them. What JSON would turn into nothing at all is refused: a limit
 * that was miscalculated must not count as no limit.
 */
function plainParams(params: unknown): unknown {
  const check = (value: unknown, at: string, depth: number): void => {
    if (depth > MAX_DEPTH) throw bad(at, 'is nested too deep, or in a circle');
    if (typeof value === 'number' && !Number.isFinite(value))
      throw bad(at, `${value} is no number`);
    if (typeof value === 'function' || typeof value === 'symbol')
      throw bad(at, `a ${typeof value} is no parameter`);
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return;
    for (const [name, inner] of Object.entries(value))
      check(inner, at === '' ? name : `${at}.${name}`, depth + 1);
  };
  check(params, '', 0);
  return throughJson(params);
}

const bad = (at: string, why: string): RpcError =>
  new RpcError(codes.badParameter, `${cut(at) || 'params'}: ${why}`);

const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);

export class LocalCommands {
  readonly #node: NodeApi;
  readonly #table: CommandTable;

  constructor(
    options: { readonly developer: boolean },
    deps: { readonly node: NodeApi; readonly commands: readonly Command[] },
  ) {
    this.#node = deps.node;
    this.#table = new CommandTable(deps.commands, options);
  }

  /**
   * Rejects with `CommandError`; where `signal` aborts, at once with its reason. That ends the
   * waiting, never what was begun.
   */
  async call(method: string, params: object = {}, signal: AbortSignal = NEVER): Promise<unknown> {
    try {
      if (signal.aborted) throw signal.reason;
      const command = this.#table.find(method);
      if (!command) throw unknownCommand(String(method));
      const running = command.run(parseParams(command, plainParams(params)), {
        node: this.#node,
        signal,
        notify: { message() {}, progress() {} },
        commands: this.#table,
      });
      const answer = running instanceof Promise ? await unlessAborted(running, signal) : running;
      return throughJson(answer ?? null);
    } catch (error) {
      throw error instanceof RpcError ? new CommandError(method, error) : error;
    }
  }
}
