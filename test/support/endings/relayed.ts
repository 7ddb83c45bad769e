/** Payments from alice by bob to carol, one of whose channels ends on the chain meanwhile. */
import { expect } from 'vitest';
import { Lab, type LabChain } from '../../../src/lab/index.js';

const NAMES = ['alice', 'bob', 'carol', 'dave'] as const;
type Name = (typeof NAMES)[number];

let lab: Lab;

/** By its name, on the embedded chain or the one given. */
export async function relayedEnding(name: string, chain?: LabChain): Promise<void> {
  lab = await Lab.create({ seed: name, ...(chain === undefined ? {} : { chain }) });
  try {
    await network();
    await STORIES[name]?.();
  } finally {
    await lab.close();
  }
}

async function network(): Promise<void> {
  for (const name of NAMES) {
    await lab.node(name);
    await lab.fund(name, 3_000_000);
  }
  await lab.channel('alice', 'bob', 1_000_000);
  await lab.channel('bob', 'carol', 1_000_000);
  await lab.channel('dave', 'carol', 1_000_000);
  await lab.settle();
}

interface Payment {
  readonly hash: string;
  /** The other half, from dave: now carol has all that she waits for. */
  complete(): Promise<void>;
}

/** Half of what an invoice of carol's asks for, from alice: she holds it until the rest is there. */
async function half(sat: number): Promise<Payment> {
  const { payment_hash, payment_secret } = await lab.rpc('carol', 'invoice', {
    amount_msat: 2000 * sat,
    label: 'held',
    description: 'held',
  });
  const send = async (from: Name, partid: number) => {
    const amount_msat = 1000 * sat;
    const { id } = lab.get('carol');
    const { route } = await lab.rpc(from, 'getroute', { id, amount_msat, riskfactor: 10 });
    await lab.rpc(from, 'sendpay', {
      route,
      payment_hash,
      payment_secret,
      partid,
      groupid: partid,
      amount_msat: 2 * amount_msat,
    });
  };
  await send('alice', 1);
  await lab.wait(2_000);
  expect(htlcsOf('carol', 'bob')).toHaveLength(1);
  return { hash: payment_hash, complete: () => send('dave', 2) };
}

const channelOf = (name: Name, peer: Name) =>
  lab
    .get(name)
    .node.api.channels.list()
    .find((c) => c.peerId === lab.get(peer).id);

const htlcsOf = (name: Name, peer: Name) => channelOf(name, peer)?.htlcs ?? [];

const statusOf = async (name: Name, payment_hash: string) =>
  (await lab.rpc(name, 'listsendpays', { payment_hash })).payments[0].status;

/** Wallet and channels, in satoshi. */
async function worth(name: Name): Promise<number> {
  const { outputs, channels } = await lab.rpc(name, 'listfunds');
  let sum = 0;
  for (const o of outputs) if (o.status !== 'spent') sum += Number(o.amount_msat) / 1000;
  for (const c of channels) sum += Math.floor(Number(c.our_amount_msat) / 1000);
  return sum;
}

/** A close by force, until the chain has it: a block that follows at once would come too early. */
async function close(name: Name, peer: Name): Promise<void> {
  await lab.rpc(name, 'close', { id: channelOf(name, peer)?.channelId, unilateraltimeout: 1 });
  await lab.wait(100);
}

/** Blocks one by one; the node loses its power after each. */
async function mineWithPowerCuts(blocks: number, name: Name): Promise<void> {
  for (let i = 0; i < blocks; i++) {
    await lab.mine(1);
    await lab.restart(name);
    await lab.wait(500);
  }
}

async function mineUntil(what: () => boolean | Promise<boolean>, limit = 60): Promise<void> {
  for (let i = 0; !(await what()); i++) {
    if (i > limit) throw new Error('it did not happen in time');
    await lab.mine(1);
  }
}

