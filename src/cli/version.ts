import { readFileSync } from 'node:fs';

/** The Core Lightning whose commands these are: its clients look what they may ask for. */
const INTERFACE = 'v26.06';

/** As `--version` and `getinfo` tell it: the interface's version, and after our name the package's. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return `${INTERFACE}-levin-${(JSON.parse(text) as { version: string }).version}`;
}
