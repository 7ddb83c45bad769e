import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fromHex, sat } from '../core/bytes/index.js';
import { DEFAULT_FADING } from '../core/routing/index.js';
import type { NodeConfig } from '../node/main/config.js';
import type { DaemonConfig } from '../node/main/daemon-config.js';
import type { LogLevel, NetAddress, NetworkName } from '../ports/index.js';
import { type GivenOptions, OptionError, type Places } from './option-parser.js';
import { type OptionDeclaration, type OptionName, options } from './option-table.js';

/** BOLT 1: mainnet listens on 9735; the other ports are those tools expect. */
const PORTS: Record<NetworkName, number> = {
  bitcoin: 9735,
  testnet: 19735,
  testnet4: 49735,
  signet: 39735,
  regtest: 19846,
};

/** Where testing is cheap we are quicker and less careful, as Core Lightning is. */
const MAINNET = { feeBase: 1000, cltvDelta: 34, cltvFinal: 18, htlcs: 30, confirms: 3, watch: 144 };
const TESTING = { feeBase: 1, cltvDelta: 6, cltvFinal: 10, htlcs: 483, confirms: 1, watch: 6 };
const FEE_PER_SATOSHI = 10;
const MIN_CAPACITY_SAT = 10_000;
const MIN_EMERGENCY_MSAT = 25_000_000;

/** BOLT 7, node_announcement: names are ASCII, 255 bytes at most. */
const HOST = /^[A-Za-z0-9.:_-]{0,255}$/;

function readAddress(name: string, text: string, port: number): NetAddress {
  const m = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/]*))(?::(\d{1,5}))?$/.exec(text);
  const bareV6 = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text);
  if (text.startsWith('autotor:') || text.startsWith('statictor:'))
    throw new OptionError(`--${name}=${text}: Tor services are not made here; name the address`);
  if (bareV6) return { host: text, port };
  const given = m?.[3] === undefined ? port : Number(m[3]);
  const host = m?.[1] ?? m?.[2] ?? '';
  if (!m || given < 1 || given > 65535 || !HOST.test(host))
    throw new OptionError(`--${name}=${text}: HOST, HOST:PORT or [IPV6]:PORT is wanted`);
  return { host: host || '0.0.0.0', port: given };
}

const isWildcard = ({ host }: NetAddress): boolean => host === '0.0.0.0' || host === '::';
const isLoopback = ({ host }: NetAddress): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');

function addresses(given: GivenOptions, network: NetworkName, offline: boolean) {
  const port = PORTS[network];
  const read = (name: OptionName): NetAddress[] =>
    given.all(name).map(({ value }) => readAddress(name, value, port));
  const addr = read('addr');
  let bindings = [...addr, ...read('bind-addr')];
  if (bindings.length === 0 && !offline && given.boolean('autolisten', true))
    bindings = [{ host: '0.0.0.0', port }];
  // The world cannot reach a wildcard; our own host only where the network is a test on it.
  const announced = [...addr, ...read('announce-addr')].filter(
    (a) => !isWildcard(a) && (network === 'regtest' || !isLoopback(a)),
  );
  return { bindings: offline ? [] : bindings, announced };
}

const LEVELS: Record<string, LogLevel> = {
  io: 'debug',
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  unusual: 'unusual',
  broken: 'broken',
};

function readLevels(given: GivenOptions) {
  return given.all('log-level').map(({ value }) => {
    const [word = '', ...rest] = value.split(':');
    const name = word.toLowerCase();
    const level = Object.hasOwn(LEVELS, name) ? LEVELS[name] : undefined;
    if (!level)
      throw new OptionError(`--log-level=${value}: one of ${Object.keys(LEVELS).join(', ')}`);
    return { level, subsystem: rest.join(':') };
  });
}

function readAlias(given: GivenOptions): string {
  const alias = given.text('alias') ?? '';
  if (Buffer.byteLength(alias) > 32)
    throw new OptionError(`--alias=${alias}: longer than 32 bytes`);
  return alias;
}

function readRecover(given: GivenOptions): Uint8Array | undefined {
  const text = given.text('recover');
  if (text === undefined) return undefined;
  // The secret itself is not repeated where others may read it.
  if (!/^[0-9a-fA-F]{64}$/.test(text))
    throw new OptionError('--recover: 32 bytes in hex are wanted');
  return fromHex(text);
}

function readColor(given: GivenOptions): string {
  const rgb = given.text('rgb') ?? '';
  if (rgb !== '' && !/^[0-9a-fA-F]{6}$/.test(rgb))
    throw new OptionError(`--rgb=${rgb}: six hex digits are wanted`);
  return rgb.toLowerCase();
}

function readCompat(given: GivenOptions): 'seed' | 'cln' {
  const compat = given.text('sendpay-compat') ?? 'seed';
  if (compat === 'seed' || compat === 'cln') return compat;
  throw new OptionError(`--sendpay-compat=${compat}: seed or cln is wanted`);
}

/** `--dev-load-graph=…/channels.csv.gz`; the nodes lie beside it. */
function readGraph(given: GivenOptions): NodeConfig['devGraph'] {
  const path = given.text('dev-load-graph');
  if (path === undefined) return undefined;
  try {
    return {
      channels: readFileSync(path),
      nodes: readFileSync(join(dirname(path), 'nodes.csv.gz')),
    };
  } catch (error) {
    throw new OptionError(`--dev-load-graph: ${(error as Error).message}`);
  }
}

