/** The datastore, as its commands name and show it. */
import { fromUtf8, toHex, utf8 } from '../../core/bytes/index.js';
import type { DatastoreEntry, DatastoreKey } from '../../node/datastore/index.js';
import { cut } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';

export const keyParam = () =>
  p.param<DatastoreKey>('string|array', 'should be a string or an array of strings', (v) => {
    const key = Array.isArray(v) ? v : [v];
    const good = key.length > 0 && key.every((part) => typeof part === 'string' && part !== '');
    return good ? (key as string[]) : undefined;
  });

export const entryResult = () => ({
  key: r.array(r.string()).describe('Where it is.'),
  generation: r.integer().optional().describe('How often it was changed; left out above others.'),
  hex: r.hex().optional().describe('What is there.'),
  string: r.string().optional().describe('As text, if it is UTF-8.'),
});

export function shownEntry({ key, value }: DatastoreEntry) {
  if (value === undefined) return { key: [...key] };
  const text = fromUtf8(value.data);
  return {
    key: [...key],
    generation: value.generation,
    hex: toHex(value.data),
    // What is not UTF-8 does not come back as it was.
    ...(toHex(utf8(text)) === toHex(value.data) ? { string: text } : {}),
  };
}

/** As errors show it. */
export const shownKey = (key: DatastoreKey): string => cut(key.join('/'));
