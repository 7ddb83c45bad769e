import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Script } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const RUN = resolve(import.meta.dirname, '../../../bin/run.js');
const mark = (letter: string): string => `//${letter.repeat(62)}`;
const source = (says: string, letter: string): string =>
  `exports.said = 1; console.log("${says}", process.argv[2], __filename.length > 3);\n${mark(letter)}`;

let root: string;
let bundle: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'levin-bundle-'));
  bundle = join(root, 'dist/bundle');
  mkdirSync(join(root, 'bin'));
  mkdirSync(bundle, { recursive: true });
  copyFileSync(RUN, join(root, 'bin/run.js'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The compiled code of a source, as the build keeps it. */
function keep(letter: string, code: string): void {
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${code}\n})`,
  );
  const kept = Buffer.concat([Buffer.from(mark(letter)), script.createCachedData()]);
  writeFileSync(join(bundle, 'program.js.compiled'), kept);
}

function run(): string {
  const start = `import(${JSON.stringify(join(root, 'bin/run.js'))}).then((m) => m.run('program'))`;
  return execFileSync(process.execPath, ['-e', start, 'argument'], { encoding: 'utf8' });
}

describe('a program of the bundle', () => {
  it('runs with the code that was kept for it, and with none', () => {
    writeFileSync(join(bundle, 'program.js'), source('one', 'a'));
    expect(run()).toMatch(/^one .*true\n$/);
    keep('a', source('one', 'a'));
    expect(run()).toMatch(/^one .*true\n$/);
  });

  it('never runs code that was kept for another source, though it is as long', () => {
    writeFileSync(join(bundle, 'program.js'), source('two', 'b'));
    keep('a', source('one', 'a'));
    expect(run()).toMatch(/^two /);
  });

  it('runs from its source where what was kept is damaged', () => {
    writeFileSync(join(bundle, 'program.js'), source('two', 'b'));
    writeFileSync(join(bundle, 'program.js.compiled'), `${mark('b')}no code of V8's`);
    expect(run()).toMatch(/^two /);
    writeFileSync(join(bundle, 'program.js.compiled'), '');
    expect(run()).toMatch(/^two /);
  });
});
