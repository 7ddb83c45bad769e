import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** The rooms of the core from the ground up: one imports only itself and those before it. */
const CORE = [
  'bytes',
  'crypto',
  'bitcoin',
  'wire',
  'transport',
  'onion',
  'invoice',
  'channel',
  'onchain',
  'gossip',
  'routing',
  'payment',
];

/** What each ring may import of the other rings. */
const RINGS: Record<string, readonly string[]> = {
  core: [],
  ports: ['core'],
  adapters: ['core', 'ports'],
  node: ['core', 'ports'],
  rpc: ['core', 'ports', 'node'],
  lab: ['core', 'ports', 'adapters', 'node', 'rpc'],
  cli: ['core', 'ports', 'adapters', 'node', 'rpc', 'lab'],
};

/** The composition root is the one place of `node` that knows adapters. */
const ADAPTERS_ALLOWED = /^node\/main\//;

/** The one file of the core that loads compiled code, since an import cannot say "or else". */
const NATIVE_LOADER: Record<string, string> = { 'core/crypto/curve-native.ts': 'node:module' };

function* files(dir: string): Generator<string> {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (path.endsWith('.ts')) yield path;
  }
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

function* imports(): Generator<{ from: string; to: string; bare: boolean }> {
  for (const file of files(SRC)) {
    const from = relative(SRC, file);
    for (const m of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const spec = (m[1] ?? m[2]) as string;
      if (spec.startsWith('.'))
        yield { from, to: relative(SRC, resolve(dirname(file), spec)), bare: false };
      else yield { from, to: spec, bare: true };
    }
  }
}

describe('the house', () => {
  it('a ring imports only the rings it stands on', () => {
    const wrong = [];
    for (const { from, to, bare } of imports()) {
      const [a, b] = [from.split('/')[0] as string, to.split('/')[0] as string];
      if (bare || a === b || !(a in RINGS)) continue;
      if (b === 'adapters' && ADAPTERS_ALLOWED.test(from)) continue;
      if (!RINGS[a]?.includes(b)) wrong.push(`${from} -> ${to}`);
    }
    expect(wrong).toEqual([]);
  });

  it('a room of the core imports only itself and the rooms below it', () => {
    const wrong = [];
    for (const { from, to, bare } of imports()) {
      if (bare || !from.startsWith('core/') || !to.startsWith('core/')) continue;
      const [a, b] = [
        CORE.indexOf(from.split('/')[1] as string),
        CORE.indexOf(to.split('/')[1] as string),
      ];
      if (a < 0 || b < 0 || b > a) wrong.push(`${from} -> ${to}`);
    }
    expect(wrong).toEqual([]);
  });

  it('the core does no I/O, reads no clock, draws no randomness and waits for nothing', () => {
    const wrong = [];
    for (const { from, to, bare } of imports()) {
      if (!from.startsWith('core/') || !bare) continue;
      if (NATIVE_LOADER[from] === to) continue;
      if (to.startsWith('node:') && to !== 'node:crypto') wrong.push(`${from} -> ${to}`);
    }
    for (const file of files(join(SRC, 'core'))) {
      const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      for (const m of code.matchAll(
        /\basync\b|\bawait\b|Date\.now\(|Math\.random\(|randomBytes\(|setTimeout\(|\bprocess\./g,
      ))
        wrong.push(`${relative(SRC, file)}: ${m[0]}`);
    }
    expect(wrong).toEqual([]);
  });
});
