/**
 * The programs in few files: dist/bundle/lightningd.js and lightning-cli.js with what they share.
 * A start reads some ten files in place of four hundred, which halves it. dist/ beside it is the
 * library, file by file; where there is no bundle the programs in bin/ run from there.
 */
import { readdirSync, rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const outdir = resolve(root, 'dist/bundle');
const { metafile } = await build({
  metafile: true,
  absWorkingDir: root,
  entryPoints: {
    lightningd: 'dist/cli/lightningd.js',
    'lightning-cli': 'dist/cli/lightning-cli.js',
    // The threads are found beside the chunk that starts them.
    worker: 'dist/adapters/store/sqlite/worker.js',
    'verify-worker': 'dist/adapters/verifier/verify-worker.js',
  },
  outdir,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Native code, and what is loaded only where it is there.
  external: ['secp256k1', '@photostructure/sqlite', 'bitcore-lib', 'tsx'],
  logLevel: 'warning',
});

// What an earlier build left goes last, so that there is never a moment without a bundle.
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(outdir)) if (!made.has(name)) rmSync(resolve(outdir, name));
