import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Bytes,
  concat,
  hex,
  msat,
  scidToString,
  toHex,
} from '../../../src/core/bytes/index.js';
import { ecdh, privMul } from '../../../src/core/crypto/index.js';
import {
  addAttribution,
  blindPath,
  buildOnion,
  createFailure,
  decodeEncryptedData,
  decodeFailure,
  decodeHopPayload,
  deriveKey,
  type EncryptedData,
  encodeEncryptedData,
  encodeFailure,
  encodeHopPayload,
  type IncomingHtlc,
  NO_REPLY,
  type Peeled,
  peel,
  readAttribution,
  readFailure,
  readOnion,
  readOnionMessage,
  relayFailure,
  unblind,
} from '../../../src/core/onion/index.js';

// biome-ignore lint/suspicious/noExplicitAny: the vectors are data of many shapes
const load = (name: string): any =>
  JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));

const keyOf = (privkey: string) => (point: Bytes) => ecdh(hex(privkey), point)!;

/** The vectors write a payload with its length before it. */
function unframed(text: string): Bytes {
  const bytes = hex(text);
  return bytes[0]! < 0xfd ? bytes.slice(1) : bytes.slice(3);
}

function must<T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

describe('onion-test.json', () => {
  const v = load('onion-test.json');
  const associatedData = hex(v.generate.associated_data);
  const hops = v.generate.hops.map((h: { pubkey: string; payload: string }) => ({
    nodeId: hex(h.pubkey),
    payload: unframed(h.payload),
  }));

  it('the origin builds the packet', () => {
    const built = must(
      buildOnion({ hops, sessionKey: hex(v.generate.session_key), associatedData }),
    );
    expect(toHex(built.packet)).toBe(v.onion);
  });

  it('each hop peels its payload and the packet for the next', () => {
    let packet: Bytes | undefined = hex(v.onion);
    for (const [i, privkey] of v.decode.entries()) {
      const peeled: Peeled = must(peel(packet!, { associatedData, ecdh: keyOf(privkey) }));
      expect(toHex(peeled.payload)).toBe(toHex(hops[i].payload));
      packet = peeled.next;
    }
    expect(packet).toBeUndefined();
  });
});

describe('onion-error-test.json', () => {
  const v = load('onion-error-test.json');
  const secrets: Bytes[] = v.generate.hops.map((h: { hop_shared_secret: string }) =>
    hex(h.hop_shared_secret),
  );

  it('the keys of every hop', () => {
    for (const hop of v.generate.hops) {
      expect(toHex(deriveKey('ammag', hex(hop.hop_shared_secret)))).toBe(hop.ammag_key);
      if (hop.um_key) expect(toHex(deriveKey('um', hex(hop.hop_shared_secret)))).toBe(hop.um_key);
    }
  });

  it('the erring node makes it, every hop passes it on, the origin reads it', () => {
    const failure = decodeFailure(hex(v.generate.failure_message));
    expect(failure).toEqual({ kind: 'temporaryNodeFailure' });
    let reason = createFailure(secrets[4]!, failure);
    for (const secret of secrets.slice(0, 4).reverse()) reason = relayFailure(secret, reason);
    expect(toHex(reason)).toBe(v.errorpacket);
    expect(must(readFailure(secrets, reason))).toEqual({
      index: 4,
      failure,
      raw: hex(v.generate.failure_message),
    });
  });
});

