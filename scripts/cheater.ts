/**
 * A cheater broadcasts each of its 50 revoked commitments in turn: `npx tsx scripts/cheater.ts
 * [states]` on the simulated chain; `npx tsx scripts/cheater.ts bitcoind [states]
 * [anchors|static_remotekey]` with daemons on a real bitcoind, started from copies of its store.
 */
import { cheat } from '../test/support/endings/cheater.js';
import { type CheatedType, RealCheater } from '../test/support/endings/real-cheater.js';

const args = process.argv.slice(2);
const real = args[0] === 'bitcoind';
if (real) args.shift();
const revoked = Number(args[0] ?? 50);
let bad = 0;

function tell(state: number, wrong: string): void {
  console.log(`state ${state}: ${wrong === '' ? 'it loses everything' : wrong}`);
  if (wrong !== '') bad++;
}

if (real) {
  const cheater = await RealCheater.start((args[1] ?? 'anchors') as CheatedType, revoked);
  try {
    for (let state = 0; state < revoked; state++) tell(state, await cheater.cheat(state));
  } finally {
    await cheater.stop();
  }
} else {
  // One state more, which revokes the last of them.
  for (let chosen = 0; chosen < revoked; chosen++) tell(chosen, await cheat(chosen, revoked + 1));
}
console.log(`${revoked} states, ${bad} wrong`);
process.exitCode = bad === 0 ? 0 : 1;
