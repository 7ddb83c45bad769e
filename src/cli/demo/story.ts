import { createHash } from 'node:crypto';
import { Books } from './books.js';
import { CommandFailure } from './client.js';
import { DemoChain, DemoNode, type Processes, until } from './processes.js';
import { bold, dim, green, red, type Screen, sat } from './screen.js';

const COIN_SAT = 2_000_000;
const CHANNEL_SAT = 1_000_000;
const PRICE_MSAT = 100_000_000;

type Name = 'alice' | 'bob' | 'carol' | 'dave';
type Hop = {
  readonly id: string;
  readonly channel: string;
  readonly amount_msat: number;
  readonly delay: number;
};

/** What the demo shows, scene by scene. Each throws where the node does not keep its promise. */
export class Story {
  readonly #screen: Screen;
  readonly #processes: Processes;
  readonly #books = new Books();
  readonly #names = new Map<string, string>();
  readonly #channels = new Map<string, string>();
  #chain!: DemoChain;
  #nodes!: Record<Name, DemoNode>;
  #broughtIn = 0n;

  constructor(_options: Record<string, never>, deps: { screen: Screen; processes: Processes }) {
    this.#screen = deps.screen;
    this.#processes = deps.processes;
  }

  async tell(): Promise<void> {
    await this.#start();
    await this.#openDiamond();
    await this.#pay();
    await this.#payAgain();
    await this.#drain();
    await this.#failAndLearn();
    await this.#close();
  }

