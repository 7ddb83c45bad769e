import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Bytes,
  concat,
  hex,
  msat,
  scidFromString,
  toHex,
} from '../../src/core/bytes/index.js';
import {
  type BlindedHop,
  blindPath,
  type EncryptedData,
  encodeEncryptedData,
  encodeHopPayload,
  type HopPayload,
} from '../../src/core/onion/index.js';
import { bigsize, encode } from '../../src/core/wire/index.js';
import { Lab } from '../../src/lab/index.js';

/** alice pays dave over bob and carol; bob is the first node of a path that hides the rest. */
const NAMES = ['alice', 'bob', 'carol', 'dave'] as const;
const AMOUNT = 10_000_000;
const RELAY = { cltvExpiryDelta: 50, feeProportionalMillionths: 1000, feeBaseMsat: 5000 };

let lab: Lab;
let channels: string[];

beforeEach(async () => {
  lab = await Lab.create({ seed: 'blinded' });
  channels = [];
  for (const name of NAMES) await lab.node(name);
  for (const [i, name] of NAMES.slice(0, -1).entries()) {
    await lab.fund(name, 3_000_000);
    channels.push(await lab.channel(name, NAMES[i + 1]!, 1_000_000));
  }
});
afterEach(() => lab.close());

const framed = (payload: HopPayload): string => {
  const bytes = encodeHopPayload(payload);
  return toHex(concat(encode(bigsize, BigInt(bytes.length)), bytes));
};

/** Pays along a path that dave could have made; the answer is what alice reads of the failure. */
async function pay(carols: Partial<EncryptedData>): Promise<{ at: number; code: string }> {
  const height = (await lab.rpc('alice', 'getinfo')).blockheight;
  const nodeId = (name: (typeof NAMES)[number]): Bytes => hex(lab.get(name).id);
  const paymentConstraints = { maxCltvExpiry: height + 500, htlcMinimumMsat: msat(1) };
  const data: readonly EncryptedData[] = [
    { shortChannelId: scidFromString(channels[1]!)!, paymentRelay: RELAY, paymentConstraints },
    { nextNodeId: nodeId('dave'), paymentRelay: RELAY, paymentConstraints, ...carols },
    { pathId: Uint8Array.of(1) },
  ];
  const path = blindPath(
    data.map((d, i) => ({ nodeId: nodeId(NAMES[i + 1]!), data: encodeEncryptedData(d) })),
    new Uint8Array(32).fill(5),
  );
  if (!path.ok) throw new Error(path.error.code);
  const [first, second, third] = path.value.hops as [BlindedHop, BlindedHop, BlindedHop];
  const told = ({ encryptedRecipientData }: BlindedHop): HopPayload => ({ encryptedRecipientData });
  const end = { amtToForward: msat(AMOUNT), outgoingCltvValue: height + 20 };
  const hops = [
    {
      pubkey: lab.get('bob').id,
      payload: framed({ ...told(first), currentPathKey: path.value.firstPathKey }),
    },
    { pubkey: toHex(second.blindedNodeId), payload: framed(told(second)) },
    {
      pubkey: toHex(third.blindedNodeId),
      payload: framed({ ...told(third), ...end, totalAmountMsat: msat(AMOUNT) }),
    },
  ];
  const payment_hash = toHex(new Uint8Array(32).fill(hops.length + Object.keys(carols).length));
  const made = await lab.rpc('alice', 'createonion', { hops, assocdata: payment_hash });
  await lab.rpc('alice', 'sendonion', {
    onion: made.onion,
    shared_secrets: made.shared_secrets,
    first_hop: { id: lab.get('bob').id, amount_msat: AMOUNT + 100_000, delay: 120 },
    payment_hash,
  });
  const failed = await lab.rpc('alice', 'waitsendpay', { payment_hash }).then(
    () => undefined,
    (error) => error.data,
  );
  return { at: failed.erring_index, code: failed.failcodename };
}

const forwarded = async (name: string) =>
  (await lab.rpc(name, 'listforwards')).forwards.map(
    ({ status, out_msat }: { status: string; out_msat?: bigint }) => `${status} ${out_msat}`,
  );

describe('a path that hides its nodes', () => {
  it('is relayed along by the terms in it, and its first node alone tells that it failed', async () => {
    // dave has made no such path, and refuses.
    const failure = await pay({});
    expect(failure).toEqual({ at: 1, code: 'WIRE_INVALID_ONION_BLINDING' });
    expect(await forwarded('bob')).toEqual(['failed 10084916']);
    expect(await forwarded('carol')).toEqual(['failed 10069847']);
  });

  it('what a node inside of it refuses looks the same', async () => {
    const paymentConstraints = { maxCltvExpiry: 1, htlcMinimumMsat: msat(1) };
    const failure = await pay({ paymentConstraints });
    expect(failure).toEqual({ at: 1, code: 'WIRE_INVALID_ONION_BLINDING' });
    expect(await forwarded('bob')).toEqual(['failed 10084916']);
    expect(await forwarded('carol')).toEqual([]);
  });
});
