import { describe, expect, it } from 'vitest';
import { GatheredCalls } from '../../../../src/adapters/chain/bitcoind/gathered-calls.js';
import { type Call, RpcError } from '../../../../src/adapters/chain/bitcoind/rpc.js';
import { ChainAway } from '../../../../src/ports/index.js';

/** A client whose requests are answered when the test says so; each call's result is its param. */
function client() {
  const requests: { calls: readonly Call[]; answer: (error?: Error) => void }[] = [];
  const ask = (calls: readonly Call[]): Promise<unknown[]> =>
    new Promise((resolve, reject) => {
      const answer = (error?: Error): void =>
        error === undefined
          ? resolve(
              calls.map(({ method, params: [param] }) =>
                param === 'bad' ? new RpcError(method, -8, 'bad') : param,
              ),
            )
          : reject(error);
      requests.push({ calls, answer });
    });
  const rpc = {
    callTogether: ask,
    call: async (method: string, params: readonly unknown[] = []) => {
      const [result] = await ask([{ method, params }]);
      if (result instanceof RpcError) throw result;
      return result;
    },
  };
  return { gathered: new GatheredCalls(rpc), requests };
}

const settle = (): Promise<void> => new Promise((done) => setImmediate(done));

describe('small calls to bitcoind', () => {
  it('that come together go together; what comes while two are under way shares the next', async () => {
    const { gathered, requests } = client();
    const all = Array.from({ length: 3 }, (_, i) => gathered.call('gettxout', [i]));
    await settle();
    all.push(gathered.call('gettxout', [3]));
    await settle();
    for (let i = 4; i < 70; i++) all.push(gathered.call('gettxout', [i]));
    await settle();
    expect(requests.map(({ calls }) => calls.length)).toEqual([3, 1]);
    for (const { answer } of requests) answer();
    await settle();
    expect(requests.map(({ calls }) => calls.length)).toEqual([3, 1, 50, 16]);
    for (const { answer } of requests) answer();
    expect(await Promise.all(all)).toEqual(Array.from({ length: 70 }, (_, i) => i));
  });

  it('fail one by one where bitcoind refuses one, and all where it is away', async () => {
    const { gathered, requests } = client();
    const [good, bad] = [
      gathered.call('getblockhash', [1]),
      gathered.call('getblockhash', ['bad']),
    ];
    await settle();
    requests[0]?.answer();
    expect(await good).toBe(1);
    await expect(bad).rejects.toBeInstanceOf(RpcError);
    const away = [1, 2].map((i) => gathered.call('getblockhash', [i]));
    await settle();
    requests[1]?.answer(new ChainAway('bitcoind'));
    for (const each of away) await expect(each).rejects.toBeInstanceOf(ChainAway);
    const after = gathered.call('getblockhash', [7]);
    await settle();
    requests[2]?.answer();
    expect(await after).toBe(7);
  });
});