  async #start(): Promise<void> {
    const screen = this.#screen;
    screen.chapter('A chain and four nodes, each a process of its own');
    this.#chain = await screen.step('an embedded regtest chain, which speaks bitcoind’s RPC', () =>
      DemoChain.start(this.#processes),
    );
    const start = async (name: Name, ...args: string[]): Promise<DemoNode> => {
      const deps = { processes: this.#processes, chain: this.#chain };
      const node = await DemoNode.start(name, args, deps);
      this.#names.set(node.id, name);
      return node;
    };
    const [alice, bob, carol, dave] = await screen.step('lightningd, four times', () =>
      Promise.all([
        start('alice'),
        start('bob', '--fee-base=1000', '--fee-per-satoshi=10'),
        start('carol'),
        start('dave', '--fee-base=50000', '--fee-per-satoshi=10'),
      ]),
    );
    this.#nodes = { alice, bob, carol, dave };
    for (const node of this.#all()) screen.tell(`${node.name.padEnd(6)}${dim(node.id)}`);
  }

  async #openDiamond(): Promise<void> {
    const { alice, bob, carol, dave } = this.#nodes;
    const screen = this.#screen;
    screen.chapter('A diamond of channels');
    await screen.step('coins for alice (two), bob and dave, mined and seen', async () => {
      for (const node of [alice, alice, bob, dave]) await this.#giveCoin(node);
      await this.#mine(1);
      for (const [node, coins] of [
        [alice, 2],
        [bob, 1],
        [dave, 1],
      ] as const)
        await until(`${node.name}'s coins`, async () => {
          const { outputs } = await node.call('listfunds');
          return (
            outputs.filter((o: { status: string }) => o.status === 'confirmed').length === coins
          );
        });
    });
    const pairs = [
      [alice, bob],
      [alice, dave],
      [bob, carol],
      [dave, carol],
    ] as const;
    await screen.step('four channels, announced after six blocks', async () => {
      for (const [from, to] of pairs) await this.#fundChannel(from, to);
      await this.#mine(6);
      for (const [from, to] of pairs)
        for (const [one, other] of [
          [from, to],
          [to, from],
        ] as const)
          this.#channels.set(`${one.name}-${other.name}`, await this.#ready(one, other));
      await until('gossip', async () => {
        const { channels } = await alice.call('listchannels');
        return channels.length === 8;
      });
    });
    const [up, down] = [this.#scid('bob', 'carol'), this.#scid('dave', 'carol')];
    screen.tell(`                 bob    asks 1 sat + 10 ppm, ${dim(up)} to carol`);
    screen.tell('         alice <     > carol');
    screen.tell(`                 dave   asks 50 sat + 10 ppm, ${dim(down)} to carol`);
  }

  #bolt11 = '';
  #hash = '';

  async #pay(): Promise<void> {
    const { alice, bob, carol } = this.#nodes;
    const screen = this.#screen;
    screen.chapter('A payment travels along a route');
    const invoice = await screen.step('carol makes an invoice', () =>
      carol.call('invoice', { amount_msat: PRICE_MSAT, label: 'first', description: 'a demo' }),
    );
    this.#bolt11 = invoice.bolt11;
    this.#hash = invoice.payment_hash;
    screen.command(`lightning-cli getroute ${carol.id.slice(0, 10)}… 100000sat 10`);
    const route = await this.#getroute();
    expect(route[0]?.id === bob.id, 'the cheaper way goes by bob');
    this.#showRoute(route);
    screen.command(`lightning-cli sendpay ROUTE ${this.#bolt11.slice(0, 24)}…`);
    const paid = await screen.step('alice pays: sendpay answers once it is over', () =>
      alice.call('sendpay', { route, payment_hash: this.#bolt11 }),
    );
    const proof = createHash('sha256').update(Buffer.from(paid.payment_preimage, 'hex'));
    const digest = proof.digest('hex');
    screen.tell(`preimage          ${bold(paid.payment_preimage)}`);
    screen.tell(`its SHA256        ${digest}`);
    screen.tell(
      `the payment hash  ${this.#hash}  ${digest === this.#hash ? green('the same') : red('another')}`,
    );
    expect(digest === this.#hash, 'the preimage is the proof of payment');
  }

  async #payAgain(): Promise<void> {
    const { alice } = this.#nodes;
    const screen = this.#screen;
    screen.chapter('Nobody pays twice');
    const route = await this.#getroute();
    const again = await screen.step('the same sendpay once more is refused', () =>
      refusal(alice.call('sendpay', { route, payment_hash: this.#bolt11 })),
    );
    screen.tell(`error ${again.code}: ${again.message}`);
    expect(again.code === 201, 'a hash is paid once');
  }

  async #drain(): Promise<void> {
    const { bob, carol } = this.#nodes;
    const screen = this.#screen;
    screen.chapter('A channel runs dry, and a failure teaches the route table');
    const amount_msat = await screen.step(
      'bob moves what he has with carol to her side',
      async () => {
        const { channels } = await bob.call('listpeerchannels', { id: carol.id });
        const spendable = Math.floor(channels[0].spendable_msat / 1000) * 1000 - 10_000_000;
        const label = 'drain';
        const { bolt11 } = await carol.call('invoice', {
          amount_msat: spendable,
          label,
          description: label,
        });
        const { route } = await bob.call('getroute', {
          id: carol.id,
          amount_msat: spendable,
          riskfactor: 10,
        });
        await bob.call('sendpay', { route, payment_hash: bolt11 });
        return spendable;
      },
    );
    screen.tell(`${sat(amount_msat)}; alice cannot see that`);
  }

  async #failAndLearn(): Promise<void> {
    const { alice, bob, carol, dave } = this.#nodes;
    const screen = this.#screen;
    const { bolt11, payment_hash } = await carol.call('invoice', {
      amount_msat: PRICE_MSAT,
      label: 'second',
      description: 'a demo',
    });
    const route = await this.#getroute();
    expect(route[0]?.id === bob.id, 'alice knows nothing of it yet');
    this.#showRoute(route);
    const failed = await screen.step('alice pays a second invoice by bob: it fails', () =>
      refusal(alice.call('sendpay', { route, payment_hash: bolt11 })),
    );
    screen.tell(`error ${failed.code}: ${failed.message}`);
    screen.tell(
      `at ${bold(this.#name(failed.data.erring_node))}, channel ${bold(failed.data.erring_channel)}, ${failed.data.failcodename}`,
    );
    for (const lesson of failed.data.learned)
      screen.tell(`learned: ${dim(JSON.stringify(lesson))}`);
    expect(failed.code === 204, 'a node on the way failed');
    expect(failed.data.erring_node === bob.id, 'bob is the one who failed');
    expect(
      failed.data.erring_channel === this.#scid('bob', 'carol'),
      'and it was his channel to carol',
    );
    screen.command(`lightning-cli getroute ${carol.id.slice(0, 10)}… 100000sat 10`);
    const other = await this.#getroute();
    this.#showRoute(other);
    expect(other[0]?.id === dave.id, 'getroute now goes by dave');
    const paid = await screen.step('alice pays by dave', () =>
      alice.call('sendpay', { route: other, payment_hash: bolt11 }),
    );
    const digest = createHash('sha256').update(Buffer.from(paid.payment_preimage, 'hex'));
    expect(digest.digest('hex') === payment_hash, 'the preimage is the proof of payment');
    screen.tell(`preimage ${bold(paid.payment_preimage)}`);
  }

  async #close(): Promise<void> {
    const { alice, bob, carol, dave } = this.#nodes;
    const screen = this.#screen;
    screen.chapter('All channels close, and the books are balanced');
    await screen.step('four mutual closes, mined', async () => {
      for (const [from, to] of [
        [alice, bob],
        [alice, dave],
        [bob, carol],
        [dave, carol],
      ] as const) {
        const closed = await from.call('close', { id: to.id });
        expect(closed.type === 'mutual', 'both sides agreed on the close');
        this.#books.spends(closed.tx ?? closed.txs[0]);
      }
      await this.#mine(1);
    });
    const balances = await screen.step('every coin is back in a wallet', async () =>
      Promise.all(this.#all().map((node) => this.#balance(node))),
    );
    let total = 0n;
    this.#all().forEach((node, i) => {
      total += balances[i] as bigint;
      screen.tell(`${node.name.padEnd(28)}${sat((balances[i] as bigint) * 1000n).padStart(16)}`);
    });
    const { fees, count } = this.#books;
    const mined = `${count} transactions paid to be mined`;
    screen.tell(`${mined.padEnd(28)}${sat(fees * 1000n).padStart(16)}`);
    const sum = total + fees;
    const same = sum === this.#broughtIn;
    screen.tell(`${'together'.padEnd(28)}${sat(sum * 1000n).padStart(16)}`);
    const said = same ? green('to the satoshi') : red('they differ');
    screen.tell(
      `${'what was put in'.padEnd(28)}${sat(this.#broughtIn * 1000n).padStart(16)}  ${said}`,
    );
    expect(same, 'the balances add up');
  }

  #all(): DemoNode[] {
    return Object.values(this.#nodes);
  }

  #name(id: string): string {
    return this.#names.get(id) ?? id;
  }