describe('attribution data of BOLT 4, "Test Vector"', () => {
  const v = load('attribution-data-test.json');
  const message = hex(v.encoded_failure_message);
  const failure = decodeFailure(message);

  it('a failure gathers hold times on its way back', () => {
    expect(failure).toEqual({
      kind: 'incorrectOrUnknownPaymentDetails',
      htlcMsat: 100n,
      height: 800000,
    });
    let reply = hex(v.raw_error_packet);
    let data: Bytes | undefined;
    for (const hop of v.hops) {
      const secret = hex(hop.shared_secret);
      data = addAttribution(secret, reply, data, hop.hold_time);
      reply = relayFailure(secret, reply);
      expect(toHex(reply)).toBe(hop.error_packet);
      expect(toHex(data)).toBe(hop.attribution_data);
    }
  });

  it('a success gathers hold times on its way back', () => {
    let data: Bytes | undefined;
    for (const hop of v.hops) {
      data = addAttribution(hex(hop.shared_secret), NO_REPLY, data, hop.hold_time);
      expect(toHex(data)).toBe(hop.success_attribution_data);
    }
  });

  it('the origin reads message, hop and hold times', () => {
    const secrets = v.hops.map((h: { shared_secret: string }) => hex(h.shared_secret)).reverse();
    const last = v.hops[4];
    const read = must(readFailure(secrets, hex(last.error_packet)));
    expect(read).toEqual({ index: 4, failure, raw: message });
    expect(readAttribution(secrets, hex(last.error_packet), hex(last.attribution_data))).toEqual({
      holdTimes: [5, 4, 3, 2, 1],
    });
    expect(readAttribution(secrets, NO_REPLY, hex(last.success_attribution_data))).toEqual({
      holdTimes: [5, 4, 3, 2, 1],
    });
  });

  it('the origin finds the hop that changed the reply', () => {
    const secrets = v.hops.map((h: { shared_secret: string }) => hex(h.shared_secret)).reverse();
    const atNode2 = v.hops[2];
    const reason = hex(atNode2.error_packet);
    reason[100]! ^= 1;
    let reply: Bytes = reason;
    let data: Bytes = hex(atNode2.attribution_data);
    for (const hop of v.hops.slice(3)) {
      data = addAttribution(hex(hop.shared_secret), reply, data, hop.hold_time);
      reply = relayFailure(hex(hop.shared_secret), reply);
    }
    expect(readFailure(secrets, reply)).toEqual({
      ok: false,
      error: { code: 'unreadable_reply' },
    });
    expect(readAttribution(secrets, reply, data)).toEqual({ holdTimes: [5, 4], brokenAt: 2 });
  });
});

const scidOf = (text: string) => BigInt(text.split('x')[2]!);

// biome-ignore lint/suspicious/noExplicitAny: as above
function expectTlvs(data: EncryptedData, tlvs: any) {
  if (tlvs.short_channel_id) expect(data.shortChannelId).toBe(scidOf(tlvs.short_channel_id));
  if (tlvs.path_id) expect(toHex(data.pathId!)).toBe(tlvs.path_id);
  if (tlvs.next_node_id) expect(toHex(data.nextNodeId!)).toBe(tlvs.next_node_id);
  if (tlvs.next_path_key_override)
    expect(toHex(data.nextPathKeyOverride!)).toBe(tlvs.next_path_key_override);
  if (tlvs.payment_relay)
    expect(data.paymentRelay).toEqual({
      cltvExpiryDelta: tlvs.payment_relay.cltv_expiry_delta,
      feeProportionalMillionths: tlvs.payment_relay.fee_proportional_millionths,
      feeBaseMsat: tlvs.payment_relay.fee_base_msat ?? 0,
    });
  if (tlvs.payment_constraints)
    expect(data.paymentConstraints).toEqual({
      maxCltvExpiry: tlvs.payment_constraints.max_cltv_expiry,
      htlcMinimumMsat: BigInt(tlvs.payment_constraints.htlc_minimum_msat),
    });
}

describe('route-blinding-test.json', () => {
  const v = load('route-blinding-test.json');

  it('the records of every hop, both ways', () => {
    for (const hop of v.generate.hops) {
      const data = must(decodeEncryptedData(hex(hop.encoded_tlvs)));
      expectTlvs(data, hop.tlvs);
      expect(toHex(encodeEncryptedData(data))).toBe(hop.encoded_tlvs);
    }
  });

  it('two recipients blind their paths, and the first joins the second', () => {
    const [bob, carol, dave, eve] = v.generate.hops.map(
      (h: { node_id: string; encoded_tlvs: string }) => ({
        nodeId: hex(h.node_id),
        data: hex(h.encoded_tlvs),
      }),
    );
    const [first, , third] = v.generate.hops;
    const one = must(blindPath([bob, carol], hex(first.session_key)));
    const two = must(blindPath([dave, eve], hex(third.session_key)));
    expect(toHex(one.firstNodeId)).toBe(v.route.first_node_id);
    expect(toHex(one.firstPathKey)).toBe(v.route.first_path_key);
    expect(toHex(two.firstPathKey)).toBe(third.path_key);
    expect(
      [...one.hops, ...two.hops].map((h) => ({
        blinded_node_id: toHex(h.blindedNodeId),
        encrypted_data: toHex(h.encryptedRecipientData),
      })),
    ).toEqual(v.route.hops);
  });

  it('each node unblinds its part', () => {
    for (const [i, hop] of v.unblind.hops.entries()) {
      const shared = keyOf(hop.node_privkey);
      const pathKey = hex(hop.path_key);
      const secret = shared(pathKey);
      expect(toHex(privMul(hex(hop.node_privkey), deriveKey('blinded_node_id', secret))!)).toBe(
        hop.blinded_privkey,
      );
      const got = must(unblind(pathKey, hex(v.route.hops[i].encrypted_data), shared));
      expect(toHex(encodeEncryptedData(got.data))).toBe(hop.decrypted_data);
      expect(toHex(got.nextPathKey)).toBe(hop.next_path_key_override ?? hop.next_path_key);
    }
  });
});

