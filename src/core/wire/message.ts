/** How a message is declared: a type number and a table of fields, in the order of the wire. */
import type { Bytes } from '../bytes/index.js';
import type { Codec } from './codec.js';
import { type Fields, type RecordOf, record } from './structures.js';

export interface MessageSpec<T> {
  readonly type: number;
  readonly fields: Fields;
  readonly codec: Codec<T>;
  /** Where the signed part of a gossip message begins, counted from the type; its end is the end. */
  readonly signedFrom?: number;
}

/**
 * A message. Bytes after the declared fields are ignored where no `tlvs` field is declared, as
 * BOLT 1 allows.
 */
export function message<F extends Fields>(type: number, fields: F): MessageSpec<RecordOf<F>> {
  return { type, fields, codec: record(fields) };
}

/** What a gossip message has beside its fields. */
export interface Raw {
  /**
   * The message exactly as it came, its type included: what signatures cover and what is relayed.
   * Absent in a message of our own making; an encoder that finds it writes it as it is.
   */
  readonly raw?: Bytes;
}

/** A message of gossip: signed behind its `signatures` and kept as it came. */
export function gossipMessage<F extends Fields>(
  type: number,
  signatures: number,
  fields: F,
): MessageSpec<RecordOf<F> & Raw> {
  return { type, fields, codec: record(fields), signedFrom: 2 + 64 * signatures };
}
