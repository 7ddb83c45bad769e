/** The HTLCs of a channel, those that are over with them: from the rows that punish a cheater. */
import { toHex } from '../../core/bytes/index.js';
import {
  channelView,
  type HtlcView,
  type LiveState,
  type PastHtlc,
  pastHtlcs,
  type RevokedRow,
} from '../../core/channel/index.js';
import type { Store } from '../../ports/index.js';

/** Rows that are read at once: some milliseconds. */
const PAGE = 1000;

export type KnownHtlc = Omit<HtlcView, 'localTrimmed'>;

/** Those that are over, about as they ended, then those that some commitment still holds. */
export async function htlcHistory(
  store: Pick<Store, 'select'>,
  state: LiveState,
): Promise<KnownHtlc[]> {
  // First those of now: one that ends while rows are read is told of all the same, and once.
  const live = channelView(state).htlcs;
  const known = new Map<string, KnownHtlc>();
  for (let from = 0; ; ) {
    const rows = await store.select('revoked', {
      where: { channel_key: state.params.key },
      order: 'commitment_number',
      from,
      limit: PAGE,
    });
    for (const htlc of pastHtlcs(rows.map(rowOf))) remember(known, over(htlc));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) break;
    from = last.commitment_number + 1;
  }
  for (const htlc of live) known.delete(nameOf(htlc));
  return [...known.values(), ...live];
}

const nameOf = ({ direction, id }: KnownHtlc): string => `${direction}/${id}`;

function remember(known: Map<string, KnownHtlc>, htlc: KnownHtlc): void {
  if (!known.has(nameOf(htlc))) known.set(nameOf(htlc), htlc);
}

const rowOf = (row: { commitment_number: number; data: Uint8Array }): RevokedRow => ({
  commitmentNumber: BigInt(row.commitment_number),
  data: row.data,
});

function over({ id, offeredBy, amountMsat, cltvExpiry, paymentHash }: PastHtlc): KnownHtlc {
  const ours = offeredBy === 'local';
  return {
    direction: ours ? 'out' : 'in',
    id,
    amountMsat,
    cltvExpiry,
    paymentHash: toHex(paymentHash),
    state: ours ? 'RCVD_REMOVE_ACK_REVOCATION' : 'SENT_REMOVE_ACK_REVOCATION',
  };
}
