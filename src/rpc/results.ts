import { z } from 'zod';

/** Types of answers, for the manual page and for the tests that hold commands to them. */
export const msat = () => z.bigint().meta({ result: 'msat' });
export const sat = () => z.bigint().meta({ result: 'sat' });
export const u64 = () => z.bigint().meta({ result: 'u64' });
export const integer = () => z.int().meta({ result: 'integer' });
export const number = () => z.number().meta({ result: 'number' });
export const string = () => z.string().meta({ result: 'string' });
export const boolean = () => z.boolean().meta({ result: 'boolean' });
export const hex = () => z.string().meta({ result: 'hex' });
export const hash = () => z.string().length(64).meta({ result: 'hash' });
export const txid = () => z.string().length(64).meta({ result: 'txid' });
export const nodeId = () => z.string().length(66).meta({ result: 'pubkey' });
export const scid = () => z.string().meta({ result: 'short_channel_id' });
export const scidDir = () => z.string().meta({ result: 'short_channel_id_dir' });
export const oneOf = <const T extends string>(...words: readonly T[]) =>
  z.enum(words).meta({ result: words.join('|') });
/** Left out of the answer where it is `undefined`. */
export const object = <S extends z.ZodRawShape>(shape: S) => z.object(shape);
export const array = <T extends z.ZodType>(item: T) => z.array(item);
