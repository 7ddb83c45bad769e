/** The commands of a node, called in its own process: same checks, same JSON, no socket. */
import type { Command } from './command.js';
import { CommandTable } from './command-table.js';
import { codes, RpcError } from './errors.js';
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

  /** Rejects with `CommandError`. An abort ends the waiting, never what was begun. */
  async call(method: string, params: object = {}, signal?: AbortSignal): Promise<unknown> {
    try {
      const command = this.#table.find(method);
      if (!command) throw new RpcError(codes.unknownMethod, `Unknown command '${method}'`);
      const answer = await command.run(parseParams(command, throughJson(params)), {
        node: this.#node,
        signal: signal ?? new AbortController().signal,
        notify: { message() {}, progress() {} },
        commands: this.#table,
      });
      return throughJson(answer ?? null);
    } catch (error) {
      throw error instanceof RpcError ? new CommandError(method, error) : error;
    }
  }
}
