/** BOLT 8, Appendix A: handshakes, their failures, and messages over two key rotations. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Bytes, hex, toHex, utf8 } from '../../../src/core/bytes/index.js';
import { ecdh, publicKeyFromPrivate } from '../../../src/core/crypto/index.js';
import { Handshake, Session, type StaticKey } from '../../../src/core/transport/index.js';

interface Step {
  readonly input?: string;
  readonly output?: string;
  readonly index?: number;
  readonly error?: string;
}

interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly 'rs.pub'?: string;
  readonly 'ls.priv': string;
  readonly 'e.priv': string;
  readonly ck: string;
  readonly sk: string;
  readonly rk: string;
  readonly 'sk,rk'?: readonly [string, string];
  readonly 'rk,sk'?: readonly [string, string];
}

const cases = JSON.parse(
  readFileSync(new URL('transport.json', import.meta.url), 'utf8'),
) as Case[];

const staticKey = (secret: Bytes): StaticKey => ({
  nodeId: publicKeyFromPrivate(secret) as Bytes,
  ecdh: (point) => ecdh(secret, point) as Bytes,
});

const CODES: Readonly<Record<string, string>> = {
  BAD_VERSION: 'bad_version',
  BAD_PUBKEY: 'bad_public_key',
  BAD_TAG: 'bad_tag',
  BAD_CIPHERTEXT: 'bad_ciphertext',
  READ_FAILED: 'short_read',
};
const ACTS: Readonly<Record<string, string>> = { ACT1: 'one', ACT2: 'two', ACT3: 'three' };

function begin(c: Case): { handshake: Handshake; sent: string[] } {
  const key = staticKey(hex(c['ls.priv']));
  const ephemeral = hex(c['e.priv']);
  if (c['rs.pub'] === undefined)
    return { handshake: Handshake.responder(key, ephemeral), sent: [] };
  const begun = Handshake.initiator(key, ephemeral, hex(c['rs.pub']));
  if (begun === undefined) throw new Error('no such node');
  return { handshake: begun.handshake, sent: [toHex(begun.actOne)] };
}

const handshakes = cases.filter((c) => c.name !== 'transport-message test');

describe.each([1, 7, 1000])('BOLT 8 appendix A, bytes arriving %i at a time', (size) => {
  it.each(handshakes)('$name', (c) => {
    const { handshake, sent } = begin(c);
    let session: Session | undefined;
    let failure: object | undefined;
    for (const step of c.steps) {
      if (step.output !== undefined) expect(sent.shift()).toBe(step.output);
      if (step.input !== undefined) {
        const input = hex(step.input);
        for (let at = 0; at < input.length; at += size) {
          const result = handshake.receive(input.slice(at, at + size));
          if (!result.ok) failure = result.error;
          else {
            if (result.value.send.length > 0) sent.push(toHex(result.value.send));
            session ??= result.value.done?.session;
          }
        }
      }
      if (step.error !== undefined) {
        const [, act, code] = /^(ACT\d)_([A-Z_]+?)(?: \d)?$/.exec(step.error) as RegExpExecArray;
        expect(failure ?? handshake.ended()).toEqual({
          code: CODES[code as string],
          act: ACTS[act as string],
        });
        expect(session).toBeUndefined();
      }
    }
    expect(sent).toEqual([]);
    const keys = c['sk,rk'] ?? c['rk,sk'];
    expect(session !== undefined).toBe(keys !== undefined);
    if (session === undefined || keys === undefined) return;
    // Only the message test's keys and chaining key come out of this handshake.
    const { ck } = cases.find((other) => other.ck !== undefined) as Case;
    const [first, second] = keys.map((text) => hex(text)) as [Bytes, Bytes];
    const mirror = c['sk,rk']
      ? new Session({ sendKey: second, receiveKey: first, chainingKey: hex(ck) })
      : new Session({ sendKey: first, receiveKey: second, chainingKey: hex(ck) });
    expect(mirror.receive(session.seal(utf8('hello')))).toEqual({
      ok: true,
      value: [utf8('hello')],
    });
    expect(session.receive(mirror.seal(utf8('world')))).toEqual({
      ok: true,
      value: [utf8('world')],
    });
  });
});

describe('BOLT 8 appendix A: message encryption', () => {
  const c = cases.find((other) => other.name === 'transport-message test') as Case;
  const chainingKey = hex(c.ck);
  const outputs = new Map(c.steps.map((step) => [step.index, step.output]));

  it('messages 0, 1, 500, 501, 1000 and 1001, and the other side reads all of them', () => {
    const sender = new Session({ sendKey: hex(c.sk), receiveKey: hex(c.rk), chainingKey });
    const receiver = new Session({ sendKey: hex(c.rk), receiveKey: hex(c.sk), chainingKey });
    let seen = 0;
    for (let index = 0; index <= 1001; index++) {
      const frame = sender.seal(utf8('hello'));
      if (outputs.has(index)) {
        expect(toHex(frame)).toBe(outputs.get(index));
        seen++;
      }
      expect(receiver.receive(frame)).toEqual({ ok: true, value: [utf8('hello')] });
    }
    expect(seen).toBe(6);
  });
});
