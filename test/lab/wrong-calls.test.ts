import { expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

it('a call that cannot be says so, in words, and the lab goes on', async () => {
  const lab = await Lab.create({ seed: 'wrong calls' });
  await lab.node('alice');
  await expect(lab.node('alice')).rejects.toThrow('the lab has a node alice already');
  await expect(lab.fund('alice', 0.5)).rejects.toThrow('whole satoshi, 546 or more, and not 0.5');
  await expect(lab.fund('alice', 100)).rejects.toThrow('546 or more, and not 100');
  await expect(lab.wait(Number.NaN)).rejects.toThrow('NaN is no time to wait');
  await expect(lab.wait(-1)).rejects.toThrow('-1 is no time to wait');
  await lab.fund('alice', 546);
  const { outputs } = await lab.rpc('alice', 'listfunds');
  expect(outputs).toMatchObject([{ amount_msat: 546_000, status: 'confirmed' }]);
  await lab.close();
});
