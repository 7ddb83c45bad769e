/** The numbers Core Lightning's clients know. Only this ring speaks them. */
export const codes = {
  malformedRequest: -32600,
  unknownMethod: -32601,
  badParameter: -32602,
  internal: -32603,
  badJson: -32700,
  /** The catch-all of a command that ran and failed. */
  general: -1,
  payInProgress: 200,
  payRhashAlreadyUsed: 201,
  payUnparseableOnion: 202,
  payDestinationPermFail: 203,
  payTryOtherRoute: 204,
  payRouteNotFound: 205,
  payRouteTooExpensive: 206,
  payInvoiceExpired: 207,
  payNoSuchPayment: 208,
  payUnspecifiedError: 209,
  payStoppedRetrying: 210,
  payStatusUnexpected: 211,
  payInvoiceRequestInvalid: 212,
  payInsufficientFunds: 215,
  payUserError: 219,
  payDestinationInsufficientCapacity: 220,
  fundMaxExceeded: 300,
  fundCannotAfford: 301,
  fundDust: 302,
  fundBroadcastFail: 303,
  fundStillSyncing: 304,
  fundingUnknownPeer: 306,
  fundingStateInvalid: 309,
  fundEmergencyReserve: 313,
  connectNoKnownAddress: 400,
  connectAllAddressesFailed: 401,
  connectDisconnectedDuring: 402,
  invoiceLabelExists: 900,
  invoicePreimageExists: 901,
  invoiceHintsGaveNoRoutes: 902,
  invoiceExpiredDuringWait: 903,
  invoiceWaitTimedOut: 904,
  invoiceNotFound: 905,
  invoiceStatusUnexpected: 906,
  invoiceNoDescription: 908,
  datastoreNoSuchKey: 1200,
  datastoreDeleteWrongGeneration: 1201,
  datastoreExists: 1202,
  datastoreMissing: 1203,
  datastoreWrongGeneration: 1204,
  datastoreHasChildren: 1205,
  datastoreParentHasValue: 1206,
  noSuchForward: 1401,
} as const;

/** As much of what a client sent as an error shows. */
export const cut = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);

export const unknownCommand = (name: string): RpcError =>
  new RpcError(codes.unknownMethod, `Unknown command '${cut(name)}'`);

/** What a command throws to answer with an error; `data` is sent as it is. */
export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}
