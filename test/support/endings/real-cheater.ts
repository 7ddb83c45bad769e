/**
 * A cheater of real processes on a real bitcoind: bob, who kept a copy of his store at each of his
 * states, is started from one of them, cut off from alice, and closes alone: he broadcasts a
 * commitment that he has revoked. Every cheat begins at the same point: bitcoind's directory,
 * alice's and bob's are put back first.
 */
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startBitcoind, type TestBitcoind } from '../bitcoind.js';
import { type Daemon, LightningNetwork, pause, until } from '../daemon.js';

export type CheatedType = 'anchors' | 'static_remotekey';

const TYPES: Record<CheatedType, readonly number[]> = {
  anchors: [12, 22],
  static_remotekey: [12],
};

const CAPACITY = 1_000_000;
const AMOUNT = 12_000;
const DELAY = 22;
const ANCHOR = 330;
/** Who has a payment on the way when the copy is made. */
const IN_FLIGHT = [[], ['alice'], ['bob'], ['alice', 'bob']] as const;
/** Blocks that a penalty, and a sweep that waits for one, may take. */
const PATIENCE = 6;

interface Spend {
  readonly txid: string;
  readonly vout: number;
  readonly prevout: { readonly value: number };
}

interface MinedTx {
  readonly txid: string;
  readonly vin: readonly Spend[];
  readonly vout: readonly { readonly value: number }[];
}

const sat = (btc: number): number => Math.round(btc * 1e8);

export class RealCheater {
  readonly chain: TestBitcoind;
  readonly lightning: LightningNetwork;
  readonly #alice: Daemon;
  readonly #bob: Daemon;
  readonly #kept: string;
  #labels = 0;

