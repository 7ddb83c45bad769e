/** The client: one command, one answer. It loads next to nothing, since people wait for it. */
import { existsSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { flatLines, helpList, humanLines, indentJson, members } from './json-text.js';
import { GivenOptions, NETWORKS, networkOf, OptionError, readConfigFile } from './option-parser.js';
import type { OptionName } from './option-table.js';
import { version } from './version.js';

/** Core Lightning's exit codes. */
const EXIT = { ok: 0, refused: 1, noDaemon: 2, usage: 3 } as const;

type Format = 'default' | 'human' | 'flat' | 'json' | 'raw';

interface Invocation {
  readonly options: GivenOptions;
  readonly rest: readonly string[];
  readonly format: Format;
  readonly input: 'default' | 'keywords' | 'ordered';
  readonly notifications: string;
  readonly filter: string | undefined;
}

const USAGE = `Usage: lightning-cli [OPTIONS] COMMAND [PARAMETER...]
  -k, --keywords             parameters are NAME=VALUE
  -o, --order                parameters stand in their order
  -H, --human-readable       for people
  -F, --flat                 one NAME=VALUE a line
  -J, --json                 indented JSON (what is done without an option)
  -R, --raw                  JSON as it came
  -N, --notifications=LEVEL  show progress from this level on, or none
                             (info on a terminal, else none)
  -l, --filter=JSON          only these fields of the answer
  --lightning-dir=DIR        where lightningd keeps everything (~/.lightning)
  --network=NAME             bitcoin, testnet, testnet4, signet, regtest
  --conf=FILE                the configuration file
  --rpc-file=FILE            the socket
  -V, --version              the version
  -h, --help                 this text
'lightning-cli help' lists the commands, 'lightning-cli help COMMAND' explains one.`;

const FLAGS: Record<string, string> = {
  '-k': 'keywords',
  '-o': 'order',
  '-H': 'human-readable',
  '-F': 'flat',
  '-J': 'json',
  '-R': 'raw',
  '-h': 'help',
  '-V': 'version',
};
const WITH_VALUE: Record<string, string> = { '-N': 'notifications', '-l': 'filter' };
const OURS = new Set(['lightning-dir', 'network', 'conf', 'rpc-file']);
const NETWORK_FLAGS = new Set(['mainnet', 'testnet', 'testnet4', 'signet', 'regtest']);

/** Options stand before the command; what comes after it is its own, also where it has dashes. */
function readArguments(args: readonly string[]): Invocation {
  const options = new GivenOptions();
  const flags = new Map<string, string>();
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === '--') {
      at++;
      break;
    }
    if (!arg.startsWith('-') || arg === '-') break;
    const m = /^(--?[^=]+)(?:=([\s\S]*))?$/.exec(arg) as RegExpExecArray;
    const dashed = m[1] as string;
    const name = FLAGS[dashed] ?? WITH_VALUE[dashed] ?? dashed.replace(/^--/, '');
    if (Object.values(FLAGS).includes(name) || NETWORK_FLAGS.has(name)) {
      flags.set(name, 'true');
      if (NETWORK_FLAGS.has(name))
        options.add(name as OptionName, { value: 'true', source: 'cmdline' });
      continue;
    }
    if (!OURS.has(name) && !Object.values(WITH_VALUE).includes(name))
      throw new OptionError(`unknown option ${dashed}`);
    const value = m[2] ?? args[++at];
    if (value === undefined) throw new OptionError(`${dashed} needs a value`);
    if (OURS.has(name)) options.add(name as OptionName, { value, source: 'cmdline' });
    else flags.set(name, value);
  }
  const formats = ['human-readable', 'flat', 'json', 'raw'].filter((f) => flags.has(f));
  if (flags.has('help')) throw new Shown(USAGE);
  if (flags.has('version')) throw new Shown(version());
  return {
    options,
    rest: args.slice(at),
    format: (formats.at(-1)?.replace('-readable', '') as Format | undefined) ?? 'default',
    input: flags.has('keywords') ? 'keywords' : flags.has('order') ? 'ordered' : 'default',
    // Who reads the answer with a program wants nothing before it.
    notifications: flags.get('notifications') ?? (process.stdout.isTTY ? 'info' : 'none'),
    filter: flags.get('filter'),
  };
}

/** Not an error: text to show, and the end. */
class Shown extends Error {}

/** The same places as the daemon's; its other options in the files are none of our business. */
function socketPath(given: GivenOptions): string {
  const rpcFile = given.text('rpc-file');
  if (rpcFile?.startsWith('/')) return rpcFile;
  const dir = resolve(given.text('lightning-dir') ?? join(homedir(), '.lightning'));
  const conf = given.text('conf');
  const all = new GivenOptions();
  for (const [name, values] of given.entries()) for (const value of values) all.add(name, value);
  try {
    readConfigFile(conf ?? join(dir, 'config'), all, conf !== undefined);
    const network = networkOf(all);
    if (conf === undefined) readConfigFile(join(dir, network, 'config'), all, false);
    return resolve(dir, network, all.text('rpc-file') ?? 'lightning-rpc');
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return resolve(dir, networkOf(all), 'lightning-rpc');
  }
}

