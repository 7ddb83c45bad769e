import { describe, expect, it } from 'vitest';
import { LAB_EPOCH_MS, VirtualClock } from '../../../src/lab/clock.js';
import { sleep } from '../../../src/ports/index.js';

describe('the virtual clock', () => {
  it('runs timers by time, and those of one instant in the order they were set', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.after(20, () => seen.push('c'));
    clock.after(10, () => seen.push('a'));
    clock.after(10, () => seen.push('b'));
    clock.after(30, () => seen.push('late'));
    await clock.advance(25);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(clock.now()).toBe(LAB_EPOCH_MS + 25);
  });

  it('a cancelled timer does not run', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const cancel = clock.after(5, () => seen.push('cancelled'));
    clock.after(4, cancel);
    clock.after(6, () => seen.push('kept'));
    await clock.advance(10);
    expect(seen).toEqual(['kept']);
  });

  it('time stands still while real work is held, and goes on where it fails', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.after(5, () => seen.push(`timer at ${clock.now() - LAB_EPOCH_MS}`));
    const real = (ms: number, what: string) =>
      clock
        .hold(new Promise<void>((done) => setTimeout(done, ms)))
        .then(() => seen.push(`${what} at ${clock.now() - LAB_EPOCH_MS}`));
    void real(20, 'first').then(() => real(10, 'second'));
    const failing = clock.hold(Promise.reject(new Error('away')));
    await Promise.all([clock.advance(10), expect(failing).rejects.toThrow('away')]);
    expect(seen).toEqual(['first at 0', 'second at 0', 'timer at 5']);
  });

  it('promise work of any depth ends before the next timer of the same instant', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.after(1, async () => {
      for (let i = 0; i < 500; i++) await Promise.resolve();
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      seen.push('first, at its end');
    });
    clock.after(1, () => seen.push('second'));
    await clock.advance(1);
    expect(seen).toEqual(['first, at its end', 'second']);
  });

  it('waits for immediates that set immediates', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.after(1, async () => {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      seen.push('first');
    });
    clock.after(1, () => seen.push('second'));
    await clock.advance(1);
    expect(seen).toEqual(['first', 'second']);
  });

  it('a sleeper that sleeps again wakes at the right times', async () => {
    const clock = new VirtualClock({ start: 0 });
    const seen: number[] = [];
    const sleeper = async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(clock, 1000);
        seen.push(clock.now());
      }
    };
    void sleeper();
    await clock.advance(10_000);
    expect(seen).toEqual([1000, 2000, 3000]);
  });

  it('runUntil stops at the event that brought it about, or at the limit', async () => {
    const clock = new VirtualClock({ start: 0 });
    let count = 0;
    const tick = (): void => {
      count++;
      clock.after(100, tick);
    };
    clock.after(100, tick);
    expect(await clock.runUntil(() => count === 3, 10_000)).toBe(true);
    expect(clock.now()).toBe(300);
    expect(await clock.runUntil(() => count === 1000, 500)).toBe(false);
    expect(count).toBe(8);
  });
});
