import * as ldk from 'lightningdevkit';
import { NodeLDKNet } from 'lightningdevkit-node-net';
import {
  type BitcoinRpc,
  build,
  hex,
  type LdkPeerOptions,
  loadWasm,
  must,
  type Parts,
  unhex,
} from './ldk-kit.js';

export interface LdkChannel {
  readonly channelId: string;
  readonly peerId: string;
  readonly usable: boolean;
  readonly ready: boolean;
  readonly announced: boolean;
  readonly capacitySat: bigint;
  readonly outboundMsat: bigint;
  readonly inboundMsat: bigint;
  /** As people write it; nothing before the funding is in a block. */
  readonly scid: string | undefined;
}

export type LdkOutcome =
  | { readonly kind: 'sent'; readonly preimage: string; readonly feeMsat: bigint }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * A node of rust-lightning in this process, over real TCP: a stranger to talk to in tests. It
 * follows the chain by polling bitcoind, funds channels from bitcoind's wallet, and claims every
 * payment that it can.
 */
export class LdkPeer {
  readonly nodeId: string;
  readonly port: number;
  /** Payments that have arrived and were claimed: hash to amount. */
  readonly received = new Map<string, bigint>();
  /** Payments it has passed on: what it earned on each. */
  readonly forwarded: bigint[] = [];
  /** Why channels were closed. */
  readonly closures: string[] = [];
  /** Payment hashes that it refuses as their payee. */
  readonly refuse = new Set<string>();
  readonly #bitcoind: BitcoinRpc;
  readonly #manager: ldk.ChannelManager;
  readonly #monitor: ldk.ChainMonitor;
  readonly #peers: ldk.PeerManager;
  readonly #net: NodeLDKNet;
  readonly #keep: unknown[];
  readonly #outcomes = new Map<string, LdkOutcome>();
  readonly #broadcasts: Promise<unknown>[] = [];
  readonly #blocks: { hash: string; height: number }[];
  readonly #handler: ldk.EventHandler;
  #broken: Error | undefined;
  #stopped = false;
  #loop: Promise<void>;

