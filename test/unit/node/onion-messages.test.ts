import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Bytes,
  type NodeId,
  type ShortChannelId,
  scidFromString,
  toHex,
} from '../../../src/core/bytes/index.js';
import { ecdh, publicKeyFromPrivate } from '../../../src/core/crypto/index.js';
import {
  blindPath,
  buildOnion,
  type EncryptedData,
  encodeEncryptedData,
  encodeOnionMessagePayload,
  type OnionMessagePayload,
  readOnionMessage,
} from '../../../src/core/onion/index.js';
import { featuresFor, type MessageOf } from '../../../src/core/wire/index.js';
import { VirtualClock } from '../../../src/lab/index.js';
import { OnionMessages } from '../../../src/node/messages/index.js';
import { silentLogger } from '../../../src/ports/index.js';

const [bob, carol] = [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)];
const idOf = (key: Bytes): Bytes => publicKeyFromPrivate(key)!;
const alice = toHex(idOf(new Uint8Array(32).fill(1))) as NodeId;
const carolId = toHex(idOf(carol)) as NodeId;
const scid = scidFromString('7x1x0')!;

/** A message from alice over bob to carol. */
function message(
  data: EncryptedData,
  more: OnionMessagePayload = {},
  end: OnionMessagePayload = { invoiceRequest: Uint8Array.of(7) },
): MessageOf<'onionMessage'> {
  const nodes = [
    { nodeId: idOf(bob), data: encodeEncryptedData(data) },
    { nodeId: idOf(carol), data: encodeEncryptedData({ pathId: Uint8Array.of(1) }) },
  ];
  const path = blindPath(nodes, new Uint8Array(32).fill(5));
  if (!path.ok) throw new Error(path.error.code);
  const payloads = path.value.hops.map(({ encryptedRecipientData }, i) => ({
    encryptedRecipientData,
    ...(i === 0 ? more : end),
  }));
  const built = buildOnion({
    hops: path.value.hops.map(({ blindedNodeId }, i) => ({
      nodeId: blindedNodeId,
      payload: encodeOnionMessagePayload(payloads[i]!),
    })),
    sessionKey: new Uint8Array(32).fill(7),
  });
  if (!built.ok) throw new Error(built.error.code);
  const { firstPathKey: pathKey } = path.value;
  return { kind: 'onionMessage', pathKey, onionMessagePacket: built.value.packet };
}

describe('an onion message', () => {
  let clock: VirtualClock;
  let messages: OnionMessages;
  let sent: [NodeId, MessageOf<'onionMessage'>][];
  let peers: Map<NodeId, Bytes>;

  beforeEach(() => {
    clock = new VirtualClock();
    sent = [];
    peers = new Map([[carolId, featuresFor({ optionOnionMessages: 'optional' }, 'init')]]);
    messages = new OnionMessages(
      { burst: 3, perSecond: 1 },
      {
        clock,
        log: silentLogger,
        ecdh: (point) => ecdh(bob, point)!,
        connected: (nodeId) => {
          const features = peers.get(nodeId);
          const address = { host: 'h', port: 1 };
          return features && { nodeId, features, address, remote: address, direction: 'in' };
        },
        peerOver: (asked: ShortChannelId) => (asked === scid ? carolId : undefined),
        send: (...what) => sent.push(what) > 0,
      },
    );
  });

  it.each<[string, EncryptedData]>([
    ['a node', { nextNodeId: idOf(carol) }],
    ['the other end of a channel', { shortChannelId: scid }],
  ])('is passed on to %s, which can read it', (_, data) => {
    messages.received(alice, message(data));
    expect(sent.map(([to]) => to)).toEqual([carolId]);
    const [, { pathKey, onionMessagePacket }] = sent[0]!;
    expect(readOnionMessage(onionMessagePacket, pathKey, (p) => ecdh(carol, p)!)).toMatchObject({
      ok: true,
      value: { kind: 'final', payload: { invoiceRequest: Uint8Array.of(7) } },
    });
  });

  it.each<[string, MessageOf<'onionMessage'>]>([
    ['names nobody', message({})],
    ['names a channel that is not ours', message({ shortChannelId: scidFromString('8x1x0')! })],
    ['names a node that is not there', message({ nextNodeId: idOf(new Uint8Array(32).fill(9)) })],
    ['has a path_id on the way', message({ nextNodeId: idOf(carol), pathId: Uint8Array.of(1) })],
    ['names a feature', message({ nextNodeId: idOf(carol), allowedFeatures: Uint8Array.of(2) })],
    ['says more to a node on the way', message({ nextNodeId: idOf(carol) }, { invoice: bob })],
    [
      'has an unknown odd record on the way',
      message({ nextNodeId: idOf(carol) }, { unknown: [{ type: 65n, value: bob }] }),
    ],
    ['is not sealed for us', { ...message({ nextNodeId: idOf(carol) }), pathKey: idOf(carol) }],
    ['is noise', { kind: 'onionMessage', pathKey: idOf(carol), onionMessagePacket: bob }],
    [
      'is empty',
      { kind: 'onionMessage', pathKey: idOf(carol), onionMessagePacket: new Uint8Array(0) },
    ],
  ])('is dropped if it %s', (_, dropped) => {
    messages.received(alice, dropped);
    expect(sent).toEqual([]);
  });

  it('is dropped if the next node does not know them', () => {
    peers.set(carolId, new Uint8Array(0));
    messages.received(alice, message({ nextNodeId: idOf(carol) }));
    expect(sent).toEqual([]);
  });

  it('is dropped if its sender sends too many, and others are heard', async () => {
    const one = message({ nextNodeId: idOf(carol) });
    for (let i = 0; i < 10; i++) messages.received(alice, one);
    expect(sent).toHaveLength(3);
    messages.received(carolId, one);
    expect(sent).toHaveLength(4);
    await clock.advance(2_000);
    for (let i = 0; i < 10; i++) messages.received(alice, one);
    expect(sent).toHaveLength(6);
  });
});
