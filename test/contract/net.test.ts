import { TcpNet } from '../../src/adapters/net/tcp.js';
import { VirtualClock } from '../../src/lab/clock.js';
import { SeededEntropy } from '../../src/lab/entropy.js';
import { MemoryNet } from '../../src/lab/net.js';
import { netContract } from './net.js';

netContract('TCP on this machine', async () => {
  const net = new TcpNet();
  return {
    server: net,
    client: net,
    address: { host: '127.0.0.1', port: 0 },
    async until(done) {
      for (let waited = 0; !done(); waited++) {
        if (waited > 5_000) throw new Error('it never happened');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    close: async () => {},
  };
});

netContract('the lab, in virtual time', async () => {
  const clock = new VirtualClock();
  const net = new MemoryNet({}, { clock, entropy: new SeededEntropy('net contract') });
  return {
    server: net.host('bob'),
    client: net.host('alice'),
    address: { host: 'bob', port: 0 },
    async until(done) {
      if (!(await clock.runUntil(done, 600_000))) throw new Error('it never happened');
    },
    close: async () => {},
  };
});
