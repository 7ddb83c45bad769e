import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flatLines,
  helpList,
  humanLines,
  indentJson,
  members,
} from '../../../src/cli/json-text.js';

describe('what the client prints', () => {
  const text = '{"a":{"b":[1,{"c":"x \\"y\\""}],"d":[]},"e":18446744073709551615,"f":{},"g":"h"}';

  it('indents by three and keeps every digit', () => {
    expect(indentJson(text)).toBe(`{
   "a": {
      "b": [
         1,
         {
            "c": "x \\"y\\""
         }
      ],
      "d": []
   },
   "e": 18446744073709551615,
   "f": {},
   "g": "h"
}`);
  });

  it('is the same value however it is indented', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify(value);
        expect(JSON.stringify(JSON.parse(indentJson(json)))).toBe(json);
      }),
    );
  });

  it('finds the members of an object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const found = members(JSON.stringify(value));
        expect(Object.fromEntries([...found].map(([k, v]) => [k, JSON.parse(v)]))).toEqual(
          Object.fromEntries(
            Object.entries(value).map(([k, v]) => [k, JSON.parse(JSON.stringify(v))]),
          ),
        );
      }),
    );
    expect(members('[1]').size).toBe(0);
  });

  it('flattens', () => {
    expect(flatLines(text).split('\n')).toEqual([
      'a.b[0]=1',
      'a.b[1].c=x "y"',
      'e=18446744073709551615',
      'g=h',
    ]);
    expect(humanLines('"Shutdown complete"')).toBe('Shutdown complete');
  });

  it('lists the commands by category, or shows a page', () => {
    const entry = { command: 'ping id', category: 'network', description: 'Ping.' };
    expect(helpList(JSON.stringify({ help: [entry] }))).toContain(
      '=== network ===\n\nping id\n    Ping.',
    );
    expect(helpList(JSON.stringify({ help: [{ ...entry, verbose: 'PING(7)\n' }] }))).toBe(
      'PING(7)',
    );
    // A daemon that says no more than the command's usage.
    expect(helpList('{"help":[{"command":"ping id"}]}')).toMatch(/^ping id\n/);
  });
});
