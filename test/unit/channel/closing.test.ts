import { describe, expect, it } from 'vitest';
import { decodeTx } from '../../../src/core/bitcoin/index.js';
import { type Bytes, msat, sat, toHex } from '../../../src/core/bytes/index.js';
import { channelStatus } from '../../../src/core/channel/index.js';
import { featureBits, type Message, type MessageOf } from '../../../src/core/wire/index.js';
import { messagesIn, type Name, Pair, type PairOptions } from './harness.js';

const p2tr = Uint8Array.from([0x51, 32, ...new Array(32).fill(3)]);
const p2pkh = Uint8Array.from([0x76, 0xa9, 20, ...new Array(20).fill(3), 0x88, 0xac]);

function recorded(options: PairOptions = {}): { pair: Pair; sent: string[] } {
  const sent: string[] = [];
  const onMessage = (from: Name, m: Message) => sent.push(`${from} ${m.kind}`);
  const pair = new Pair({ ...options, onMessage }).open();
  sent.length = 0;
  return { pair, sent };
}

function close(pair: Pair, by: Name, scriptPubkey?: Bytes): Pair {
  const ref = 1000;
  pair.command(pair[by], {
    kind: 'shutdown',
    ref,
    ...(scriptPubkey === undefined ? {} : { scriptPubkey }),
  });
  return pair;
}

const outputs = (pair: Pair, by: Name) =>
  decodeTx(pair[by].live.shutdown.tx as Bytes)?.outputs.map((o) => ({
    amount: o.amount,
    to: o.scriptPubkey[2],
  }));

const shutdownMessage = (pair: Pair, scriptpubkey: Bytes): Message => ({
  kind: 'shutdown',
  channelId: pair.alice.live.channelId,
  scriptpubkey,
});

describe('shutdown and closing_signed', () => {
  for (const by of ['alice', 'bob'] as const)
    it(`asked for by the ${by === 'alice' ? 'opener' : 'accepter'}: three messages each at most`, () => {
      const { pair, sent } = recorded({ push: msat(300_000_000) });
      close(pair, by).settle();
      const other = by === 'alice' ? 'bob' : 'alice';
      expect(sent).toEqual([
        `${by} shutdown`,
        `${other} shutdown`,
        'alice closingSigned',
        'bob closingSigned',
      ]);
      expect(channelStatus(pair.alice.state)).toBe('CLOSINGD_COMPLETE');
      expect(channelStatus(pair.bob.state)).toBe('CLOSINGD_COMPLETE');
      expect(pair.alice.live.shutdown.tx).toEqual(pair.bob.live.shutdown.tx);
      const fee = Math.floor((1500 * 676) / 1000);
      expect(outputs(pair, 'alice')).toEqual([
        { amount: 300_000n, to: 2 },
        { amount: 700_000n - BigInt(fee), to: 1 },
      ]);
      expect(pair.complaints).toEqual([]);
    });

  it('waits until every HTLC is gone', () => {
    const { pair, sent } = recorded();
    pair.add(pair.alice, 50_000_000n);
    pair.settle();
    close(pair, 'bob').settle();
    expect(channelStatus(pair.alice.state)).toBe('CHANNELD_SHUTTING_DOWN');
    expect(sent).not.toContain('alice closingSigned');
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    pair.settle();
    expect(channelStatus(pair.alice.state)).toBe('CLOSINGD_COMPLETE');
    expect(outputs(pair, 'bob')?.[0]).toEqual({ amount: 50_000n, to: 2 });
    expect(pair.complaints).toEqual([]);
  });

  it('is sent only after a commitment_signed for what was proposed before', () => {
    const { pair, sent } = recorded();
    pair.add(pair.alice, 50_000_000n);
    close(pair, 'alice');
    expect(sent).toEqual(['alice updateAddHtlc']);
    pair.sign(pair.alice);
    expect(sent).toEqual(['alice updateAddHtlc', 'alice commitmentSigned', 'alice shutdown']);
  });

  it('is sent only after a commitment_signed for the feerate that the peer proposed', () => {
    const { pair, sent } = recorded();
    pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 1100 });
    pair.sign(pair.alice);
    while (pair.deliver(pair.bob));
    const message = shutdownMessage(pair, pair.alice.live.params.shutdownScript);
    pair.input(pair.bob, { kind: 'message', message });
    expect(sent).toEqual(['alice updateFee', 'alice commitmentSigned', 'bob revokeAndAck']);
    pair.sign(pair.bob);
    expect(sent.slice(3)).toEqual(['bob commitmentSigned', 'bob shutdown']);
    pair.settle();
    expect(channelStatus(pair.bob.state)).toBe('CLOSINGD_COMPLETE');
    expect(pair.complaints).toEqual([]);
  });

  it('waits for a feerate on its way, unless the peer has sent it', () => {
    const { pair, sent } = recorded();
    pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 1100 });
    pair.sign(pair.alice);
    close(pair, 'alice');
    expect(sent).not.toContain('alice shutdown');
    pair.settle();
    expect(channelStatus(pair.bob.state)).toBe('CLOSINGD_COMPLETE');
    expect(pair.complaints).toEqual([]);
  });

  it('leaves out an output that is dust', () => {
    const { pair } = recorded({ push: msat(500_000) });
    close(pair, 'alice').settle();
    expect(outputs(pair, 'alice')?.length).toBe(1);
    expect(pair.complaints).toEqual([]);
  });

  it('starts again after a reconnection, wherever it was cut', () => {
    for (let steps = 0; steps < 6; steps++) {
      const { pair } = recorded({ push: msat(300_000_000) });
      close(pair, 'bob');
      for (let i = 0; i < steps; i++) pair.deliver(i % 2 === 0 ? pair.alice : pair.bob);
      pair.disconnect().reconnect().settle();
      expect(pair.alice.live.shutdown.tx).toBeDefined();
      expect(pair.alice.live.shutdown.tx).toEqual(pair.bob.live.shutdown.tx);
      expect(pair.complaints).toEqual([]);
    }
  });

  it('is wanted before the peer is back: it happens when it is', () => {
    const { pair } = recorded();
    pair.disconnect();
    close(pair, 'alice');
    expect(channelStatus(pair.alice.state)).toBe('CHANNELD_SHUTTING_DOWN');
    pair.crash(pair.alice).reconnect().settle();
    expect(channelStatus(pair.alice.state)).toBe('CLOSINGD_COMPLETE');
  });

  it('may come before channel_ready', () => {
    const pair = new Pair().begin().settle();
    close(pair, 'alice').settle();
    expect(channelStatus(pair.alice.state)).toBe('CLOSINGD_COMPLETE');
    expect(pair.complaints).toEqual([]);
  });

  it('takes the script of the command, if the peer can take it', () => {
    const { pair } = recorded();
    close(pair, 'alice', p2pkh);
    expect(pair.alice.replies.get(1000)).toEqual({ ok: false, error: { code: 'bad_script' } });
    close(pair, 'alice', p2tr).settle();
    expect(decodeTx(pair.bob.live.shutdown.tx as Bytes)?.outputs[0]?.scriptPubkey).toEqual(p2tr);
    const old = recorded({ features: featureBits([13, 15, 23]) }).pair;
    close(old, 'alice', p2tr);
    expect(old.alice.replies.get(1000)).toEqual({ ok: false, error: { code: 'bad_script' } });
  });

  it('keeps to the upfront script, and holds the peer to its own', () => {
    const { pair } = recorded({ upfront: true });
    close(pair, 'alice', p2tr);
    expect(pair.alice.replies.get(1000)).toEqual({ ok: false, error: { code: 'bad_script' } });
    const effects = pair.input(pair.bob, {
      kind: 'message',
      message: shutdownMessage(pair, p2tr),
    });
    expect(effects).toContainEqual({
      kind: 'disconnect',
      reason: 'shutdown: scriptpubkey is not the upfront_shutdown_script',
    });
    expect(pair.bob.live.shutdown.remoteScript).toBeUndefined();
  });

  it('receive a script of no known form: warning', () => {
    const { pair } = recorded();
    const effects = pair.input(pair.bob, {
      kind: 'message',
      message: shutdownMessage(pair, p2pkh),
    });
    expect(messagesIn(effects).map((m) => m.kind)).toEqual(['warning']);
  });
});

