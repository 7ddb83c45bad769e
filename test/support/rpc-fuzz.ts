/**
 * Parameters for every command, from its declaration: values that are right, nearly right and
 * absurd; and a judge of what the daemon answers to them.
 */
import fc from 'fast-check';
import type { z } from 'zod';
import type { Command } from '../../src/rpc/command.js';
import { encodeJson } from '../../src/rpc/json.js';
import { paramsOf } from '../../src/rpc/parse-params.js';
import type { Reply } from './rpc-client.js';

/** Values that mean something to the daemon, by the name of a parameter or of its type. */
export type World = Readonly<Record<string, readonly unknown[]>>;

type Def = {
  type: string;
  innerType?: z.ZodType;
  in?: z.ZodType;
  out?: z.ZodType;
  element?: z.ZodType;
  shape?: Record<string, z.ZodType>;
};
const defOf = (schema: z.ZodType): Def => (schema as unknown as { def: Def }).def;

/** Numbers that JSON can write and JavaScript cannot hold, or only as something else. */
const RAW = '\u0001raw:';
const rawNumbers = ['1e400', '-1e400', '-0', '1E2', '1.0', '0.1e-9', '18446744073709551616'];

const HOSTILE: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 2, 1.5, -0.1, 1e21, 1e300, 5e-324],
  ...[2 ** 31, 2 ** 32, 2 ** 53, 1n << 63n, 1n << 64n, -(1n << 63n), 10n ** 40n],
  ...rawNumbers.map((text) => RAW + text),
  ...['', ' ', '0', '-1', '1.5', '0x10', '1e3', 'NaN', 'Infinity', 'null', 'true', 'all', 'any'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '\u0000', '\n', '"', '\\', '%s'],
  ...['🦊', '\ud800', '\u202e\u0301', 'ÅÅ', "'; drop table invoices; --", '../../etc/passwd'],
  ...['00', '0', 'zz', 'ab'.repeat(31), 'ab'.repeat(32), `02${'00'.repeat(32)}`],
  ...[`02${'ff'.repeat(32)}`, `${'0'.repeat(64)}:0`, '0x0x0', '16777215x16777215x65535/1'],
  ...['1msat', '0.5msat', '-1sat', '184467440737095516150btc', '1sat1', 'lnbc1', 'cHNidP8='],
  ...[[], {}, [[]], [null], [[[[[[1]]]]]], [{}], { '': 1 }, { a: { b: { c: [] } } }, [1, 'a', {}]],
  ...['x'.repeat(70_000), Array.from({ length: 3000 }, (_, i) => i)],
];

const hostile: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(1n << 66n), max: 1n << 66n }) },
);

/** A text with one place changed, cut, doubled or put in. */
const bent = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.nat(Math.max(text.length - 1, 0)),
      fc.constantFrom('cut', 'put', 'swap', 'twice', 'up'),
    )
    .map(([at, how]) => {
      const [before, after] = [text.slice(0, at), text.slice(at + 1)];
      if (how === 'cut') return before;
      if (how === 'put') return `${before}0${text.slice(at)}`;
      if (how === 'swap') return `${before}${text[at] === '1' ? '2' : '1'}${after}`;
      return how === 'up' ? text.toUpperCase() : text + text;
    });

/** The same of the bytes that a text in base64 stands for. */
const bentBase64 = (text: string): fc.Arbitrary<string> => {
  const bytes = Buffer.from(text, 'base64');
  return fc
    .array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.constantFrom('set', 'cut', 'put')), {
      minLength: 1,
      maxLength: 3,
    })
    .map((changes) => {
      let out = Buffer.from(bytes);
      for (const [at, byte, how] of changes) {
        if (how === 'set' && at < out.length) out[at] = byte;
        else if (how === 'cut') out = out.subarray(0, at);
        else out = Buffer.concat([out.subarray(0, at), Buffer.of(byte), out.subarray(at)]);
      }
      return out.toString('base64');
    });
};

