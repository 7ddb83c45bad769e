/** A cheater that kept every commitment it ever had, and broadcasts one of them. */
import type { Bytes } from '../../../src/core/bytes/index.js';
import { signedCommitment } from '../../../src/core/channel/index.js';
import { Lab } from '../../../src/lab/index.js';

const CAPACITY = 1_000_000;
/** More than a penalty needs for its fee, satoshi. */
const MOST_FEES = 10_000;

/**
 * After `states` payments to and fro, bob broadcasts the commitment he had after the one numbered
 * `chosen`. Answers what alice lacks of all that the channel held; empty: nothing but fees.
 */
export async function cheat(chosen: number, states: number): Promise<string> {
  // The same run up to the crime, whichever commitment is chosen.
  const lab = await Lab.create({ seed: 'cheater' });
  for (const name of ['alice', 'bob']) {
    await lab.node(name);
    await lab.fund(name, 2_000_000);
  }
  await lab.channel('alice', 'bob', CAPACITY, { pushMsat: 400_000_000 });
  const kept: Bytes[] = [];
  for (let i = 0; i < states; i++) {
    const [payer, payee] = i % 3 === 2 ? ['bob', 'alice'] : ['alice', 'bob'];
    const label = `payment ${i}`;
    const asked = { amount_msat: 7_000_000 + i, label, description: label };
    const { bolt11 } = await lab.rpc(payee as string, 'invoice', asked);
    await lab.rpc(payer as string, 'pay', { bolt11 });
    await lab.wait(1_000);
    const { channels, signer } = lab.get('bob').node.api;
    for (const state of channels.liveStates()) kept.push(signedCommitment(state, signer));
  }
  const due = (await walletOf(lab)) + CAPACITY;
  lab.crash('bob');
  await lab.mineExactly([kept[chosen] as Bytes]);
  await lab.wait(2_000);
  await lab.mine(1);
  await lab.mine(1);
  const has = await walletOf(lab);
  await lab.restart('bob');
  await lab.close();
  return has >= due - MOST_FEES ? '' : `alice has ${has} sat after state ${chosen}, ${due} are due`;
}

async function walletOf(lab: Lab): Promise<number> {
  const { outputs } = await lab.rpc('alice', 'listfunds');
  let sum = 0;
  for (const o of outputs) if (o.status === 'confirmed') sum += Number(o.amount_msat) / 1000;
  return sum;
}