describe('the fee of a close', () => {
  /** Both have said shutdown; alice's closing_signed lies before bob. */
  function atFirstOffer(): { pair: Pair; offer: MessageOf<'closingSigned'> } {
    const { pair } = recorded({ push: msat(300_000_000) });
    close(pair, 'alice');
    pair.deliver(pair.bob);
    pair.deliver(pair.alice);
    const offer = messagesIn(pair.alice.effects).at(-1);
    if (offer?.kind !== 'closingSigned') throw new Error('no offer');
    return { pair, offer };
  }

  it('lies within the feerates of the command', () => {
    for (const [minimum, maximum, perKw] of [
      [253, 400, 400],
      [2_000, 3_000, 2_000],
      [253, 5_000, 1_500],
    ] as const) {
      const { pair } = recorded({ push: msat(300_000_000) });
      pair.command(pair.alice, { kind: 'shutdown', ref: 9, feerates: { minimum, maximum } });
      pair.deliver(pair.bob);
      pair.deliver(pair.alice);
      const offer = messagesIn(pair.alice.effects).at(-1) as MessageOf<'closingSigned'>;
      const fee = (rate: number) => BigInt(Math.floor((rate * 676) / 1000));
      expect(offer.feeSatoshis).toBe(fee(perKw));
      expect(offer.tlvs.feeRange).toEqual({
        minFeeSatoshis: fee(minimum),
        maxFeeSatoshis: fee(maximum),
      });
      pair.settle();
      expect(pair.alice.live.shutdown.tx).toEqual(pair.bob.live.shutdown.tx);
      expect(pair.complaints).toEqual([]);
    }
  });

  it('is the accepter’s own idea where it lies in the opener’s range', () => {
    const { pair } = recorded({ push: msat(300_000_000) });
    close(pair, 'alice');
    pair.deliver(pair.bob);
    pair.deliver(pair.alice);
    pair.feerates = { ...pair.feerates, mutualClose: 2000 };
    pair.settle();
    const fee = BigInt(Math.floor((2000 * 676) / 1000));
    expect(outputs(pair, 'alice')?.at(-1)?.amount).toBe(700_000n - fee);
    expect(pair.alice.live.shutdown.tx).toEqual(pair.bob.live.shutdown.tx);
    expect(pair.complaints).toEqual([]);
  });

  it('is the opener’s most where the accepter would like more', () => {
    const { pair, offer } = atFirstOffer();
    pair.feerates = { ...pair.feerates, mutualClose: 50_000 };
    pair.settle();
    const most = offer.tlvs.feeRange?.maxFeeSatoshis as bigint;
    expect(outputs(pair, 'alice')?.at(-1)?.amount).toBe(700_000n - most);
    expect(pair.complaints).toEqual([]);
  });

  it('without ranges is found by meeting in the middle', () => {
    const { pair } = recorded({ push: msat(300_000_000) });
    // Each hears the other without its fee_range, as old nodes speak.
    const strip = (to: Name) => {
      const queue = to === 'bob' ? pair.toBob : pair.toAlice;
      return queue.length > 0;
    };
    close(pair, 'alice');
    pair.deliver(pair.bob);
    pair.deliver(pair.alice);
    for (let i = 0; i < 50; i++) {
      const to: Name = strip('bob') ? 'bob' : 'alice';
      if (!strip(to)) break;
      const from = to === 'bob' ? pair.alice : pair.bob;
      const last = messagesIn(from.effects).at(-1) as MessageOf<'closingSigned'>;
      if (to === 'bob') pair.toBob.length = 0;
      else pair.toAlice.length = 0;
      pair.feerates = { ...pair.feerates, mutualClose: to === 'bob' ? 9000 : 1500 };
      pair.input(pair[to], { kind: 'message', message: { ...last, tlvs: {} } });
    }
    expect(pair.alice.live.shutdown.tx).toBeDefined();
    expect(toHex(pair.alice.live.shutdown.tx as Bytes)).toBe(
      toHex(pair.bob.live.shutdown.tx as Bytes),
    );
    expect(pair.complaints).toEqual([]);
  });

  it('is agreed on while a feerate of the opener’s is on its way, which no one signs for then', () => {
    const { offer } = atFirstOffer();
    const { pair, sent } = recorded({ push: msat(300_000_000) });
    close(pair, 'bob');
    pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 1100 });
    pair.sign(pair.alice);
    pair.deliver(pair.alice);
    while (pair.deliver(pair.bob));
    pair.deliver(pair.alice);
    pair.sign(pair.bob);
    expect(pair.bob.live.commitments.fees.length).toBe(2);
    pair.input(pair.bob, { kind: 'message', message: offer });
    expect(channelStatus(pair.bob.state)).toBe('CLOSINGD_COMPLETE');
    expect(pair.complaints).toEqual([]);
    pair.disconnect();
    sent.length = 0;
    pair.reconnect();
    while (pair.deliver(pair.bob));
    expect(sent.filter((m) => m.startsWith('bob'))).toEqual([
      'bob channelReestablish',
      'bob shutdown',
    ]);
  });

  it('counts only the outputs that there are', () => {
    const { pair } = recorded();
    close(pair, 'alice').settle();
    const fee = BigInt(Math.floor((1500 * 552) / 1000));
    expect(outputs(pair, 'alice')).toEqual([{ amount: 1_000_000n - fee, to: 1 }]);
  });

  it('with a bad signature: warning', () => {
    const { pair, offer } = atFirstOffer();
    const message = { ...offer, feeSatoshis: sat(offer.feeSatoshis + 1n) };
    const effects = pair.input(pair.bob, { kind: 'message', message });
    expect(messagesIn(effects).map((m) => m.kind)).toEqual(['warning']);
    expect(pair.bob.live.shutdown.tx).toBeUndefined();
  });

  it('without an overlap of ranges: warning, and the channel lives', () => {
    const { pair, offer } = atFirstOffer();
    const feeRange = { minFeeSatoshis: sat(800_000), maxFeeSatoshis: sat(900_000) };
    const message = { ...offer, tlvs: { feeRange } };
    const effects = pair.input(pair.bob, { kind: 'message', message });
    expect(messagesIn(effects).map((m) => m.kind)).toEqual(['warning']);
    expect(pair.bob.live.failure).toBeUndefined();
  });

  it('closing_signed while HTLCs are in flight: warning', () => {
    const { pair, offer } = atFirstOffer();
    const busy = recorded().pair;
    busy.add(busy.alice, 50_000_000n);
    busy.settle();
    const message = { ...offer, channelId: busy.bob.live.channelId };
    const effects = busy.input(busy.bob, { kind: 'message', message });
    expect(messagesIn(effects).map((m) => m.kind)).toEqual(['warning']);
    expect(pair.bob.live.failure).toBeUndefined();
  });
});
