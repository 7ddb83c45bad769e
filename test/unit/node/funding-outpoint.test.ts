/** A funding output is one channel's, and it is in a block as long as the channel is relied on. */
import { expect, it } from 'vitest';
import { toHex } from '../../../src/core/bytes/index.js';
import { encodeMessage } from '../../../src/core/wire/index.js';
import { ChannelsKit, spendOf } from './channels-kit.js';

it('receive funding_created (the funding output of a channel with another peer)', async () => {
  const kit = await ChannelsKit.start();
  const alice = await kit.channelWith('alice');
  const { channelId } = alice.live;
  const thief = kit.opener('mallory', alice.point);
  thief.open();
  await kit.settle();
  expect(thief.heard.at(-1)?.kind).toBe('error');

  // The channel is still alice's, as before: she is heard, and so is the chain.
  const id = toHex(channelId) as never;
  expect(kit.channels.get(id)?.peerId).toBe(alice.id);
  const before = alice.heard.length;
  kit.say(alice, {
    kind: 'shutdown',
    channelId,
    scriptpubkey: alice.live.params.shutdownScript,
  });
  await kit.settle();
  expect(alice.heard.slice(before).map(({ kind }) => kind)).toContain('shutdown');
  await kit.mine(spendOf(alice.point));
  expect(kit.closed).toEqual([id]);
});

it('receive funding_created (of the accepter, with the output of another channel, by our channel)', async () => {
  const kit = await ChannelsKit.start();
  const alice = await kit.channelWith('alice');
  const mallory = await kit.openTo('mallory');
  const { channelId } = mallory.live;
  const { txid: fundingTxid, vout: fundingOutputIndex } = alice.point;
  const signature = new Uint8Array(64).fill(1);
  for (const temporaryChannelId of [channelId, alice.live.channelId])
    kit.say(mallory, {
      kind: 'fundingCreated',
      temporaryChannelId,
      fundingTxid,
      fundingOutputIndex,
      signature,
    });
  await kit.settle();
  // Our money is in it, whatever the peer says of other outputs.
  const [funding] = kit.fundings;
  await kit.mine(funding as never);
  expect(kit.channels.get(toHex(channelId) as never)?.status).toBe('CHANNELD_NORMAL');
  expect(kit.channels.get(toHex(alice.live.channelId) as never)?.status).toBe('CHANNELD_NORMAL');
});

it('receive error (after funding_signed, while the backup is written): the coins are the channel’s, and come back by it', async () => {
  const kit = await ChannelsKit.start();
  let written = () => {};
  kit.backup = new Promise((resolve) => {
    written = resolve;
  });
  const mallory = kit.opener('mallory');
  const opened = kit.fundTo(mallory);
  await kit.settle();
  const { channelId } = mallory.live;
  kit.say(mallory, { kind: 'error', channelId, data: new Uint8Array(0) });
  await kit.settle();
  written();
  await kit.settle();
  expect((await opened).ok).toBe(true);
  expect([kit.published.length, kit.abandoned]).toEqual([1, []]);
  expect(kit.channels.get(toHex(channelId) as never)?.status).toBe('AWAITING_UNILATERAL');
});

it('receive error (after the funding was broadcast): the channel stays, to be claimed', async () => {
  const kit = await ChannelsKit.start();
  const mallory = await kit.openTo('mallory');
  const { channelId } = mallory.live;
  kit.say(mallory, { kind: 'error', channelId, data: new Uint8Array(0) });
  await kit.settle();
  expect([kit.published.length, kit.abandoned]).toEqual([1, []]);
  expect(kit.channels.get(toHex(channelId) as never)?.status).toBe('AWAITING_UNILATERAL');
});

