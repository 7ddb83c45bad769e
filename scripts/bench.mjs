/**
 * Runs a measurement as one file of plain JavaScript, as the daemon runs: `bench.mjs NAME ARGS`
 * makes bench/NAME.ts into .cache/bench/NAME.mjs and starts it.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const [name, ...args] = process.argv.slice(2);
const outfile = resolve(root, `.cache/bench/${name}.mjs`);
await build({
  absWorkingDir: root,
  entryPoints: [`bench/${name}.ts`],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
const child = spawn(process.execPath, [...process.execArgv, outfile, ...args], {
  stdio: 'inherit',
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
