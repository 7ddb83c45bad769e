/**
 * Messages a second through BOLT 8 on one core: sealed, opened, and through the codecs as well.
 * `npx tsx bench/transport.ts`
 */
import { Session } from '../src/core/transport/index.js';
import { decodeMessage, encodeMessage, type Message } from '../src/core/wire/index.js';

const ROUNDS = 100_000;
const bytes = (n: number) => new Uint8Array(n).fill(2);
const key = (n: number) => new Uint8Array(32).fill(n);

const samples: Readonly<Record<string, Message>> = {
  updateFee: { kind: 'updateFee', channelId: bytes(32), feeratePerKw: 253 },
  updateAddHtlc: {
    kind: 'updateAddHtlc',
    channelId: bytes(32),
    id: 1n,
    amountMsat: 1n as never,
    paymentHash: bytes(32),
    cltvExpiry: 1,
    onionRoutingPacket: bytes(1366),
    tlvs: {},
  },
  channelUpdate: {
    kind: 'channelUpdate',
    signature: bytes(64),
    chainHash: bytes(32),
    shortChannelId: 1n as never,
    timestamp: 1,
    messageFlags: 1,
    channelFlags: 0,
    cltvExpiryDelta: 1,
    htlcMinimumMsat: 1n as never,
    feeBaseMsat: 1,
    feeProportionalMillionths: 1,
    htlcMaximumMsat: 1n as never,
  },
};

function measure(name: string, work: () => void): void {
  for (let i = 0; i < 2_000; i++) work();
  const start = process.hrtime.bigint();
  for (let i = 0; i < ROUNDS; i++) work();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  console.log(`${name.padEnd(36)}${Math.round(ROUNDS / seconds).toLocaleString('en')}/s`);
}

for (const [name, message] of Object.entries(samples)) {
  const raw = encodeMessage(message);
  const keys = { sendKey: key(1), receiveKey: key(2), chainingKey: key(3) };
  const mirrored = { ...keys, sendKey: key(2), receiveKey: key(1) };
  measure(`${name} (${raw.length} bytes): encode`, () => encodeMessage(message));
  measure(`${name}: decode`, () => decodeMessage(raw));
  const sealing = new Session(keys);
  measure(`${name}: seal`, () => sealing.seal(raw));
  const [sender, receiver] = [new Session(keys), new Session(mirrored)];
  measure(`${name}: seal and open`, () => receiver.receive(sender.seal(raw)));
  const [a, b] = [new Session(keys), new Session(mirrored)];
  measure(`${name}: all four`, () => {
    const got = b.receive(a.seal(encodeMessage(message)));
    if (!got.ok || !decodeMessage(got.value[0] as Uint8Array).ok) throw new Error('lost');
  });
}
