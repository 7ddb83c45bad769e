/**
 * Levin as a library: a node inside your program.
 *
 * ```ts
 * import { startNode } from 'levin';
 *
 * const node = await startNode({ network: 'signet', 'lightning-dir': './node', 'log-file': '-' });
 * const { bolt11 } = await node.call('invoice', { amount_msat: 50_000, label: 'a', description: 'b' });
 * const paid = await node.call('waitinvoice', { label: 'a' });
 * await node.stop();
 * ```
 *
 * Commands and their parameters are those of the manual pages in docs/commands; docs/embedding.md
 * says the rest. For a whole network in one process, without a bitcoind, see `levin/lab`.
 */
import { setMaxListeners } from 'node:events';
import { TextLog } from './adapters/log/index.js';
import { daemonConfig } from './cli/config.js';
import { gatherOptions, makeFolder, OptionError } from './cli/option-parser.js';
import { type OptionDeclaration, options } from './cli/option-table.js';
import { version } from './cli/version.js';
import { startNode as startDaemonNode } from './node/main/index.js';
import { type Logger, silentLogger } from './ports/index.js';
import { commands } from './rpc/commands/index.js';
import { codes, RpcError } from './rpc/errors.js';
import type { NodeApi } from './rpc/index.js';
import { CommandError, LocalCommands } from './rpc/local.js';

export type { Logger } from './ports/index.js';
export { CommandError };

/** The options of lightningd by their names, without the dashes: docs/options.md. */
export type NodeOptions = Readonly<
  Record<string, string | number | boolean | readonly (string | number)[] | undefined>
>;

export interface EmbedDeps {
  /** Where the log goes; else where the options `log-file` and `log-level` say, or nowhere. */
  readonly log?: Logger;
  /** For an encrypted `hsm_secret`. */
  readonly passphrase?: string;
  /** The node cannot go on, as when the disk fails: what is in memory is in doubt. */
  readonly fatal?: (error: unknown) => void;
  /** Ends the waiting for bitcoind; the start is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface EmbeddedNode {
  /** The node's public key, lower-case hex. */
  readonly id: string;
  /**
   * Calls a command; rejects with `CommandError`, or with the reason of `signal` once that aborts:
   * it ends the waiting, never a payment.
   */
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds depends on the command.
  call(method: string, params?: object, signal?: AbortSignal): Promise<any>;
  /** Resolves when all that was begun is on disk and every socket is closed. */
  stop(): Promise<void>;
}

/** Options that are merely there, or not. */
const flags = new Set<string>(
  (options as readonly OptionDeclaration[]).filter((o) => o.takes === undefined).map((o) => o.name),
);

function argumentsOf(given: NodeOptions): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (flags.has(name)) {
      if (typeof value !== 'boolean') throw new OptionError(`${name}: true or false is wanted`);
      return value ? [`--${name}`] : [];
    }
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((one) => {
      if (typeof one === 'object' || typeof one === 'function' || one === undefined)
        throw new OptionError(`${name}: text, a number, true or false is wanted`);
      return `--${name}=${String(one)}`;
    });
  });
}

/** Starts a node on this machine's adapters, without a socket for commands. */
export async function startNode(
  nodeOptions: NodeOptions = {},
  deps: EmbedDeps = {},
): Promise<EmbeddedNode> {
  const { given, places } = gatherOptions(argumentsOf(nodeOptions), 'startNode');
  const config = daemonConfig(given, places, version());
  if (config.askPassphrase && deps.passphrase === undefined)
    throw new OptionError('encrypted-hsm: nobody is asked here; give it as { passphrase }');
  makeFolder(places.networkDir);
  const fatal =
    deps.fatal ??
    ((error: unknown) => {
      throw error;
    });
  const wantsText = given.has('log-file') || given.has('log-level');
  const text = deps.log === undefined && wantsText ? new TextLog(config.log) : undefined;
  const log = deps.log ?? text?.logger ?? silentLogger;
  const { passphrase, signal } = deps;
  const node = await startDaemonNode(config, {
    ...{ log, passphrase, fatal },
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    text?.close();
    throw error;
  });
  const stopped = new AbortController();
  // As many commands as there are may wait for it.
  setMaxListeners(0, stopped.signal);
  const stop = (): Promise<void> => {
    stopped.abort(new RpcError(codes.general, 'the node is stopped'));
    return node.stop().finally(() => text?.close());
  };
  const api: NodeApi = {
    ...node.api,
    recentLog: () => text?.recent() ?? [],
    requestStop: () => void stop(),
  };
  const { developer } = config.node;
  const local = new LocalCommands({ developer }, { node: api, commands });
  return {
    id: api.nodeId,
    call: (method, params, signal) =>
      local.call(
        method,
        params,
        signal === undefined ? stopped.signal : AbortSignal.any([signal, stopped.signal]),
      ),
    stop,
  };
}
