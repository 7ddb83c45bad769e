import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as ldk from 'lightningdevkit';
import type { TestChain } from './bitcoind.js';

/**
 * What the peer needs of a bitcoind: its RPC, and a wallet of segwit coins (`-addresstype=bech32`)
 * to fund channels from.
 */
export type BitcoinRpc = Pick<TestChain, 'rpc'>;

export interface LdkPeerOptions {
  readonly bitcoind: BitcoinRpc;
  /** Its keys come from this name, so a test has the same node id in every run. */
  readonly name: string;
  readonly port: number;
  /** Anchors with zero-fee HTLC transactions, instead of static_remotekey alone. */
  readonly anchors?: boolean;
  /** What it asks for relaying. */
  readonly feeBaseMsat?: number;
  readonly feeProportionalMillionths?: number;
  /** Gets one line for each thing it logs. */
  readonly log?: (line: string) => void;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

let wasm: Promise<void> | undefined;
/** The kit is one WebAssembly module a process. */
export const loadWasm = (): Promise<void> => {
  const file = createRequire(import.meta.url)
    .resolve('lightningdevkit/index.mjs')
    .replace(/index\.mjs$/, 'liblightningjs.wasm');
  wasm ??= ldk.initializeWasmFromBinary(new Uint8Array(readFileSync(file)));
  return wasm;
};

/** Throws the error that a Result of the kit holds, or gives what it is about. */
export function must<T>(what: string, result: { is_ok(): boolean }): T {
  if (result.is_ok()) return (result as unknown as { res: T }).res;
  const { err } = result as unknown as { err: unknown };
  const text =
    typeof err === 'object' && err !== null && 'err' in err ? String(err.err) : String(err);
  throw new Error(`${what}: ${(err as object)?.constructor?.name ?? ''} ${text}`);
}

export interface Parts {
  readonly manager: ldk.ChannelManager;
  readonly monitor: ldk.ChainMonitor;
  readonly peers: ldk.PeerManager;
  readonly tip: { hash: string; height: number };
  readonly sink: { broadcast: (tx: Uint8Array) => void };
  /** The kit frees what nothing refers to any more. */
  readonly keep: unknown[];
}

/** Wires the kit's parts together. */
export function build(options: LdkPeerOptions, tip: { hash: string; height: number }): Parts {
  const sink: Parts['sink'] = { broadcast: () => {} };
  const logger = ldk.Logger.new_impl({
    log: (record) => options.log?.(`${ldk.Level[record.get_level()]} ${record.get_args()}`),
  });
  const fees = ldk.FeeEstimator.new_impl({ get_est_sat_per_1000_weight: () => 253 });
  const broadcaster = ldk.BroadcasterInterface.new_impl({
    broadcast_transactions: (txs) => {
      for (const tx of txs) sink.broadcast(tx);
    },
  });
  const completed = ldk.ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed;
  const persister = ldk.Persist.new_impl({
    persist_new_channel: () => completed,
    update_persisted_channel: () => completed,
    archive_persisted_channel: () => {},
  });
  const seed = new Uint8Array(createHash('sha256').update(`ldk ${options.name}`).digest());
  const now = BigInt(Math.floor(Date.now() / 1000));
  const keys = ldk.KeysManager.constructor_new(seed, now, Number(process.hrtime.bigint() % 1000n));
  const monitor = ldk.ChainMonitor.constructor_new(
    ldk.Option_FilterZ.constructor_none(),
    broadcaster,
    logger,
    fees,
    persister,
  );
  const graph = ldk.NetworkGraph.constructor_new(ldk.Network.LDKNetwork_Regtest, logger);
  const gossip = ldk.P2PGossipSync.constructor_new(
    graph,
    ldk.Option_UtxoLookupZ.constructor_none(),
    logger,
  );
  const scorer = ldk.ProbabilisticScorer.constructor_new(
    ldk.ProbabilisticScoringDecayParameters.constructor_default(),
    graph,
    logger,
  );
  const score = ldk.MultiThreadedLockableScore.constructor_new(scorer.as_Score());
  const router = ldk.DefaultRouter.constructor_new(
    graph,
    logger,
    keys.as_EntropySource(),
    score.as_LockableScore(),
    ldk.ProbabilisticScoringFeeParameters.constructor_default(),
  );
  const messageRouter = ldk.DefaultMessageRouter.constructor_new(graph, keys.as_EntropySource());
  const manager = ldk.ChannelManager.constructor_new(
    fees,
    monitor.as_Watch(),
    broadcaster,
    router.as_Router(),
    messageRouter.as_MessageRouter(),
    logger,
    keys.as_EntropySource(),
    keys.as_NodeSigner(),
    keys.as_SignerProvider(),
    userConfig(options),
    ldk.ChainParameters.constructor_new(
      ldk.Network.LDKNetwork_Regtest,
      ldk.BestBlock.constructor_new(unhex(tip.hash).reverse(), tip.height),
    ),
    Number(now),
  );
  const ignoring = ldk.IgnoringMessageHandler.constructor_new();
  const peers = ldk.PeerManager.constructor_new(
    manager.as_ChannelMessageHandler(),
    gossip.as_RoutingMessageHandler(),
    ignoring.as_OnionMessageHandler(),
    ignoring.as_CustomMessageHandler(),
    Number(now),
    seed,
    logger,
    keys.as_NodeSigner(),
  );
  const keep = [logger, fees, broadcaster, persister, keys, graph, gossip, scorer, score, router];
  return { manager, monitor, peers, tip, sink, keep: [...keep, messageRouter, ignoring] };
}

function userConfig(options: LdkPeerOptions): ldk.UserConfig {
  const config = ldk.UserConfig.constructor_default();
  const handshake = ldk.ChannelHandshakeConfig.constructor_default();
  handshake.set_announce_for_forwarding(true);
  handshake.set_minimum_depth(1);
  handshake.set_negotiate_anchors_zero_fee_htlc_tx(options.anchors ?? false);
  handshake.set_max_inbound_htlc_value_in_flight_percent_of_channel(100);
  config.set_channel_handshake_config(handshake);
  const limits = ldk.ChannelHandshakeLimits.constructor_default();
  limits.set_force_announced_channel_preference(false);
  config.set_channel_handshake_limits(limits);
  const relay = ldk.ChannelConfig.constructor_default();
  relay.set_forwarding_fee_base_msat(options.feeBaseMsat ?? 1000);
  relay.set_forwarding_fee_proportional_millionths(options.feeProportionalMillionths ?? 10);
  relay.set_cltv_expiry_delta(72);
  // Its own reckoning counts our feerate above its estimate as exposure: leave it room.
  relay.set_max_dust_htlc_exposure(
    ldk.MaxDustHTLCExposure.constructor_fixed_limit_msat(100_000_000n),
  );
  config.set_channel_config(relay);
  config.set_accept_forwards_to_priv_channels(true);
  config.set_manually_accept_inbound_channels(options.anchors ?? false);
  return config;
}
