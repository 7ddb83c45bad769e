import { expect, it } from 'vitest';
import { msat, type NodeId, scidFromString } from '../../../src/core/bytes/index.js';
import { decodeWish, newPayRow, type Wish } from '../../../src/node/payments/pays.js';

const wish: Wish = {
  paymentHash: 'ab'.repeat(32),
  goal: {
    source: `02${'11'.repeat(32)}` as NodeId,
    destination: `03${'22'.repeat(32)}` as NodeId,
    amountMsat: msat(9_007_199_254_740_993n),
    maxFeeMsat: msat(5000),
    maxParts: 20,
    riskFactor: 10,
    finalCltv: 21,
    maxDelay: 2016,
    hints: [
      {
        scid: scidFromString('16000000x1x2')!,
        direction: 1,
        source: `02${'33'.repeat(32)}` as NodeId,
        target: `03${'22'.repeat(32)}` as NodeId,
        feeBaseMsat: 1,
        feeProportionalMillionths: 2,
        cltvDelta: 3,
      },
    ],
    exclude: [{ channel: { scid: scidFromString('1x2x3')!, direction: 0 } }],
  },
  totalMsat: 9_007_199_254_740_993n,
  began: 1_700_000_000_123,
  deadline: 1_700_000_060_123,
  send: {
    paymentHash: 'ab'.repeat(32),
    keysendPreimage: new Uint8Array(32).fill(7),
    extraTlvs: [{ type: 133773311n, value: Uint8Array.of(1, 2) }],
  },
};

/** As version 1 writes it: frozen, for a payment that began before an upgrade goes on after it. */
const V1 =
  '{"v":1,"paymentHash":"abababababababababababababababababababababababababababababababab",' +
  '"goal":{"source":"021111111111111111111111111111111111111111111111111111111111111111",' +
  '"destination":"032222222222222222222222222222222222222222222222222222222222222222",' +
  '"amountMsat":{"$n":"9007199254740993"},"maxFeeMsat":{"$n":"5000"},"maxParts":20,' +
  '"riskFactor":10,"finalCltv":21,"maxDelay":2016,"hints":[{"scid":{"$n":"17592186044416065538"},' +
  '"direction":1,"source":"023333333333333333333333333333333333333333333333333333333333333333",' +
  '"target":"032222222222222222222222222222222222222222222222222222222222222222",' +
  '"feeBaseMsat":1,"feeProportionalMillionths":2,"cltvDelta":3}],' +
  '"exclude":[{"channel":{"scid":{"$n":"1099511758851"},"direction":0}}]},' +
  '"totalMsat":{"$n":"9007199254740993"},"began":1700000000123,"deadline":1700000060123,' +
  '"send":{"paymentHash":"abababababababababababababababababababababababababababababababab",' +
  '"keysendPreimage":{"$x":"0707070707070707070707070707070707070707070707070707070707070707"},' +
  '"extraTlvs":[{"type":{"$n":"133773311"},"value":{"$x":"0102"}}]}}';

it('what is wished for is on disk as it was, amounts exact', () => {
  expect(newPayRow(wish, 1).wish).toBe(V1);
  expect(decodeWish(V1)).toEqual({ v: 1, ...wish });
});
