import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { NetworkName } from '../ports/index.js';
import { type OptionDeclaration, type OptionName, options } from './option-table.js';

/** The user's mistake, told as it is; the program ends with status 1. */
export class OptionError extends Error {}

export interface OptionValue {
  readonly value: string;
  /** `cmdline`, or `FILE:LINE`. */
  readonly source: string;
}

/** What was given, in order of precedence: the first value of a single option counts. */
export class GivenOptions {
  readonly #values = new Map<OptionName, OptionValue[]>();

  add(name: OptionName, value: OptionValue): void {
    const values = this.#values.get(name);
    if (values) values.push(value);
    else this.#values.set(name, [value]);
  }

  all(name: OptionName): readonly OptionValue[] {
    return this.#values.get(name) ?? [];
  }

  has(name: OptionName): boolean {
    return this.#values.has(name);
  }

  text(name: OptionName): string | undefined {
    return this.#values.get(name)?.[0]?.value;
  }

  integer(name: OptionName, min = 0, max = 0xffffffff): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^-?\d{1,15}$/.test(text) || value < min || value > max)
      throw new OptionError(`--${name}=${text}: a whole number from ${min} to ${max} is wanted`);
    return value;
  }

  boolean(name: OptionName, fallback: boolean): boolean {
    const text = this.text(name);
    if (text === undefined) return fallback;
    if (text === 'true' || text === 'false') return text === 'true';
    throw new OptionError(`--${name}=${text}: true or false is wanted`);
  }

  entries(): IterableIterator<[OptionName, readonly OptionValue[]]> {
    return this.#values.entries();
  }
}

type Declared = OptionDeclaration & { readonly name: OptionName };
const byName = new Map<string, Declared>();
for (const option of options as readonly Declared[])
  for (const name of [option.name, ...(option.also ?? [])]) byName.set(name, option);

function find(name: string, where: string): Declared {
  const option = byName.get(name);
  if (!option) throw new OptionError(`${where}: unknown option ${name}`);
  return option;
}

function take(given: GivenOptions, option: Declared, value: string | undefined, source: string) {
  if (option.takes === undefined && value !== undefined)
    throw new OptionError(`${source}: ${option.name} takes no value`);
  if (option.takes !== undefined && value === undefined)
    throw new OptionError(`${source}: ${option.name} needs a value: ${option.takes}`);
  given.add(option.name, { value: value ?? 'true', source });
}

/** Reads `--name`, `--name=value`, `--name value` and the short forms; what else stands is left. */
export function readCommandLine(
  args: readonly string[],
  given: GivenOptions,
  where = 'command line',
): void {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    const m = /^(?:--([a-z0-9-]+)|-([a-zA-Z]))(?:=([\s\S]*))?$/.exec(arg);
    if (!m) throw new OptionError(`what is '${arg}'? Options begin with --`);
    const option = find((m[1] ?? m[2]) as string, where);
    let value = m[3];
    if (value === undefined && option.takes !== undefined) value = args[++i];
    take(given, option, value, 'cmdline');
  }
}

/** A configuration file: a name or `name=value` a line, `#` begins a comment line. */
export function readConfigFile(path: string, given: GivenOptions, mustExist: boolean): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !mustExist) return;
    throw new OptionError(`${path}: cannot be read (${code})`);
  }
  text.split('\n').forEach((raw, i) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const source = `${path}:${i + 1}`;
    const m = /^([^=\s]+)\s*(?:=\s*([\s\S]*))?$/.exec(line);
    if (!m) throw new OptionError(`${source}: neither a name nor name=value`);
    const option = find(m[1] as string, source);
    if (['lightning-dir', 'conf', 'help', 'version', 'daemon'].includes(option.name))
      throw new OptionError(`${source}: ${option.name} may stand on the command line only`);
    take(given, option, m[2], source);
  });
}

export const NETWORKS: readonly NetworkName[] = [
  'bitcoin',
  'testnet',
  'testnet4',
  'signet',
  'regtest',
];

export function networkOf(given: GivenOptions): NetworkName {
  for (const name of NETWORKS) if (name !== 'bitcoin' && given.has(name as OptionName)) return name;
  const named = given.text('network') ?? 'bitcoin';
  const network = named === 'mainnet' ? 'bitcoin' : NETWORKS.find((n) => n === named);
  if (!network)
    throw new OptionError(`--network=${named}: one of ${NETWORKS.join(', ')} is wanted`);
  return network;
}

export interface Places {
  readonly network: NetworkName;
  readonly lightningDir: string;
  /** `<lightning-dir>/<network>`. */
  readonly networkDir: string;
  readonly rpcFile: string;
}

/**
 * All that was given: the command line before the network's file before the general file. Throws
 * `OptionError`. `where` is what an error calls the command line.
 */
export function gatherOptions(
  args: readonly string[],
  where?: string,
): { given: GivenOptions; places: Places } {
  const commandLine = new GivenOptions();
  readCommandLine(args, commandLine, where);
  const home = join(homedir(), '.lightning');
  const lightningDir = resolve(commandLine.text('lightning-dir') ?? home);
  const conf = commandLine.text('conf');
  const general = new GivenOptions();
  readConfigFile(conf ?? join(lightningDir, 'config'), general, conf !== undefined);

  const both = merge(commandLine, general);
  const network = networkOf(both);
  const networkDir = join(lightningDir, network);
  const special = new GivenOptions();
  if (conf === undefined) readConfigFile(join(networkDir, 'config'), special, false);
  const given = merge(commandLine, special, general);
  if (networkOf(given) !== network)
    throw new OptionError(`${networkDir}/config: cannot change the network`);
  const rpcFile = resolve(networkDir, given.text('rpc-file') ?? 'lightning-rpc');
  return { given, places: { network, lightningDir, networkDir, rpcFile } };
}

function merge(...sources: readonly GivenOptions[]): GivenOptions {
  const all = new GivenOptions();
  for (const source of sources)
    for (const [name, values] of source.entries()) for (const value of values) all.add(name, value);
  return all;
}

/** Throws `OptionError` where it cannot be made. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new OptionError(`${path}: cannot be made (${(error as Error).message})`);
  }
}

/** `lightningd --help`. */
export function optionsText(): string {
  const left = (o: OptionDeclaration): string =>
    `  --${o.name}${o.takes === undefined ? '' : `=${o.takes}`}`;
  return (options as readonly OptionDeclaration[])
    .filter((o) => !o.ignored)
    .map((o) => `${left(o).padEnd(36)} ${o.help}`)
    .join('\n');
}

/** `docs/options.md`. */
export function optionsPage(): string {
  const rows = (options as readonly OptionDeclaration[]).map((o) => {
    const name = `--${o.name}${o.takes === undefined ? '' : `=${o.takes.replaceAll('|', '\\|')}`}`;
    const notes = [
      ...(o.many ? ['may be given again'] : []),
      ...(o.developer ? ['developer'] : []),
    ];
    const more = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
    return `| \`${name}\` | ${o.help}${more} |`;
  });
  return `# Options of lightningd

Written by \`scripts/manual.ts\`. The same names stand in the files \`<lightning-dir>/config\` and
\`<lightning-dir>/<network>/config\`, one a line, without the dashes. The command line comes before the
network's file, and that one before the general file.

| option | what it does |
|---|---|
${rows.join('\n')}
`;
}
