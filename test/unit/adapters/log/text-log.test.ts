import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TextLog } from '../../../../src/adapters/log/index.js';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'levin-log-'));
  file = join(dir, 'log');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const options = () => ({ levels: [], files: [file], prefix: '', timestamps: false });
const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n');

describe('the log', () => {
  it('is lines of time, level, subsystem, message and values', () => {
    const log = new TextLog({ ...options(), timestamps: true, prefix: 'alice ' });
    log.logger
      .child('peer-02ab')
      .warn('said', { amount: 5n, bytes: Uint8Array.of(1), none: undefined });
    expect(lines()).toEqual([
      expect.stringMatching(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z UNUSUAL alice peer-02ab: said amount=5 bytes=01$/,
      ),
    ]);
    log.close();
  });

  it('leaves out what is below the level of its subsystem', () => {
    const log = new TextLog({
      ...options(),
      levels: [
        { level: 'unusual', subsystem: '' },
        { level: 'debug', subsystem: 'peer-02' },
      ],
    });
    log.logger.info('left out');
    log.logger.child('peer-02ab').debug('kept');
    log.logger.error('broken');
    expect(lines()).toEqual(['DEBUG   peer-02ab: kept', 'BROKEN  lightningd: broken']);
    expect(log.recent().map((line) => [line.level, line.subsystem, line.message])).toEqual([
      ['debug', 'peer-02ab', 'kept'],
      ['broken', 'lightningd', 'broken'],
    ]);
    log.close();
  });

  it('is one line whatever a peer calls itself', () => {
    const log = new TextLog(options());
    log.logger.info('alias', { alias: 'a\nBROKEN  lightningd: \u001b[31mlies\u2028' });
    log.logger.info('second\nline');
    expect(lines()).toHaveLength(2);
    expect(lines()[1]).toBe('INFO    lightningd: second\\nline');
    log.close();
  });

  it('goes on in a new file once the old one was moved away', () => {
    const log = new TextLog(options());
    log.logger.info('before');
    renameSync(file, `${file}.1`);
    log.reopen();
    log.logger.info('after');
    expect(lines()).toEqual(['INFO    lightningd: after']);
    log.close();
  });

  it('keeps the last lines only', () => {
    const log = new TextLog({ ...options(), files: [] });
    for (let i = 0; i < 20_000; i++) log.logger.info(`line ${i}`);
    expect(log.recent()).toHaveLength(4000);
    expect(log.recent().at(-1)?.message).toBe('line 19999');
  });
});
