/**
 * What test vectors the specification has, where they lie here, and what runs them: the table
 * behind docs/vectors.md, which `scripts/vectors.ts` writes.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const VECTORS = resolve(import.meta.dirname, '../vectors');
export const PAGE = resolve(import.meta.dirname, '../../docs/vectors.md');

// biome-ignore lint/suspicious/noExplicitAny: the vectors are data of many shapes
type Data = any;

/** How many cases of what a file holds: `{ commitments: 16 }`. */
type Parts = Readonly<Record<string, number>>;

export interface Source {
  /** Of the specification: document and appendix, or its own file. */
  readonly source: string;
  /** In `test/vectors`. */
  readonly file: string;
  readonly parts: (data: Data) => Parts;
  /** In `test/vectors`. */
  readonly test: string;
  /** Titles of the outermost `describe` blocks that run it. */
  readonly suites: readonly string[];
  /** Where each case is an `it` of its own in every suite: which of the titles are cases. */
  readonly each?: RegExp;
}

const ANY = /^(?!has all )/;
const ZLIB = (c: object) => JSON.stringify(c).includes('COMPRESSED_ZLIB');
const HANDSHAKE = 'BOLT 8 appendix A, bytes arriving';

export const SOURCES: readonly Source[] = [
  {
    source: 'BOLT 1, Appendix A: BigSize',
    file: 'bolt01/bigsize.json',
    parts: (d) => ({ decodings: d.decode.length, encodings: d.encode.length }),
    test: 'bolt01/numbers.test.ts',
    suites: ['BOLT 1 appendix A: bigsize'],
    each: ANY,
  },
  {
    source: 'BOLT 1, Appendix B: TLV streams',
    file: 'bolt01/tlv.json',
    parts: (d) => ({ streams: d.length }),
    test: 'bolt01/tlv.test.ts',
    suites: ['BOLT 1 appendix B: TLV streams'],
    each: /^(refused|read): /,
  },
  {
    source: 'BOLT 1, Appendix C: message extension',
    file: 'bolt01/extension.json',
    parts: (d) => ({ valid: d.valid.length, invalid: d.invalid.length }),
    test: 'bolt01/tlv.test.ts',
    suites: ['BOLT 1 appendix C: message extension'],
    each: ANY,
  },
  {
    source: 'BOLT 1, Appendix D: signed integers',
    file: 'bolt01/signed.json',
    parts: (d) => ({ integers: d.length }),
    test: 'bolt01/numbers.test.ts',
    suites: ['BOLT 1 appendix D: signed integers'],
    each: ANY,
  },
  {
    source: 'BOLT 3, Appendix A: expected weights, without v2 openings',
    file: 'bolt03/weights.json',
    parts: (d) => ({ transactions: d.transactions.length }),
    test: 'bolt03/weights.test.ts',
    suites: ['BOLT 3 appendix A: expected weights'],
    each: ANY,
  },
  {
    source: 'BOLT 3, Appendix B: funding transaction',
    file: 'bolt03/funding.json',
    parts: () => ({ transaction: 1 }),
    test: 'bolt03/commitments.test.ts',
    suites: ['BOLT 3 appendix B'],
  },
  {
    source: 'BOLT 3, Appendix C: commitments and HTLCs, static_remotekey',
    file: 'bolt03/commitments.json',
    parts: (d) => ({
      commitments: d.cases.length,
      'HTLC transactions': d.cases.flatMap((c: Data) => c.htlcs).length,
    }),
    test: 'bolt03/commitments.test.ts',
    suites: ['BOLT 3 appendix C: keys', 'BOLT 3 appendix C: commitments with static_remotekey'],
  },
  {
    source: 'BOLT 3, Appendix D: per-commitment secrets, generation and storage',
    file: 'bolt03/shachain.json',
    parts: (d) => ({ secrets: d.generation.length, stores: d.storage.length }),
    test: 'bolt03/keys.test.ts',
    suites: ['BOLT 3 appendix D: generation', 'BOLT 3 appendix D: storage'],
  },
  {
    source: 'BOLT 3, Appendix E: key derivation',
    file: 'bolt03/keys.json',
    parts: (d) => ({ keys: d.names.length }),
    test: 'bolt03/keys.test.ts',
    suites: ['BOLT 3 appendix E'],
    each: /^derivation /,
  },
  {
    source: 'BOLT 3, Appendix F: commitments and HTLCs, anchors',
    file: 'bolt03/anchors.json',
    parts: (d) => ({
      commitments: d.cases.length,
      'HTLC transactions': d.cases.flatMap((c: Data) => c.HtlcDescs).length,
    }),
    test: 'bolt03/commitments.test.ts',
    suites: ['BOLT 3 appendix F: commitments with anchors'],
  },
  {
    source: 'BOLT 4, `onion-test.json`',
    file: 'bolt04/onion-test.json',
    parts: (d) => ({ packet: 1, 'hops peeled': d.decode.length }),
    test: 'bolt04/onion.test.ts',
    suites: ['onion-test.json'],
  },
  {
    source: 'BOLT 4, `onion-error-test.json`',
    file: 'bolt04/onion-error-test.json',
    parts: (d) => ({ failure: 1, 'hops it passes': d.generate.hops.length }),
    test: 'bolt04/onion.test.ts',
    suites: ['onion-error-test.json'],
  },
  {
    source: 'BOLT 4, Test Vector: failures and successes with attribution',
    file: 'bolt04/attribution-data-test.json',
    parts: (d) => ({ 'hops of a failure': d.hops.length, 'hops of a success': d.hops.length }),
    test: 'bolt04/onion.test.ts',
    suites: [
      'attribution data of BOLT 4, "Test Vector"',
      'a failure message is read and written alike',
    ],
  },
  {
    source: 'BOLT 4, `route-blinding-test.json`',
    file: 'bolt04/route-blinding-test.json',
    parts: (d) => ({
      'hops blinded': d.generate.hops.length,
      'hops unblinded': d.unblind.hops.length,
    }),
    test: 'bolt04/onion.test.ts',
    suites: ['route-blinding-test.json'],
  },
  {
    source: 'BOLT 4, `blinded-payment-onion-test.json`',
    file: 'bolt04/blinded-payment-onion-test.json',
    parts: (d) => ({ packet: 1, 'hops peeled': d.decrypt.hops.length }),
    test: 'bolt04/onion.test.ts',
    suites: ['blinded-payment-onion-test.json'],
  },
  {
    source: 'BOLT 4, `blinded-onion-message-onion-test.json`',
    file: 'bolt04/blinded-onion-message-onion-test.json',
    parts: (d) => ({ packet: 1, 'hops peeled': d.decrypt.hops.length }),
    test: 'bolt04/onion.test.ts',
    suites: ['blinded-onion-message-onion-test.json'],
  },
  {
    source: 'BOLT 5, Appendix A: expected weights of penalties',
    file: 'bolt03/weights.json',
    parts: (d) => ({ witnesses: d.penaltyWitnesses.length }),
    test: 'bolt03/weights.test.ts',
    suites: ['BOLT 5 appendix A: expected weights of penalties'],
    each: ANY,
  },
  {
    source: 'BOLT 7, `extended-queries.json`: uncompressed',
    file: 'bolt07/extended-queries.json',
    parts: (d) => ({ messages: d.filter((c: object) => !ZLIB(c)).length }),
    test: 'bolt07/extended-queries.test.ts',
    suites: ['BOLT 7: extended queries'],
    each: /^'(Query|Reply)/,
  },
  {
    source: 'BOLT 7, `extended-queries.json`: zlib, which must be refused by now',
    file: 'bolt07/extended-queries.json',
    parts: (d) => ({ messages: d.filter(ZLIB).length }),
    test: 'bolt07/extended-queries.test.ts',
    suites: ['BOLT 7: extended queries'],
    each: /^zlib is refused: /,
  },
  {
    source: 'BOLT 7, Routing Example',
    file: 'bolt07/routing-example.json',
    parts: (d) => ({ routes: d.routes.length }),
    test: 'bolt07/routing-example.test.ts',
    suites: ['BOLT 7: Routing Example'],
    each: ANY,
  },
  {
    source: 'BOLT 8, Appendix A: initiator and responder',
    file: 'bolt08/transport.json',
    parts: (d) => ({ handshakes: d.filter((c: Data) => !isMessageTest(c)).length }),
    test: 'bolt08/transport.test.ts',
    suites: [1, 7, 1000].map((size) => `${HANDSHAKE} ${size} at a time`),
    each: ANY,
  },
  {
    source: 'BOLT 8, Appendix A: message encryption, over key rotations',
    file: 'bolt08/transport.json',
    parts: (d) => ({ messages: d.find(isMessageTest).steps.length }),
    test: 'bolt08/transport.test.ts',
    suites: ['BOLT 8 appendix A: message encryption'],
  },
  {
    source: 'BOLT 11, Examples',
    file: 'bolt11/invoices.json',
    parts: (d) => ({ invoices: d.valid.length }),
    test: 'bolt11/invoices.test.ts',
    suites: ['BOLT 11, Examples'],
    each: /^read: /,
  },
  {
    source: 'BOLT 11, Examples of Invalid Invoices',
    file: 'bolt11/invoices.json',
    parts: (d) => ({ invoices: d.invalid.length }),
    test: 'bolt11/invoices.test.ts',
    suites: ['BOLT 11, Examples of Invalid Invoices'],
    each: /^refuse: /,
  },
];

function isMessageTest(c: { readonly name: string }): boolean {
  return c.name === 'transport-message test';
}

/** The parts in words, and how many cases they are together. */
export function casesOf(source: Source): { readonly words: string; readonly cases: number } {
  const parts = source.parts(JSON.parse(readFileSync(join(VECTORS, source.file), 'utf8')));
  const counts = Object.entries(parts);
  return {
    words: counts.map(([what, count]) => `${count} ${what}`).join(', '),
    cases: counts.reduce((sum, [, count]) => sum + count, 0),
  };
}
