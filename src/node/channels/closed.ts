import { decodeTx, txid } from '../../core/bitcoin/index.js';
import { type Bytes, ok, type Result } from '../../core/bytes/index.js';
import type { Clock } from '../../ports/index.js';
import type { Entry } from './registry.js';
import type { CloseError, CloseResult, LiveChannel } from './types.js';

interface Deps {
  readonly clock: Clock;
  onChange(fn: (channel: LiveChannel) => void): () => void;
  nextRef(): number;
}

/**
 * Resolves when the transaction that ends the channel is known: the close that both signed, or
 * after `timeout` seconds (0: never) our own commitment.
 */
export function closed(
  entry: Entry,
  timeout: number,
  deps: Deps,
): Promise<Result<CloseResult, CloseError>> {
  return new Promise((resolve) => {
    const answer = (): void => {
      const result = resultOf(entry);
      if (result === undefined) return;
      off();
      cancel();
      resolve(ok(result));
    };
    const off = deps.onChange((channel) => {
      if (channel.channelId === entry.id) answer();
    });
    const cancel =
      timeout === 0
        ? () => {}
        : deps.clock.after(timeout * 1000, () => {
            const reason = 'the peer did not close with us in time';
            const command = { kind: 'forceClose', ref: deps.nextRef(), reason } as const;
            entry.runner.submit({ kind: 'command', command });
          });
    answer();
  });
}

function resultOf({ runner: { state }, closingTx }: Entry): CloseResult | undefined {
  if (state.kind === 'closed') return { type: 'unopened' };
  if (state.kind !== 'live') return undefined;
  if (state.shutdown.tx !== undefined) return withTxid('mutual', state.shutdown.tx);
  if (state.spent !== undefined) return withTxid('unilateral', state.spent.tx);
  if (state.failure !== undefined && closingTx !== undefined)
    return withTxid('unilateral', closingTx);
  return undefined;
}

function withTxid(type: CloseResult['type'], tx: Bytes): CloseResult {
  const decoded = decodeTx(tx);
  return { type, tx, ...(decoded === undefined ? {} : { txid: txid(decoded) }) };
}
