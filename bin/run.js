/**
 * Runs a program: that of dist/bundle, whose compiled code the build has kept beside it (compiling
 * took a fifth of a start), or that of dist/cli where there is no bundle.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** A bundle ends with a comment of so many characters that tells its build from all others. */
export const MARK_LENGTH = 64;

const pathOf = (place) => fileURLToPath(new URL(place, import.meta.url));

export const compiledFileOf = (file) => `${file}.compiled`;

/** What is compiled is good for one source alone, and V8 itself compares no more than lengths. */
function keptFor(source, file) {
  try {
    const kept = readFileSync(compiledFileOf(file));
    const mark = kept.latin1Slice(0, MARK_LENGTH);
    return source.endsWith(mark) ? kept.subarray(MARK_LENGTH) : undefined;
  } catch {
    return undefined;
  }
}

/** The bundle `name`, where it was built: its source (ASCII), and what runs it. */
export function bundle(name) {
  const file = pathOf(`../dist/bundle/${name}.js`);
  if (!existsSync(file)) return undefined;
  const source = readFileSync(file, 'latin1');
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${source}\n})`,
    // Code compiled by another version of V8 is refused there, and the source compiled anew.
    { filename: file, cachedData: keptFor(source, file) },
  );
  const module = { exports: {} };
  return {
    file,
    source,
    script,
    start: () =>
      script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file)),
  };
}

export async function run(name) {
  const found = bundle(name);
  if (found !== undefined) return found.start();
  const file = pathOf(`../dist/cli/${name}.js`);
  if (existsSync(file)) return import(file);
  console.error(`${name} is not built yet: run "npm ci" (or "npm run build") first`);
  return process.exit(1);
}