const isPsbt = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith('cHNidP8');

const nearly = (value: unknown): fc.Arbitrary<unknown> => {
  if (isPsbt(value)) return fc.oneof(bentBase64(value), bent(value));
  if (typeof value === 'string') return bent(value);
  return hostile;
};

/** Types whose names are no values themselves, as those of a choice of words are. */
const TYPE_NAMES =
  /^(integer .*|u32|u64|number|string|boolean|array|object.*|msat|sat|pubkey.*|hex)$/;
const TYPE_NAMES_TOO =
  /^(hash|txid|secret|invoice|label|feerate|outpoint|short_channel_id.*|.* .*)$/;
const isTypeName = (word: string): boolean => TYPE_NAMES.test(word) || TYPE_NAMES_TOO.test(word);

/** What a parameter is called, or what its type is, tells what might be meant. */
function plausible(world: World, name: string, schema: z.ZodType): fc.Arbitrary<unknown> {
  const meta = (schema.meta() ?? {}) as { param?: string };
  const def = defOf(schema);
  if (meta.param === undefined) {
    if (def.type === 'array' && def.element) {
      const item = plausible(world, name, def.element);
      return fc.oneof(fc.array(item, { maxLength: 3 }), ...knownBy(world, name));
    }
    if (def.type === 'object' && def.shape)
      return fc.oneof(fieldsOf(world, def.shape, 'right'), ...knownBy(world, name));
    const inner = def.innerType ?? (def.type === 'pipe' ? def.out : undefined);
    if (inner) return plausible(world, name, inner);
  }
  const type = meta.param ?? def.type;
  const words = type
    .split('|')
    .flatMap((word) => [...(world[word] ?? []), ...(isTypeName(word) ? [] : [word])]);
  const known = world[name] ?? [];
  const range = /^integer (-?\d+) to (\d+)$/.exec(type);
  const numbers = range ? [Number(range[1]), Number(range[1]) + 1, Number(range[2])] : [];
  const choices = [...known, ...known, ...words, ...(known.length > 0 ? [] : numbers)];
  return fc.constantFrom(...(choices.length > 0 ? choices : [type]));
}

const knownBy = (world: World, name: string): fc.Arbitrary<unknown>[] =>
  world[name] === undefined ? [] : [fc.constantFrom(...world[name])];

/** How a call is made: all as it should be, one field wrong, or anything. */
type Mood = 'right' | 'mixed';

const valuesOf = (
  world: World,
  name: string,
  schema: z.ZodType,
  mood: Mood,
): fc.Arbitrary<unknown> => {
  const good = plausible(world, name, schema);
  if (mood === 'right') return good;
  return fc.oneof(
    { weight: 4, arbitrary: good },
    { weight: 3, arbitrary: good.chain(nearly) },
    { weight: 3, arbitrary: hostile },
  );
};

type Fields = Record<string, unknown>;

/** Some of the fields, now and then with one that there is not. */
function fieldsOf(
  world: World,
  shape: Record<string, z.ZodType>,
  mood: Mood,
): fc.Arbitrary<Fields> {
  const entries = Object.entries(shape);
  const required = entries.filter(([, schema]) => !schema.safeParse(undefined).success);
  const must = Object.fromEntries(
    required.map(([name, schema]) => [name, valuesOf(world, name, schema, mood)]),
  );
  const may = Object.fromEntries(
    entries
      .filter((entry) => !required.includes(entry))
      .map(([name, schema]) => [
        name,
        fc.option(valuesOf(world, name, schema, mood), { freq: 1, nil: undefined }),
      ]),
  );
  const all = fc.record({ ...must, ...may });
  if (mood === 'right') return all;
  const twists = fc.constantFrom('', '', '', '', '', '', '', 'lack', 'extra', 'proto');
  return fc.tuple(all, twists).map(([fields, twist]) => twisted(fields, twist, required[0]?.[0]));
}

