/** `npm run demo`: four daemons on an embedded chain, a payment, a failure, and what it taught. */
import { Processes } from './demo/processes.js';
import { Screen } from './demo/screen.js';
import { Story } from './demo/story.js';

const screen = new Screen();
const processes = new Processes();

const interrupted = new Promise<never>((_, reject) => {
  // Kept: a second Ctrl-C must not cut the tidying up short.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => reject(new Error(`interrupted (${signal})`)));
});

screen.title('Levin: a payment along a route, and a failure that teaches the route table');
try {
  const story = new Story({}, { screen, processes }).tell();
  await Promise.race([story, interrupted, processes.lost]);
  await processes.end();
  screen.end('done: paid twice, failed once, learned from it, and not a satoshi is missing');
  process.exit(0);
} catch (error) {
  screen.stop();
  process.stderr.write(`\n${(error as Error).message}\n`);
  if (!/^interrupted/.test((error as Error).message))
    process.stderr.write(`${processes.tails()}\n`);
  await processes.end();
  process.exit(1);
}