/** Every option that was given, in the shape of `listconfigs`. */
function shownConfigs(given: GivenOptions): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const option of options as readonly OptionDeclaration[]) {
    const values = given.all(option.name as OptionName);
    const [first] = values;
    if (!first) continue;
    const secret = option.name === 'bitcoin-rpcpassword' || option.name === 'recover';
    const text = secret ? '...' : first.value;
    if (option.takes === undefined) out[option.name] = { set: true, source: first.source };
    else if (option.many)
      out[option.name] = {
        values_str: values.map((v) => v.value),
        sources: values.map((v) => v.source),
      };
    else if (option.kind === 'int')
      out[option.name] = { value_int: Number(text), source: first.source };
    else if (option.kind === 'bool')
      out[option.name] = { value_bool: text === 'true', source: first.source };
    else out[option.name] = { value_str: text, source: first.source };
  }
  return out;
}

function checkDeveloper(given: GivenOptions): boolean {
  const developer = given.has('developer');
  for (const option of options as readonly OptionDeclaration[])
    if (option.developer && !developer && given.has(option.name as OptionName))
      throw new OptionError(`--${option.name} is for developers: it needs --developer as well`);
  return developer;
}

function readBitcoind(given: GivenOptions, network: NetworkName): DaemonConfig['bitcoind'] {
  const datadir = given.text('bitcoin-datadir');
  const rpcuser = given.text('bitcoin-rpcuser');
  const rpcpassword = given.text('bitcoin-rpcpassword');
  const rpcconnect = given.text('bitcoin-rpcconnect');
  const rpcport = given.integer('bitcoin-rpcport', 1, 65535);
  const timeout = given.integer('bitcoin-rpcclienttimeout', 1, 3600);
  return {
    network,
    ...(datadir !== undefined && { datadir: resolve(datadir) }),
    ...(rpcuser !== undefined && { rpcuser }),
    ...(rpcpassword !== undefined && { rpcpassword }),
    ...(rpcconnect !== undefined && { rpcconnect }),
    ...(rpcport !== undefined && { rpcport }),
    ...(timeout !== undefined && { timeoutMs: 1000 * timeout }),
  };
}

function nodeConfig(given: GivenOptions, places: Places, version: string): NodeConfig {
  const { network } = places;
  const preset = network === 'bitcoin' ? MAINNET : TESTING;
  const poll = given.integer('dev-bitcoind-poll', 1, 3600);
  return {
    network,
    directory: places.networkDir,
    version,
    alias: readAlias(given),
    color: readColor(given),
    ...addresses(given, network, given.has('offline')),
    feeBaseMsat: given.integer('fee-base') ?? preset.feeBase,
    feePerSatoshi: given.integer('fee-per-satoshi') ?? FEE_PER_SATOSHI,
    cltvDelta: given.integer('cltv-delta', 1, 2016) ?? preset.cltvDelta,
    cltvFinal: given.integer('cltv-final', 1, 2016) ?? preset.cltvFinal,
    // BOLT 2, open_channel: max_accepted_htlcs is 483 at most.
    maxConcurrentHtlcs: given.integer('max-concurrent-htlcs', 1, 483) ?? preset.htlcs,
    minCapacitySat: sat(given.integer('min-capacity-sat') ?? MIN_CAPACITY_SAT),
    fundingConfirms: given.integer('funding-confirms', 1, 100) ?? preset.confirms,
    watchtimeBlocks: given.integer('watchtime-blocks', 1, 2016) ?? preset.watch,
    sendpayCompat: readCompat(given),
    constraintHalfLife: given.integer('constraint-half-life', 1) ?? DEFAULT_FADING.halfLifeSeconds,
    rescan: given.integer('rescan', -10_000_000, 10_000_000),
    minEmergencyMsat: BigInt(
      given.integer('min-emergency-msat', 0, Number.MAX_SAFE_INTEGER) ?? MIN_EMERGENCY_MSAT,
    ),
    forceFeerate: given.integer('force-feerates', 253, 10_000_000),
    pollMs: poll === undefined ? undefined : poll * 1000,
    developer: checkDeveloper(given),
    devGraph: readGraph(given),
    configs: shownConfigs(given),
  };
}

/** Throws `OptionError`: the message names the option. */
export function daemonConfig(given: GivenOptions, places: Places, version: string): DaemonConfig {
  const { network, lightningDir, networkDir } = places;
  const proxy = given.text('proxy');
  const files = given.all('log-file').map(({ value }) => value);
  const background = given.has('daemon');
  if (background && files.length === 0)
    throw new OptionError('--daemon needs --log-file: there is no terminal to write to');
  return {
    node: nodeConfig(given, places, version),
    places,
    storeFile: join(networkDir, 'lightningd.sqlite3'),
    hsmSecretFile: join(networkDir, 'hsm_secret'),
    pidFile: resolve(lightningDir, given.text('pid-file') ?? `lightningd-${network}.pid`),
    askPassphrase: given.has('encrypted-hsm'),
    recover: readRecover(given),
    offline: given.has('offline'),
    dns: !given.has('disable-dns'),
    proxy: proxy === undefined ? undefined : readAddress('proxy', proxy, 9050),
    alwaysUseProxy: given.boolean('always-use-proxy', false),
    bitcoind: readBitcoind(given, network),
    log: {
      levels: readLevels(given),
      files:
        files.length === 0 ? ['-'] : files.map((f) => (f === '-' ? f : resolve(networkDir, f))),
      prefix: given.text('log-prefix') ?? '',
      timestamps: given.boolean('log-timestamps', true),
    },
  };
}