  private constructor(parts: Parts, options: LdkPeerOptions) {
    this.#bitcoind = options.bitcoind;
    this.#manager = parts.manager;
    this.#monitor = parts.monitor;
    this.#peers = parts.peers;
    this.#keep = parts.keep;
    this.#blocks = [parts.tip];
    this.port = options.port;
    this.nodeId = hex(parts.manager.get_our_node_id());
    this.#net = new NodeLDKNet(parts.peers);
    this.#handler = ldk.EventHandler.new_impl({
      handle_event: (event) => {
        this.#onEvent(event);
        return ldk.Result_NoneReplayEventZ.constructor_ok();
      },
    });
    parts.sink.broadcast = (tx) => this.#broadcast(tx);
    this.#loop = this.#run();
  }

  static async start(options: LdkPeerOptions): Promise<LdkPeer> {
    await loadWasm();
    const { bitcoind } = options;
    const hash = await bitcoind.rpc('getbestblockhash');
    const { height } = await bitcoind.rpc('getblockheader', hash);
    const peer = new LdkPeer(build(options, { hash, height }), options);
    await peer.#net.bind_listener('127.0.0.1', options.port);
    return peer;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    this.#net.stop();
    await Promise.allSettled(this.#broadcasts);
    this.#keep.length = 0;
  }

  /** Connects and returns once both have said their init. */
  async connect(nodeId: string, port: number, host = '127.0.0.1'): Promise<void> {
    await this.#net.connect_peer(host, port, unhex(nodeId));
    await this.until(`connection to ${nodeId}`, () => this.connected(nodeId));
  }

  connected(nodeId: string): boolean {
    return this.#peers.list_peers().some((peer) => hex(peer.get_counterparty_node_id()) === nodeId);
  }

  disconnect(nodeId: string): void {
    this.#peers.disconnect_by_node_id(unhex(nodeId));
  }

  /** Opens a channel; bitcoind's wallet pays. Returns once the funding is in the mempool. */
  async open(
    nodeId: string,
    sat: number,
    options: { readonly pushMsat?: number; readonly announce?: boolean } = {},
  ): Promise<void> {
    const config = this.#manager.get_current_default_configuration();
    const handshake = config.get_channel_handshake_config();
    handshake.set_announce_for_forwarding(options.announce ?? true);
    config.set_channel_handshake_config(handshake);
    const before = new Set<string>(await this.#bitcoind.rpc('getrawmempool'));
    must(
      'create_channel',
      this.#manager.create_channel(
        unhex(nodeId),
        BigInt(sat),
        BigInt(options.pushMsat ?? 0),
        0n,
        null,
        config,
      ),
    );
    this.#peers.process_events();
    await this.until('funding transaction', async () =>
      ((await this.#bitcoind.rpc('getrawmempool')) as string[]).some((txid) => !before.has(txid)),
    );
  }

  channels(): LdkChannel[] {
    return this.#manager.list_channels().map((channel) => {
      const scid = channel.get_short_channel_id();
      return {
        channelId: hex(channel.get_channel_id().get_a()),
        peerId: hex(channel.get_counterparty().get_node_id()),
        usable: Boolean(channel.get_is_usable()),
        ready: Boolean(channel.get_is_channel_ready()),
        announced: Boolean(channel.get_is_announced()),
        capacitySat: channel.get_channel_value_satoshis(),
        outboundMsat: channel.get_outbound_capacity_msat(),
        inboundMsat: channel.get_inbound_capacity_msat(),
        scid: scid instanceof ldk.Option_u64Z_Some ? scidText(scid.some) : undefined,
      };
    });
  }

  /** Waits for a channel with the peer that can carry payments. */
  async usable(nodeId: string): Promise<LdkChannel> {
    const find = () => this.channels().find((c) => c.peerId === nodeId && c.usable);
    await this.until(`usable channel with ${nodeId}`, () => find() !== undefined);
    return find() as LdkChannel;
  }

  /** A BOLT 11 invoice of its own. */
  invoice(amountMsat: number | undefined, description: string): string {
    const amount =
      amountMsat === undefined
        ? ldk.Option_u64Z.constructor_none()
        : ldk.Option_u64Z.constructor_some(BigInt(amountMsat));
    const result = ldk.UtilMethods.constructor_create_invoice_from_channelmanager(
      this.#manager,
      amount,
      description,
      3600,
      ldk.Option_u16Z.constructor_none(),
    );
    return must<ldk.Bolt11Invoice>('invoice', result).to_str();
  }

  /** Pays and waits for the end of it. */
  async pay(bolt11: string, timeoutMs = 30_000): Promise<LdkOutcome> {
    const invoice = must<ldk.Bolt11Invoice>(
      'bolt11',
      ldk.Bolt11Invoice.constructor_from_str(bolt11),
    );
    const parameters = must<ldk.ThreeTuple_ThirtyTwoBytesRecipientOnionFieldsRouteParametersZ>(
      'payment parameters',
      ldk.UtilMethods.constructor_payment_parameters_from_invoice(invoice),
    );
    const hash = invoice.payment_hash();
    this.#outcomes.delete(hex(hash));
    const sent = this.#manager.send_payment(
      hash,
      parameters.get_b(),
      hash,
      parameters.get_c(),
      ldk.Retry.constructor_attempts(0),
    );
    if (!sent.is_ok()) {
      const { err } = sent as unknown as { err: ldk.RetryableSendFailure };
      return { kind: 'failed', reason: ldk.RetryableSendFailure[err] };
    }
    this.#peers.process_events();
    await this.until('outcome of the payment', () => this.#outcomes.has(hex(hash)), timeoutMs);
    return this.#outcomes.get(hex(hash)) as LdkOutcome;
  }

  /** Changes what it asks for relaying over its channels with the peer, from now on. */
  setFees(nodeId: string, baseMsat: number, proportionalMillionths: number): void {
    for (const channel of this.#manager.list_channels()) {
      if (hex(channel.get_counterparty().get_node_id()) !== nodeId) continue;
      const config = channel.get_config();
      config.set_forwarding_fee_base_msat(baseMsat);
      config.set_forwarding_fee_proportional_millionths(proportionalMillionths);
      must(
        'update_channel_config',
        this.#manager.update_channel_config(unhex(nodeId), [channel.get_channel_id()], config),
      );
    }
    // It takes the old fees for five ticks more, for payers who have not heard yet.
    for (let tick = 0; tick < 6; tick++) this.#manager.timer_tick_occurred();
    this.#peers.process_events();
  }

  /** Starts a mutual close of every channel with the peer. */
  close(nodeId: string): void {
    for (const channel of this.#manager.list_channels())
      if (hex(channel.get_counterparty().get_node_id()) === nodeId)
        must('close_channel', this.#manager.close_channel(channel.get_channel_id(), unhex(nodeId)));
    this.#peers.process_events();
  }

  /** Broadcasts its commitment transaction of every channel with the peer. */
  forceClose(nodeId: string): void {
    for (const channel of this.#manager.list_channels())
      if (hex(channel.get_counterparty().get_node_id()) === nodeId)
        must(
          'force_close',
          this.#manager.force_close_broadcasting_latest_txn(
            channel.get_channel_id(),
            unhex(nodeId),
            'the test says so',
          ),
        );
    this.#peers.process_events();
  }

  /** Waits, while the peer goes on working. */
  async until(
    what: string,
    done: () => boolean | Promise<boolean>,
    timeoutMs = 30_000,
  ): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!(await done())) {
      if (this.#broken) throw this.#broken;
      if (Date.now() > end) throw new Error(`rust-lightning: timed out waiting for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#followChain();
        this.#work();
      } catch (error) {
        if (!this.#stopped) this.#broken = error as Error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #work(): void {
    this.#manager.process_pending_htlc_forwards();
    this.#manager.as_EventsProvider().process_pending_events(this.#handler);
    this.#monitor.as_EventsProvider().process_pending_events(this.#handler);
    this.#peers.process_events();
  }

  async #followChain(): Promise<void> {
    const best = await this.#bitcoind.rpc('getbestblockhash');
    if (this.#tip().hash === best) return;
    const fresh: Header[] = [];
    let header: Header = await this.#bitcoind.rpc('getblockheader', best);
    while (!this.#blocks.some((block) => block.hash === header.hash)) {
      fresh.unshift(header);
      if (!header.previousblockhash) break;
      header = await this.#bitcoind.rpc('getblockheader', header.previousblockhash);
    }
    while (this.#tip().hash !== header.hash) {
      const gone = this.#blocks.pop() as { hash: string; height: number };
      const raw = await this.#bitcoind.rpc('getblockheader', gone.hash, false);
      for (const listener of this.#listeners())
        listener.block_disconnected(unhex(raw), gone.height);
    }
    for (const { hash, height } of fresh) {
      const raw = unhex(await this.#bitcoind.rpc('getblock', hash, 0));
      for (const listener of this.#listeners()) listener.block_connected(raw, height);
      this.#blocks.push({ hash, height });
    }
  }

  #tip(): { hash: string; height: number } {
    return this.#blocks.at(-1) as { hash: string; height: number };
  }

  #listeners(): ldk.Listen[] {
    return [this.#manager.as_Listen(), this.#monitor.as_Listen()];
  }

  #broadcast(tx: Uint8Array): void {
    const sent = this.#bitcoind.rpc('sendrawtransaction', hex(tx)).catch(() => {
      // Already known, or in conflict with what is confirmed: it looks again at the next block.
    });
    this.#broadcasts.push(sent);
  }

  #onEvent(event: ldk.Event): void {
    if (event instanceof ldk.Event_FundingGenerationReady) this.#later(() => this.#fund(event));
    else if (event instanceof ldk.Event_OpenChannelRequest)
      this.#later(() =>
        must(
          'accept',
          this.#manager.accept_inbound_channel(
            event.temporary_channel_id,
            event.counterparty_node_id,
            0n,
          ),
        ),
      );
    else if (event instanceof ldk.Event_PaymentClaimable) this.#later(() => this.#claim(event));
    else if (event instanceof ldk.Event_PaymentClaimed)
      this.received.set(hex(event.payment_hash), event.amount_msat);
    else if (event instanceof ldk.Event_PaymentForwarded) {
      const fee = event.total_fee_earned_msat;
      this.forwarded.push(fee instanceof ldk.Option_u64Z_Some ? fee.some : 0n);
    } else if (event instanceof ldk.Event_PaymentSent) {
      const fee = event.fee_paid_msat;
      this.#outcomes.set(hex(event.payment_hash), {
        kind: 'sent',
        preimage: hex(event.payment_preimage),
        feeMsat: fee instanceof ldk.Option_u64Z_Some ? fee.some : 0n,
      });
    } else if (event instanceof ldk.Event_PaymentFailed) {
      const { reason } = event;
      this.#outcomes.set(hex(event.payment_id), {
        kind: 'failed',
        reason:
          reason instanceof ldk.Option_PaymentFailureReasonZ_Some
            ? ldk.PaymentFailureReason[reason.some]
            : 'unknown',
      });
    } else if (event instanceof ldk.Event_ChannelClosed) this.closures.push(event.reason.to_str());
  }

  /** Out of the kit's own call, which must not be entered again from within. */
  #later(act: () => unknown): void {
    setImmediate(async () => {
      try {
        await act();
        if (!this.#stopped) this.#peers.process_events();
      } catch (error) {
        this.#broken = error as Error;
      }
    });
  }

  #claim(event: ldk.Event_PaymentClaimable): void {
    const preimage = event.purpose.preimage();
    if (
      this.refuse.has(hex(event.payment_hash)) ||
      !(preimage instanceof ldk.Option_ThirtyTwoBytesZ_Some)
    )
      this.#manager.fail_htlc_backwards(event.payment_hash);
    else this.#manager.claim_funds(preimage.some);
  }

  async #fund(event: ldk.Event_FundingGenerationReady): Promise<void> {
    const { address } = await this.#bitcoind.rpc('decodescript', hex(event.output_script));
    const btc = (Number(event.channel_value_satoshis) / 1e8).toFixed(8);
    const raw = await this.#bitcoind.rpc('createrawtransaction', [], { [address]: btc });
    const funded = await this.#bitcoind.rpc('fundrawtransaction', raw, {
      fee_rate: 2,
    });
    const signed = await this.#bitcoind.rpc('signrawtransactionwithwallet', funded.hex);
    must(
      'funding',
      this.#manager.funding_transaction_generated(
        event.temporary_channel_id,
        event.counterparty_node_id,
        unhex(signed.hex),
      ),
    );
  }
}

interface Header {
  readonly hash: string;
  readonly height: number;
  readonly previousblockhash?: string;
}

const scidText = (scid: bigint): string =>
  `${scid >> 40n}x${(scid >> 16n) & 0xffffffn}x${scid & 0xffffn}`;
