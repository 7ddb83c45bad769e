import { decodeTx, txid } from '../../core/bitcoin/index.js';
import { sat } from '../../core/bytes/index.js';
import { channelView, decodeChannel, type LiveState } from '../../core/channel/index.js';
import type { Store } from '../../ports/index.js';
import type { ClosedChannel } from './types.js';

/** Channels that are over, as they ended, oldest first; openings that came to nothing are none. */
export async function closedChannels(store: Pick<Store, 'select'>): Promise<ClosedChannel[]> {
  const rows = await store.select('channels', { order: 'channel_key' });
  return rows.flatMap((row) => {
    const state = row.closed_at === null ? undefined : decodeChannel(row.state);
    return state?.ok && state.value.kind === 'live' ? [closedView(state.value)] : [];
  });
}

function closedView(state: LiveState): ClosedChannel {
  const { commitments, params, spent, shutdown } = state;
  const raw = spent?.tx ?? shutdown.tx;
  const tx = raw && decodeTx(raw);
  const paid = tx?.outputs.reduce((sum, { amount }) => sum + amount, 0n);
  return {
    ...channelView(state),
    localCommitments: commitments.local.number + 1n,
    remoteCommitments: commitments.remote.number + 1n,
    htlcsSent: commitments.nextLocalHtlcId,
    ...(tx === undefined ? {} : { lastTxid: txid(tx) }),
    ...(paid === undefined ? {} : { lastFee: sat(params.fundingAmount - paid) }),
    cause: causeOf(state),
  };
}

/** As far as the state says it: why we failed it stands in words alone. */
function causeOf({ failure, shutdown, spent }: LiveState): ClosedChannel['cause'] {
  if (failure?.behind) return 'protocol';
  if (shutdown.closer !== undefined) return shutdown.closer === 'local' ? 'user' : 'remote';
  if (failure !== undefined) return failure.sentError ? 'unknown' : 'remote';
  const asked = shutdown.localScript !== undefined || shutdown.remoteScript !== undefined;
  return asked || spent === undefined ? 'unknown' : 'onchain';
}
