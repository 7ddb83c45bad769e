import { assertNever } from '../../core/bytes/index.js';
import type { ChannelEffect } from '../../core/channel/index.js';
import { encodeMessage, type Message } from '../../core/wire/index.js';
import { seconds, type Write } from '../../ports/index.js';
import type { FundingWatch } from './funding-watch.js';
import type { Opening } from './opening.js';
import type { Entry, Registry } from './registry.js';
import { rowOf } from './rows.js';
import type { HtlcSwitch } from './switch.js';
import type { ChannelsDeps } from './types.js';

/** What of the service the effects of its machines reach. */
export interface Hands {
  readonly registry: Registry;
  readonly htlcs: HtlcSwitch;
  readonly opening: Opening;
  readonly watch: FundingWatch;
  /** What people or services see of the channel is different now. */
  changed(entry: Entry): void;
  /** Nothing is left to do for it. */
  remove(entry: Entry): void;
}

/** Effects of the channel machine, turned into rows, messages, transactions and news. */
export class Effects {
  readonly #deps: ChannelsDeps;
  readonly #hands: Hands;

  constructor(hands: Hands, deps: ChannelsDeps) {
    this.#hands = hands;
    this.#deps = deps;
  }

  /** Rows that must be as durable as the state that caused the effect. */
  writesOf(entry: Entry, effect: ChannelEffect): readonly Write[] {
    switch (effect.kind) {
      case 'htlcFulfilled':
      case 'htlcFailed':
        return this.#hands.htlcs.writesOf(effect);
      case 'htlcRemoved':
        return this.#hands.htlcs.told(entry.id, effect.htlcId);
      case 'storeRevoked': {
        const { state } = entry.runner;
        if (state.kind !== 'live') return [];
        return [
          {
            put: 'revoked',
            row: {
              channel_key: state.params.key,
              commitment_number: Number(effect.commitmentNumber),
              data: effect.data,
            },
          },
        ];
      }
      case 'forget':
        entry.closedAt = seconds(this.#deps.clock);
        return this.#rowIfStored(entry);
      default:
        return [];
    }
  }

  /** Carries out one effect; the state and the rows are durable. */
  perform(entry: Entry, effect: ChannelEffect): void {
    const { peers, chain, gossip, endings, log } = this.#deps;
    switch (effect.kind) {
      case 'persist':
      case 'storeRevoked':
      case 'reply':
      case 'htlcRemoved':
        return;
      case 'send':
        if (effect.message.kind === 'fundingSigned') void this.#sendBackedUp(entry, effect.message);
        else peers.send(entry.peerId, effect.message);
        return;
      case 'broadcast': {
        chain.broadcast(effect.tx, effect.purpose);
        entry.closingTx = effect.tx;
        const { state } = entry.runner;
        if (state.kind === 'live') endings.leaving(state, effect.tx);
        this.#hands.changed(entry);
        return;
      }
      case 'watchFunding':
        this.#hands.watch.add(effect.txid, effect.vout, (input) => entry.runner.submit(input));
        return;
      case 'fund':
      case 'broadcastFunding':
      case 'failed':
        this.#hands.opening.perform(entry, effect);
        if (effect.kind === 'failed') this.#hands.changed(entry);
        return;
      case 'htlcReceived':
        this.#hands.htlcs.received(entry.id, effect.htlc);
        return;
      case 'htlcFulfilled':
      case 'htlcFailed':
        this.#hands.htlcs.ended(effect);
        return;
      case 'channelIdAssigned':
        this.#hands.registry.rename(entry, effect.channelId);
        peers.keep(entry.peerId, 'channel');
        return;
      case 'stateChanged':
        log.info(`state of ${entry.id}: ${effect.from} to ${effect.to}`);
        this.#hands.changed(entry);
        return;
      case 'announce':
        gossip.announce(effect.message);
        this.#hands.changed(entry);
        return;
      case 'channelUpdate':
        entry.update = encodeMessage(effect.message);
        gossip.update(effect.message, effect.private);
        this.#hands.changed(entry);
        return;
      case 'closedOnChain': {
        const { state } = entry.runner;
        if (state.kind === 'live') endings.closedOnChain(state);
        this.#hands.changed(entry);
        return;
      }
      case 'disconnect':
        peers.disconnect(entry.peerId, effect.reason);
        return;
      case 'forget':
        log.info(`${entry.id} is over: ${effect.reason}`);
        this.#hands.opening.perform(entry, { kind: 'failed', reason: effect.reason });
        this.#hands.changed(entry);
        this.#hands.remove(entry);
        return;
      case 'note':
        log[effect.level](effect.text, { channel: entry.id });
        return;
      default:
        assertNever(effect);
    }
  }

  /** With this message the peer may pay into the channel: its backup is written before. */
  async #sendBackedUp({ peerId, runner }: Entry, message: Message): Promise<void> {
    await this.#deps.backedUp();
    const { state } = runner;
    // BOLT 2, channel_reestablish: nothing of an old connection may come before it on a new one.
    if (state.kind === 'live' && state.link.kind === 'online')
      this.#deps.peers.send(peerId, message);
  }

  /** A channel that was on disk is closed there; one that never was leaves no trace. */
  #rowIfStored(entry: Entry): readonly Write[] {
    if (!entry.stored) return [];
    const row = rowOf(entry.runner.state, entry.closedAt);
    return row === undefined ? [] : [row];
  }
}
