/** A store that is older than what the backup remembers: no key of a channel is given out twice. */
import { expect, it } from 'vitest';
import { MemoryFiles } from '../../../src/adapters/files/memory.js';
import { backupOf, sealBackups } from '../../../src/core/channel/index.js';
import { Backups } from '../../../src/node/backup/index.js';
import { silentLogger } from '../../../src/ports/index.js';
import { ChannelsKit } from './channels-kit.js';

it('a new channel takes no key of a channel that only emergency.recover knows', async () => {
  const before = await ChannelsKit.start();
  for (const name of ['alice', 'carol', 'dave']) await before.channelWith(name);
  const channels = before.channels.liveStates().map((state) => backupOf(state, []));
  const files = new MemoryFiles();
  const set = { writtenAt: 1, channels };
  const secret = before.signer.secret('static channel backup');
  await files.write('emergency.recover', sealBackups(secret, new Uint8Array(12), set));

  const kit = await ChannelsKit.start();
  const away = () => Promise.reject(new Error('away'));
  const backups = new Backups(
    {},
    {
      files,
      store: kit.store,
      signer: kit.signer,
      clock: kit.clock,
      entropy: kit.entropy,
      log: silentLogger,
      peers: {
        connected: () => undefined,
        send: () => false,
        keep() {},
        connect: away,
        addressesOf: async () => [],
      },
      channels: kit.channels,
      endings: { replayBlock: away },
      chain: { height: () => kit.height, utxo: away, readBlock: away, whenSynced: async () => {} },
      sweepScript: away,
      fatal: (error) => {
        throw error;
      },
    },
  );
  await backups.start();
  await kit.channelWith('erin');
  const known = channels.map(({ key }) => key);
  const [{ params } = { params: { key: 0 } }] = kit.channels.liveStates();
  expect(params.key).toBeGreaterThan(Math.max(...known));
  await backups.stop();
});
