import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../../src/rpc/command.js';
import { commands } from '../../../src/rpc/commands/index.js';
import { misfits } from '../../support/answer-shape.js';
import { RawClient, type Reply } from '../../support/rpc-client.js';
import { complaint, paramTexts } from '../../support/rpc-fuzz.js';
import { type RpcWorld, startRpcWorld } from '../../support/rpc-world.js';

const SEED = 20;
/** Calls of each command. */
const RUNS = Number(process.env['LEVIN_RPC_RUNS'] ?? 40);
/** Whoever asks too much is told so at once; the machine may be busy. */
const PATIENCE_MS = 5000;

/** These may wait for something that does not come: then the client hangs up. */
const WAITS = /^(wait|pay$|xpay|keysend|sendpay|connect|fundchannel|multifund|close)/;
/** Last, since the world is another after them. */
const LATE = ['disconnect', 'withdraw', 'multifundchannel', 'fundchannel', 'close'];

let rpc: RpcWorld;
beforeAll(async () => {
  rpc = await startRpcWorld();
}, 60_000);
afterAll(() => rpc?.stop(), 30_000);

/** One request on a connection of its own; nothing where the command waits. */
async function ask(command: Command, params: string): Promise<Reply | undefined> {
  const client = await RawClient.connect(rpc.alice.socket);
  const patience = WAITS.test(command.name) ? 50 : PATIENCE_MS;
  const timer = setTimeout(() => client.socket.destroy(), patience);
  client.socket.write(`{"jsonrpc":"2.0","id":1,"method":"${command.name}","params":${params}}`);
  const [reply] = await client.until(1);
  clearTimeout(timer);
  client.socket.destroy();
  return reply;
}

/** What is wrong with the answer to one call. */
async function faults(command: Command, params: string): Promise<readonly string[]> {
  const reply = await ask(command, params);
  if (reply === undefined) return WAITS.test(command.name) ? [] : ['no answer'];
  if (reply.error !== undefined) {
    const wrong = complaint(command, params, reply);
    return wrong === undefined ? [] : [wrong];
  }
  return misfits(command.result, reply.result);
}

const asked = commands
  .filter(({ name }) => name !== 'stop')
  .sort((a, b) => LATE.indexOf(a.name) - LATE.indexOf(b.name));

describe('every command, whatever its parameters', () => {
  it.each(asked.map((command) => [command.name, command] as const))(
    '%s answers what its page says, or names what is wrong in words of ours',
    async (name, command) => {
      for (const params of fc.sample(paramTexts(rpc.world, command), {
        numRuns: RUNS,
        seed: SEED,
      })) {
        const found = await faults(command, params);
        expect(found, `${name} ${params.slice(0, 2000)}`).toEqual([]);
      }
    },
    60_000,
  );

  it('leaves a node that works, and a log without a bug', async () => {
    expect(rpc.broken).toEqual([]);
    expect(await rpc.alice.call('getinfo')).toMatchObject({ id: rpc.alice.id });
  });
});

describe('the socket, whatever comes', () => {
  const getinfo = (id: number): string => `{"jsonrpc":"2.0","id":${id},"method":"getinfo"}`;

  it('several requests in one packet, or one in many, are answered each', async () => {
    const client = await RawClient.connect(rpc.alice.socket);
    client.socket.write([1, 2, 3].map(getinfo).join(''));
    expect((await client.until(3)).map(({ id }) => id).sort()).toEqual([1, 2, 3]);
    for (const char of getinfo(4)) {
      client.socket.write(char);
      await new Promise(setImmediate);
    }
    expect((await client.until(4))[3]?.id).toBe(4);
    client.socket.destroy();
  });

  it('a request cut anywhere and hung up, or broken anywhere, harms nobody else', async () => {
    const text = `{"jsonrpc":"2.0","id":1,"method":"invoice","params":{"amount_msat":12345678901234567,"label":"cut","description":"\\u00e9\\""}}`;
    const other = await RawClient.connect(rpc.alice.socket);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.nat(255), async (at, byte) => {
        const cut = connect(rpc.alice.socket);
        cut.on('error', () => {});
        cut.end(text.slice(0, at));
        const bytes = Buffer.from(text);
        bytes[at] = byte;
        const client = await RawClient.connect(rpc.alice.socket);
        client.socket.end(bytes);
        const replies = await client.until(2);
        for (const { error } of replies)
          if (error !== undefined) expect(error.message).not.toMatch(/internal|token|position/i);
        expect((await other.call('getinfo')).result).toBeDefined();
      }),
      { numRuns: 150, seed: SEED },
    );
    other.socket.destroy();
  });

  it('ten megabytes in any parameter are refused or taken, and in time', async () => {
    const long = JSON.stringify('9'.repeat(10_000_000));
    for (const command of asked) {
      if (LATE.includes(command.name)) continue;
      const [first] = Object.keys(command.params.shape);
      if (first === undefined || /^(datastore|invoice|askrene-create-layer)$/.test(command.name))
        continue;
      const started = performance.now();
      const reply = await ask(command, `{"${first}":${long}}`);
      expect(reply?.error?.message.length ?? 0, command.name).toBeLessThan(600);
      expect(performance.now() - started, command.name).toBeLessThan(PATIENCE_MS);
    }
  }, 60_000);
});
