/**
 * Chosen cells of the table of endings on a real bitcoind, with real processes. Every channel holds
 * an HTLC in each direction, and every story is told on both types of channels at once.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBitcoind, type TestBitcoind } from '../support/bitcoind.js';
import { type Daemon, LightningNetwork, until } from '../support/daemon.js';

const TYPES = [[12, 22], [12]] as const;
const CAPACITY = 1_000_000;
const AMOUNT = 50_000;
/** More than the blocks before its expiry at which a fulfilled HTLC goes to the chain. */
const DELAY = 22;
const ARGS = ['--cltv-final=12', '--watchtime-blocks=6'];

interface Held {
  readonly hash: string;
  readonly secret: string;
  readonly payee: Daemon;
}

interface Channel {
  readonly scid: string;
  readonly id: string;
  readonly fromAlice: Held;
  readonly fromBob: Held;
}

describe('endings on a real bitcoind', () => {
  let chain: TestBitcoind;
  let lightning: LightningNetwork;
  let alice: Daemon;
  let bob: Daemon;
  let carol: Daemon;
  let labels = 0;

  beforeAll(async () => {
    chain = await startBitcoind({ args: ['-addresstype=bech32'], blocks: 110 });
    lightning = await LightningNetwork.start(chain);
    [alice, bob, carol] = (await Promise.all(
      ['alice', 'bob', 'carol'].map((name) => lightning.node(name, { args: ARGS })),
    )) as [Daemon, Daemon, Daemon];
    for (const node of [alice, alice, bob, carol, carol]) await lightning.fund(node, 10_000_000);
    await lightning.channel(carol, alice, 2_000_000);
    await lightning.channel(carol, bob, 2_000_000);
  }, 120_000);
  afterAll(() => lightning?.stop(), 30_000);
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(lightning?.tails(60));
  });

  /** Wallet and channels with each other, satoshi. */
  const worth = async (node: Daemon): Promise<number> => {
    const { outputs, channels } = await node.call('listfunds');
    let sum = 0;
    for (const o of outputs) if (o.status !== 'spent') sum += o.amount_msat / 1000;
    for (const c of channels)
      if (c.peer_id !== carol.id) sum += Math.floor(c.our_amount_msat / 1000);
    return sum;
  };

  const between = async (node: Daemon, peer: Daemon) =>
    (await node.call('listpeerchannels', { id: peer.id })).channels;

  /** Half of what an invoice of the payee asks for, over this channel: it is held for a minute. */
  const half = async (
    payer: Daemon,
    payee: Daemon,
    scid: string,
    known?: Pick<Held, 'hash' | 'secret'>,
  ): Promise<Held> => {
    const label = `held ${labels++}`;
    const made = known
      ? { payment_hash: known.hash, payment_secret: known.secret }
      : await payee.call('invoice', { amount_msat: 2000 * AMOUNT, label, description: label });
    const { payment_hash, payment_secret } = made;
    const partid = known ? 2 : 1;
    const route = [{ id: payee.id, channel: scid, amount_msat: 1000 * AMOUNT, delay: DELAY }];
    const whole = { partid, groupid: partid, amount_msat: 2000 * AMOUNT };
    await payer.call('sendpay', { route, payment_hash, payment_secret, ...whole });
    return { hash: payment_hash, secret: payment_secret, payee };
  };

  /** The half that the payee waits for comes from carol. */
  const complete = async (held: Held): Promise<void> => {
    const [channel] = await between(carol, held.payee);
    await half(carol, held.payee, channel.short_channel_id, held);
    const { hash: payment_hash } = held;
    await until('the invoice to be paid', async () => {
      const { invoices } = await held.payee.call('listinvoices', { payment_hash });
      return invoices[0].status === 'paid' && (await statusOf(carol, held)) === 'complete';
    });
  };

  /** A channel of each type, or two, with an HTLC in each direction. */
  const channels = async (count: 1 | 2 = 1): Promise<Channel[]> => {
    await lightning.connect(alice, bob);
    const ids: string[] = [];
    for (let i = 0; i < count; i++)
      for (const channel_type of TYPES) {
        const amounts = { amount: CAPACITY, push_msat: CAPACITY * 400 };
        ids.push(
          (await alice.call('fundchannel', { id: bob.id, ...amounts, channel_type })).channel_id,
        );
        await lightning.mine(1);
      }
    await lightning.mine(6);
    const open: Channel[] = [];
    for (const id of ids) {
      const scid = await until('the channel at both ends', async () => {
        for (const [node, peer] of [
          [alice, bob],
          [bob, alice],
        ] as const) {
          const found = (await between(node, peer)).find(
            (c: { channel_id: string }) => c.channel_id === id,
          );
          if (found?.state !== 'CHANNELD_NORMAL') return undefined;
          if (node === bob) return found.short_channel_id as string;
        }
        return undefined;
      });
      const fromAlice = await half(alice, bob, scid);
      const fromBob = await half(bob, alice, scid);
      open.push({ scid, id, fromAlice, fromBob });
    }
    await until('all HTLCs at both ends', async () => {
      for (const [node, peer] of [
        [alice, bob],
        [bob, alice],
      ] as const)
        for (const c of await between(node, peer)) {
          if (!ids.includes(c.channel_id)) continue;
          const states = c.htlcs.map((h: { state: string }) => h.state);
          const settled = (s: string) => s.endsWith('ADD_ACK_REVOCATION');
          if (states.length !== 2 || !states.every(settled)) return false;
        }
      return true;
    });
    return open;
  };

  /** Blocks one by one, each of them followed by a reorg. */
  const mine = async (blocks: number): Promise<void> => {
    for (let i = 0; i < blocks; i++) {
      const [hash] = await chain.mine(1);
      await lightning.synced();
      if (i % 3 !== 0) continue;
      await chain.rpc('invalidateblock', hash);
      // To another address, or it could be the very block that was taken back.
      await chain.mine(2, await chain.rpc('getnewaddress'));
      await lightning.synced();
    }
  };

  const mempoolHas = (count: number) =>
    until('the transactions', async () => (await chain.rpc('getrawmempool')).length >= count);

  /** Past every expiry and delay, and until the books are closed. */
  const toTheEnd = async (nodes: readonly Daemon[]): Promise<void> => {
    await mine(4);
    await lightning.mine(DELAY);
    await mine(4);
    await lightning.mine(6);
    await mine(2);
    await lightning.mine(110);
    await until('the channels to be archived', async () => {
      for (const node of nodes)
        if ((await between(node, node === alice ? bob : alice)).length > 0) return false;
      return true;
    });
  };

  const statusOf = async (payer: Daemon, { hash }: Held): Promise<string> =>
    (await payer.call('listsendpays', { payment_hash: hash })).payments[0].status;

  const closeAlone = (node: Daemon, { id }: Channel) =>
    node.call('close', { id, unilateraltimeout: 1 });

  it('commitments of ours and of theirs, preimages unknown: all of it comes back', async () => {
    const before = [await worth(alice), await worth(bob)];
    const open = await channels(2);
    await Promise.all(open.map((c, i) => closeAlone(i < 2 ? alice : bob, c)));
    await toTheEnd([alice, bob]);
    for (const c of open) {
      expect(await statusOf(alice, c.fromAlice)).toBe('failed');
      expect(await statusOf(bob, c.fromBob)).toBe('failed');
    }
    expect(await worth(alice)).toBeGreaterThan((before[0] as number) - 4 * 400_000 - 60_000);
    expect(await worth(bob)).toBeGreaterThan((before[1] as number) + 4 * 400_000 - 40_000);
  }, 120_000);

  it('commitments of ours and of theirs, preimages known: the payees have their due', async () => {
    const before = [await worth(alice), await worth(bob)];
    const open = await channels(2);
    await Promise.all(open.map((c, i) => closeAlone(i < 2 ? alice : bob, c)));
    await mempoolHas(4);
    for (const c of open) await Promise.all([complete(c.fromAlice), complete(c.fromBob)]);
    await toTheEnd([alice, bob]);
    for (const c of open) {
      expect(await statusOf(alice, c.fromAlice)).toBe('complete');
      expect(await statusOf(bob, c.fromBob)).toBe('complete');
    }
    // What one paid the other by these channels is even.
    expect(await worth(alice)).toBeGreaterThan((before[0] as number) - 4 * 400_000 - 60_000);
    expect(await worth(bob)).toBeGreaterThan((before[1] as number) + 4 * 400_000 - 40_000);
  }, 120_000);

  it.each(['alice', 'bob'])(
    'both stopped with HTLCs in flight, 200 blocks, %s started: it claims what is its own',
    async (name) => {
      const before = [await worth(alice), await worth(bob)];
      const open = await channels();
      const [first, second] = name === 'alice' ? [alice, bob] : [bob, alice];
      await Promise.all([alice.down(), bob.down()]);
      await chain.mine(200);
      await first.up();
      await lightning.synced();
      await mempoolHas(2);
      await mine(3);
      await lightning.mine(4);
      const paid = (c: Channel) => (first === alice ? c.fromAlice : c.fromBob);
      for (const c of open) expect(await statusOf(first, paid(c))).toBe('failed');
      await second.up();
      await toTheEnd([alice, bob]);
      expect(await worth(alice)).toBeGreaterThan((before[0] as number) - 2 * 400_000 - 30_000);
      expect(await worth(bob)).toBeGreaterThan((before[1] as number) + 2 * 400_000 - 20_000);
    },
    120_000,
  );
});
