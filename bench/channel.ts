/**
 * What a payment costs the two machines of a channel, without disk, sockets or processes: CPU time
 * of both sides together, one payment at a time and 50 at a time.
 *     npx tsx bench/channel.ts [PAYMENTS=2000] [AMOUNT_MSAT=1000]
 */
import { Pair } from '../test/unit/channel/harness.js';

const [payments, amount] = [process.argv[2] ?? '2000', process.argv[3] ?? '1000'];

function run(count: number, together: number): void {
  const pair = new Pair({ funding: 100_000_000n as never }).open();
  const once = (): void => {
    for (let i = 0; i < together; i++) {
      const result = pair.add(pair.alice, BigInt(amount));
      if (!result.ok) throw new Error(JSON.stringify(result.error, (_, v) => String(v)));
    }
    pair.settle();
    for (const id of [...pair.bob.received.keys()]) pair.decide(pair.bob, id, { kind: 'fulfill' });
    pair.settle();
    // What the harness remembers for its checks is not the machine's.
    for (const party of [pair.alice, pair.bob]) {
      party.effects = [];
      party.payments.clear();
      party.decided.clear();
      party.revoked.length = 0;
    }
  };
  for (let i = 0; i < Math.ceil(500 / together); i++) once();
  const before = process.cpuUsage();
  for (let i = 0; i < count / together; i++) once();
  const { user, system } = process.cpuUsage(before);
  const each = (user + system) / 1000 / count;
  console.log(JSON.stringify({ together, payments: count, cpu_ms_each: Number(each.toFixed(3)) }));
}

for (const together of [1, 50]) run(Number(payments), together);
