/** The limits that pay and keysend share. */
import { type NodeId, scidFromString } from '../../core/bytes/index.js';
import type { Exclusion } from '../../core/routing/index.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';

/** A node id, a channel, or a channel in one direction (`103x1x0/1`). */
export const exclusion = () =>
  p.param<Exclusion>(
    'pubkey|short_channel_id|short_channel_id_dir',
    'should be a node id, a short_channel_id or a short_channel_id_dir',
    (v) => {
      if (typeof v !== 'string') return undefined;
      if (/^0[23][0-9a-fA-F]{64}$/.test(v)) return { nodeId: v.toLowerCase() as NodeId };
      const m = /^([^/]+)(?:\/([01]))?$/.exec(v);
      const scid = m ? scidFromString((m[1] as string).replaceAll(':', 'x')) : undefined;
      if (scid === undefined) return undefined;
      const direction = m?.[2] === undefined ? {} : { direction: Number(m[2]) as 0 | 1 };
      return { channel: { scid, ...direction } };
    },
  );

export const limits = {
  maxfeepercent: p
    .number(0, 100)
    .optional()
    .describe('The fee at most, in percent; 0.5 if left out.'),
  retry_for: p.integer().default(60).describe('Seconds in which new tries are begun.'),
  maxdelay: p.integer(0, 0xffff).default(2016).describe('Blocks that the funds may be stuck.'),
  exemptfee: p
    .msat()
    .optional()
    .describe('A fee up to this is fine whatever the percentage; 5000msat.'),
};

/** maxfee says it all; together with the other two it is ambiguous. */
export function checkFeeLimits(given: {
  readonly maxfee?: unknown;
  readonly maxfeepercent?: unknown;
  readonly exemptfee?: unknown;
}): void {
  if (given.maxfee === undefined) return;
  if (given.maxfeepercent !== undefined || given.exemptfee !== undefined)
    throw new RpcError(codes.badParameter, 'maxfee: not together with maxfeepercent or exemptfee');
}
