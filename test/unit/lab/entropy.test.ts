import { describe, expect, it } from 'vitest';
import { SeededEntropy } from '../../../src/lab/entropy.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('seeded entropy', () => {
  it('is the same stream for the same seed, and another one for another', () => {
    const [a, b, c] = [new SeededEntropy('7'), new SeededEntropy('7'), new SeededEntropy('8')];
    const first = hex(a.bytes(64));
    expect(hex(b.bytes(32)) + hex(b.bytes(32))).toBe(first);
    expect(hex(c.bytes(64))).not.toBe(first);
  });

  it('a fork does not depend on what its parent or its siblings drew', () => {
    const a = new SeededEntropy('7');
    a.bytes(1000);
    a.fork('bob').bytes(10);
    expect(hex(a.fork('alice').bytes(32))).toBe(
      hex(new SeededEntropy('7').fork('alice').bytes(32)),
    );
    expect(hex(a.fork('alice').bytes(32))).not.toBe(hex(a.fork('bob').bytes(32)));
  });

  it('numbers are spread over their whole range', () => {
    const entropy = new SeededEntropy('dice');
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 6000; i++) counts[entropy.between(1, 6) - 1]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