it('receive funding_created (two channels for one output at once)', async () => {
  const kit = await ChannelsKit.start();
  const point = { txid: new Uint8Array(32).fill(5), vout: 1 };
  const two = ['mallory', 'trudy'].map((name) => kit.opener(name, point));
  for (const opener of two) opener.open();
  await kit.settle();
  expect(two.map(({ heard }) => heard.at(-1)?.kind).sort()).toEqual(['error', 'fundingSigned']);
  expect(kit.channels.list()).toHaveLength(1);
});

it('receive update_add_htlc (its funding transaction is in no block any more)', async () => {
  const kit = await ChannelsKit.start();
  const alice = await kit.channelWith('alice');
  await alice.pay(20_000_000);
  expect(kit.finals.at(-1)).not.toHaveProperty('refusal');
  await kit.channels.disconnectBlock(kit.height);
  kit.height--;
  await alice.pay(20_000_000);
  const refusal = { kind: 'temporaryChannelFailure', channelUpdate: new Uint8Array(0) };
  expect(kit.finals.at(-1)).toMatchObject({ htlcId: 1n, refusal });
  await kit.mine(alice.fundingTx as never);
  await alice.pay(20_000_000);
  expect(kit.finals.at(-1)).toMatchObject({ htlcId: 2n });
  expect(kit.finals.at(-1)).not.toHaveProperty('refusal');
});

it('receive open_channel (ten of its channels wait for their funding already)', async () => {
  const kit = await ChannelsKit.start();
  for (let i = 0; i < 11; i++) {
    const opener = kit.opener('mallory', { txid: new Uint8Array(32).fill(50 + i), vout: 0 });
    opener.open();
    await kit.settle();
    expect(opener.heard.at(-1)?.kind).toBe(i < 10 ? 'fundingSigned' : 'error');
  }
  expect(kit.channels.list()).toHaveLength(10);
});

it('receive open_channel (of one stranger more, where two hundred channels are never funded)', async () => {
  const kit = await ChannelsKit.start();
  const friend = await kit.channelWith('alice');
  let last = friend;
  for (let i = 0; i <= 200; i++) {
    last = kit.opener(`stranger ${i}`, { txid: new Uint8Array(32).fill(i), vout: i });
    last.open();
    await kit.settle();
    expect(last.heard.at(-1)?.kind).toBe(i < 200 ? 'fundingSigned' : 'error');
  }
  // Who has a channel with us may open another.
  const another = kit.opener('alice', { txid: new Uint8Array(32).fill(7), vout: 1000 });
  another.open();
  await kit.settle();
  expect(another.heard.at(-1)?.kind).toBe('fundingSigned');
});

it('receive open_channel (again and again, and error before funding_created): one key does for all', async () => {
  const kit = await ChannelsKit.start();
  kit.mangle = (from, message) =>
    message.kind !== 'fundingCreated'
      ? [encodeMessage(message)]
      : [
          encodeMessage({
            kind: 'error',
            channelId: message.temporaryChannelId,
            data: new Uint8Array(from.id.length),
          }),
        ];
  const keys = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const opener = kit.opener('mallory');
    opener.open();
    await kit.settle();
    for (const m of opener.heard) if (m.kind === 'acceptChannel') keys.add(toHex(m.fundingPubkey));
    expect(kit.channels.list()).toEqual([]);
  }
  expect([keys.size, kit.scripts]).toEqual([1, 1]);
  // What a channel was made of is never used again.
  kit.mangle = undefined;
  for (const name of ['alice', 'bob']) {
    const opener = await kit.channelWith(name);
    keys.add(toHex(opener.live.params.remote.points.fundingPubkey));
  }
  expect([keys.size, kit.scripts]).toEqual([2, 2]);
});

it('receive open_channel (twelve times at once)', async () => {
  const kit = await ChannelsKit.start();
  const openers = Array.from({ length: 12 }, () => kit.opener('mallory'));
  await Promise.all(
    openers.map((opener) => {
      const [message] = kit.overheard(() => opener.open());
      return kit.channels.message(opener.id, message as never);
    }),
  );
  expect(kit.channels.list()).toHaveLength(10);
});
