import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeAddress,
  decodeDer,
  dustLimit,
  encodeAddress,
  encodeDer,
  isShutdownScript,
  NETWORKS,
  OP,
  p2pkhOfHash,
  p2shOfHash,
  p2tr,
  p2wpkhOfHash,
  p2wsh,
  parseScript,
  pushData,
  pushNumber,
  script,
  scriptKind,
  taprootOutputKey,
  taprootPrivateKey,
} from '../../../src/core/bitcoin/index.js';
import { fromHex, hex, toHex } from '../../../src/core/bytes/index.js';
import { publicKeyFromPrivate, sha256, sign, xOnly } from '../../../src/core/crypto/index.js';

describe('script pushes', () => {
  it('numbers are pushed in the shortest form', () => {
    const cases: readonly (readonly [number, string])[] = [
      [0, '00'],
      [1, '51'],
      [16, '60'],
      [17, '0111'],
      [-1, '4f'],
      [127, '017f'],
      [128, '028000'],
      [144, '029000'],
      [255, '02ff00'],
      [256, '020001'],
      [32767, '02ff7f'],
      [32768, '03008000'],
      [500_000, '0320a107'],
      [0x7fffffff, '04ffffff7f'],
    ];
    for (const [value, expected] of cases) expect(toHex(pushNumber(value))).toBe(expected);
  });

  it('what is pushed is parsed back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 700 }), (data) => {
        const items = parseScript(script(OP.IF, data, OP.ENDIF));
        expect(items?.length).toBe(3);
        expect(items?.[1]?.data).toEqual(data);
      }),
    );
  });

  it('a push over the end of the script is no script', () => {
    for (const bad of ['05aabb', '4c', '4c05aa', '4d05', '4dffff00', '4e010000', '4effffffff'])
      expect(parseScript(hex(bad))).toBeUndefined();
    expect(toHex(pushData(new Uint8Array(0)))).toBe('00');
  });
});

const HASH = new Uint8Array(20).fill(7);
const KEY = xOnly(publicKeyFromPrivate(sha256(HASH)) as Uint8Array);

describe('scripts paid to', () => {
  it('are told apart, with the dust limit of BOLT 3', () => {
    const cases = [
      [p2pkhOfHash(HASH), 'p2pkh', 546n],
      [p2shOfHash(HASH), 'p2sh', 540n],
      [p2wpkhOfHash(HASH), 'p2wpkh', 294n],
      [p2wsh(HASH), 'p2wsh', 330n],
      [p2tr(KEY), 'p2tr', 330n],
      [hex('51024e73'), 'witnessUnknown', 354n],
      [script(OP.ONE + 4, new Uint8Array(40)), 'witnessUnknown', 354n],
      [script(OP.RETURN, HASH), 'opReturn', 0n],
      [new Uint8Array(0), 'other', 546n],
      [hex('51'), 'other', 546n],
    ] as const;
    for (const [bytes, kind, dust] of cases) {
      expect(scriptKind(bytes)).toBe(kind);
      expect(dustLimit(bytes)).toBe(dust);
    }
  });

  it('receive shutdown: only the forms of BOLT 2 are taken', () => {
    const none = { anySegwit: false, simpleClose: false };
    const all = { anySegwit: true, simpleClose: true };
    const check = (bytes: Uint8Array): readonly boolean[] => [
      isShutdownScript(bytes, none),
      isShutdownScript(bytes, all),
    ];
    expect(check(p2wpkhOfHash(HASH))).toEqual([true, true]);
    expect(check(p2wsh(HASH))).toEqual([true, true]);
    expect(check(p2tr(KEY))).toEqual([false, true]);
    expect(check(script(OP.SIXTEEN, new Uint8Array(2)))).toEqual([false, true]);
    expect(check(script(OP.SIXTEEN, new Uint8Array(41)))).toEqual([false, false]);
    expect(check(script(OP.ZERO, new Uint8Array(21)))).toEqual([false, false]);
    expect(check(p2pkhOfHash(HASH))).toEqual([false, false]);
    expect(check(p2shOfHash(HASH))).toEqual([false, false]);
    expect(check(new Uint8Array(0))).toEqual([false, false]);
    for (const [n, good] of [
      [5, false],
      [6, true],
      [75, true],
      [76, true],
      [80, true],
      [81, false],
    ] as const)
      expect(check(script(OP.RETURN, new Uint8Array(n)))).toEqual([false, good]);
    expect(check(script(OP.RETURN, new Uint8Array(6), OP.ONE))).toEqual([false, false]);
  });
});

