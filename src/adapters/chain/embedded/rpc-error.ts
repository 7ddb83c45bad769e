/** An answer of bitcoind's that is an error: its code and its message. */
export class ChainRpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** The codes of bitcoind's `rpc/protocol.h` that are used here. */
export const CODE = {
  misc: -1,
  type: -3,
  wallet: -4,
  notFound: -5,
  insufficientFunds: -6,
  parameter: -8,
  decode: -22,
  transaction: -25,
  rejected: -26,
  alreadyInChain: -27,
  noMethod: -32601,
} as const;
