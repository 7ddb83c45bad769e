/**
 * BOLT 4, "Payload Format": bytes of a forwarding payload in the onion, its length and HMAC with
 * it: amt_to_forward and outgoing_cltv_value truncated, short_channel_id of 8 bytes.
 */
export function payloadSize(amount: number, expiry: number): number {
  return 1 + 2 + truncated(amount) + 2 + truncated(expiry) + 2 + 8 + 32;
}

/** Bytes of an integer without leading zeros. */
export function truncated(value: number): number {
  if (value < 1) return 0;
  if (value < 0x100) return 1;
  if (value < 0x1_0000) return 2;
  if (value < 0x100_0000) return 3;
  if (value < 0x1_0000_0000) return 4;
  if (value < 0x100_0000_0000) return 5;
  return value < 0x1_0000_0000_0000 ? 6 : 7;
}
