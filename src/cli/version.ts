import { readFileSync } from 'node:fs';

/** The package's version, as `--version` and `getinfo` tell it. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return `v${(JSON.parse(text) as { version: string }).version}`;
}
