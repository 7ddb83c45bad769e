import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../../../src/ports/index.js';
import { help } from '../../../src/rpc/commands/help.js';
import { notifications } from '../../../src/rpc/commands/notifications.js';
import { defineCommand, type NodeApi, RpcError } from '../../../src/rpc/index.js';
import * as p from '../../../src/rpc/params.js';
import { RpcServer } from '../../../src/rpc/server.js';

const CLI = resolve(import.meta.dirname, '../../../src/cli/lightning-cli.ts');

const echo = defineCommand({
  name: 'echo',
  category: 'utility',
  summary: 'Answers what it is given.',
  description: 'For the test.',
  params: () => z.object({ first: z.unknown().optional(), second: z.unknown().optional() }),
  result: () => z.unknown(),
  run: ({ first, second }, { notify }) => {
    notify.message('working');
    return { first, second, amount: (1n << 64n) - 1n };
  },
});
const refuse = defineCommand({
  name: 'refuse',
  category: 'utility',
  summary: 'Refuses.',
  description: 'For the test.',
  params: () => z.object({ why: p.string() }),
  result: () => z.unknown(),
  run: ({ why }) => {
    throw new RpcError(205, why);
  },
});

let dir: string;
let server: RpcServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'levin-client-'));
  mkdirSync(join(dir, 'regtest'));
  writeFileSync(join(dir, 'config'), 'network=regtest\nfee-base=1\n');
  server = new RpcServer(
    { path: join(dir, 'regtest', 'lightning-rpc'), developer: false },
    { commands: [echo, refuse, help, notifications], log: silentLogger },
  );
  await server.start();
  server.serve({} as NodeApi);
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

const run = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((done) => {
    const all = ['--import', 'tsx', CLI, `--lightning-dir=${dir}`, ...args];
    const child = execFile(process.execPath, all, (_, out, err) =>
      done({ code: child.exitCode ?? -1, out, err }),
    );
  });
const given = async (...args: string[]): Promise<unknown> => {
  const { out, err } = await run('-R', '-N', 'none', 'echo', ...args);
  if (err !== '') throw new Error(err);
  return out.trim();
};

describe('lightning-cli', () => {
  it('finds the socket by the configuration, and prints the answer indented', async () => {
    const { code, out } = await run('-N', 'none', 'echo', 'x');
    expect([code, out]).toEqual([0, '{\n   "first": "x",\n   "amount": 18446744073709551615\n}\n']);
  });

  it('sends parameters by position and by name, as JSON where they are', async () => {
    const big = '18446744073709551615';
    const answer = (first: string, second?: string) =>
      `{"first":${first}${second === undefined ? '' : `,"second":${second}`},"amount":${big}}`;
    expect(await given('5', '[1,{"a":null}]')).toBe(answer('5', '[1,{"a":null}]'));
    expect(await given('second=true', 'first=a=b')).toBe(answer('"a=b"', 'true'));
    expect(await given('-x')).toBe(answer('"-x"'));
    expect(await given('1sat', '"5"')).toBe(answer('"1sat"', '"5"'));
    expect(await given('1'.repeat(64))).toBe(answer(`"${'1'.repeat(64)}"`));
  });

  it('takes -k and -o at their word', async () => {
    expect((await run('-R', '-N', 'none', '-o', 'echo', 'a=b')).out).toContain('"first":"a=b"');
    const wrong = await run('-k', 'echo', 'a');
    expect([wrong.code, wrong.err]).toEqual([3, "lightning-cli: NAME=VALUE is wanted in 'a'\n"]);
  });

  it('ends with 1 where the daemon refuses, and prints the error', async () => {
    const { code, out } = await run('refuse', 'no way');
    expect([code, out]).toEqual([1, '{\n   "code": 205,\n   "message": "no way"\n}\n']);
  });

  it('ends with 2 where no daemon answers, and with 3 where it is called wrongly', async () => {
    const away = await run('--network=signet', 'echo');
    expect([away.code, away.err]).toEqual([
      2,
      `lightning-cli: no lightningd answers at ${join(dir, 'signet', 'lightning-rpc')} (ENOENT); there is one with --network=regtest\n`,
    ]);
    const wrong = await run('--nonsense', 'echo');
    expect([wrong.code, wrong.err]).toEqual([3, 'lightning-cli: unknown option --nonsense\n']);
  });

  it('shows what a command says meanwhile, to who asks for it', async () => {
    const answer = 'first=x\namount=18446744073709551615\n';
    expect((await run('-F', '-N', 'info', 'echo', 'x')).out).toBe(`# working\n${answer}`);
    expect((await run('-F', 'echo', 'x')).out).toBe(answer);
  });

  it('shows the list of commands, and the page of one', async () => {
    expect((await run('help')).out).toContain(
      'echo [first] [second]\n    Answers what it is given.',
    );
    expect((await run('help', 'refuse')).out).toContain('REFUSE(7)\n\nNAME\n    refuse - Refuses.');
    expect((await run('-J', 'help', 'refuse')).out).toContain('"command": "refuse why"');
  });
});
