/** Byte streams between hosts. */
export interface NetAddress {
  readonly host: string;
  readonly port: number;
}

/** One end of a stream. Data that arrives before `onData` is set is kept for it. */
export interface Connection {
  /** The other end; a name is resolved, unless a proxy does that. */
  readonly remote: NetAddress;
  /** Queues the bytes; answers the number of bytes not yet handed to the system. */
  write(bytes: Uint8Array): number;
  onData(fn: (bytes: Uint8Array) => void): void;
  /** Called once, whoever closed it; `error` where it did not end in peace. */
  onClose(fn: (error?: Error) => void): void;
  /** Stops and restarts the reading side: back-pressure on a peer that floods. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface Listener {
  readonly address: NetAddress;
  close(): Promise<void>;
}

export interface Net {
  /** Rejects with an Error that names the cause (refused, unreachable, timed out). */
  connect(address: NetAddress, signal?: AbortSignal): Promise<Connection>;
  listen(address: NetAddress, accept: (connection: Connection) => void): Promise<Listener>;
}
