/**
 * Runs a program of dist/bundle as bin/ does, `node scripts/keep-compiled.mjs NAME ARGUMENTS`, and
 * at its end keeps the code that V8 compiled of it, for all starts to come.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bundle, compiledFileOf, MARK_LENGTH } from '../bin/run.js';

const [node, , name, ...args] = process.argv;
process.argv = [node, resolve(import.meta.dirname, '../bin', name), ...args];
const { file, source, script, start } = bundle(name);
process.on('exit', () => {
  const kept = compiledFileOf(file);
  const mark = Buffer.from(source.slice(-MARK_LENGTH), 'latin1');
  writeFileSync(`${kept}.new`, Buffer.concat([mark, script.createCachedData()]));
  renameSync(`${kept}.new`, kept);
});
start();
