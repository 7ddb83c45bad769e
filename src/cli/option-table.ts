/** Every option of lightningd, by name; `lightningd --help` and `docs/options.md` come from here. */
export interface OptionDeclaration {
  readonly name: string;
  readonly also?: readonly string[];
  /** What follows it, as people read it; nothing for one that is merely there. */
  readonly takes?: string;
  /** May be given more than once. */
  readonly many?: boolean;
  /** `int` and `bool` are checked; all else is text to whoever reads it. */
  readonly kind?: 'int' | 'bool';
  readonly help: string;
  /** Only with `--developer`. */
  readonly developer?: boolean;
  /** Taken for the sake of tools, and of no effect. */
  readonly ignored?: boolean;
}

export const options = [
  { name: 'help', also: ['h'], help: 'Show this text and end.' },
  { name: 'version', also: ['V'], help: 'Show the version and end.' },
  { name: 'lightning-dir', takes: 'DIR', help: 'Where everything is kept (~/.lightning).' },
  { name: 'conf', takes: 'FILE', help: 'The one configuration file to read.' },
  {
    name: 'network',
    takes: 'NAME',
    help: 'bitcoin, testnet, testnet4, signet or regtest (bitcoin).',
  },
  { name: 'mainnet', help: 'The same as --network=bitcoin.' },
  { name: 'testnet', help: 'The same as --network=testnet.' },
  { name: 'testnet4', help: 'The same as --network=testnet4.' },
  { name: 'signet', help: 'The same as --network=signet.' },
  { name: 'regtest', help: 'The same as --network=regtest.' },
  { name: 'daemon', help: 'Run in the background once it is started.' },
  { name: 'pid-file', takes: 'FILE', help: 'Where the process id is written.' },
  { name: 'rpc-file', takes: 'FILE', help: 'The unix socket for commands (lightning-rpc).' },
  { name: 'alias', takes: 'NAME', help: 'The name others see, up to 32 bytes.' },
  { name: 'rgb', takes: 'RRGGBB', help: 'The color others see.' },
  {
    name: 'addr',
    takes: 'HOST[:PORT]',
    many: true,
    help: 'Listen on this address and announce it.',
  },
  {
    name: 'bind-addr',
    takes: 'HOST[:PORT]',
    many: true,
    help: 'Listen on this address and do not announce it.',
  },
  {
    name: 'announce-addr',
    takes: 'HOST[:PORT]',
    many: true,
    help: 'Announce this address and do not listen on it.',
  },
  {
    name: 'autolisten',
    takes: 'true|false',
    kind: 'bool',
    help: 'Listen on the default port where no address is given (true).',
  },
  { name: 'offline', help: 'Neither listen nor reconnect to peers.' },
  { name: 'proxy', takes: 'HOST[:PORT]', help: 'Connect through this SOCKS5 proxy.' },
  {
    name: 'always-use-proxy',
    takes: 'true|false',
    kind: 'bool',
    help: 'Through the proxy also where it is not needed (false).',
  },
  { name: 'disable-dns', help: 'Do not look up the names of hosts.' },
  {
    name: 'log-level',
    takes: 'LEVEL[:SUBSYSTEM]',
    many: true,
    help: 'io, trace, debug, info, unusual or broken (info).',
  },
  { name: 'log-file', takes: 'FILE', many: true, help: 'Where the log goes; - is the terminal.' },
  { name: 'log-prefix', takes: 'TEXT', help: 'What stands before every message.' },
  {
    name: 'log-timestamps',
    takes: 'true|false',
    kind: 'bool',
    help: 'Whether a line begins with the time (true).',
  },
  { name: 'bitcoin-datadir', takes: 'DIR', help: "bitcoind's directory, for its cookie." },
  { name: 'bitcoin-rpcuser', takes: 'NAME', help: "The user of bitcoind's RPC." },
  { name: 'bitcoin-rpcpassword', takes: 'WORD', help: "The password of bitcoind's RPC." },
  { name: 'bitcoin-rpcconnect', takes: 'HOST', help: "The host of bitcoind's RPC." },
  { name: 'bitcoin-rpcport', takes: 'PORT', kind: 'int', help: "The port of bitcoind's RPC." },
  {
    name: 'bitcoin-rpcclienttimeout',
    takes: 'SECONDS',
    kind: 'int',
    help: 'How long a call of bitcoind may take before it is made again (60).',
  },
  {
    name: 'rescan',
    takes: 'BLOCKS',
    help: 'Read this many blocks again at the start, or from a negative height on.',
  },
  { name: 'fee-base', takes: 'MSAT', kind: 'int', help: 'What we take for each forward.' },
  {
    name: 'fee-per-satoshi',
    takes: 'MILLIONTHS',
    kind: 'int',
    help: 'What we take of the amount of each forward.',
  },
  {
    name: 'cltv-delta',
    takes: 'BLOCKS',
    kind: 'int',
    help: 'The time we need between an incoming and an outgoing HTLC.',
  },
  {
    name: 'cltv-final',
    takes: 'BLOCKS',
    kind: 'int',
    help: 'The time our invoices ask of the last hop; at least half of cltv-delta and one, up to 18.',
  },
  {
    name: 'max-concurrent-htlcs',
    takes: 'COUNT',
    kind: 'int',
    help: 'HTLCs at once in one channel and direction, up to 483.',
  },
  {
    name: 'min-capacity-sat',
    takes: 'SAT',
    kind: 'int',
    help: 'The smallest channel we accept (10000).',
  },
  {
    name: 'funding-confirms',
    takes: 'BLOCKS',
    kind: 'int',
    help: 'Confirmations before a channel is used.',
  },
  {
    name: 'watchtime-blocks',
    takes: 'BLOCKS',
    kind: 'int',
    help: 'How long a peer must wait for its own money after it closed alone.',
  },
  {
    name: 'min-emergency-msat',
    takes: 'MSAT',
    kind: 'int',
    help: 'Kept in the wallet for the fees of claims, while a channel with anchors exists or is opened (25000000).',
  },
  {
    name: 'force-feerates',
    takes: 'PERKW',
    kind: 'int',
    help: 'The feerate, satoshi per 1000 weight units, in place of estimates.',
  },
  {
    name: 'sendpay-compat',
    takes: 'seed|cln',
    help: 'cln: sendpay answers at once, and repeats a success (seed).',
  },
  {
    name: 'constraint-half-life',
    takes: 'SECONDS',
    kind: 'int',
    help: 'In this time half of what a failure taught fades (86400, a day).',
  },
  {
    name: 'encrypted-hsm',
    also: ['hsm-passphrase'],
    help: 'Ask for the passphrase of hsm_secret.',
  },
  {
    name: 'recover',
    takes: 'HEX',
    help: 'Make hsm_secret from these 32 bytes; refused where there is one already.',
  },
  { name: 'developer', help: 'Allow the options that begin with dev-.' },
  {
    name: 'dev-load-graph',
    takes: 'FILE',
    developer: true,
    help: 'Load a graph of channels without signatures, for measurements.',
  },
  {
    name: 'dev-bitcoind-poll',
    takes: 'SECONDS',
    kind: 'int',
    developer: true,
    help: "Seconds between two looks at the chain's tip.",
  },
  { name: 'dev-fast-gossip', developer: true, ignored: true, help: 'Of no effect.' },
  { name: 'dev-allow-localhost', developer: true, ignored: true, help: 'Of no effect.' },
  { name: 'dev-no-reconnect', developer: true, ignored: true, help: 'Of no effect.' },
  { name: 'dev-fast-reconnect', developer: true, ignored: true, help: 'Of no effect.' },
  { name: 'dev-fail-on-subdaemon-fail', developer: true, ignored: true, help: 'Of no effect.' },
  { name: 'dev-no-version-checks', developer: true, ignored: true, help: 'Of no effect.' },
  { name: 'dev-no-plugin-checksum', developer: true, ignored: true, help: 'Of no effect.' },
  {
    name: 'dev-save-plugin-io',
    takes: 'DIR',
    developer: true,
    ignored: true,
    help: 'Of no effect.',
  },
  {
    name: 'dev-crash-after',
    takes: 'SECONDS',
    developer: true,
    ignored: true,
    help: 'Of no effect.',
  },
  {
    name: 'autoconnect-seeker-peers',
    takes: 'COUNT',
    kind: 'int',
    ignored: true,
    help: 'Of no effect: only peers that were asked for are called.',
  },
  {
    name: 'grpc-port',
    takes: 'PORT',
    kind: 'int',
    ignored: true,
    help: 'Of no effect: there is no gRPC.',
  },
  { name: 'large-channels', also: ['wumbo'], ignored: true, help: 'Always so.' },
  {
    name: 'allow-deprecated-apis',
    takes: 'true|false',
    kind: 'bool',
    ignored: true,
    help: 'Of no effect.',
  },
  {
    name: 'ignore-fee-limits',
    takes: 'true|false',
    kind: 'bool',
    ignored: true,
    help: 'Of no effect.',
  },
  { name: 'wallet', takes: 'DSN', ignored: true, help: 'Of no effect: the store is one file.' },
] as const satisfies readonly OptionDeclaration[];

export type OptionName = (typeof options)[number]['name'];
