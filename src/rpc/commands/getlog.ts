import { z } from 'zod';
import type { LogLevel, LogLine } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, unusual: 2, broken: 3 };

/** Core Lightning's two levels below debug are one with it here. */
export const logLevel = () =>
  p.param<LogLevel>(
    'io|trace|debug|info|unusual|broken',
    'should be io, trace, debug, info, unusual or broken',
    (value) => {
      if (value === 'io' || value === 'trace') return 'debug';
      return typeof value === 'string' && Object.hasOwn(RANK, value)
        ? (value as LogLevel)
        : undefined;
    },
  );

export const logEntryResult = () =>
  r.object({
    type: r.oneOf('SKIPPED', 'BROKEN', 'UNUSUAL', 'INFO', 'DEBUG').describe('The level.'),
    num_skipped: r.integer().optional().describe('Lines left out here.'),
    time: r.string().optional().describe('Seconds since the daemon was started.'),
    source: r.string().optional().describe('The subsystem.'),
    log: r.string().optional().describe('What happened.'),
  });

const WORD = { debug: 'DEBUG', info: 'INFO', unusual: 'UNUSUAL', broken: 'BROKEN' } as const;

/** Lines below the level are counted, not shown. */
export function logEntries(
  lines: readonly LogLine[],
  level: LogLevel,
): z.input<ReturnType<typeof logEntryResult>>[] {
  const out: z.input<ReturnType<typeof logEntryResult>>[] = [];
  const start = lines[0]?.time ?? 0;
  let skipped = 0;
  const flush = (): void => {
    if (skipped > 0) out.push({ type: 'SKIPPED', num_skipped: skipped });
    skipped = 0;
  };
  for (const line of lines) {
    if (RANK[line.level] < RANK[level]) {
      skipped++;
      continue;
    }
    flush();
    out.push({
      type: WORD[line.level],
      time: ((line.time - start) / 1000).toFixed(9),
      source: line.subsystem,
      log: line.message,
    });
  }
  flush();
  return out;
}

export const getlog = defineCommand({
  name: 'getlog',
  category: 'utility',
  summary: 'Show the last lines of the log.',
  description:
    'The lines that are kept in memory, the oldest first; `time` counts from the first of them. ' +
    'What is below `log-level` is not kept at all.',
  params: () =>
    z.object({
      level: logLevel().default('info').describe('The least level shown.'),
    }),
  result: () =>
    r.object({
      created_at: r.string().describe('The time of the first line, in seconds since 1970.'),
      bytes_used: r.integer().describe('What the kept lines hold.'),
      bytes_max: r.integer().describe('What may be kept.'),
      log: r.array(logEntryResult()),
    }),
  examples: [{ cli: 'lightning-cli getlog unusual' }],
  run: ({ level }, { node }) => {
    const lines = node.recentLog();
    const used = lines.reduce((sum, l) => sum + l.message.length + l.subsystem.length, 0);
    return {
      created_at: ((lines[0]?.time ?? node.clock.now()) / 1000).toFixed(9),
      bytes_used: used,
      bytes_max: Math.max(used, 4 * 1024 * 1024),
      log: logEntries(lines, level),
    };
  },
});
