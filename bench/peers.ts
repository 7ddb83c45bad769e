/**
 * Messages a second between two nodes' `Peers` over TCP, both in this process and on its one
 * thread: sealed, written, read, opened, decoded and handed over. `npx tsx bench/peers.ts`
 */
import { systemClock } from '../src/adapters/clock/system.js';
import { systemEntropy } from '../src/adapters/entropy/system.js';
import { TcpNet } from '../src/adapters/net/tcp.js';
import type { Message } from '../src/core/wire/index.js';
import { Peers } from '../src/node/peers/index.js';
import { silentLogger } from '../src/ports/index.js';
import { CHAIN, FEATURES, identity, PeersTable } from '../test/support/peers.js';

const MESSAGES = 20_000;

function peersOf(name: string): Peers {
  return new Peers(
    {
      chainHash: CHAIN,
      features: FEATURES,
      listen: [{ host: '127.0.0.1', port: 0 }],
      defaultPort: 9735,
    },
    {
      net: new TcpNet(),
      clock: systemClock,
      entropy: systemEntropy,
      signer: identity(name).signer,
      store: new PeersTable() as never,
      log: silentLogger,
      fatal: console.error,
    },
  );
}

const [alice, bob] = [peersOf('alice'), peersOf('bob')];
await alice.start();
await bob.start();
const to = identity('bob').id;
const back = identity('alice').id;
const connected = await alice.connect(to, '127.0.0.1', bob.listening[0]?.port);
if (!connected.ok) throw new Error(connected.error.code);

const message: Message = { kind: 'updateFee', channelId: CHAIN, feeratePerKw: 253 };
let batch = 1;
let arrived = 0;
let wake: () => void = () => {};
bob.onMessage('channel', () => {
  arrived++;
  if (arrived % batch === 0) bob.send(back, message);
});
alice.onMessage('channel', () => wake());

/** `batch` messages one way and one back, again and again. */
async function measure(): Promise<void> {
  arrived = 0;
  const start = process.hrtime.bigint();
  while (arrived < MESSAGES) {
    const answered = new Promise<void>((resolve) => {
      wake = resolve;
    });
    for (let i = 0; i < batch; i++) alice.send(to, message);
    await answered;
  }
  const micros = Number(process.hrtime.bigint() - start) / 1e3;
  const rate = Math.round((arrived / micros) * 1e6).toLocaleString('en');
  const trip = Math.round((micros / arrived) * batch).toLocaleString('en');
  console.log(`${batch} at a time: ${rate} messages a second, ${trip} µs there and back`);
}

for (batch of [1, 10, 50]) await measure();
await alice.stop();
await bob.stop();