describe('blinded-payment-onion-test.json', () => {
  const v = load('blinded-payment-onion-test.json');
  const associatedData = hex(v.generate.associated_data);
  const hops = v.generate.full_route.hops.map((h: { pubkey: string; payload: string }) => ({
    nodeId: hex(h.pubkey),
    payload: unframed(h.payload),
  }));

  it('the payer builds the packet', () => {
    const built = must(
      buildOnion({ hops, sessionKey: hex(v.generate.session_key), associatedData }),
    );
    expect(toHex(built.packet)).toBe(v.generate.onion);
  });

  it('every payload is read and written alike', () => {
    for (const [i, hop] of v.generate.full_route.hops.entries()) {
      const read = must(decodeHopPayload(hops[i].payload));
      expect(toHex(encodeHopPayload(read))).toBe(toHex(hops[i].payload));
      const { amt_to_forward, outgoing_cltv_value, total_amount_msat } = hop.tlvs;
      if (amt_to_forward) expect(read.amtToForward).toBe(BigInt(amt_to_forward));
      if (outgoing_cltv_value) expect(read.outgoingCltvValue).toBe(outgoing_cltv_value);
      if (total_amount_msat) expect(read.totalAmountMsat).toBe(BigInt(total_amount_msat));
    }
  });

  it('each node peels its layer, unblinds its part, and finds the next path key', () => {
    let pathKey: Bytes | undefined;
    let packet: Bytes | undefined;
    for (const [i, hop] of v.decrypt.hops.entries()) {
      if (packet !== undefined) expect(toHex(packet)).toBe(hop.onion);
      const shared = keyOf(hop.node_privkey);
      const options = { associatedData, ecdh: shared, ...(pathKey && { pathKey }) };
      const peeled = must(peel(hex(hop.onion), options));
      packet = peeled.next;
      const read = must(decodeHopPayload(peeled.payload));
      const key = pathKey ?? read.currentPathKey;
      if (key === undefined) continue;
      const got = must(unblind(key, read.encryptedRecipientData!, shared));
      expectTlvs(got.data, v.generate.full_route.hops[i].tlvs.encrypted_recipient_data);
      expect(toHex(got.nextPathKey)).toBe(hop.next_path_key);
      pathKey = got.nextPathKey;
    }
    expect(packet).toBeUndefined();
  });

  it('each node but the last is told what to pass on, and how to speak of a failure', () => {
    const paymentHash = associatedData;
    let htlc: IncomingHtlc = {
      amountMsat: msat(110_125),
      cltvExpiry: 749_150,
      paymentHash,
      onion: hex(v.generate.onion),
    };
    const told: unknown[] = [];
    for (const hop of v.decrypt.hops) {
      const { asked, manner } = readOnion(htlc, keyOf(hop.node_privkey));
      if (asked.kind !== 'relay') {
        told.push([hop.alias, asked.kind, manner.kind]);
        break;
      }
      const { amtToForward, outgoingCltvValue, next, onion, pathKey } = asked.task;
      const channel = next.kind === 'channel' && scidToString(next.shortChannelId);
      told.push([hop.alias, amtToForward, outgoingCltvValue, channel, manner.kind]);
      expect(pathKey && toHex(pathKey)).toBe(hop.next_path_key);
      const cltvExpiry = outgoingCltvValue;
      htlc = {
        amountMsat: amtToForward,
        cltvExpiry,
        paymentHash,
        onion,
        ...(pathKey && { pathKey }),
      };
    }
    expect(told).toEqual([
      ['Alice', 110_125n, 749_150, '0x0x10', 'encrypted'],
      ['Bob', 100_125n, 749_100, '0x0x1', 'introduction'],
      ['Carol', 100_010n, 749_025, '0x0x2', 'malformed'],
      ['Dave', 100_000n, 749_000, '0x0x3', 'malformed'],
      // We make no paths, so that none ends with us.
      ['Eve', 'refuse', 'malformed'],
    ]);
  });
});

