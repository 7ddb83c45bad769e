import { afterEach, describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

const FILE = 'emergency.recover';
/** Of the 300,000 sat that bob has in the channel, what the fee of claiming them may take. */
const BOBS = 290_000;

let lab: Lab;
afterEach(() => lab.close());

interface Outline {
  /** The bits of `channel_type`. */
  readonly type?: readonly number[];
}

/** Two nodes with a channel that alice paid for, and 300,000 sat of it paid to bob. */
async function withChannel(seed: string, { type = [12, 22] }: Outline = {}): Promise<string> {
  lab = await Lab.create({ seed });
  await lab.node('alice');
  const bob = await lab.node('bob');
  await lab.fund('alice', 5_000_000);
  await lab.fund('bob', 100_000);
  await lab.connect('alice', 'bob');
  const funding = { id: bob.id, amount: 1_000_000, channel_type: type };
  const { channel_id } = await lab.rpc('alice', 'fundchannel', funding);
  await lab.settle();
  await lab.mine(6);
  await payBob(300_000_000, 'first');
  return channel_id;
}

async function payBob(amount_msat: number, label: string): Promise<void> {
  const { bolt11 } = await lab.rpc('bob', 'invoice', { amount_msat, label, description: label });
  await lab.rpc('alice', 'pay', { bolt11 });
  await lab.settle();
}

/** What the node's wallet holds, in satoshi. */
async function walletOf(name: string): Promise<number> {
  const { outputs } = await lab.rpc(name, 'listfunds');
  const sum = (total: number, o: { amount_msat: number }) => total + Number(o.amount_msat) / 1000;
  return outputs.reduce(sum, 0);
}

const stateOf = async (name: string): Promise<string | undefined> =>
  (await lab.rpc(name, 'listpeerchannels')).channels[0]?.state;

const recover = async (name: string): Promise<string[]> =>
  (await lab.rpc(name, 'emergencyrecover')).stubs;

describe('a store is lost', () => {
  for (const [name, type] of [
    ['anchors', [12, 22]],
    ['static_remotekey', [12]],
  ] as const) {
    it(`with the file: the peer is asked to close, and the money comes home (${name})`, async () => {
      const channel = await withChannel(`file ${name}`, { type });
      // Nobody tells alice that bob knows nothing before he has his stubs.
      lab.partition('alice', 'bob');
      await lab.loseStore('bob');
      await lab.restart('bob', { rescan: -1 });
      expect(await stateOf('bob')).toBeUndefined();
      expect(await recover('bob')).toEqual([channel]);
      expect(await stateOf('bob')).toBe('AWAITING_UNILATERAL');
      const [shown] = (await lab.rpc('bob', 'listpeerchannels')).channels;
      expect(shown.status[0]).toContain('transaction of the peer is waited for');
      await lab.mine(2);
      expect(await stateOf('alice')).toBe('CHANNELD_NORMAL');
      lab.heal('alice', 'bob');
      await lab.wait(60_000);
      await lab.settle();
      expect(await stateOf('alice')).toBe('AWAITING_UNILATERAL');
      await lab.mine(1);
      expect(await stateOf('bob')).toBe('ONCHAIN');
      await lab.mine(3);
      expect(await walletOf('bob')).toBeGreaterThan(100_000 + BOBS);
      await lab.mine(10);
      await lab.mine(110);
      expect(await walletOf('alice')).toBeGreaterThan(4_600_000);
      expect(await stateOf('bob')).toBeUndefined();
      const { unresolved } = await lab.audit();
      // The anchors that nobody wanted.
      expect(unresolved).toBeLessThanOrEqual(660n);
      // A second time there is nothing left to be taken up.
      expect(await recover('bob')).toEqual([]);
      expect((await lab.rpc('bob', 'staticbackup')).scb).toEqual([]);
    });
  }

  it('with what its peer keeps for it, and nothing else', async () => {
    const channel = await withChannel('peer storage');
    await lab.loseStore('bob');
    lab.get('bob').files.remove(FILE);
    await lab.restart('bob', { rescan: -1 });
    // Alice calls, and returns what she keeps before she says anything of the channel.
    await lab.wait(60_000);
    await lab.settle();
    expect(await recover('bob')).toEqual([channel]);
    await lab.mine(1);
    await lab.mine(3);
    expect(await walletOf('bob')).toBeGreaterThan(100_000 + BOBS);
  });

  it('a channel that ended is not taken up from what a peer kept before', async () => {
    const channel = await withChannel('stale');
    await lab.node('carol');
    await lab.fund('carol', 1_000_000);
    await lab.channel('carol', 'bob', 500_000);
    const { backups } = lab.get('bob').node.api;
    const old = backups.forPeer();
    await lab.rpc('alice', 'close', { id: channel });
    await lab.mine(1);
    await lab.mine(110);
    await lab.settle();
    expect(await backups.list()).toHaveLength(1);
    const returned = backups.returned(lab.get('carol').id as never, old?.blob as Uint8Array);
    expect(await lab.run(returned)).toMatchObject({ ok: true });
    expect(await backups.list()).toHaveLength(1);
    expect(await recover('bob')).toEqual([]);
  });

  it('what a peer returned is in the file before it is used', async () => {
    const channel = await withChannel('peer storage to file');
    await lab.loseStore('bob');
    lab.get('bob').files.remove(FILE);
    await lab.restart('bob');
    await lab.wait(60_000);
    await lab.loseStore('bob');
    lab.partition('alice', 'bob');
    await lab.restart('bob');
    expect(await recover('bob')).toEqual([channel]);
  });

  it('and the channel ended long before it is taken up: its end is found in the past', async () => {
    const channel = await withChannel('past');
    await lab.loseStore('bob');
    await lab.rpc('alice', 'close', { id: channel, unilateraltimeout: 1 });
    await lab.mine(30);
    await lab.restart('bob', { rescan: -1 });
    await lab.settle();
    expect(await recover('bob')).toEqual([channel]);
    await lab.settle();
    expect(await stateOf('bob')).toBe('ONCHAIN');
    await lab.mine(2);
    expect(await walletOf('bob')).toBeGreaterThan(100_000 + BOBS);
  });

  it('after it broadcast its own commitment: the delayed output is claimed', async () => {
    const channel = await withChannel('own');
    lab.partition('alice', 'bob');
    await lab.rpc('bob', 'close', { id: channel, unilateraltimeout: 1 });
    await lab.loseStore('bob');
    await lab.mine(2);
    await lab.restart('bob', { rescan: -1 });
    expect(await recover('bob')).toEqual([channel]);
    await lab.settle();
    await lab.mine(10);
    await lab.mine(2);
    expect(await walletOf('bob')).toBeGreaterThan(100_000 + BOBS - 10_000);
  });

  it('its stubs outlive the next start, and so does the search for their ends', async () => {
    const channel = await withChannel('stubs');
    lab.partition('alice', 'bob');
    await lab.loseStore('bob');
    await lab.restart('bob', { rescan: -1 });
    await recover('bob');
    lab.crash('bob');
    await lab.rpc('alice', 'close', { id: channel, unilateraltimeout: 1 });
    await lab.mine(4);
    await lab.restart('bob', { rescan: undefined });
    await lab.settle();
    await lab.mine(2);
    expect(await walletOf('bob')).toBeGreaterThan(100_000 + BOBS);
  });

  it('no key of a lost channel is used again, and what is not recovered yet stays in the file', async () => {
    const channel = await withChannel('keys');
    lab.partition('alice', 'bob');
    await lab.loseStore('bob');
    await lab.restart('bob', { rescan: -1 });
    await lab.node('carol');
    await lab.fund('bob', 1_000_000);
    await lab.channel('bob', 'carol', 500_000);
    const keys = lab
      .get('bob')
      .node.api.channels.liveStates()
      .map((s) => s.params.key);
    expect(keys[0]).toBeGreaterThanOrEqual(1 << 24);
    expect((await lab.rpc('bob', 'staticbackup')).scb).toHaveLength(2);
    expect(await recover('bob')).toEqual([channel]);
  });
});

describe('the seed alone', () => {
  for (const [name, type] of [
    ['anchors', [12, 22]],
    ['static_remotekey', [12]],
  ] as const) {
    it(`finds the wallet's coins, and what a peer's commitment pays to us (${name})`, async () => {
      await withChannel(`seed ${name}`, { type });
      await lab.loseStore('bob');
      lab.get('bob').files.remove(FILE);
      await lab.restart('bob', { rescan: -1 });
      await lab.settle();
      expect(await walletOf('bob')).toBe(100_000);
      // Alice meets a node that knows of no channel, and closes.
      await lab.wait(60_000);
      await lab.mine(1);
      await lab.mine(1);
      expect(await walletOf('bob')).toBeGreaterThan(100_000 + BOBS);
      const { transactions } = await lab.rpc('bob', 'listtransactions');
      expect(transactions.length).toBeGreaterThanOrEqual(2);
    });
  }

  it('finds what a channel paid that was closed before, by both or by one', async () => {
    const first = await withChannel('closed before');
    await lab.rpc('alice', 'close', { id: first });
    await lab.mine(1);
    const before = await walletOf('bob');
    expect(before).toBeGreaterThan(399_000);
    const bob = lab.get('bob');
    const { channel_id } = await lab.rpc('alice', 'fundchannel', { id: bob.id, amount: 1_000_000 });
    await lab.mine(6);
    await payBob(200_000_000, 'again');
    await lab.loseStore('bob');
    bob.files.remove(FILE);
    await lab.rpc('alice', 'close', { id: channel_id, unilateraltimeout: 1 });
    await lab.mine(20);
    await lab.restart('bob', { rescan: -1 });
    await lab.settle();
    await lab.mine(1);
    expect(await walletOf('bob')).toBeGreaterThan(before + 190_000);
    // The next start looks no further back, and has it all.
    await lab.restart('bob', { rescan: undefined });
    await lab.settle();
    expect(await walletOf('bob')).toBeGreaterThan(before + 190_000);
  });

  it('leaves to a channel that was restored what is its own', async () => {
    const channel = await withChannel('both ways');
    lab.partition('alice', 'bob');
    await lab.loseStore('bob');
    await lab.restart('bob', { rescan: -1 });
    expect(await recover('bob')).toEqual([channel]);
    await lab.rpc('alice', 'close', { id: channel, unilateraltimeout: 1 });
    await lab.mine(1);
    await lab.mine(2);
    expect(await walletOf('bob')).toBeGreaterThan(100_000 + BOBS);
    expect(lab.trace.text()).not.toContain('an output of a forgotten channel');
  });
});

describe('the backup', () => {
  it('is on disk before the funding transaction is broadcast', async () => {
    lab = await Lab.create({ seed: 'before' });
    const alice = await lab.node('alice');
    const bob = await lab.node('bob');
    await lab.fund('alice', 5_000_000);
    await lab.connect('alice', 'bob');
    const { write } = alice.files;
    alice.files.write = () => Promise.reject(new Error('the disk is full'));
    const opening = lab.rpc('alice', 'fundchannel', { id: bob.id, amount: 1_000_000 });
    await expect(opening).rejects.toThrow('died');
    expect(String(alice.lastFatal)).toContain('the disk is full');
    expect([...lab.chain.mempool.entries()]).toEqual([]);
    alice.files.write = write;
    await lab.restart('alice');
    await lab.settle();
    expect([...lab.chain.mempool.entries()]).toHaveLength(1);
  });

  it('of a channel that the peer pays for is on disk before the peer may broadcast', async () => {
    lab = await Lab.create({ seed: 'accepted' });
    await lab.node('alice');
    const bob = await lab.node('bob');
    await lab.fund('alice', 5_000_000);
    await lab.connect('alice', 'bob');
    let written = () => {};
    const { write } = bob.files;
    bob.files.write = async (...file) => {
      await new Promise<void>((resolve) => {
        written = resolve;
      });
      return write.apply(bob.files, file);
    };
    const opening = lab.rpc('alice', 'fundchannel', { id: bob.id, amount: 1_000_000 });
    await lab.wait(5_000);
    expect([...lab.chain.mempool.entries()]).toEqual([]);
    written();
    await opening;
    expect([...lab.chain.mempool.entries()]).toHaveLength(1);
  });

  it('of a channel can be given to a node by hand', async () => {
    const channel = await withChannel('by hand');
    const { scb } = await lab.rpc('bob', 'staticbackup');
    expect(scb).toHaveLength(1);
    expect((await lab.rpc('bob', 'recoverchannel', { scb })).stubs).toEqual([]);
    lab.partition('alice', 'bob');
    await lab.loseStore('bob');
    lab.get('bob').files.remove(FILE);
    await lab.restart('bob', { rescan: -1 });
    // Another node cannot take it up: the keys are not its own.
    expect((await lab.rpc('alice', 'recoverchannel', { scb })).stubs).toEqual([]);
    expect((await lab.rpc('bob', 'recoverchannel', { scb })).stubs).toEqual([channel]);
    const nonsense = lab.rpc('bob', 'recoverchannel', { scb: ['00'] });
    await expect(nonsense).rejects.toMatchObject({ code: -32602 });
  });

  it('that was tampered with is put aside, and the node goes on', async () => {
    await withChannel('tampered');
    const { files } = lab.get('bob');
    const sealed = (await files.read(FILE)) as Uint8Array;
    sealed[40] = (sealed[40] as number) ^ 1;
    await files.write(FILE, sealed);
    await lab.restart('bob');
    expect(await files.read('emergency.recover.unreadable')).toEqual(sealed);
    expect((await lab.rpc('bob', 'staticbackup')).scb).toHaveLength(1);
    await payBob(1_000_000, 'second');
  });
});
