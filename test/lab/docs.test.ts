import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

const page = readFileSync(join(import.meta.dirname, '../../docs/lab.md'), 'utf8');
const examples = [...page.matchAll(/```(?:ts|js)\n([\s\S]*?)```/g)].map((m) => m[1] as string);

type Run = (lab: typeof Lab, check: typeof assert, test: unknown, log: object) => Promise<void>;
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...args: string[]
) => Run;

describe('the examples of docs/lab.md', () => {
  it.each(examples.map((code, i) => [i + 1, code] as const))(
    'number %i runs as it stands',
    async (_, code) => {
      expect(code).toContain("import { Lab } from 'levin/lab';");
      const body = code.replace(/^import .*\n/gm, '').replace(/^test\(/m, 'return test(');
      const run = new AsyncFunction('Lab', 'assert', 'test', 'console', body);
      const test = (_name: string, body: () => Promise<void>): Promise<void> => body();
      await run(Lab, assert, test, { log() {} });
    },
  );

  it('are there', () => expect(examples).toHaveLength(2));
});
