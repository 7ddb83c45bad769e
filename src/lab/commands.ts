import { commands } from '../rpc/commands/index.js';
import { type Command, CommandTable, codes, type NodeApi, RpcError } from '../rpc/index.js';
import { encodeJson, parseJson } from '../rpc/json.js';
import { parseParams } from '../rpc/parse-params.js';

/** An error that a command answered with, as a client of the socket sees it. */
export class LabRpcError extends Error {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: what `data` holds depends on the command.
  readonly data: any;

  constructor(method: string, error: RpcError) {
    super(`${method}: ${error.message} (${error.code})`);
    this.code = error.code;
    this.data = error.data === undefined ? undefined : throughJson(error.data);
  }
}

const throughJson = (value: unknown): unknown => parseJson(encodeJson(value));

/** The command table of a node, called in the process: same checks, same JSON, no socket. */
export class LabCommands {
  readonly #node: NodeApi;
  readonly #commands = new CommandTable(commands, { developer: true });

  constructor(node: NodeApi) {
    this.#node = node;
  }

  async call(method: string, params: object): Promise<unknown> {
    try {
      const command: Command | undefined = this.#commands.find(method);
      if (!command) throw new RpcError(codes.unknownMethod, `Unknown command '${method}'`);
      const given = parseParams(command, throughJson(params));
      const answer = await command.run(given, {
        node: this.#node,
        signal: new AbortController().signal,
        notify: { message() {}, progress() {} },
        commands: this.#commands,
      });
      return throughJson(answer ?? null);
    } catch (error) {
      throw error instanceof RpcError ? new LabRpcError(method, error) : error;
    }
  }
}
