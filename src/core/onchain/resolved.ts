/** BOLT 5: when everything is irrevocably resolved, and the channel may be forgotten. */
import { dustLimit } from '../bitcoin/index.js';
import { type BlockHeight, type Bytes, toHex } from '../bytes/index.js';
import { type CloseView, depth } from './outcomes.js';
import type { Followed } from './outputs.js';
import type { Preimages } from './plan.js';
import { IRREVOCABLE_DEPTH, type OnchainState } from './types.js';

/** Virtual bytes of a claim of one output, at the lowest feerate a mempool takes (1 sat each). */
const LEAST_COST = 110n;

const isBuried = (at: BlockHeight, height: BlockHeight): boolean =>
  depth(at, height) >= IRREVOCABLE_DEPTH;

/** Whether nothing more is to be had or done about this output. */
function isDone(
  output: Followed,
  height: BlockHeight,
  preimages: Preimages,
  sweepScript: Bytes,
): boolean {
  const { role, spend, htlc } = output;
  if (role === 'theirs' || role === 'anchor') return true;
  if (spend !== undefined) return isBuried(spend.height, height);
  // A close we do not know: its outputs are watched until the close itself is buried.
  if (role === 'opaque') return true;
  // BOLT 5, remote offers: not otherwise resolved, it is once it has expired.
  if (role === 'htlc' && htlc?.offeredBy === 'remote' && output.way?.kind !== 'penalty') {
    if (!preimages.has(toHex(htlc.hash))) return isBuried(htlc.cltvExpiry, height);
  }
  return output.amount < dustLimit(sweepScript) + LEAST_COST;
}

export function isResolved(state: OnchainState, close: CloseView, preimages: Preimages): boolean {
  const { channel, height, told } = state;
  if (close.height === undefined || !isBuried(close.height, height)) return false;
  return (
    channel.outgoing.every((htlc) => told.has(htlc.id)) &&
    close.followed.every((output) => isDone(output, height, preimages, channel.sweepScript))
  );
}