const STORIES: Readonly<Record<string, () => Promise<void>>> = {
  'the chain shows the preimage downstream: it is passed upstream, over power cuts': async () => {
    const before = await worth('bob');
    const { hash, complete } = await half(50_000);
    lab.partition('bob', 'carol');
    await complete();
    await lab.wait(1_000);
    await close('carol', 'bob');
    await mineWithPowerCuts(8, 'bob');
    await lab.settle();
    expect(await statusOf('alice', hash)).toBe('complete');
    expect(channelOf('bob', 'alice')?.status).toBe('CHANNELD_NORMAL');
    expect(htlcsOf('alice', 'bob')).toEqual([]);
    await mineUntil(() => channelOf('bob', 'carol') === undefined, 140);
    // The commitment's fee, two anchors, and the sweep: no more than that is lost.
    expect(await worth('bob')).toBeGreaterThan(before - 8_000);
  },

  'the mempool shows the preimage downstream: it is passed upstream at once': async () => {
    const { hash, complete } = await half(50_000);
    lab.partition('bob', 'carol');
    await complete();
    await lab.wait(1_000);
    await close('carol', 'bob');
    await lab.mine(1);
    // A block that holds nothing, while carol's claim waits.
    await lab.mineExactly([]);
    await lab.wait(20_000);
    await lab.settle();
    expect(await statusOf('alice', hash)).toBe('complete');
    expect(htlcsOf('alice', 'bob')).toEqual([]);
    expect(channelOf('bob', 'alice')?.status).toBe('CHANNELD_NORMAL');
  },

  'an HTLC times out downstream: it is failed upstream, whose channel lives on': async () => {
    const before = await worth('bob');
    const { hash } = await half(50_000);
    lab.partition('bob', 'carol');
    const seen: string[] = [];
    await mineUntil(async () => {
      await lab.restart('bob');
      await lab.wait(1_000);
      const status = await statusOf('alice', hash);
      seen.push(status);
      return status !== 'pending';
    });
    expect(seen.at(-1)).toBe('failed');
    expect(channelOf('bob', 'carol')?.status).toBe('ONCHAIN');
    expect(channelOf('bob', 'alice')?.status).toBe('CHANNELD_NORMAL');
    expect(channelOf('alice', 'bob')?.status).toBe('CHANNELD_NORMAL');
    await mineUntil(() => channelOf('bob', 'carol') === undefined, 140);
    expect(await worth('bob')).toBeGreaterThan(before - 12_000);
  },

  'an HTLC not worth its upstream channel is given back before the chain has decided': async () => {
    lab.ground.feerate = 10_000;
    await lab.wait(60_000);
    await lab.mine(1);
    const { hash } = await half(3_000);
    const upstream = htlcsOf('bob', 'alice')[0]?.cltvExpiry as number;
    const downstream = htlcsOf('bob', 'carol')[0]?.cltvExpiry as number;
    lab.partition('bob', 'carol');
    await mineUntil(async () => (await statusOf('alice', hash)) !== 'pending');
    expect(await statusOf('alice', hash)).toBe('failed');
    expect(lab.height).toBeLessThan(upstream);
    expect(lab.height).toBeGreaterThan(downstream);
    await lab.mine(12);
    expect(channelOf('bob', 'alice')?.status).toBe('CHANNELD_NORMAL');
    expect(channelOf('alice', 'bob')?.status).toBe('CHANNELD_NORMAL');
  },

  'an HTLC whose preimage is known goes on the chain in time, if its peer is silent': async () => {
    const before = await worth('bob');
    const { hash, complete } = await half(50_000);
    const expiry = htlcsOf('bob', 'alice')[0]?.cltvExpiry as number;
    lab.partition('alice', 'bob');
    await complete();
    await lab.wait(1_000);
    // Nobody closes anything: bob does, in time for his claim.
    await mineUntil(async () => (await statusOf('alice', hash)) === 'complete');
    expect(lab.height).toBeLessThanOrEqual(expiry);
    expect(channelOf('bob', 'carol')?.status).toBe('CHANNELD_NORMAL');
    await mineUntil(() => channelOf('bob', 'alice') === undefined, 140);
    expect(await worth('bob')).toBeGreaterThan(before - 8_000);
  },

  'an HTLC too small for an output is failed upstream at the safe depth': async () => {
    const { hash } = await half(300);
    lab.partition('bob', 'carol');
    await close('bob', 'carol');
    expect(await statusOf('alice', hash)).toBe('pending');
    await mineUntil(async () => (await statusOf('alice', hash)) === 'failed', 3);
    expect(channelOf('bob', 'alice')?.status).toBe('CHANNELD_NORMAL');
    expect(htlcsOf('alice', 'bob')).toEqual([]);
  },

  'the upstream channel is on the chain when the preimage comes: it is claimed there': async () => {
    const before = await worth('bob');
    const { hash, complete } = await half(50_000);
    lab.partition('alice', 'bob');
    await close('alice', 'bob');
    await lab.mine(1);
    expect(channelOf('bob', 'alice')?.status).toBe('ONCHAIN');
    // The power goes as soon as the preimage is on disk.
    await complete();
    await lab.wait(300);
    await lab.restart('bob');
    await mineWithPowerCuts(6, 'bob');
    await mineUntil(() => channelOf('bob', 'alice') === undefined, 140);
    expect(await statusOf('alice', hash)).toBe('complete');
    expect(await worth('bob')).toBeGreaterThan(before - 8_000);
  },

  'both channels are on the chain: the preimage goes from one to the other': async () => {
    const before = await worth('bob');
    const { hash, complete } = await half(50_000);
    lab.partition('alice', 'bob');
    lab.partition('bob', 'carol');
    await complete();
    await lab.wait(1_000);
    await close('alice', 'bob');
    await close('carol', 'bob');
    await mineWithPowerCuts(8, 'bob');
    await mineUntil(() => channelOf('bob', 'alice') === undefined, 140);
    expect(await statusOf('alice', hash)).toBe('complete');
    expect(await worth('bob')).toBeGreaterThan(before - 14_000);
  },

  'a payment on the chain is pending over restarts until the chain has decided': async () => {
    const { hash } = await half(50_000);
    lab.partition('alice', 'bob');
    await close('alice', 'bob');
    const expiry = htlcsOf('alice', 'bob')[0]?.cltvExpiry as number;
    while (lab.height <= expiry) {
      await lab.mine(1);
      await lab.restart('alice');
      expect(await statusOf('alice', hash)).toBe('pending');
    }
    await mineWithPowerCuts(3, 'alice');
    expect(await statusOf('alice', hash)).toBe('failed');
    // The chain is not asked again: what it decided stays, also when the channel is archived.
    await mineUntil(() => channelOf('alice', 'bob') === undefined, 140);
    await lab.restart('alice');
    expect(await statusOf('alice', hash)).toBe('failed');
  },
};

export const relayedEndings: readonly string[] = Object.keys(STORIES);
