/** Channels whose state was lost: taken up again as stubs, and found on the chain. */
import {
  type ChannelId,
  equal,
  err,
  type NodeId,
  ok,
  type Result,
  toHex,
} from '../../core/bytes/index.js';
import {
  type ChannelBackup,
  channelFundingOutput,
  type LiveState,
  stubOf,
} from '../../core/channel/index.js';
import { ChainAway } from '../../ports/index.js';
import type { BackupsDeps, RecoverError } from './types.js';

/** A source that is away is asked again after so many milliseconds. */
const RETRY_MS = 10_000;

export class Recovery {
  readonly #deps: BackupsDeps;
  #stopped = false;
  #cancel: () => void = () => {};

  constructor(deps: BackupsDeps) {
    this.#deps = deps;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Goes on looking for the ends of channels that were taken up before the last stop. */
  resume(): void {
    void this.#deps.chain.whenSynced().then(() => this.#search());
  }

  /** Answers the ids of those taken up; the others are named in the log. */
  async takeUp(
    backups: ReadonlyMap<ChannelId, ChannelBackup>,
  ): Promise<Result<readonly ChannelId[], RecoverError>> {
    const { log, signer, channels, sweepScript } = this.#deps;
    const stubs: LiveState[] = [];
    for (const [id, backup] of backups) {
      const refusal = await this.#refusal(backup);
      if (!refusal.ok) return refusal;
      if (refusal.value !== undefined) {
        log.warn(`${id} is not taken up: ${refusal.value}`);
        continue;
      }
      stubs.push(stubOf(backup, await sweepScript(), signer));
    }
    for (const stub of stubs) this.#keep(backups.get(hexId(stub)) as ChannelBackup);
    await channels.takeUp(stubs);
    log.info('taken up from a backup', { channels: stubs.length });
    for (const stub of stubs) void this.#call(backups.get(hexId(stub)) as ChannelBackup);
    void this.#search();
    return ok(stubs.map(hexId));
  }

  /** Why a backup cannot be one of this node's channels. */
  async #refusal(backup: ChannelBackup): Promise<Result<string | undefined, RecoverError>> {
    const { store, chain, signer } = this.#deps;
    const [other] = await store.select('channels', { where: { channel_key: backup.key } });
    if (other !== undefined) return ok(`its key number is that of ${other.channel_id}`);
    try {
      const output = await chain.utxo(backup.fundingTxid, backup.fundingVout);
      const { params } = stubOf(backup, new Uint8Array(0), signer);
      if (output === undefined || equal(output.scriptPubkey, channelFundingOutput(params)))
        return ok(undefined);
      return ok('its funding output is not one of this seed');
    } catch (error) {
      if (!(error instanceof ChainAway)) throw error;
      return err({ code: 'chain_away', reason: error.message });
    }
  }

  #keep({ peerId, addresses }: ChannelBackup): void {
    this.#deps.peers.keep(toHex(peerId) as NodeId, 'channel', addresses[0]);
  }

  async #call({ peerId, addresses }: ChannelBackup): Promise<void> {
    const { peers, log } = this.#deps;
    const nodeId = toHex(peerId) as NodeId;
    if (peers.connected(nodeId) !== undefined) return;
    for (const { host, port } of addresses)
      if ((await peers.connect(nodeId, host, port)).ok) return;
    log.info('the peer of a channel to be recovered is not to be reached yet', { peer: nodeId });
  }

  /**
   * A funding output that is not there any more was spent in a block before the channel was taken
   * up: from the channel's first block on, all are looked through for it and for what followed.
   */
  async #search(): Promise<void> {
    const { chain, log } = this.#deps;
    try {
      const lost: LiveState[] = [];
      for (const state of this.#deps.channels.liveStates()) {
        const { params, failure, spent } = state;
        if (failure?.behind !== true || spent !== undefined) continue;
        const output = await chain.utxo(params.fundingTxid, params.fundingVout);
        if (output === undefined) lost.push(state);
      }
      if (lost.length > 0) await this.#replay(lost);
    } catch (error) {
      if (!(error instanceof ChainAway)) {
        log.error('the search for ended channels failed', { error: String(error) });
        return;
      }
      log.info(`the search for ended channels waits for ${error.message}`);
      if (!this.#stopped) this.#cancel = this.#deps.clock.after(RETRY_MS, () => this.#search());
    }
  }

  async #replay(lost: readonly LiveState[]): Promise<void> {
    const { chain, channels, endings, log } = this.#deps;
    const ids = new Set(lost.map(hexId));
    const from = Math.min(...lost.map(({ params }) => params.openedAt));
    log.info('looking for the ends of channels', { from, channels: lost.length });
    for (let height = from; height <= chain.height() && !this.#stopped; height++) {
      const block = await chain.readBlock(height);
      if (block === undefined) {
        log.warn('a block cannot be read: the source may have pruned it', { height });
        continue;
      }
      await channels.replayBlock(block);
      await endings.replayBlock(block, ids);
    }
    log.info('looked through the chain for the ends of channels', { from });
  }
}

const hexId = (state: LiveState): ChannelId => toHex(state.channelId) as ChannelId;