/** What JSON calls a value is sent as it stands; all else is a string. */
function literal(text: string): string {
  if (/^(true|false|null)$/.test(text)) return text;
  // A hash of 64 digits is a string: a number is short.
  if (/^(0|[1-9]\d{0,19})$/.test(text)) return text;
  if (!/^[[{"]/.test(text)) return JSON.stringify(text);
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new OptionError(`not JSON: ${text} (${(error as Error).message})`);
  }
}

function params(rest: readonly string[], input: Invocation['input']): string {
  const keywords =
    input === 'keywords' || (input === 'default' && /^[a-z][a-z0-9_]*=/.test(rest[0] ?? ''));
  if (!keywords) return `[${rest.map(literal).join(',')}]`;
  const pairs = rest.map((arg) => {
    const at = arg.indexOf('=');
    if (at < 1) throw new OptionError(`NAME=VALUE is wanted in '${arg}'`);
    return `${JSON.stringify(arg.slice(0, at))}:${literal(arg.slice(at + 1))}`;
  });
  return `{${pairs.join(',')}}`;
}

/** Whose daemon was started for another network than this client asks is told so. */
function otherNetworks(path: string): string {
  const [name, dir] = [basename(path), dirname(dirname(path))];
  const isThere = (file: string): boolean => file !== path && existsSync(file);
  const found = NETWORKS.filter((network) => isThere(join(dir, network, name)));
  const options = found.map((network) => `--network=${network}`);
  return found.length === 0 ? '' : `; there is one with ${options.join(' or ')}`;
}

const LEVELS = ['io', 'trace', 'debug', 'info', 'unusual', 'broken'];

function showNotification(text: string, least: string): void {
  const { method, params } = JSON.parse(text) as {
    method: string;
    params: { level?: string; message?: string; num?: number; total?: number };
  };
  if (method === 'message') {
    if (LEVELS.indexOf(params.level ?? 'info') >= LEVELS.indexOf(least))
      process.stdout.write(`# ${params.message}\n`);
  } else if (method === 'progress' && process.stdout.isTTY)
    process.stdout.write(`# ${(params.num ?? 0) + 1}/${params.total}\n`);
}

/** Resolves with the members of the one reply that has our id. */
function ask(
  socket: Socket,
  id: string,
  request: string,
  level: string,
): Promise<Map<string, string>> {
  return new Promise((done, fail) => {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      rest += chunk;
      if (!chunk.includes('\n')) return;
      const texts = rest.split('\n\n');
      rest = texts.pop() as string;
      for (const text of texts) {
        const reply = members(text);
        if (reply.get('id') === JSON.stringify(id)) return done(reply);
        if (reply.has('method')) showNotification(text, level);
      }
    });
    socket.on('close', () => fail(new Error('lightningd closed the connection')));
    socket.on('error', fail);
    if (level !== 'none')
      socket.write('{"jsonrpc":"2.0","id":"n","method":"notifications","params":[true]}');
    socket.write(request);
  });
}

function print(text: string, format: Format, asked: string): void {
  if (format === 'raw') return void process.stdout.write(`${text}\n`);
  const simple = text.startsWith('{"help"') && members(text).get('format-hint') === '"simple"';
  const chosen = format === 'default' ? (simple ? 'human' : 'json') : format;
  const lines = {
    human: () => (asked === 'help' ? helpList(text) : humanLines(text)),
    flat: () => flatLines(text),
    json: () => indentJson(text),
  };
  process.stdout.write(`${lines[chosen]()}\n`);
}

async function main(args: readonly string[]): Promise<number> {
  const invocation = readArguments(args);
  const [method = 'help', ...rest] = invocation.rest;
  const level = invocation.notifications;
  if (level !== 'none' && !LEVELS.includes(level))
    throw new OptionError(`--notifications=${level}: one of ${LEVELS.join(', ')}, none`);
  const filter = invocation.filter === undefined ? '' : `"filter":${literal(invocation.filter)},`;
  const id = `cli:${method}#${process.pid}`;
  const request =
    `{"jsonrpc":"2.0","method":${JSON.stringify(method)},"id":${JSON.stringify(id)},${filter}` +
    `"params":${params(rest, invocation.input)}}`;

  const path = socketPath(invocation.options);
  const socket = createConnection(path);
  try {
    await new Promise<void>((done, fail) => {
      socket.once('connect', done);
      socket.once('error', fail);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const hint = otherNetworks(path);
    process.stderr.write(`lightning-cli: no lightningd answers at ${path} (${code})${hint}\n`);
    return EXIT.noDaemon;
  }
  try {
    const reply = await ask(socket, id, request, level);
    const error = reply.get('error');
    const refused = error !== undefined && error !== 'null';
    print(
      refused ? error : (reply.get('result') ?? 'null'),
      refused && invocation.format !== 'raw' ? 'json' : invocation.format,
      method,
    );
    return refused ? EXIT.refused : EXIT.ok;
  } catch (error) {
    process.stderr.write(`lightning-cli: ${(error as Error).message}\n`);
    return EXIT.noDaemon;
  } finally {
    socket.destroy();
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    if (error instanceof Shown) process.stdout.write(`${error.message}\n`);
    else {
      process.stderr.write(`lightning-cli: ${error.message}\n`);
      process.exitCode = EXIT.usage;
    }
  },
);