describe('addresses', () => {
  // BIP 173 and BIP 350: valid addresses and the scripts they stand for.
  const VALID: readonly (readonly [string, string])[] = [
    ['BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', '0014751e76e8199196d454941c45d1b3a323f1433bd6'],
    [
      'bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y',
      '5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6',
    ],
    ['BC1SW50QGDZ25J', '6002751e'],
    ['bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs', '5210751e76e8199196d454941c45d1b3a323'],
    [
      'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
      '512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
    ],
  ];
  const INVALID: readonly string[] = [
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd',
    'BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh',
    'bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4',
    'BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R',
    'bc1pw5dgrnzv',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav',
    'BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P',
    'tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq',
    'bc1gmk9yu',
    '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3',
    '',
    'x',
  ];
  const { bitcoin, regtest, testnet } = NETWORKS;

  it('of BIP 173 and BIP 350 decode to their scripts and back', () => {
    for (const [address, expected] of VALID) {
      const decoded = decodeAddress(address, bitcoin);
      expect(decoded.ok && toHex(decoded.value)).toBe(expected);
      if (decoded.ok) expect(encodeAddress(decoded.value, bitcoin)).toBe(address.toLowerCase());
    }
  });

  it('that are damaged are refused', () => {
    for (const address of INVALID)
      expect(decodeAddress(address, bitcoin)).toEqual({
        ok: false,
        error: { code: 'malformed_address' },
      });
  });

  it('of base58 decode and encode: the genesis reward, and BOLT 3 appendix B', () => {
    const genesis = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';
    const decoded = decodeAddress(genesis, bitcoin);
    expect(decoded.ok && encodeAddress(decoded.value, bitcoin)).toBe(genesis);
    const coinbase = decodeAddress('mm3aPLSv9fBrbS68JzurAMp4xGoddJ6pSf', regtest);
    expect(coinbase.ok && toHex(coinbase.value)).toBe(
      '76a9143ca33c2e4446f4a305f23c80df8ad1afdcf652f988ac',
    );
  });

  it('of another network are named so', () => {
    const wrong = { ok: false, error: { code: 'wrong_network', expected: 'regtest' } };
    expect(decodeAddress('bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs', regtest)).toEqual(wrong);
    expect(decodeAddress('1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', regtest)).toEqual(wrong);
  });

  it('every kind of script with an address comes back from it on every network', () => {
    for (const network of Object.values(NETWORKS)) {
      for (const bytes of [
        p2pkhOfHash(HASH),
        p2shOfHash(HASH),
        p2wpkhOfHash(HASH),
        p2wsh(HASH),
        p2tr(KEY),
      ]) {
        const address = encodeAddress(bytes, network);
        expect(decodeAddress(address ?? '', network)).toEqual({ ok: true, value: bytes });
      }
    }
    expect(encodeAddress(script(OP.RETURN, HASH), testnet)).toBeUndefined();
    expect(encodeAddress(new Uint8Array(0), testnet)).toBeUndefined();
  });
});

describe('DER', () => {
  it('every signature comes back from it', () => {
    for (let n = 0; n < 50; n++) {
      const key = sha256(Uint8Array.of(n));
      const signature = sign(key, key) as Uint8Array;
      expect(decodeDer(encodeDer(signature))).toEqual(signature);
      expect(encodeDer(signature, 1).at(-1)).toBe(1);
    }
    const small = new Uint8Array(64);
    small[31] = 1;
    small[63] = 0x80;
    expect(toHex(encodeDer(small))).toBe('3007020101020200' + '80');
    expect(decodeDer(encodeDer(small))).toEqual(small);
  });

  it('that is not strict is refused, and no bytes throw', () => {
    for (const bad of [
      '',
      '30',
      '3006020101020101ff',
      '300702020001020101',
      '3006020181020101',
      '3006020101030101',
      '300602000201010101',
      `3046022100${'ff'.repeat(32)}0221${'01'.repeat(33)}`,
    ])
      expect(decodeDer(fromHex(bad) as Uint8Array)).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void decodeDer(bytes)));
  });
});

describe('taproot keys', () => {
  it('BIP 86: internal and output key of the first receiving address of the test mnemonic', () => {
    const internal = hex('cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115');
    const output = taprootOutputKey(internal) as Uint8Array;
    expect(toHex(output)).toBe('a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c');
    expect(encodeAddress(p2tr(output), NETWORKS.bitcoin)).toBe(
      'bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr',
    );
  });

  it('the private key is that of the output key, for points of both parities', () => {
    for (let n = 0; n < 10; n++) {
      const key = sha256(Uint8Array.of(n));
      const internal = xOnly(publicKeyFromPrivate(key) as Uint8Array);
      const tweaked = publicKeyFromPrivate(taprootPrivateKey(key) as Uint8Array) as Uint8Array;
      expect(xOnly(tweaked)).toEqual(taprootOutputKey(internal));
    }
    expect(taprootOutputKey(new Uint8Array(32).fill(255))).toBeUndefined();
    expect(taprootPrivateKey(new Uint8Array(32))).toBeUndefined();
  });
});
