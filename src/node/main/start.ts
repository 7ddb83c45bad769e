import { BitcoindChain } from '../../adapters/chain/bitcoind/index.js';
import { systemClock } from '../../adapters/clock/system.js';
import { systemEntropy } from '../../adapters/entropy/system.js';
import { DiskFiles } from '../../adapters/files/disk.js';
import { TcpNet } from '../../adapters/net/tcp.js';
import {
  createHsmSecret,
  type HsmSecretError,
  LocalSigner,
  loadHsmSecret,
} from '../../adapters/signer/index.js';
import { openStore } from '../../adapters/store/sqlite/index.js';
import { openVerifier } from '../../adapters/verifier/index.js';
import { NETWORKS } from '../../core/bitcoin/index.js';
import type { Logger, Store } from '../../ports/index.js';
import type { DaemonConfig } from './daemon-config.js';
import { createNode, type Node } from './node.js';

export interface StartDeps {
  readonly log: Logger;
  readonly passphrase: string | undefined;
  readonly fatal: (error: unknown) => void;
  /** The store of the configuration's file, where its opening has been begun; closed if we fail. */
  readonly store?: Promise<Store>;
  /** Ends the waiting for bitcoind; the start is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What kept the daemon from starting, in words for the operator. */
export class StartError extends Error {}

/**
 * A node on this machine's adapters, started: the store is open, the chain answers, peers may call.
 * The graph is read while bitcoind is asked.
 */
export async function startNode(config: DaemonConfig, deps: StartDeps): Promise<Node> {
  const { log, fatal } = deps;
  const clock = systemClock;
  const entropy = systemEntropy;
  const network = NETWORKS[config.node.network];
  const { seed, seedIsOld } = await readSeed(config, deps.passphrase);
  const files = new DiskFiles({ folder: config.node.directory });
  const signer = new LocalSigner({ seed, network });
  const store = await (deps.store ?? openStore({ path: config.storeFile }));
  const failed = new AbortController();
  let node: Node | undefined;
  try {
    const chain = await BitcoindChain.create(config.bitcoind, {
      clock,
      log: log.child('bitcoind'),
    });
    const answers = chain.ready(AbortSignal.any([failed.signal, deps.signal ?? failed.signal]));
    const { proxy, alwaysUseProxy } = config;
    const net = new TcpNet(proxy === undefined ? {} : { proxy, alwaysUseProxy });
    const verifier = openVerifier({ log: log.child('gossip') });
    node = createNode(config.node, {
      ...{ clock, entropy, net, chain, store, files, signer, verifier, seedIsOld, log, fatal },
    });
    const [wrong] = await Promise.all([answers, node.load()]);
    if (wrong !== undefined)
      throw new StartError(`bitcoind is on ${wrong.actual}, and we are to be on ${wrong.expected}`);
    await node.start();
    return node;
  } catch (error) {
    failed.abort();
    // What was begun ends before the disk is closed under it. Only the cause is worth telling.
    await node?.stop().catch(() => {});
    await store.close();
    throw error;
  }
}

interface FoundSeed {
  readonly seed: Uint8Array;
  readonly seedIsOld: boolean;
}

async function readSeed(config: DaemonConfig, passphrase: string | undefined): Promise<FoundSeed> {
  const { hsmSecretFile: path, recover } = config;
  if (recover === undefined) {
    const loaded = await loadHsmSecret(path, passphrase);
    if (loaded.ok) return { seed: loaded.value, seedIsOld: true };
    if (loaded.error.code !== 'not_found') throw new StartError(describe(path, loaded.error));
  }
  const options = {
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(recover === undefined ? {} : { seed: recover }),
  };
  const created = await createHsmSecret(path, { entropy: systemEntropy }, options);
  if (!created.ok) throw new StartError(describe(path, created.error));
  return { seed: created.value, seedIsOld: recover !== undefined };
}

function describe(path: string, error: HsmSecretError): string {
  const { code, ...rest } = error;
  const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return `hsm_secret at ${path}: ${code.replaceAll('_', ' ')}${more}`;
}
