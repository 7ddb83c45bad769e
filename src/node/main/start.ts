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
import { assertNever, type Bytes, equal, toHex } from '../../core/bytes/index.js';
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
    await checkOwner(store, signer.nodeId, config);
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

/** The name of the row that says whose store this is. */
const OWNER = 'node_id';

/**
 * A store belongs to one seed: with another, no signature of its channels could be made, and none
 * of its coins be spent. The first start writes the node's id down.
 */
async function checkOwner(store: Store, nodeId: Bytes, config: DaemonConfig): Promise<void> {
  const [owner] = await store.select('vars', { where: { name: OWNER } });
  if (owner === undefined)
    await store.commit([{ put: 'vars', row: { name: OWNER, value: nodeId } }]);
  else if (!equal(owner.value, nodeId))
    throw new StartError(
      `${config.hsmSecretFile}: this hsm_secret is not the one this store was made with: the store ` +
        `is of node ${toHex(owner.value)}, the seed makes ${toHex(nodeId)}`,
    );
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

const describe = (path: string, error: HsmSecretError): string => `${path}: ${reasonOf(error)}`;

function reasonOf(error: HsmSecretError): string {
  switch (error.code) {
    case 'malformed':
      return error.length === 0
        ? 'it is empty, so that no key was ever kept in it'
        : `it has ${error.length} bytes, and is neither 32 bytes, nor an encrypted seed, nor words`;
    case 'passphrase_needed':
      return 'passphrase needed (--encrypted-hsm)';
    case 'not_encrypted':
      return 'it is not encrypted, and a passphrase was given';
    case 'io':
      return error.reason;
    case 'not_found':
    case 'wrong_passphrase':
    case 'already_exists':
      return error.code.replaceAll('_', ' ');
    default:
      return assertNever(error);
  }
}
