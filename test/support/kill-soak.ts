import { SeededEntropy } from '../../src/lab/entropy.js';
import { type Daemon, LightningNetwork, pause, until } from './daemon.js';
import { RpcFailure } from './daemon-rpc.js';

export interface SoakOptions {
  /** How many times one of the three is killed. */
  readonly kills: number;
  /** Chooses whom, when, and what is paid. */
  readonly seed: string;
  /** Sometimes all three at once, and sometimes one that is only just starting. */
  readonly harsh?: boolean;
  /** Payments under way at a time. */
  readonly payers?: number;
  readonly log?: (line: string) => void;
}

export interface SoakReport {
  readonly kills: number;
  readonly paid: number;
  readonly failed: number;
  readonly seconds: number;
  /** What is not as it must be; empty: all is well. */
  readonly wrong: readonly string[];
}

interface Row {
  readonly payment_hash: string;
  readonly status: string;
  readonly amount_sent_msat: number;
  readonly payment_preimage?: string;
}

/** What bob asks for relaying. */
const POLICY = { base: 1000, proportional: 10, delta: 6 };

/**
 * Payments run from alice by bob to carol while a hand kills one of the three with -9 and starts
 * it again, `kills` times. At the end the books of all three are compared.
 */
export async function killSoak(options: SoakOptions): Promise<SoakReport> {
  const lightning = await LightningNetwork.start();
  try {
    const soak = new Soak(lightning, options);
    await soak.setUp();
    const began = Date.now();
    await soak.run();
    const wrong = await soak.audit();
    if (wrong.length > 0) options.log?.(lightning.tails(60));
    const seconds = (Date.now() - began) / 1000;
    return { kills: options.kills, ...soak.counts(), seconds, wrong };
  } catch (error) {
    options.log?.(lightning.tails(60));
    throw error;
  } finally {
    await lightning.stop();
  }
}

class Soak {
  readonly #lightning: LightningNetwork;
  readonly #options: SoakOptions;
  readonly #entropy: SeededEntropy;
  #nodes: Daemon[] = [];
  #scids: string[] = [];
  #before: number[] = [];
  #killing = true;
  #payments: Row[] = [];
  readonly #asked = new Map<string, number>();

  constructor(lightning: LightningNetwork, options: SoakOptions) {
    this.#lightning = lightning;
    this.#options = options;
    this.#entropy = new SeededEntropy(options.seed);
  }