  #scid(from: Name, to: Name): string {
    return this.#channels.get(`${from}-${to}`) as string;
  }

  async #giveCoin(node: DemoNode): Promise<void> {
    const { bech32 } = await node.call('newaddr', { addresstype: 'bech32' });
    const txid = await this.#chain.rpc('sendtoaddress', bech32, (COIN_SAT / 1e8).toFixed(8));
    this.#books.comesIn(await this.#chain.rpc('getrawtransaction', txid));
    this.#broughtIn += BigInt(COIN_SAT);
  }

  async #fundChannel(from: DemoNode, to: DemoNode): Promise<void> {
    await from.call('connect', { id: to.id, host: '127.0.0.1', port: to.port });
    const { tx } = await from.call('fundchannel', { id: to.id, amount: CHANNEL_SAT });
    this.#books.spends(tx);
  }

  /** The short channel id, once the channel can carry payments. */
  #ready(one: DemoNode, other: DemoNode): Promise<string> {
    return until(`${one.name}'s channel with ${other.name}`, async () => {
      const { channels } = await one.call('listpeerchannels', { id: other.id });
      const [channel] = channels;
      return channel?.state === 'CHANNELD_NORMAL' ? channel.short_channel_id : undefined;
    });
  }

  async #mine(blocks: number): Promise<void> {
    await this.#chain.mine(blocks);
    const height = await this.#chain.rpc('getblockcount');
    for (const node of this.#all())
      await until(`${node.name} to see the block`, async () => {
        return (await node.call('getinfo')).blockheight >= height;
      });
  }

  async #getroute(): Promise<Hop[]> {
    const { route } = await this.#nodes.alice.call('getroute', {
      id: this.#nodes.carol.id,
      amount_msat: PRICE_MSAT,
      riskfactor: 10,
    });
    return route;
  }

  #showRoute(route: readonly Hop[]): void {
    const way = route.map(({ id, amount_msat }) => `${bold(this.#name(id))} (${sat(amount_msat)})`);
    const fee = (route[0]?.amount_msat ?? 0) - (route.at(-1)?.amount_msat ?? 0);
    this.#screen.tell(`alice → ${way.join(' → ')}, fees ${sat(fee)}`);
  }

  /** All that the wallet has, in sat, once no channel holds anything any more. */
  #balance(node: DemoNode): Promise<bigint> {
    return until(`${node.name}'s channels to be closed`, async () => {
      const { outputs, channels } = await node.call('listfunds');
      const open = channels.some((c: { state: string }) => !/ONCHAIN|CLOSED/.test(c.state));
      const waiting = outputs.some((o: { status: string }) => o.status === 'unconfirmed');
      if (open || waiting) return undefined;
      const sum = outputs.reduce((n: number, o: { amount_msat: number }) => n + o.amount_msat, 0);
      return BigInt(sum) / 1000n;
    });
  }
}

function expect(truth: boolean, promise: string): void {
  if (!truth) throw new Error(`it is not so that ${promise}`);
}

const refusal = (call: Promise<unknown>): Promise<CommandFailure> =>
  call.then(
    () => {
      throw new Error('it should have failed, and succeeded');
    },
    (error: unknown) => {
      if (error instanceof CommandFailure) return error;
      throw error;
    },
  );
