/**
 * Writes docs/commands/*.md and docs/options.md from the declarations in the code.
 *     npx tsx scripts/manual.ts
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { optionsPage } from '../src/cli/option-parser.js';
import { manualFiles } from '../src/rpc/manual-files.js';

const docs = resolve(import.meta.dirname, '../docs');
const folder = join(docs, 'commands');
mkdirSync(folder, { recursive: true });
const files = manualFiles();
for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
for (const [name, text] of files) writeFileSync(join(folder, name), text);
writeFileSync(join(docs, 'options.md'), optionsPage());
console.log(`${files.size} files in docs/commands`);