  get #alice(): Daemon {
    return this.#nodes[0] as Daemon;
  }
  get #bob(): Daemon {
    return this.#nodes[1] as Daemon;
  }
  get #carol(): Daemon {
    return this.#nodes[2] as Daemon;
  }

  async setUp(): Promise<void> {
    for (const name of ['alice', 'bob', 'carol'])
      this.#nodes.push(await this.#lightning.node(name));
    const [alice, bob, carol] = [this.#alice, this.#bob, this.#carol];
    await this.#lightning.fund(alice, 20_000_000);
    await this.#lightning.fund(bob, 20_000_000);
    this.#scids = [
      await this.#lightning.channel(alice, bob, 10_000_000),
      await this.#lightning.channel(bob, carol, 10_000_000),
    ];
    this.#before = await this.#balances();
  }

  async run(): Promise<void> {
    const payers = Array.from({ length: this.#options.payers ?? 6 }, (_, i) => this.#pay(i));
    await this.#kill();
    this.#killing = false;
    await Promise.all(payers);
    for (const node of this.#nodes) await this.#lightning.ready(node);
    await until('all payments to end', () => this.#quiet(), 120_000);
  }

  counts(): { paid: number; failed: number } {
    const paid = this.#payments.filter((p) => p.status === 'complete').length;
    return { paid, failed: this.#payments.length - paid };
  }

  async #kill(): Promise<void> {
    const entropy = this.#entropy.fork('kills');
    for (let i = 1; i <= this.#options.kills; i++) {
      await pause(entropy.between(10, 500));
      const all = this.#options.harsh === true && entropy.below(5) === 0;
      const nodes = all ? this.#nodes : [entropy.pick(this.#nodes)];
      await Promise.all(nodes.map((node) => node.kill()));
      await pause(entropy.below(200));
      for (const node of nodes) {
        if (this.#options.harsh && entropy.below(3) === 0)
          await this.#killStarting(node, entropy.between(50, 1500));
        if (!node.running) await node.up();
      }
      if (i % 10 === 0) this.#options.log?.(`${i} kills`);
    }
  }

  /** It may have come up by then, or not. */
  async #killStarting(node: Daemon, afterMs: number): Promise<void> {
    const started = node.up().catch(() => {});
    await pause(afterMs);
    await node.kill();
    await started;
  }

  /** Pays one invoice after the other; a daemon that is away is waited for. */
  async #pay(payer: number): Promise<void> {
    const entropy = this.#entropy.fork(`payer ${payer}`);
    for (let i = 0; this.#killing; i++) {
      const amount = entropy.pick([1_000, 50_000, 700_000, 3_000_000, 20_000_000]);
      const label = `${payer}-${i}`;
      const made = await this.#invoice(label, amount);
      this.#asked.set(made.payment_hash, amount);
      await this.#sendpay(made, amount);
    }
  }

  async #invoice(label: string, amount_msat: number) {
    for (;;) {
      const made = await patient(this.#carol, 'invoice', {
        amount_msat,
        label,
        description: label,
      });
      if (made.ok) return made.answer;
      // 900: made by the call that the kill interrupted. It is forgotten, and another one made.
      if (made.error.code !== 900) throw made.error;
      label += "'";
    }
  }

  async #sendpay(
    made: { payment_hash: string; payment_secret: string },
    amount: number,
  ): Promise<void> {
    const { base, proportional, delta } = POLICY;
    const fee = base + Math.floor((amount * proportional) / 1_000_000);
    const [first, second] = this.#scids;
    const route = [
      { id: this.#bob.id, channel: first, amount_msat: amount + fee, delay: 18 + delta },
      { id: this.#carol.id, channel: second, amount_msat: amount, delay: 18 },
    ];
    const { payment_hash, payment_secret } = made;
    const sent = await patient(this.#alice, 'sendpay', { route, payment_hash, payment_secret });
    // 200 and 201: it was under way or paid when the first call was cut off.
    if (!sent.ok && ![200, 201, 202, 203, 204, 209].includes(sent.error.code)) throw sent.error;
    if (!sent.ok && sent.error.code !== 200) await pause(100);
  }

  async #quiet(): Promise<boolean> {
    const { payments } = await this.#alice.call('listsendpays');
    if (payments.some((p: Row) => p.status === 'pending')) return false;
    for (const node of this.#nodes) {
      const { channels } = await node.call('listpeerchannels');
      if (channels.some((c: { htlcs?: unknown[] }) => (c.htlcs ?? []).length > 0)) return false;
    }
    this.#payments = payments;
    return true;
  }

  /** What each has in its channels, msat: alice, bob towards alice, bob towards carol, carol. */
  async #balances(): Promise<number[]> {
    const balances = [];
    for (const [node, peer] of [
      [this.#alice, this.#bob],
      [this.#bob, this.#alice],
      [this.#bob, this.#carol],
      [this.#carol, this.#bob],
    ] as const) {
      const { channels } = await node.call('listpeerchannels', { id: peer.id });
      balances.push(channels[0].to_us_msat as number);
    }
    return balances;
  }

  async audit(): Promise<string[]> {
    const wrong: string[] = [];
    const expect = (what: string, got: unknown, due: unknown) => {
      if (got !== due) wrong.push(`${what}: ${got}, not ${due}`);
    };
    const paid = this.#payments.filter((p) => p.status === 'complete');
    const hashes = new Set(paid.map((p) => p.payment_hash));
    expect('hashes paid once', hashes.size, paid.length);
    const { invoices } = await this.#carol.call('listinvoices');
    let received = 0;
    for (const invoice of invoices) {
      const due = hashes.has(invoice.payment_hash) ? 'paid' : 'unpaid';
      expect(`invoice ${invoice.label}`, invoice.status, due);
      if (invoice.status !== 'paid') continue;
      expect(
        `amount of ${invoice.label}`,
        invoice.amount_received_msat,
        this.#asked.get(invoice.payment_hash),
      );
      received += invoice.amount_received_msat;
    }
    const sent = paid.reduce((sum, p) => sum + p.amount_sent_msat, 0);
    const [a, ba, bc, c] = this.#before as [number, number, number, number];
    const now = await this.#balances();
    expect('alice', now[0], a - sent);
    expect('bob towards alice', now[1], ba + sent);
    expect('bob towards carol', now[2], bc - received);
    expect('carol', now[3], c + received);
    const { forwards } = await this.#bob.call('listforwards');
    const settled = forwards.filter((f: { status: string }) => f.status === 'settled').length;
    expect('forwards settled', settled, paid.length);
    for (const node of this.#nodes) wrong.push(...(await this.#channelsLost(node)));
    return wrong;
  }

  async #channelsLost(node: Daemon): Promise<string[]> {
    const { channels } = await node.call('listpeerchannels');
    const wrong = [];
    for (const channel of channels) {
      const { funding_txid: txid, funding_outnum: vout, state } = channel;
      if (state !== 'CHANNELD_NORMAL') wrong.push(`${node.name}: a channel is ${state}`);
      if (!(await this.#lightning.chain.rpc('gettxout', txid, vout, true)))
        wrong.push(`${node.name}: the funding of ${channel.short_channel_id} is spent`);
    }
    if (channels.length !== (node === this.#bob ? 2 : 1))
      wrong.push(`${node.name}: a channel is gone`);
    return wrong;
  }
}

type Answer =
  // biome-ignore lint/suspicious/noExplicitAny: results are as various as the commands.
  { readonly ok: true; readonly answer: any } | { readonly ok: false; readonly error: RpcFailure };

/** Calls until there is an answer, over as many deaths of the daemon as it takes. */
async function patient(node: Daemon, method: string, params: object): Promise<Answer> {
  for (;;) {
    try {
      return { ok: true, answer: await node.call(method, params) };
    } catch (error) {
      if (error instanceof RpcFailure) return { ok: false, error };
      await pause(20);
    }
  }
}
