import type { LogLevel, NetAddress, NetworkName } from '../../ports/index.js';
import type { NodeConfig } from './config.js';

/** All that the daemon needs to know before it starts. */
export interface DaemonConfig {
  readonly node: NodeConfig;
  readonly places: {
    readonly network: NetworkName;
    readonly lightningDir: string;
    /** `<lightning-dir>/<network>`. */
    readonly networkDir: string;
    /** The unix socket for commands. */
    readonly rpcFile: string;
  };
  readonly storeFile: string;
  readonly hsmSecretFile: string;
  readonly pidFile: string;
  /** `--encrypted-hsm`: the passphrase is asked before the start. */
  readonly askPassphrase: boolean;
  /** `--recover`: the seed to make hsm_secret from. */
  readonly recover: Uint8Array | undefined;
  readonly offline: boolean;
  readonly dns: boolean;
  readonly proxy: NetAddress | undefined;
  readonly alwaysUseProxy: boolean;
  /** As the adapter's own options. */
  readonly bitcoind: {
    readonly network: NetworkName;
    readonly datadir?: string;
    readonly rpcuser?: string;
    readonly rpcpassword?: string;
    readonly rpcconnect?: string;
    readonly rpcport?: number;
    /** For one call. */
    readonly timeoutMs?: number;
  };
  readonly log: {
    readonly levels: readonly { readonly level: LogLevel; readonly subsystem: string }[];
    /** Absolute; `-` is the terminal. */
    readonly files: readonly string[];
    readonly prefix: string;
    readonly timestamps: boolean;
  };
}
