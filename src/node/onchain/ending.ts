import { decodeTx, type Transaction, txid } from '../../core/bitcoin/index.js';
import { type Bytes, type ChannelId, equal, shownHash, toHex } from '../../core/bytes/index.js';
import { type LiveState, REVOKED_ROWS } from '../../core/channel/index.js';
import {
  decodeOnchain,
  type EndingKind,
  encodeOnchain,
  type FundClaim,
  type OnchainChannel,
  type OnchainEffect,
  type OnchainInput,
  type OnchainState,
  onchainChannel,
  openOnchain,
  openPlaces,
  revokedNumber,
  showsPreimage,
  step,
  waitingClose,
} from '../../core/onchain/index.js';
import { ChainAway, type Write } from '../../ports/index.js';
import type { EndingBlock, EndingsDeps } from './types.js';

/** What people are told of a close. */
const NAMES: Readonly<Record<EndingKind, string>> = {
  mutual: 'the close that both signed',
  local: 'our commitment',
  remote: "the peer's commitment",
  remoteNext: "the peer's next commitment",
  revoked: 'an old commitment of the peer: it cheats',
  future: 'a commitment of the peer of a later state than we know',
  ownRevoked: 'a commitment of ours of another state than we know',
  unknown: 'an unknown transaction',
};

const outpoint = (id: Bytes, vout: number): string => `${toHex(id)}:${vout}`;

/** Runs the on-chain machine of one channel: inputs in order, the state on disk before the effects. */
export class Ending {
  readonly #channelId: ChannelId;
  readonly #deps: EndingsDeps;
  readonly #watched = new Set<string>();
  /** What the log told last of a purpose's broadcasts: each is said again with every block. */
  readonly #said = new Map<string, string>();
  readonly #funding: string;
  readonly #key: number;
  /** Set by the first turn, before any input takes its own. */
  #state!: OnchainState;
  /** Inputs take their turn, since some wait for rows of the disk. */
  #tail: Promise<void>;
  #resolved = false;

  /** Goes on from what was stored, where something was. */
  constructor(channelId: ChannelId, live: LiveState, stored: Bytes | undefined, deps: EndingsDeps) {
    const { key, fundingTxid, fundingVout } = live.params;
    this.#channelId = channelId;
    this.#key = key;
    this.#deps = deps;
    this.#funding = outpoint(fundingTxid, fundingVout);
    this.#watched.add(this.#funding);
    this.#tail = this.#begin(live, stored).catch((error: unknown) => deps.fatal(error));
    if (stored !== undefined) this.feed({ kind: 'restored' });
  }

