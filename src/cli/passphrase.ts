import { OptionError } from './option-parser.js';

/** One line from the terminal, without showing it; or the first line of a pipe. */
export async function askPassphrase(): Promise<string> {
  const { stdin, stdout } = process;
  if (stdin.isTTY) stdout.write('The passphrase of hsm_secret: ');
  stdin.setEncoding('utf8');
  if (stdin.isTTY) stdin.setRawMode(true);
  try {
    let typed = '';
    for await (const chunk of stdin) {
      for (const char of chunk as string) {
        if (char === '\r' || char === '\n') return nonEmpty(typed);
        if (char === '\u0003') throw new OptionError('interrupted');
        typed = char === '\u007f' ? typed.slice(0, -1) : typed + char;
      }
    }
    return nonEmpty(typed);
  } finally {
    if (stdin.isTTY) {
      stdin.setRawMode(false);
      stdout.write('\n');
    }
    stdin.destroy();
  }
}

function nonEmpty(text: string): string {
  if (text === '') throw new OptionError('--encrypted-hsm: no passphrase was given');
  return text;
}