  private constructor(chain: TestBitcoind, lightning: LightningNetwork, nodes: Daemon[]) {
    this.chain = chain;
    this.lightning = lightning;
    [this.#alice, this.#bob] = nodes as [Daemon, Daemon];
    this.#kept = join(lightning.dir, 'kept');
  }

  /** A channel, `states` states of bob's of which a copy is kept, and one payment that revokes the last. */
  static async start(type: CheatedType, states: number): Promise<RealCheater> {
    const chain = await startBitcoind({ args: ['-addresstype=bech32'], blocks: 110 });
    const lightning = await LightningNetwork.start(chain);
    const args = ['--cltv-final=12'];
    const nodes = await Promise.all(['alice', 'bob'].map((n) => lightning.node(n, { args })));
    const cheater = new RealCheater(chain, lightning, nodes);
    try {
      await cheater.#live(TYPES[type], states);
    } catch (error) {
      console.error(lightning.tails());
      await cheater.stop();
      throw error;
    }
    return cheater;
  }

  async #live(channel_type: readonly number[], states: number): Promise<void> {
    const { chain, lightning } = this;
    const [alice, bob] = [this.#alice, this.#bob];
    await lightning.fund(alice, 2_000_000);
    await lightning.fund(bob, 1_000_000);
    await lightning.connect(alice, bob);
    const amounts = { amount: CAPACITY, push_msat: CAPACITY * 400 };
    await alice.call('fundchannel', { id: bob.id, ...amounts, channel_type });
    await lightning.mine(6);
    await lightning.ready(alice);
    await lightning.ready(bob);
    for (let state = 0; state < states; state++)
      await this.#payments(state, () => this.#keep(state));
    await this.#payments(0, async () => {});
    await Promise.all([alice.down(), bob.down()]);
    await chain.halt();
    for (const [name, dir] of this.#places())
      cpSync(dir, join(this.#kept, name), { recursive: true });
  }

  stop(): Promise<void> {
    return this.lightning.stop();
  }

  /** What a cheat starts from. */
  #places(): [string, string][] {
    const { datadir } = this.chain;
    return [
      ['alice', this.#alice.dir],
      ['bob', this.#bob.dir],
      ['bitcoind', join(datadir as string, 'regtest')],
    ];
  }

  #nodes(payer: string): [Daemon, Daemon] {
    return payer === 'alice' ? [this.#alice, this.#bob] : [this.#bob, this.#alice];
  }

  /** A payment of each payer in halves: the copy is made between them; with none, after one of alice's. */
  async #payments(state: number, copy: () => Promise<void>): Promise<void> {
    const payers = IN_FLIGHT[state % IN_FLIGHT.length] as readonly string[];
    const finish = [];
    for (const payer of payers) finish.push(await this.#half(payer));
    if (payers.length === 0) await (await this.#half('alice'))();
    await this.#settled(payers.length);
    await copy();
    for (const other of finish) await other();
    await this.#settled(0);
  }

  /** Half of what an invoice asks for; answers how to send the other one. */
  async #half(payer: string): Promise<() => Promise<void>> {
    const [from, to] = this.#nodes(payer);
    const label = `payment ${this.#labels++}`;
    const whole = { amount_msat: 2000 * AMOUNT };
    const { payment_hash, payment_secret } = await to.call('invoice', {
      ...whole,
      label,
      description: label,
    });
    const { channels } = await from.call('listpeerchannels');
    const channel = channels[0].short_channel_id;
    const route = [{ id: to.id, channel, amount_msat: 1000 * AMOUNT, delay: DELAY }];
    const send = (partid: number) =>
      from.call('sendpay', { route, payment_hash, payment_secret, partid, groupid: 1, ...whole });
    await send(1);
    return async () => {
      await send(2);
      await from.call('waitsendpay', { payment_hash, partid: 2, groupid: 1, timeout: 30 });
    };
  }

  /** So many HTLCs at both ends, and nothing under way. */
  #settled(htlcs: number): Promise<true> {
    return until('the HTLCs at both ends', async () => {
      for (const node of [this.#alice, this.#bob]) {
        const { channels } = await node.call('listpeerchannels');
        const states = channels[0].htlcs.map((h: { state: string }) => h.state);
        const settled = (s: string) => s.endsWith('ADD_ACK_REVOCATION');
        if (states.length !== htlcs || !states.every(settled)) return false;
      }
      return true;
    });
  }

  #store(): { folder: string; files: string[] } {
    const folder = join(this.#bob.dir, 'regtest');
    const files = readdirSync(folder).filter((name) => name.startsWith('lightningd.sqlite3'));
    return { folder, files };
  }

  /** A copy of bob's store, taken while nothing writes to it. */
  async #keep(state: number): Promise<void> {
    const to = join(this.#kept, `state ${state}`);
    const { folder } = this.#store();
    const read = () =>
      this.#store().files.map((name) => [
        name,
        readFileSync(join(folder, name)).toString('base64'),
      ]);
    for (let before = read(); ; ) {
      rmSync(to, { recursive: true, force: true });
      for (const name of this.#store().files) cpSync(join(folder, name), join(to, name));
      await pause(30);
      const after = read();
      if (JSON.stringify(after) === JSON.stringify(before)) return;
      before = after;
    }
  }

  /**
   * Bob broadcasts his commitment of this state; answers what alice lacks, or nothing. With
   * `outage`, bitcoind is stopped while the penalty waits, and forgets it.
   */
  async cheat(state: number, { outage = false } = {}): Promise<string> {
    const { chain } = this;
    const [alice, bob] = [this.#alice, this.#bob];
    await this.#restore(state);
    const before = await this.#worth();
    const base = (await chain.rpc('getblockcount')) as number;
    const { channels } = await bob.call('listpeerchannels');
    const id = channels[0].channel_id;
    await bob.call('close', { id, unilateraltimeout: 1 });
    const [close] = await until('the old commitment', async () => {
      const waiting: string[] = await chain.rpc('getrawmempool');
      return waiting.length > 0 && waiting;
    });
    const funding: string = channels[0].funding_txid;
    let left: string[] | undefined;
    for (let blocks = 0; blocks < PATIENCE && left?.length !== 0; blocks++) {
      await this.lightning.mine(1);
      left = await this.#left(base, funding);
      if (left === undefined) return `the commitment ${close} is not in a block`;
      // What alice does about it is in the mempool before the next block.
      if (left.length > 0) await this.#answered(blocks);
      if (blocks > 0 || !outage) continue;
      await chain.halt();
      await until('alice to miss bitcoind', async () => {
        return (await alice.call('getinfo')).warning_bitcoind_sync !== undefined;
      });
      await chain.resume(['-persistmempool=0']);
      await this.#answered(0);
    }
    const wrong = await this.#judge(base, funding, before);
    await Promise.all([alice.down(), bob.kill()]);
    await chain.halt();
    return wrong;
  }

  async #restore(state: number): Promise<void> {
    for (const [name, dir] of this.#places()) {
      rmSync(dir, { recursive: true, force: true });
      cpSync(join(this.#kept, name), dir, { recursive: true });
    }
    const { folder, files } = this.#store();
    for (const name of files) rmSync(join(folder, name));
    cpSync(join(this.#kept, `state ${state}`), folder, { recursive: true });
    await this.chain.resume();
    await Promise.all([this.#alice, this.#bob].map((node) => node.up(['--offline'])));
    await this.lightning.synced();
  }

  /** Until a claim of alice's waits in the mempool; a sweep may have to wait for a block. */
  #answered(blocks: number): Promise<unknown> {
    const some = async () => (await this.chain.rpc('getrawmempool')).length > 0;
    return blocks === 0 ? until('the penalty', some) : pause(500);
  }

  async #mined(base: number): Promise<MinedTx[]> {
    const { chain } = this;
    const found: MinedTx[] = [];
    const tip = (await chain.rpc('getblockcount')) as number;
    for (let height = base + 1; height <= tip; height++) {
      const block = await chain.rpc('getblock', await chain.rpc('getblockhash', height), 3);
      found.push(...block.tx.slice(1));
    }
    return found;
  }

  /** The outputs of the commitment, anchors apart, that nobody has taken; nothing before it is mined. */
  async #left(base: number, funding: string): Promise<string[] | undefined> {
    const mined = await this.#mined(base);
    const commitment = mined.find((tx) => tx.vin.some((i) => i.txid === funding));
    if (commitment === undefined) return undefined;
    const taken = new Set(mined.flatMap((tx) => tx.vin.map((i) => `${i.txid}:${i.vout}`)));
    return commitment.vout.flatMap(({ value }, vout) => {
      const outpoint = `${commitment.txid}:${vout}`;
      return sat(value) === ANCHOR || taken.has(outpoint) ? [] : [outpoint];
    });
  }

  /** All that the commitment holds, less the fees of those who took it, is in alice's books. */
  async #judge(base: number, funding: string, before: number): Promise<string> {
    const mined = await this.#mined(base);
    const commitment = mined.find((tx) => tx.vin.some((i) => i.txid === funding)) as MinedTx;
    const left = await this.#left(base, funding);
    if (left?.length !== 0) return `nobody has taken ${left?.join(', ')}`;
    const sum = (values: readonly number[]) => values.map(sat).reduce((a, b) => a + b, 0);
    const held = commitment.vout.filter(({ value }) => sat(value) !== ANCHOR);
    const fees = mined
      .filter((tx) =>
        tx.vin.some((i) => i.txid === commitment.txid && sat(i.prevout.value) !== ANCHOR),
      )
      .map((tx) => sum(tx.vin.map((i) => i.prevout.value)) - sum(tx.vout.map((o) => o.value)))
      .reduce((a, b) => a + b, 0);
    const due = sum(held.map((o) => o.value)) - fees;
    const gained = (await this.#worth()) - before;
    if (gained !== due) return `alice gained ${gained} sat, ${due} are due`;
    const log = readFileSync(join(this.#alice.dir, 'log'), 'utf8');
    return /on the chain: revoked/i.test(log) ? '' : 'alice saw no revoked commitment';
  }

  /** What alice's wallet holds, satoshi. */
  async #worth(): Promise<number> {
    const { outputs } = await this.#alice.call('listfunds');
    const held = (sum: number, o: { amount_msat: number }) => sum + o.amount_msat / 1000;
    return outputs.filter((o: { status: string }) => o.status !== 'spent').reduce(held, 0);
  }
}
