import type { z } from 'zod';
import type { NodeApi } from './node-api.js';

export type Category =
  | 'bitcoin'
  | 'channels'
  | 'network'
  | 'payment'
  | 'routing'
  | 'utility'
  | 'developer';

/** Progress for a client that asked with `enable notifications`; without that it goes nowhere. */
export interface Notify {
  message(text: string, level?: 'debug' | 'info' | 'unusual' | 'broken'): void;
  /** Step `num` (from 0) of `total`, of stage `stage.num` of `stage.total` where there are stages. */
  progress(step: { num: number; total: number; stage?: { num: number; total: number } }): void;
}

/** The commands of a daemon; see `command-table.ts`. */
export interface Commands {
  /** In alphabetical order. */
  readonly all: readonly Command[];
  /** By name or alias. */
  find(name: string): Command | undefined;
}

export interface CommandContext {
  readonly node: NodeApi;
  /**
   * Aborted when nobody waits for the answer any more. A command stops waiting; it never undoes
   * what it has begun.
   */
  readonly signal: AbortSignal;
  readonly notify: Notify;
  /** All commands of the daemon, for `help` and `check`. */
  readonly commands: Commands;
}

export interface CommandSpec<P extends z.ZodRawShape, R extends z.ZodType> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly category: Category;
  /** One line: what it does. */
  readonly summary: string;
  /** Paragraphs of the manual page, Markdown. */
  readonly description: string;
  /**
   * The parameters; the order of the keys is the positional order. Helpers: `params.ts`. A function,
   * as a start would take a tenth longer if it made all commands' schemas.
   */
  readonly params: () => z.ZodObject<P>;
  /** The answer. Helpers: `results.ts`. */
  readonly result: () => R;
  readonly errors?: readonly { readonly code: number; readonly meaning: string }[];
  readonly examples?: readonly { readonly cli: string; readonly reply?: unknown }[];
  readonly seeAlso?: readonly string[];
  /** Only there under `--developer`. */
  readonly developerOnly?: boolean;
  /**
   * Parameters beyond the declared ones are handed on as they came, those by position in the array
   * `positional`: for `check`, whose parameters are another command's.
   */
  readonly takesAnything?: boolean;
  /** Throws `RpcError` to refuse; anything else it throws is our bug, logged as broken. */
  run(params: z.output<z.ZodObject<P>>, context: CommandContext): z.input<R> | Promise<z.input<R>>;
}

/** A command with its types forgotten, as the server and the manual hold it. */
export interface Command {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly category: Category;
  readonly summary: string;
  readonly description: string;
  readonly params: z.ZodObject;
  readonly result: z.ZodType;
  readonly errors: readonly { readonly code: number; readonly meaning: string }[];
  readonly examples: readonly { readonly cli: string; readonly reply?: unknown }[];
  readonly seeAlso: readonly string[];
  readonly developerOnly: boolean;
  readonly takesAnything: boolean;
  run(params: Record<string, unknown>, context: CommandContext): unknown;
}

/** One file a command: `export const ping = defineCommand({...})`, listed in `commands/index.ts`. */
export function defineCommand<P extends z.ZodRawShape, R extends z.ZodType>(
  spec: CommandSpec<P, R>,
): Command {
  let params: z.ZodObject | undefined;
  let result: z.ZodType | undefined;
  return {
    name: spec.name,
    aliases: spec.aliases ?? [],
    category: spec.category,
    summary: spec.summary,
    description: spec.description,
    get params() {
      params ??= spec.params() as unknown as z.ZodObject;
      return params;
    },
    get result() {
      result ??= spec.result();
      return result;
    },
    errors: spec.errors ?? [],
    examples: spec.examples ?? [],
    seeAlso: spec.seeAlso ?? [],
    developerOnly: spec.developerOnly ?? false,
    takesAnything: spec.takesAnything ?? false,
    run: (params, context) => spec.run(params as z.output<z.ZodObject<P>>, context),
  };
}
