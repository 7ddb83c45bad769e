/**
 * The programs in few files: dist/bundle/lightningd.js and lightning-cli.js, and the threads of the
 * daemon. A start reads one file in place of four hundred, and beside each program lies its code
 * as V8 has compiled it in a start made for that. dist/ beside it is the library, file by file;
 * where there is no bundle the programs in bin/ run from there.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { MARK_LENGTH } from '../bin/run.js';

const root = resolve(import.meta.dirname, '..');
const outdir = resolve(root, 'dist/bundle');

/** zod speaks some fifty languages, a sixth of the daemon's code; the node speaks one. */
const oneLanguage = {
  name: 'one-language',
  setup({ onLoad }) {
    onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

async function bundle() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: {
      lightningd: 'dist/cli/lightningd.js',
      'lightning-cli': 'dist/cli/lightning-cli.js',
      // The threads are found beside what starts them.
      worker: 'dist/adapters/store/sqlite/worker.js',
      'verify-worker': 'dist/adapters/verifier/verify-worker.js',
    },
    outdir,
    write: false,
    bundle: true,
    platform: 'node',
    // Only scripts, not ES modules, can be started from compiled code.
    format: 'cjs',
    target: 'node20',
    define: { 'import.meta.url': 'hereUrl' },
    banner: { js: 'const hereUrl = require("node:url").pathToFileURL(__filename).href;' },
    supported: { 'dynamic-import': false },
    plugins: [oneLanguage],
    // Native code, and what is loaded only where it is there.
    external: ['secp256k1', '@photostructure/sqlite', 'bitcore-lib', 'tsx'],
    logLevel: 'error',
  });
  mkdirSync(outdir, { recursive: true });
  const made = new Set(['package.json']);
  writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
  for (const { path, text, contents } of outputFiles) {
    const digest = createHash('sha256').update(contents).digest('hex');
    writeFileSync(path, `${text}//${digest}`.slice(0, text.length + MARK_LENGTH));
    made.add(basename(path));
  }
  // What an earlier build left goes last, so that there is never a moment without a bundle.
  for (const name of readdirSync(outdir)) if (!made.has(name)) rmSync(join(outdir, name));
}

const keepCompiled = (name, args) =>
  promisify(execFile)(process.execPath, [join(root, 'scripts/keep-compiled.mjs'), name, ...args], {
    timeout: 60_000,
  });

/** Starts both programs once, on a chain of their own. Without it they only start more slowly. */
async function warmUp() {
  const { startEmbeddedChainServer } = await import('../dist/adapters/chain/embedded/index.js');
  const { systemClock } = await import('../dist/adapters/clock/system.js');
  const dir = mkdtempSync(join(tmpdir(), 'levin-build-'));
  const chain = await startEmbeddedChainServer({ port: 0, blocks: 3 }, { clock: systemClock });
  const own = [`--lightning-dir=${dir}`, '--network=regtest'];
  const bitcoind = ['rpcconnect=127.0.0.1', `rpcport=${chain.port}`, 'rpcuser=u', 'rpcpassword=p'];
  try {
    const daemon = keepCompiled('lightningd', [
      ...own,
      ...bitcoind.map((option) => `--bitcoin-${option}`),
      '--autolisten=false',
      `--log-file=${join(dir, 'log')}`,
    ]);
    daemon.catch(() => {});
    const answered = async () => {
      for (let tries = 0; tries < 100; tries++) {
        const asked = await keepCompiled('lightning-cli', [...own, 'getinfo']).catch(
          () => undefined,
        );
        if (asked !== undefined) return;
        await new Promise((done) => setTimeout(done, 100));
      }
    };
    await Promise.race([answered(), daemon]);
    await keepCompiled('lightning-cli', [...own, 'stop']);
    await daemon;
  } finally {
    await chain.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

await bundle();
await warmUp().catch((error) => console.warn(`starts compile all their code: ${error.message}`));
