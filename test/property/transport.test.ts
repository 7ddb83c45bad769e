import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, concat, hex } from '../../src/core/bytes/index.js';
import { ecdh, publicKeyFromPrivate } from '../../src/core/crypto/index.js';
import { Handshake, MAX_MESSAGE_LENGTH, Session } from '../../src/core/transport/index.js';
import { bytesOf } from '../support/messages.js';

const secret = (n: number): Bytes => new Uint8Array(32).fill(n);
const key = (n: number) => ({
  nodeId: publicKeyFromPrivate(secret(n)) as Bytes,
  ecdh: (point: Bytes) => ecdh(secret(n), point) as Bytes,
});

function sessions(): [Session, Session] {
  const keys = { sendKey: secret(1), receiveKey: secret(2), chainingKey: secret(3) };
  return [
    new Session(keys),
    new Session({ ...keys, sendKey: keys.receiveKey, receiveKey: keys.sendKey }),
  ];
}

const cut = (bytes: Bytes, places: readonly number[]): Bytes[] => {
  const ends = [...new Set(places.map((p) => p % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((start, i) => bytes.slice(start, ends[i] ?? bytes.length));
};

describe('a session', () => {
  it('gives the same messages however the net cuts the bytes', () => {
    fc.assert(
      fc.property(
        fc.array(bytesOf(0, 300), { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (messages, places) => {
          const [sender, receiver] = sessions();
          const stream = concat(...messages.map((m) => sender.seal(m)));
          const got: Bytes[] = [];
          for (const piece of cut(stream, places)) {
            const result = receiver.receive(piece);
            if (!result.ok) throw new Error(result.error.error.code);
            got.push(...result.value);
          }
          expect(got).toEqual(messages);
        },
      ),
    );
  });

  it('a changed byte gives the messages before it, an error, and nothing ever after', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const [sender, receiver] = sessions();
        const messages = [secret(7), secret(8), secret(9)];
        const frames = messages.map((m) => sender.seal(m));
        const stream = concat(...frames);
        const at = place % stream.length;
        stream[at] = (stream[at] as number) ^ change;
        const result = receiver.receive(stream);
        const frame = Math.floor(at / (frames[0] as Bytes).length);
        const code = at % (frames[0] as Bytes).length < 18 ? 'bad_length_tag' : 'bad_message_tag';
        expect(result).toEqual({
          ok: false,
          error: { error: { code }, before: messages.slice(0, frame) },
        });
        expect(receiver.receive(sender.seal(secret(1)))).toEqual({
          ok: false,
          error: { error: { code }, before: [] },
        });
      }),
    );
  });

  it('carries the largest message, and no larger one', () => {
    const [sender, receiver] = sessions();
    const largest = new Uint8Array(MAX_MESSAGE_LENGTH).fill(5);
    expect(receiver.receive(sender.seal(largest))).toEqual({ ok: true, value: [largest] });
    expect(() => sender.seal(new Uint8Array(MAX_MESSAGE_LENGTH + 1))).toThrow(RangeError);
  });
});

describe('a handshake', () => {
  it('meets itself, and bytes of the session behind act three are handed on', () => {
    const begun = Handshake.initiator(key(1), secret(11), key(2).nodeId);
    if (begun === undefined) throw new Error('no initiator');
    const responder = Handshake.responder(key(2), secret(12));
    const two = responder.receive(begun.actOne);
    if (!two.ok) throw new Error(two.error.code);
    const three = begun.handshake.receive(two.value.send);
    if (!three.ok || three.value.done === undefined) throw new Error('not done');
    const frame = three.value.done.session.seal(hex('0102'));
    const done = responder.receive(concat(three.value.send, frame));
    if (!done.ok || done.value.done === undefined) throw new Error('not done');
    expect(done.value.done.remoteStatic).toEqual(key(1).nodeId);
    expect(done.value.done.session.receive(done.value.done.rest)).toEqual({
      ok: true,
      value: [hex('0102')],
    });
  });

  it('with a node id that is no point does not begin', () => {
    expect(Handshake.initiator(key(1), secret(11), new Uint8Array(33))).toBeUndefined();
  });

  it('of the responder refuses random bytes without a throw', () => {
    fc.assert(
      fc.property(bytesOf(0, 200), (bytes) => {
        const responder = Handshake.responder(key(2), secret(12));
        const result = responder.receive(bytes);
        if (result.ok) expect(bytes.length).toBeLessThan(50);
      }),
    );
  });
});
