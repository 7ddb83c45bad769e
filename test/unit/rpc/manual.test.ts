import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { optionsPage } from '../../../src/cli/option-parser.js';
import { CommandTable } from '../../../src/rpc/command-table.js';
import { commands } from '../../../src/rpc/commands/index.js';
import { manualText, usage } from '../../../src/rpc/manual.js';
import { manualFiles } from '../../../src/rpc/manual-files.js';
import { paramsOf } from '../../../src/rpc/parse-params.js';

const DOCS = resolve(import.meta.dirname, '../../../docs');

describe('the manual', () => {
  it('in docs/ is what the declarations say (else: npx tsx scripts/manual.ts)', () => {
    const files = manualFiles();
    expect(readdirSync(join(DOCS, 'commands')).sort()).toEqual([...files.keys()].sort());
    for (const [name, text] of files)
      expect(readFileSync(join(DOCS, 'commands', name), 'utf8')).toBe(text);
    expect(readFileSync(join(DOCS, 'options.md'), 'utf8')).toBe(optionsPage());
  });

  it('names every command once, and only commands that there are', () => {
    const table = new CommandTable(commands, { developer: true });
    for (const { seeAlso, name } of commands)
      for (const other of seeAlso)
        expect([name, other, table.find(other)?.name]).not.toContain(undefined);
  });

  it('describes every parameter, and lists the required ones first', () => {
    for (const command of commands) {
      const params = paramsOf(command);
      for (const { name, schema } of params) {
        const page = manualText(command);
        expect(schema, `${command.name} ${name}`).toBeDefined();
        expect(page, `${command.name} ${name}`).toMatch(
          new RegExp(`    ${name} \\([^)]+\\):\\s+\\S`),
        );
      }
      const firstOptional = params.findIndex((p) => !p.required);
      const lastRequired = params.findLastIndex((p) => p.required);
      if (firstOptional >= 0 && lastRequired > firstOptional)
        expect.fail(`${command.name}: ${params[lastRequired]?.name} stands after an optional one`);
    }
  });

  it('fits a terminal', () => {
    for (const command of commands)
      for (const line of manualText(command).split('\n'))
        if (!line.startsWith('        ')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it('shows how ping is called, and its parameters with their defaults', () => {
    const ping = commands.find((c) => c.name === 'ping');
    if (!ping) return expect.fail('no ping');
    expect(usage(ping)).toBe('ping id [len] [pongbytes]');
    const text = manualText(ping);
    expect(text).toContain('PING(7)\n\nNAME\n    ping - See whether a peer answers.');
    expect(text).toContain('    id (pubkey): The peer; it must be connected.');
    expect(text).toMatch(
      / {4}len \(integer 0 to 65535, optional, default 128\): Bytes in\s+the ping\./,
    );
  });
});
