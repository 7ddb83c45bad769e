import { stdout } from 'node:process';

const colored = stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
const paint =
  (code: string) =>
  (text: string): string =>
    colored ? `\x1b[${code}m${text}\x1b[0m` : text;

export const bold = paint('1');
export const dim = paint('2');
export const green = paint('32');
export const yellow = paint('33');
export const red = paint('31');

const WIDTH = 78;

/** What the demo shows: chapters, steps with the time they took, and what was found. */
export class Screen {
  readonly #began = performance.now();
  #chapter = 0;
  #over = false;

  title(text: string): void {
    stdout.write(`\n${bold(text)}\n`);
  }

  chapter(text: string): void {
    stdout.write(`\n${bold(`${++this.#chapter}. ${text}`)}\n`);
  }

  /** Does something, and says what it was once it is done. */
  async step<T>(text: string, act: () => Promise<T>): Promise<T> {
    if (colored) stdout.write(dim(`   … ${text}`));
    const began = performance.now();
    const wipe = colored ? '\r\x1b[K' : '';
    try {
      const result = await act();
      const took = `${((performance.now() - began) / 1000).toFixed(1)} s`;
      const gap = ' '.repeat(Math.max(1, WIDTH - text.length - took.length - 5));
      stdout.write(`${wipe}   ${green('✓')} ${text}${gap}${dim(took)}\n`);
      return result;
    } catch (error) {
      if (!this.#over) stdout.write(`${wipe}   ${red('✗')} ${text}\n`);
      throw error;
    }
  }

  /** Nothing more is shown of steps that end after this. */
  stop(): void {
    this.#over = true;
  }

  /** A finding, under the step it belongs to. */
  tell(text: string): void {
    for (const line of text.split('\n')) stdout.write(`     ${line}\n`);
  }

  /** A command as one would type it. */
  command(text: string): void {
    stdout.write(`   ${dim('$')} ${yellow(text)}\n`);
  }

  end(text: string): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1);
    stdout.write(`\n${green('✓')} ${bold(text)} ${dim(`(${seconds} s)`)}\n\n`);
  }
}

/** 1234567 msat as `1,234.567 sat`. */
export function sat(msat: number | bigint): string {
  const whole = BigInt(msat) / 1000n;
  const rest = BigInt(msat) % 1000n;
  const digits = whole.toString().replace(/\B(?=(\d{3})+$)/g, ',');
  return rest === 0n ? `${digits} sat` : `${digits}.${rest.toString().padStart(3, '0')} sat`;
}
