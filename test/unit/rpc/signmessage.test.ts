import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalSigner } from '../../../src/adapters/signer/index.js';
import { NETWORKS } from '../../../src/core/bitcoin/index.js';
import { toHex } from '../../../src/core/bytes/index.js';
import { checkmessage } from '../../../src/rpc/commands/checkmessage.js';
import { signmessage } from '../../../src/rpc/commands/signmessage.js';
import { decodeZbase32, encodeZbase32 } from '../../../src/rpc/commands/zbase32.js';
import type { CommandContext } from '../../../src/rpc/index.js';

const signer = new LocalSigner({
  seed: new Uint8Array(32).fill(7),
  network: NETWORKS.regtest,
});
const known = new Set<string>();
const context = {
  node: {
    signer,
    nodeId: toHex(signer.nodeId),
    gossip: { listNodes: async (id: string) => [id].filter((n) => known.has(n)) },
  },
} as unknown as CommandContext;

const check = (params: Record<string, unknown>) =>
  checkmessage.run(params, context) as Promise<{ verified: boolean; pubkey: string }>;

describe('signed messages', () => {
  // Made by users of lnd for Core Lightning's test_misc.py.
  it.each([
    [
      'is this compatible?',
      'rbgfioj114mh48d8egqx8o9qxqw4fmhe8jbeeabdioxnjk8z3t1ma1hu1fiswpakgucwwzwo6ofycffbsqusqdimugbh41n1g698hr9t',
      '02b80cabdf82638aac86948e4c06e82064f547768dcef977677b9ea931ea75bab5',
    ],
    [
      'hi',
      'rnrphcjswusbacjnmmmrynh9pqip7sy5cx695h6mfu64iac6qmcmsd8xnsyczwmpqp9shqkth3h4jmkgyqu5z47jfn1q7gpxtaqpx4xg',
      '02de60d194e1ca5947b59fe8e2efd6aadeabfb67f2e89e13ae1a799c1e08e4a43b',
    ],
    [
      'hi',
      'ry8bbsopmduhxy3dr5d9ekfeabdpimfx95kagdem7914wtca79jwamtbw4rxh69hg7n6x9ty8cqk33knbxaqftgxsfsaeprxkn1k48p3',
      '022b8ece90ee891cbcdac0c1cc6af46b73c47212d8defbce80265ac81a6b794931',
    ],
  ])('of other implementations are read: %s', async (message, zbase, pubkey) => {
    expect(await check({ message, zbase, pubkey })).toEqual({ verified: true, pubkey });
    expect((await check({ message: `${message}modified`, zbase, pubkey })).verified).toBe(false);
    await expect(check({ message, zbase })).rejects.toThrow('pubkey not found in the graph');
    known.add(pubkey);
    expect(await check({ message, zbase })).toEqual({ verified: true, pubkey });
  });

  it('of our own are read, and those of a changed message are not', async () => {
    const { zbase } = signmessage.run({ message: 'this is ours' }, context) as { zbase: string };
    expect(await check({ message: 'this is ours', zbase })).toEqual({
      verified: true,
      pubkey: toHex(signer.nodeId),
    });
    await expect(check({ message: 'this is yours', zbase })).rejects.toThrow('not found');
  });

  it.each(['', 'wrong zbase format', 'y'.repeat(104), 'ybndrfg8'])('refuse %j', async (zbase) => {
    await expect(check({ message: 'hi', zbase })).rejects.toThrow('zbase: should be a signature');
  });

  it('encode any bytes as zbase32 and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeZbase32(encodeZbase32(bytes))).toEqual(bytes);
      }),
    );
  });
});
