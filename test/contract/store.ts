import { describe, expect, it } from 'vitest';
import type { Store, Tables } from '../../src/ports/index.js';

const hash = (n: number): string => n.toString(16).padStart(64, '0');

export const invoiceRow = (n: number): Tables['invoices'] => ({
  created_index: n,
  updated_index: null,
  label: `label ${n}`,
  payment_hash: hash(n),
  preimage: hash(n + 1000),
  status: 'unpaid',
  expires_at: 1_700_000_000 + n,
  pay_index: null,
  paid_at: null,
  amount_received_msat: null,
  amount_msat: BigInt(n) * 1000n,
  description: 'ein Kaffee ☕',
  bolt11: 'lnbcrt1…',
  payment_secret: hash(n + 2000),
  created_at: 1_700_000_000,
  paid_htlcs: n % 2 === 0 ? null : '["aa/1"]',
});

export const channelRow = (n: number, state: Uint8Array): Tables['channels'] => ({
  channel_key: n,
  channel_id: hash(n),
  peer_id: `02${hash(n % 2)}`,
  status: 'CHANNELD_NORMAL',
  funding_txid: hash(n + 10),
  funding_vout: 1,
  scid: null,
  closed_at: null,
  state,
});

/** Every adapter of the Store port is held to this; `open` opens the same file each time. */
export function storeContract(
  name: string,
  make: () => Promise<{ open: () => Promise<Store>; path: string }>,
): void {
  const opened = async (use: (store: Store) => Promise<void>): Promise<void> => {
    const { open } = await make();
    const store = await open();
    try {
      await use(store);
    } finally {
      await store.close();
    }
  };

  describe(`the store contract, ${name}`, () => {
    it('gives the rows of many keys, in the order of the keys, without those that are not there', () =>
      opened(async (store) => {
        const row = (n: number): Tables['vars'] => ({
          name: `name ${n}`,
          value: new Uint8Array(100 * n).fill(n),
        });
        await store.commit([1, 2, 3, 4].map((n) => ({ put: 'vars', row: row(n) })));
        const keys = ['name 4', 'name 9', 'name 1', 'name 3'];
        expect(await store.select('vars', { keys })).toEqual([row(4), row(1), row(3)]);
        expect(await store.select('vars', { keys: [] })).toEqual([]);
        await expect(store.select('channels', { keys })).rejects.toMatchObject({ code: 'invalid' });
      }));

    it('keeps a lazy commit too, between others and at the end', async () => {
      const { open } = await make();
      const put = (n: number) => ({
        ...{ put: 'vars' as const, row: { name: `v${n}`, value: Uint8Array.of(n) } },
      });
      const first = await open();
      await first.commit([put(1)], { lazy: true });
      await Promise.all([
        first.commit([put(2)]),
        first.commit([put(3)], { lazy: true }),
        first.commit([{ delete: 'vars', where: { name: 'v1' } }], { lazy: true }),
      ]);
      await first.commit([put(4)], { lazy: true });
      expect((await first.select('vars')).map(({ name }) => name)).toEqual(['v2', 'v3', 'v4']);
      await first.close();
      const again = await open();
      expect((await again.select('vars')).map(({ name }) => name)).toEqual(['v2', 'v3', 'v4']);
      await again.close();
    });

    it('keeps the bytes of many writes apart, of deletes too', () =>
      opened(async (store) => {
        const value = (n: number) => new Uint8Array(5000 + n).fill(n);
        const names = Array.from({ length: 40 }, (_, n) => `v${n}`);
        await Promise.all(
          names.map((name, n) =>
            store.commit([
              { put: 'vars', row: { name, value: value(n) } },
              { put: 'vars', row: { name: `${name}e`, value: new Uint8Array(0) } },
              { delete: 'vars', where: { name: `v${n - 1}`, value: value(n - 1) } },
            ]),
          ),
        );
        expect(await store.select('vars', { keys: names })).toEqual([
          { name: 'v39', value: value(39) },
        ]);
        expect((await store.select('vars')).length).toBe(41);
      }));

    it('gives back each kind of value as it was put', () =>
      opened(async (store) => {
        const row = invoiceRow(1);
        await store.commit([{ put: 'invoices', row }]);
        expect(await store.select('invoices')).toEqual([row]);
        const state = new Uint8Array(70_000).map((_, i) => i * 7);
        await store.commit([{ put: 'channels', row: channelRow(1, state) }]);
        const [channel] = await store.select('channels');
        expect(channel).toEqual(channelRow(1, state));
        expect(channel?.state).toBeInstanceOf(Uint8Array);
      }));

    it('keeps amounts exact over the whole of u64', () =>
      opened(async (store) => {
        const amounts = [0n, 1n, (1n << 53n) + 1n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];
        await store.commit(
          amounts.map((amount_msat, i) => ({
            put: 'invoices',
            row: { ...invoiceRow(i), amount_msat },
          })),
        );
        const rows = await store.select('invoices', { order: 'created_index' });
        expect(rows.map((row) => row.amount_msat)).toEqual(amounts);
        const found = await store.select('invoices', { where: { amount_msat: (1n << 64n) - 1n } });
        expect(found.map((row) => row.created_index)).toEqual([5]);
      }));

    it('replaces the row of the same key', () =>
      opened(async (store) => {
        await store.commit([{ put: 'vars', row: { name: 'a', value: Uint8Array.of(1) } }]);
        await store.commit([{ put: 'vars', row: { name: 'a', value: new Uint8Array(0) } }]);
        const rows = await store.select('vars', { where: { name: 'a' } });
        expect(rows).toEqual([{ name: 'a', value: new Uint8Array(0) }]);
      }));

    it('carries out the writes of a commit in their order, all or none', () =>
      opened(async (store) => {
        await store.commit([
          { put: 'invoices', row: invoiceRow(1) },
          { delete: 'invoices', where: { label: 'label 1' } },
          { put: 'invoices', row: invoiceRow(2) },
        ]);
        const twice = { ...invoiceRow(3), label: 'label 2' };
        await expect(
          store.commit([
            { put: 'vars', row: { name: 'half', value: new Uint8Array(1) } },
            { put: 'invoices', row: twice },
          ]),
        ).rejects.toMatchObject({ code: 'invalid' });
        expect(await store.select('invoices')).toEqual([invoiceRow(2)]);
        expect(await store.select('vars')).toEqual([]);
      }));

    it('does not let a refused commit take down those of the same moment', () =>
      opened(async (store) => {
        const outcomes = await Promise.allSettled([
          store.commit([{ put: 'invoices', row: invoiceRow(1) }]),
          store.commit([{ put: 'invoices', row: { ...invoiceRow(2), label: 'label 1' } }]),
          store.commit([{ put: 'invoices', row: invoiceRow(3) }]),
        ]);
        expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        const rows = await store.select('invoices');
        expect(rows.map((row) => row.created_index)).toEqual([1, 3]);
      }));

    it('a select sees the commits called before it and none called after it', () =>
      opened(async (store) => {
        const before = store.commit([{ put: 'invoices', row: invoiceRow(1) }]);
        const seen = store.select('invoices');
        const after = store.commit([{ put: 'invoices', row: invoiceRow(2) }]);
        expect((await seen).map((row) => row.created_index)).toEqual([1]);
        await Promise.all([before, after]);
      }));

    it('takes the values as they are at the call', () =>
      opened(async (store) => {
        const value = Uint8Array.of(1, 2, 3);
        const done = store.commit([{ put: 'vars', row: { name: 'a', value } }]);
        value.fill(9);
        await done;
        expect((await store.select('vars'))[0]?.value).toEqual(Uint8Array.of(1, 2, 3));
      }));

    it('selects by columns (also null), in order, from, with a limit', () =>
      opened(async (store) => {
        const rows = [4, 2, 9, 7].map((n) => ({ ...invoiceRow(n), pay_index: n > 5 ? n : null }));
        await store.commit(rows.map((row) => ({ put: 'invoices', row })));
        const indexes = async (...args: Parameters<typeof store.select<'invoices'>>) =>
          (await store.select(...args)).map((row) => row.created_index);
        expect(await indexes('invoices')).toEqual([2, 4, 7, 9]);
        expect(await indexes('invoices', { where: { pay_index: null } })).toEqual([2, 4]);
        expect(await indexes('invoices', { where: { label: 'label 9', status: 'paid' } })).toEqual(
          [],
        );
        const page = { order: 'created_index', from: 4, limit: 2 } as const;
        expect(await indexes('invoices', page)).toEqual([4, 7]);
        expect(await indexes('invoices', { order: 'pay_index', from: 1 })).toEqual([7, 9]);
        expect(await indexes('invoices', { order: 'label', descending: true })).toEqual([
          9, 7, 4, 2,
        ]);
        expect(await indexes('invoices', { limit: 0 })).toEqual([]);
      }));

    it('deletes the rows named, and none where nothing is named', () =>
      opened(async (store) => {
        const blank = new Uint8Array(1);
        await store.commit(
          [1, 2, 3, 4].map((n) => ({ put: 'channels', row: channelRow(n, blank) })),
        );
        await store.commit([{ delete: 'channels', where: {} }]);
        expect(await store.select('channels')).toHaveLength(4);
        await store.commit([{ delete: 'channels', where: { peer_id: `02${hash(1)}` } }]);
        expect((await store.select('channels')).map((row) => row.channel_key)).toEqual([2, 4]);
      }));

    it('refuses a value that is none of its column, and stays well', () =>
      opened(async (store) => {
        const wrong = [
          { ...invoiceRow(1), amount_msat: 5 },
          { ...invoiceRow(1), amount_msat: -1n },
          { ...invoiceRow(1), amount_msat: 1n << 64n },
          { ...invoiceRow(1), label: null },
          { ...invoiceRow(1), created_at: 1.5 },
          { ...invoiceRow(1), created_at: undefined },
        ] as unknown as Tables['invoices'][];
        for (const row of wrong)
          await expect(store.commit([{ put: 'invoices', row }])).rejects.toMatchObject({
            code: 'invalid',
          });
        const column = { 'status" OR 1': 'x' } as Partial<Tables['invoices']>;
        await expect(store.select('invoices', { where: column })).rejects.toMatchObject({
          code: 'invalid',
        });
        await store.commit([{ put: 'invoices', row: invoiceRow(1) }]);
        expect(await store.select('invoices')).toHaveLength(1);
      }));

    it('keeps everything over a close, in the order of the commits', async () => {
      const { open } = await make();
      let store = await open();
      const commits = Array.from({ length: 200 }, (_, i) =>
        store.commit([{ put: 'vars', row: { name: 'last', value: Uint8Array.of(i) } }]),
      );
      const closed = store.close();
      await Promise.all(commits);
      await closed;
      store = await open();
      expect((await store.select('vars'))[0]?.value).toEqual(Uint8Array.of(199));
      await store.close();
    });

    it('rejects after close, and closes twice without harm', async () => {
      const { open } = await make();
      const store = await open();
      await store.close();
      await store.close();
      await expect(store.commit([])).rejects.toMatchObject({ code: 'closed' });
      await expect(store.select('vars')).rejects.toMatchObject({ code: 'closed' });
    });

    it('refuses a file that another store has open', async () => {
      const { open } = await make();
      const store = await open();
      await expect(open()).rejects.toMatchObject({
        code: 'locked',
        message: expect.stringContaining('in use by another lightningd'),
      });
      await store.commit([{ put: 'invoices', row: invoiceRow(1) }]);
      await store.close();
      await (await open()).close();
    });
  });
}
