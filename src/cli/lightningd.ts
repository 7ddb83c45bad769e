/** The daemon: options, log, socket, node; and a clean end. */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { TextLog } from '../adapters/log/index.js';
import type { DaemonConfig } from '../node/main/daemon-config.js';
import { daemonConfig } from './config.js';
import { gatherOptions, makeFolder, optionsText } from './option-parser.js';
import { askPassphrase } from './passphrase.js';
import { runDaemon } from './run-daemon.js';
import { version } from './version.js';

/** Set for the process in the background: it tells the one in front when it is ready. */
const CHILD = 'LEVIN_BACKGROUND';

const fail = (message: string): never => {
  process.stderr.write(`lightningd: ${message}\n`);
  if (process.send) process.send({ failed: message }, () => process.exit(1));
  process.exit(1);
};

function readOptions(args: readonly string[]): DaemonConfig {
  const { given, places } = gatherOptions(args);
  if (given.has('help')) {
    process.stdout.write(`Usage: lightningd [OPTIONS]\n${optionsText()}\n`);
    process.exit(0);
  }
  if (given.has('version')) {
    process.stdout.write(`${version()}\n`);
    process.exit(0);
  }
  const config = daemonConfig(given, places, version());
  if (given.has('daemon') && process.env[CHILD] === undefined) goBackground(config);
  return config;
}

/** Whoever waits at the terminal is told after so many milliseconds what for. */
const TELL_AFTER = 3000;

/**
 * Starts the same again, detached; ends with 0 once that one is ready, else with its message. Until
 * then it is one with the other: what interrupts the one in front ends both.
 */
function goBackground({ log }: DaemonConfig): never {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['inherit', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, [CHILD]: '1' },
  });
  child.once('message', (message: { ready?: true; failed?: string }) => {
    if (message.failed !== undefined) {
      process.stderr.write(`lightningd: ${message.failed}\n`);
      process.exit(1);
    }
    child.disconnect();
    child.unref();
    process.exit(0);
  });
  // However it ended, it has not started.
  child.once('exit', (code) => process.exit(code || 1));
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => child.kill('SIGTERM'));
  setTimeout(() => {
    process.stderr.write(`lightningd: still starting; ${log.files.join(', ')} says why\n`);
  }, TELL_AFTER);
  throw new InFront();
}

/** The process in front has nothing more to do than to wait for the other's word. */
class InFront extends Error {}

function makePlaces(config: DaemonConfig): void {
  makeFolder(config.places.networkDir);
  makeFolder(dirname(config.pidFile));
}

async function main(): Promise<void> {
  const config = readOptions(process.argv.slice(2));
  makePlaces(config);
  const passphrase = config.askPassphrase ? await askPassphrase() : undefined;
  // A terminal or a pipe that is gone must not end a node: what it would have read is lost.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const log = new TextLog(config.log);
  process.on('SIGHUP', () => log.reopen());
  const end = await runDaemon(config, {
    log: log.logger,
    recentLog: () => log.recent(),
    passphrase,
    ready: () => {
      writeFileSync(config.pidFile, `${process.pid}\n`, { mode: 0o644 });
      if (process.send) process.send({ ready: true }, () => process.disconnect?.());
    },
  });
  rmSync(config.pidFile, { force: true });
  log.close();
  process.exit(end);
}

main().catch((error: Error) => {
  if (!(error instanceof InFront)) fail(error.message);
});