describe('blinded-onion-message-onion-test.json', () => {
  const v = load('blinded-onion-message-onion-test.json');
  const nodeIds = [
    v.route.first_node_id,
    ...v.decrypt.hops.slice(0, -1).map((h: { next_node_id: string }) => h.next_node_id),
  ];
  const nodes = v.generate.hops.map((h: { encrypted_data_tlv: string }, i: number) => ({
    nodeId: hex(nodeIds[i]),
    data: hex(h.encrypted_data_tlv),
  }));

  it('the path: one hop before a path that the recipient made', () => {
    const own = must(blindPath(nodes.slice(0, 1), hex(v.generate.hops[0].path_key_secret)));
    const given = must(blindPath(nodes.slice(1), hex(v.generate.hops[1].path_key_secret)));
    expect(toHex(own.firstPathKey)).toBe(v.route.first_path_key);
    expect(
      [...own.hops, ...given.hops].map((h) => ({
        blinded_node_id: toHex(h.blindedNodeId),
        encrypted_recipient_data: toHex(h.encryptedRecipientData),
      })),
    ).toEqual(v.route.hops);
    for (const hop of v.generate.hops)
      expectTlvs(must(decodeEncryptedData(hex(hop.encrypted_data_tlv))), hop.tlvs);
  });

  it('the sender builds the packet', () => {
    const hops = v.route.hops.map(
      (h: { blinded_node_id: string; encrypted_recipient_data: string }, i: number, all: []) => {
        const data = hex(h.encrypted_recipient_data);
        const record = concat(Uint8Array.of(4, data.length), data);
        const hello = hex(v.onionmessage.unknown_tag_1);
        const payload =
          i < all.length - 1 ? record : concat(Uint8Array.of(1, hello.length), hello, record);
        return { nodeId: hex(h.blinded_node_id), payload };
      },
    );
    const built = must(buildOnion({ hops, sessionKey: hex(v.generate.session_key) }));
    expect(toHex(built.packet)).toBe(v.onionmessage.onion_message_packet);
  });

  it('each node takes its layer off and passes the message on', () => {
    for (const [i, hop] of v.decrypt.hops.entries()) {
      const message = hex(hop.onion_message);
      const pathKey = message.slice(2, 35);
      const packet = message.slice(37);
      const shared = keyOf(hop.privkey);
      const peeled = must(peel(packet, { ecdh: shared, pathKey }));
      const recipientData = hex(v.route.hops[i].encrypted_recipient_data);
      expect(toHex(peeled.payload).endsWith(toHex(recipientData))).toBe(true);
      const got = must(unblind(pathKey, recipientData, shared));
      const next = v.decrypt.hops[i + 1];
      if (next === undefined) {
        expect(peeled.next).toBeUndefined();
        expect(toHex(peeled.payload.slice(0, 7))).toBe(`0105${hop.tlvs.unknown_tag_1}`);
        continue;
      }
      expect(toHex(got.data.nextNodeId!)).toBe(hop.next_node_id);
      expect(toHex(got.nextPathKey)).toBe(next.onion_message.slice(4, 70));
      expect(toHex(peeled.next!)).toBe(next.onion_message.slice(74));
    }
  });

  it('each node but the last is told whom to pass the message on to', () => {
    for (const [i, hop] of v.decrypt.hops.entries()) {
      const message = hex(hop.onion_message);
      const shared = keyOf(hop.privkey);
      const read = must(readOnionMessage(message.slice(37), message.slice(2, 35), shared));
      const onward = v.decrypt.hops[i + 1]?.onion_message;
      const told =
        onward === undefined
          ? { kind: 'final' }
          : {
              kind: 'relay',
              next: { kind: 'node', nodeId: hex(hop.next_node_id) },
              pathKey: hex(onward.slice(4, 70)),
              packet: hex(onward.slice(74)),
            };
      expect(read).toMatchObject(told);
    }
  });
});

describe('a failure message is read and written alike', () => {
  it('incorrect_or_unknown_payment_details, less its records', () => {
    const v = load('attribution-data-test.json');
    const text = v.encoded_failure_message as string;
    expect(text.startsWith(toHex(encodeFailure(decodeFailure(hex(text)))))).toBe(true);
  });
});
