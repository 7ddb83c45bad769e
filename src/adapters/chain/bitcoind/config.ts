/** Where bitcoind listens and how it lets us in: from our options, or from its own directory. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ChainAway, type NetworkName } from '../../../ports/index.js';

export interface BitcoindOptions {
  readonly network: NetworkName;
  /** bitcoind's own directory; `~/.bitcoin` unless given. */
  readonly datadir?: string;
  readonly rpcuser?: string;
  readonly rpcpassword?: string;
  /** Host, or host:port. */
  readonly rpcconnect?: string;
  readonly rpcport?: number;
  /** For one call. */
  readonly timeoutMs?: number;
}

const NETWORKS: Record<NetworkName, { folder: string; section: string; port: number }> = {
  bitcoin: { folder: '', section: 'main', port: 8332 },
  testnet: { folder: 'testnet3', section: 'test', port: 18332 },
  testnet4: { folder: 'testnet4', section: 'testnet4', port: 48332 },
  signet: { folder: 'signet', section: 'signet', port: 38332 },
  regtest: { folder: 'regtest', section: 'regtest', port: 18443 },
};

/** The settings of bitcoin.conf that hold for a network: its section's, then those above any. */
export function readConf(text: string, network: NetworkName): Map<string, string> {
  const { section: ours } = NETWORKS[network];
  const found = new Map<string, string>();
  const general = new Map<string, string>();
  let section = '';
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*$/, '').trim();
    const header = /^\[(.+)\]$/.exec(line);
    if (header !== null) {
      section = header[1] as string;
      continue;
    }
    const setting = /^([^=\s]+)\s*=\s*(.*)$/.exec(line);
    if (setting === null) continue;
    const dotted = /^([a-z0-9]+)\.(.+)$/.exec(setting[1] as string);
    const where = dotted?.[1] ?? section;
    const name = (dotted?.[2] ?? setting[1]) as string;
    const into = where === ours ? found : where === '' ? general : undefined;
    if (into?.has(name) === false) into.set(name, setting[2] as string);
  }
  for (const [name, value] of general) if (!found.has(name)) found.set(name, value);
  return found;
}

export interface BitcoindAccess {
  readonly url: string;
  /** `user:password`. Rejects with `ChainAway` where there is neither a password nor a cookie. */
  readonly credentials: () => Promise<string>;
}

export async function bitcoindAccess(options: BitcoindOptions): Promise<BitcoindAccess> {
  const datadir = options.datadir ?? join(homedir(), '.bitcoin');
  const { folder, port } = NETWORKS[options.network];
  const text = await readFile(join(datadir, 'bitcoin.conf'), 'utf8').catch(() => '');
  const conf = readConf(text, options.network);

  const connect = options.rpcconnect ?? conf.get('rpcconnect') ?? '127.0.0.1';
  const explicit = /^(\[.+\]|[^:]+):(\d+)$/.exec(connect);
  const host = explicit?.[1] ?? (connect.includes(':') ? `[${connect}]` : connect);
  const rpcport = options.rpcport ?? Number(explicit?.[2] ?? conf.get('rpcport') ?? port);

  const user = options.rpcuser ?? conf.get('rpcuser');
  const password = options.rpcpassword ?? conf.get('rpcpassword');
  const cookie = resolve(datadir, folder, conf.get('rpccookiefile') ?? '.cookie');
  return {
    url: `http://${host}:${rpcport}/`,
    credentials: async () => {
      if (user !== undefined && password !== undefined) return `${user}:${password}`;
      try {
        return (await readFile(cookie, 'utf8')).trim();
      } catch {
        throw new ChainAway(
          `bitcoind, which has left no cookie at ${cookie}: is it running? (or give bitcoin-rpcuser and bitcoin-rpcpassword)`,
        );
      }
    },
  };
}
