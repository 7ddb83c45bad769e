/** A cheater broadcasts each of its 50 revoked commitments in turn: `npx tsx scripts/cheater.ts [states]`. */
import { cheat } from '../test/support/endings/cheater.js';

const revoked = Number(process.argv[2] ?? 50);
let bad = 0;
for (let chosen = 0; chosen < revoked; chosen++) {
  // One state more, which revokes the last of them.
  const wrong = await cheat(chosen, revoked + 1);
  console.log(`state ${chosen}: ${wrong === '' ? 'it loses everything' : wrong}`);
  if (wrong !== '') bad++;
}
console.log(`${revoked} states, ${bad} wrong`);
process.exitCode = bad === 0 ? 0 : 1;