function twisted(fields: Fields, twist: string, first: string | undefined): Fields {
  if (twist === 'lack' && first !== undefined) delete fields[first];
  if (twist === 'extra') fields['no_such_parameter'] = 1;
  if (twist === 'proto')
    Object.defineProperty(fields, '__proto__', { value: 1, enumerable: true, writable: true });
  return fields;
}

/** A call that is right but for one field. */
function oneWrong(world: World, shape: Record<string, z.ZodType>): fc.Arbitrary<Fields> {
  const entries = Object.entries(shape);
  const right = fieldsOf(world, shape, 'right');
  if (entries.length === 0) return right;
  return fc
    .constantFrom(...entries)
    .chain(([name, schema]) =>
      fc
        .tuple(right, fc.oneof(plausible(world, name, schema).chain(nearly), hostile))
        .map(([fields, value]) => ({ ...fields, [name]: value })),
    );
}

/** The params of one call, as JSON text: by name, by position, or no params at all. */
export function paramTexts(world: World, command: Command): fc.Arbitrary<string> {
  const shape = command.params.shape as Record<string, z.ZodType>;
  const named = fc.oneof(
    fieldsOf(world, shape, 'right'),
    oneWrong(world, shape),
    fieldsOf(world, shape, 'mixed'),
  );
  const order = paramsOf(command).map(({ name }) => name);
  const positional = named.map((values) => {
    const list = order.map((name) => values[name] ?? null);
    while (list.length > 0 && list.at(-1) === null) list.pop();
    return list;
  });
  const all = fc.oneof(
    { weight: 12, arbitrary: named },
    { weight: 5, arbitrary: positional },
    { weight: 1, arbitrary: fc.array(hostile, { maxLength: order.length + 2 }) },
    { weight: 1, arbitrary: hostile },
  );
  return all.map(jsonText);
}

export const jsonText = (value: unknown): string =>
  encodeJson(value).replace(/"\\u0001raw:([^"]*)"/g, '$1');

/** Words that are a library's, the engine's or the validator's, and say nothing to a client. */
const JARGON = [
  /cannot (read|set|convert|mix|destructure)|is not (a function|iterable|defined|a constructor)/i,
  /undefined|\bNaN\b|\[object |invalid_type|invalid input|expected .* received|too_small/i,
  /TypeError|RangeError|SyntaxError|AssertionError|ReferenceError|internal error|stack/,
  /node_modules|\.(ts|js):\d|\bat \w+.*\(|reader\(|Reader|Uint8Array|BigInt|bigint|Buffer/,
  /unexpected (token|end)|sqlite|constraint failed|zod|psbt\.|assert/i,
  /ERR_[A-Z]|\bE[A-Z]{5,}\b/,
];

/** What is wrong with a reply, if anything is. `params` is the text that was sent. */
export function complaint(command: Command, params: string, { error }: Reply): string | undefined {
  if (error === undefined) return undefined;
  const { code, message } = error;
  if (code === -32603) return `a bug: ${message}`;
  if (message === '' || !Number.isInteger(code)) return `an error without words or code: ${code}`;
  // The chain's own word for why it refuses a transaction.
  if (code === 303) return undefined;
  // What the client itself sent may be shown to it.
  const own = message.replace(/invalid token '[\s\S]*'$/, '').replace(/unknown parameter: .*/s, '');
  const jargon = JARGON.find((words) => words.test(own));
  if (jargon && !params.includes(own.match(jargon)?.[0] ?? '')) return `not our words: ${message}`;
  if (message.length > 600) return `${message.length} characters`;
  if (code !== -32602 || command.takesAnything) return undefined;
  const names = ['params', 'parameter', 'filter', ...paramsOf(command).map(({ name }) => name)];
  return names.some((name) => own.includes(name)) || /unknown parameter/.test(message)
    ? undefined
    : `no field is named: ${message}`;
}
