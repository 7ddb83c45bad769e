/**
 * Units are types: a satoshi is no millisatoshi, and a conversion names its rounding.
 * Amounts are bigint (u64 on the wire is exact); heights and expiries are numbers.
 */
declare const unit: unique symbol;

export type Msat = bigint & { readonly [unit]: 'msat' };
export type Sat = bigint & { readonly [unit]: 'sat' };
/** A height in the block chain, or an absolute expiry at one (`cltv_expiry`). */
export type BlockHeight = number;
/** BOLT 7, "Definition of short_channel_id": block << 40 | transaction index << 16 | output. */
export type ShortChannelId = bigint & { readonly [unit]: 'scid' };
/** 32 bytes in lower-case hex: the key of a channel in every map. */
export type ChannelId = string & { readonly [unit]: 'channelId' };
/** 33 bytes in lower-case hex: the key of a node in every map. */
export type NodeId = string & { readonly [unit]: 'nodeId' };

export const msat = (value: bigint | number): Msat => BigInt(value) as Msat;
export const sat = (value: bigint | number): Sat => BigInt(value) as Sat;
export const satToMsat = (value: Sat): Msat => (value * 1000n) as Msat;
export const msatToSatFloor = (value: Msat): Sat => (value / 1000n) as Sat;
export const msatToSatCeil = (value: Msat): Sat => ((value + 999n) / 1000n) as Sat;

export function shortChannelId(block: number, txIndex: number, output: number): ShortChannelId {
  return ((BigInt(block) << 40n) | (BigInt(txIndex) << 16n) | BigInt(output)) as ShortChannelId;
}

export function scidParts(scid: ShortChannelId): {
  readonly block: number;
  readonly txIndex: number;
  readonly output: number;
} {
  return {
    block: Number(scid >> 40n),
    txIndex: Number((scid >> 16n) & 0xffffffn),
    output: Number(scid & 0xffffn),
  };
}

/** `539268x845x1`, as BOLT 7 writes it for people. */
export function scidToString(scid: ShortChannelId): string {
  const { block, txIndex, output } = scidParts(scid);
  return `${block}x${txIndex}x${output}`;
}

const SCID = /^(\d{1,8})x(\d{1,8})x(\d{1,5})$/;

export function scidFromString(text: string): ShortChannelId | undefined {
  const m = SCID.exec(text);
  if (m === null) return undefined;
  const [block, txIndex, output] = [Number(m[1]), Number(m[2]), Number(m[3])];
  if (block > 0xffffff || txIndex > 0xffffff || output > 0xffff) return undefined;
  return shortChannelId(block, txIndex, output);
}
