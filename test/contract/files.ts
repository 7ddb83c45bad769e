import { describe, expect, it } from 'vitest';
import type { Files } from '../../src/ports/index.js';

const bytes = (...values: number[]) => Uint8Array.from(values);

/** What every adapter of `Files` promises. */
export function filesContract(name: string, make: () => Promise<Files>): void {
  describe(`Files: ${name}`, () => {
    it('answers nothing for a file that is not there', async () => {
      const files = await make();
      expect(await files.read('a')).toBeUndefined();
    });

    it('gives back what was written last, whole, whatever was there', async () => {
      const files = await make();
      await files.write('a', bytes(1, 2, 3, 4));
      await files.write('b', bytes(9));
      await files.write('a', bytes(5));
      expect(await files.read('a')).toEqual(bytes(5));
      expect(await files.read('b')).toEqual(bytes(9));
      await files.write('a', bytes());
      expect(await files.read('a')).toEqual(bytes());
    });

    it('keeps the order of writes that were not waited for', async () => {
      const files = await make();
      await Promise.all([1, 2, 3].map((n) => files.write('a', bytes(n))));
      expect(await files.read('a')).toEqual(bytes(3));
    });

    it('keeps its own copy', async () => {
      const files = await make();
      const contents = bytes(1);
      await files.write('a', contents);
      contents[0] = 2;
      const read = (await files.read('a')) as Uint8Array;
      read[0] = 3;
      expect(await files.read('a')).toEqual(bytes(1));
    });
  });
}
