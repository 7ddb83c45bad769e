/**
 * BOLT 5: a channel that ends on the chain, as a pure machine beside the channel's own.
 *
 * How the node feeds it:
 * 1. When the channel leaves for the chain (it broadcasts its commitment, or `closedOnChain` names
 *    a spend of the funding output), make `onchainChannel(live)` once and keep that object, then
 *    `openOnchain(channel, height)`. Before the close is in a block feed it as `spent` without a
 *    height: it is then broadcast again with every block, and paid for by CPFP where that can be.
 *    Where the mempool holds another spend of the funding output (`waitingClose` says which one is
 *    known), feed that: it is the one to be helped.
 * 2. Feed every spend of an output that `watch` named (and of the funding output) as `spent` with
 *    its height, in the order of the chain. A spend may sit in the block of what it spends, further
 *    down: carry out `watch` before the next transaction is looked at. Then feed `block`, with
 *    `more` where the next block is at hand already: claims and their fees wait for the last.
 * 3. Before a spend of the funding output for which `revokedNumber(channel, tx)` answers a number,
 *    read `REVOKED_ROWS` rows of the table `revoked` from that number on (or as many as there are)
 *    and feed them as `revoked`.
 * 4. On a reorg feed `disconnected` with the lowest height taken back, then the new blocks as
 *    above. Nothing else has to be undone: all is worked out anew from the confirmed spends.
 * 5. A preimage that becomes known elsewhere (the HTLC's next hop fulfilled it) is fed as
 *    `preimage`. It claims the incoming HTLC, on whichever commitment it lies.
 *    Where the mempool's spend of one of `openPlaces` shows one (`showsPreimage`), feed that spend as
 *    `spent` without a height.
 * 6. `fundClaim` wants coins of the wallet: choose them with `selectFeeInputs`, reserve them under
 *    the claim's id, and answer `claimFunded`. Where there are none, do nothing: it asks again with
 *    every block. `releaseClaim` gives them back. Where one of a version's coins can be spent by it
 *    no more, feed `coinsGone` before `block`.
 * 7. After a start: `decodeOnchain` with the channel's stored state, then the input `restored`.
 * 8. On `resolved` the channel may be archived; keep feeding until then, 100 blocks at least.
 *
 * Effects are carried out after `persist` is durable. `htlcFulfilled` and `htlcFailed` are those of
 * the channel machine and may come twice for one HTLC (both machines know a preimage).
 */
export { revokedNumber } from './classify.js';
export { decodeOnchain, encodeOnchain } from './codec.js';
export { selectFeeInputs } from './fee-inputs.js';
export { onchainChannel } from './from-channel.js';
export { type AnchorsAtRisk, feeCoins, feeReserve } from './reserve.js';
export * from './static-outputs.js';
export { openOnchain, openPlaces, showsPreimage, step, waitingClose } from './step.js';
export * from './types.js';