  /** Throws where what was stored cannot be read: money may hang on it. */
  async #begin(live: LiveState, stored: Bytes | undefined): Promise<void> {
    // Where a mutual close was to pay may be a stranger's; what we claim comes to our wallet.
    const sweepScript = await this.#deps.wallet.sweepScript(live.params.shutdownScript);
    const channel = onchainChannel(live, sweepScript);
    this.#state = openOnchain(channel, this.#deps.height());
    if (stored === undefined) return;
    const state = decodeOnchain(stored, channel);
    if (!state.ok)
      throw new Error(`the ending of ${this.#channelId} cannot be read: ${state.error.code}`);
    this.#state = state.value;
    this.#deps.wallet.resume(
      this.#channelId,
      state.value.claims.map(({ id, tx }) => ({ name: this.#nameOf(id), tx })),
    );
    // It was resolved before the last stop, which came before that was told.
    if (state.value.resolved) this.#tellResolved();
  }

  /** Resolves when all that was fed so far is durable and carried out. */
  idle(): Promise<void> {
    return this.#tail;
  }

  feed(input: OnchainInput): void {
    this.#tail = this.#tail
      .then(() => this.#run(input))
      .catch((error: unknown) => this.#deps.fatal(error));
  }

  /** A close that is not in a block yet, ours or theirs. */
  seen(tx: Bytes): void {
    this.feed({ kind: 'spent', tx });
  }

  async connectBlock(block: EndingBlock): Promise<void> {
    await this.#tail;
    // Outputs come to be watched on the way, and what spends them may stand further down.
    for (const { tx, raw } of block.txs) {
      if (!this.#spends(tx)) continue;
      await this.#feedRevoked(tx);
      this.feed({ kind: 'spent', tx: raw, height: block.height });
      await this.#tail;
    }
    const { height, more } = block;
    if (!more) await this.#lookInMempool();
    if (!more) this.#lookAtCoins();
    this.feed({ kind: 'block', height, ...(more ? { more } : {}) });
    await this.#tail;
    if (!more) await this.#lookForPreimages();
  }

  /** Another transaction took them, or a reorg unmade them: their claim asks for others. */
  #lookAtCoins(): void {
    for (const { id, tx, outputs, versions } of this.#state.claims) {
      const claimed = new Set(outputs);
      const coins = tx?.inputs.filter((i) => !claimed.has(outpoint(i.txid, i.vout))) ?? [];
      if (this.#deps.wallet.areGone(coins, versions)) this.feed({ kind: 'coinsGone', claim: id });
    }
  }

  /** The peer's commitment may be there, so that ours is refused: then that one is to be helped. */
  async #lookInMempool(): Promise<void> {
    const known = waitingClose(this.#state);
    if (known === undefined) return;
    const { fundingTxid, fundingVout } = this.#channel.commitment;
    try {
      const raw = await this.#deps.spender(fundingTxid, fundingVout);
      const tx = raw && decodeTx(raw);
      if (raw === undefined || tx === undefined || equal(txid(tx), txid(known))) return;
      await this.#feedRevoked(tx);
      this.seen(raw);
      await this.#tail;
    } catch (error) {
      // The next block brings the next look.
      if (!(error instanceof ChainAway)) throw error;
    }
  }

  /** BOLT 5, "General Requirements": mempools may be watched, and show a preimage before any block. */
  async #lookForPreimages(): Promise<void> {
    try {
      for (const { txid: id, vout } of openPlaces(this.#state)) {
        const raw = await this.#deps.spender(id, vout);
        const tx = raw && decodeTx(raw);
        if (raw === undefined || tx === undefined || !showsPreimage(this.#state, tx)) continue;
        this.feed({ kind: 'spent', tx: raw });
        await this.#tail;
      }
    } catch (error) {
      // The next block brings the next look.
      if (!(error instanceof ChainAway)) throw error;
    }
  }

  get #channel(): OnchainChannel {
    return this.#state.channel;
  }

  #spends(tx: Transaction): boolean {
    return tx.inputs.some((input) => this.#watched.has(outpoint(input.txid, input.vout)));
  }

  /** BOLT 5, revoked transaction close: the rows that tell the HTLC outputs of an old commitment. */
  async #feedRevoked(tx: Transaction): Promise<void> {
    if (!tx.inputs.some((input) => outpoint(input.txid, input.vout) === this.#funding)) return;
    const number = revokedNumber(this.#channel, tx);
    if (number === undefined) return;
    const rows = await this.#deps.store.select('revoked', {
      where: { channel_key: this.#key },
      order: 'commitment_number',
      from: Number(number),
      limit: REVOKED_ROWS,
    });
    const found = rows.map((row) => ({
      commitmentNumber: BigInt(row.commitment_number),
      data: row.data,
    }));
    this.feed({ kind: 'revoked', rows: found });
  }

  async #run(input: OnchainInput): Promise<void> {
    const { fees, signer, store, writesOf } = this.#deps;
    const { state, effects } = step(this.#state, input, { fees: fees(), signer });
    this.#state = state;
    const writes: Write[] = [];
    let persist = false;
    for (const effect of effects) {
      if (effect.kind === 'persist') persist = true;
      if (effect.kind === 'htlcFulfilled' || effect.kind === 'htlcFailed')
        writes.push(...(await writesOf(effect)));
    }
    if (persist || writes.length > 0) await store.commit([this.#row(), ...writes]);
    for (const effect of effects) await this.#perform(effect);
  }

  #row(): Write {
    return {
      put: 'closings',
      row: {
        channel_key: this.#key,
        spent_txid: shownHash(this.#channel.commitment.fundingTxid),
        state: encodeOnchain(this.#state),
      },
    };
  }

  async #perform(effect: OnchainEffect): Promise<void> {
    const { log } = this.#deps;
    switch (effect.kind) {
      case 'persist':
        return;
      case 'watch':
        this.#watched.add(outpoint(effect.txid, effect.vout));
        return;
      case 'broadcast':
        await this.#broadcast(effect.tx, effect.purpose, effect.parent);
        return;
      case 'fundClaim':
        await this.#fund(effect);
        return;
      case 'releaseClaim':
        this.#deps.wallet.releaseClaim(this.#nameOf(effect.claim));
        return;
      case 'htlcFulfilled':
      case 'htlcFailed':
        this.#deps.ended(effect);
        return;
      case 'classified':
        log.info(
          `the end of ${this.#channelId} on the chain: ${effect.ending} (${NAMES[effect.ending]})`,
          {
            txid: shownHash(effect.txid),
          },
        );
        return;
      case 'resolved':
        this.#tellResolved();
        return;
      case 'note':
        log[effect.level](effect.text, { channel: this.#channelId });
        return;
    }
  }

  /** Of a claim, to the wallet. */
  #nameOf(claim: string): string {
    return `${this.#channelId}/${claim}`;
  }

  #tellResolved(): void {
    if (this.#resolved) return;
    this.#resolved = true;
    // Coins of versions that did not come to be.
    for (const { id } of this.#state.claims) this.#deps.wallet.releaseClaim(this.#nameOf(id));
    this.#deps.resolved(this.#channelId);
  }

  async #fund(request: FundClaim): Promise<void> {
    const name = this.#nameOf(request.claim);
    const coins = await this.#deps.wallet.fundClaim(name, request);
    if (coins === undefined) {
      this.#deps.log.warn('no coins in the wallet to pay the fee of a claim', {
        channel: this.#channelId,
        purpose: request.purpose,
      });
      return;
    }
    this.feed({ kind: 'claimFunded', claim: request.claim, ...coins });
  }

  async #broadcast(tx: Bytes, purpose: string, parent: Bytes | undefined): Promise<void> {
    const { log } = this.#deps;
    const once = (text: string, detail: string): void => {
      if (this.#said.get(purpose) === detail) return;
      this.#said.set(purpose, detail);
      log.info(text, { channel: this.#channelId, reason: detail });
    };
    try {
      const { broadcast, broadcastPackage } = this.#deps;
      const together = parent && (await broadcastPackage([parent, tx]));
      const isIn = together !== undefined && together.kind !== 'refused';
      // Some sources have packages on test networks only; where the parent is in, none is needed.
      const result = isIn ? together : await broadcast(tx);
      const refusal = together?.kind === 'refused' ? together : result;
      if (result.kind === 'refused' && refusal.kind === 'refused')
        once(`${purpose} was refused`, refusal.reason);
    } catch (error) {
      // It is said again once the chain hears, and the machine says it with the next block.
      once(`${purpose} waits for the chain`, String(error));
    }
  }
}
