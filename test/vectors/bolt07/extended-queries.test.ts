/**
 * BOLT 7, extended-queries.json. Five of its ten cases use encoding 1 (zlib), which BOLT 7 has
 * since forbidden: those are refused with a coded error; all others are read and written again.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hex, scidToString, toHex } from '../../../src/core/bytes/index.js';
import { decodeMessage, encodeMessage, type Message } from '../../../src/core/wire/index.js';

interface Case {
  readonly hex: string;
  readonly msg: {
    readonly type: string;
    readonly chainHash: string;
    readonly firstBlockNum?: number;
    readonly numberOfBlocks?: number;
    readonly complete?: number;
    readonly shortChannelIds?: { readonly array: readonly string[] };
    readonly timestamps?: {
      readonly timestamps: readonly { readonly timestamp1: number; readonly timestamp2: number }[];
    };
    readonly checksums?: {
      readonly checksums: readonly { readonly checksum1: number; readonly checksum2: number }[];
    };
  };
}

const cases = JSON.parse(
  readFileSync(new URL('extended-queries.json', import.meta.url), 'utf8'),
) as Case[];
const zlib = (c: Case) => JSON.stringify(c.msg).includes('COMPRESSED_ZLIB');

/** A decoded message in the words of the vectors. */
function described(message: Message): Partial<Case['msg']> {
  switch (message.kind) {
    case 'queryChannelRange':
      return {
        type: 'QueryChannelRange',
        chainHash: toHex(message.chainHash),
        firstBlockNum: message.firstBlocknum,
        numberOfBlocks: message.numberOfBlocks,
      };
    case 'replyChannelRange': {
      const { timestamps, checksums } = message.tlvs;
      return {
        type: 'ReplyChannelRange',
        chainHash: toHex(message.chainHash),
        firstBlockNum: message.firstBlocknum,
        numberOfBlocks: message.numberOfBlocks,
        complete: message.syncComplete,
        shortChannelIds: { array: message.encodedShortIds.map(scidToString) },
        ...(timestamps && {
          timestamps: {
            timestamps: timestamps.map((t) => ({
              timestamp1: t.timestampNodeId1,
              timestamp2: t.timestampNodeId2,
            })),
          },
        }),
        ...(checksums && {
          checksums: {
            checksums: checksums.map((c) => ({
              checksum1: c.checksumNodeId1,
              checksum2: c.checksumNodeId2,
            })),
          },
        }),
      };
    }
    case 'queryShortChannelIds':
      return {
        type: 'QueryShortChannelIds',
        chainHash: toHex(message.chainHash),
        shortChannelIds: { array: message.encodedShortIds.map(scidToString) },
      };
    default:
      throw new Error(`unexpected ${message.kind}`);
  }
}

describe('BOLT 7: extended queries', () => {
  it.each(cases.filter((c) => !zlib(c)))('$msg.type $hex', (c) => {
    const result = decodeMessage(hex(c.hex));
    if (!result.ok || result.value.kind === 'unknown') throw new Error('not read');
    expect(c.msg).toMatchObject(described(result.value));
    expect(toHex(encodeMessage(result.value))).toBe(c.hex);
  });

  it('the query option asks for timestamps and checksums', () => {
    const result = decodeMessage(hex((cases[1] as Case).hex));
    expect(result).toMatchObject({ ok: true, value: { tlvs: { queryOption: 3n } } });
  });

  it.each(cases.filter(zlib))('zlib is refused: $msg.type $hex', (c) => {
    expect(decodeMessage(hex(c.hex))).toMatchObject({
      ok: false,
      error: { code: 'unknown_encoding' },
    });
  });
});
