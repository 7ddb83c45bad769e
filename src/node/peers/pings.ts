/** BOLT 1, The ping and pong Messages. */
import { type Bytes, err, ok } from '../../core/bytes/index.js';
import type { MessageOf } from '../../core/wire/index.js';
import type { PingResult } from './types.js';

/** BOLT 1, ping: from this number of bytes on no pong is wanted. */
export const NO_PONG = 65_532;
/** What fits into a ping beside its type and its two numbers. */
export const MAX_PING = 65_535 - 6;

interface Waiting {
  readonly length: number;
  readonly resolve: ((result: PingResult) => void) | undefined;
}

/** The pings of one connection that wait for their pong, oldest first. */
export class Pings {
  #waiting: Waiting[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  /** BOLT 1, ping: a pong of the length that was asked for, or none. */
  answer(ping: MessageOf<'ping'>): MessageOf<'pong'> | undefined {
    if (ping.numPongBytes >= NO_PONG) return undefined;
    return { kind: 'pong', ignored: new Uint8Array(ping.numPongBytes) };
  }

  /** A ping of ours; `resolve` is told how it ends. */
  make(
    length: number,
    pongBytes: number,
    resolve?: (result: PingResult) => void,
  ): MessageOf<'ping'> {
    if (pongBytes < NO_PONG) this.#waiting.push({ length: pongBytes, resolve });
    else resolve?.(ok({ totlen: 0 }));
    return { kind: 'ping', numPongBytes: pongBytes, ignored: new Uint8Array(length) };
  }

  /** Whether a ping of ours asked for a pong of this length. */
  receive(ignored: Bytes): boolean {
    const at = this.#waiting.findIndex((ping) => ping.length === ignored.length);
    if (at < 0) return false;
    const [found] = this.#waiting.splice(at, 1) as [Waiting];
    found.resolve?.(ok({ totlen: ignored.length + 4 }));
    return true;
  }

  end(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve?.(err({ code: 'disconnected' }));
  }
}
