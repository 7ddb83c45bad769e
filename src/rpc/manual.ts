import type { z } from 'zod';
import type { Command } from './command.js';
import { encodeJson } from './json.js';
import { paramsOf } from './parse-params.js';

interface Meta {
  readonly param?: string;
  readonly result?: string;
  readonly description?: string;
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly fallback: unknown;
  readonly description: string;
  readonly inner: readonly Field[];
}

type Def = {
  type: string;
  innerType?: z.ZodType;
  out?: z.ZodType;
  element?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  options?: z.ZodType[];
  defaultValue?: unknown;
  values?: unknown[];
  entries?: Record<string, string>;
};
const defOf = (schema: z.ZodType): Def => (schema as unknown as { def: Def }).def;

/** What stands inside `optional`, `default`, `nullable`, and what was said on the way there. */
function unwrap(schema: z.ZodType): {
  core: z.ZodType;
  meta: Meta;
  optional: boolean;
  fallback: unknown;
} {
  let meta: Meta = {};
  let optional = false;
  let fallback: unknown;
  let core = schema;
  for (;;) {
    meta = { ...(core.meta() as Meta | undefined), ...meta };
    const { type, innerType, defaultValue } = defOf(core);
    if (type === 'optional' || type === 'default' || type === 'prefault') optional = true;
    if (type === 'default' || type === 'prefault') fallback = defaultValue;
    if (innerType === undefined) return { core, meta, optional, fallback };
    core = innerType;
  }
}

function typeOf(schema: z.ZodType): { type: string; inner: readonly Field[] } {
  const { core, meta } = unwrap(schema);
  const def = defOf(core);
  const named = meta.param ?? meta.result;
  if (named !== undefined) return { type: named, inner: [] };
  if (def.type === 'array' && def.element) {
    const item = typeOf(def.element);
    return {
      type: `array of ${item.type === 'object' ? 'objects' : item.type}`,
      inner: item.inner,
    };
  }
  if (def.type === 'pipe' && def.out) return typeOf(def.out);
  if (def.type === 'object') return { type: 'object', inner: fieldsOf(def.shape ?? {}) };
  if (def.type === 'union')
    return { type: (def.options ?? []).map((o) => typeOf(o).type).join('|'), inner: [] };
  if (def.type === 'literal')
    return { type: (def.values ?? []).map((v) => JSON.stringify(v)).join('|'), inner: [] };
  if (def.type === 'enum') return { type: Object.values(def.entries ?? {}).join('|'), inner: [] };
  return { type: def.type === 'unknown' || def.type === 'any' ? 'any' : def.type, inner: [] };
}

function fieldsOf(shape: Record<string, z.ZodType>): Field[] {
  return Object.entries(shape).map(([name, schema]) => {
    const { meta, optional, fallback } = unwrap(schema);
    return {
      name,
      ...typeOf(schema),
      required: !optional,
      fallback,
      description: meta.description ?? '',
    };
  });
}

/** `ping id [len] [pongbytes]`. */
export function usage(command: Command): string {
  const words = paramsOf(command).map(({ name, required }) => (required ? name : `[${name}]`));
  return [command.name, ...words].join(' ');
}

function fieldLines(fields: readonly Field[], depth: number, withNeed: boolean): string[] {
  return fields.flatMap((field) => {
    const notes = [field.type];
    if (withNeed && !field.required) notes.push('optional');
    if (field.fallback !== undefined) notes.push(`default ${encodeJson(field.fallback)}`);
    const text = field.description === '' ? '' : `: ${field.description}`;
    return [
      `${'  '.repeat(depth)}- **${field.name}** (${notes.join(', ')})${text}`,
      ...fieldLines(field.inner, depth + 1, withNeed),
    ];
  });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines];
}

/** The manual page of a command in Markdown, from its declaration alone. */
export function manualPage(command: Command): string {
  const params = fieldsOf(command.params.shape as Record<string, z.ZodType>);
  const result = typeOf(command.result);
  return `${[
    `# ${command.name}`,
    '',
    command.summary,
    ...section('Synopsis', [`    ${usage(command)}`]),
    ...(command.aliases.length > 0 ? ['', `Also known as: ${command.aliases.join(', ')}.`] : []),
    ...section('Description', [command.description]),
    ...section('Parameters', fieldLines(params, 0, true)),
    ...section(
      'Answer',
      result.inner.length > 0
        ? [
            ...(result.type === 'object' ? [] : [`An ${result.type}:`, '']),
            ...fieldLines(result.inner, 0, true),
          ]
        : [result.type === 'object' ? 'An empty object.' : result.type],
    ),
    ...section(
      'Errors',
      command.errors.map(({ code, meaning }) => `- **${code}**: ${meaning}`),
    ),
    ...section(
      'Examples',
      command.examples.flatMap(({ cli, reply }, i) => [
        ...(i > 0 ? [''] : []),
        `    $ ${cli}`,
        ...(reply === undefined
          ? []
          : JSON.stringify(reply, (_, v) => (typeof v === 'bigint' ? Number(v) : v), 3)
              .split('\n')
              .map((line) => `    ${line}`)),
      ]),
    ),
    ...section('See also', command.seeAlso.length > 0 ? [`${command.seeAlso.join(', ')}`] : []),
  ].join('\n')}\n`;
}

const WIDTH = 80;

function wrap(text: string, indent: string, hanging = indent): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const lead = lines.length === 0 ? indent : hanging;
    if (line !== '' && lead.length + line.length + 1 + word.length > WIDTH) {
      lines.push(lead + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push((lines.length === 0 ? indent : hanging) + line);
  return lines;
}

/** The same page for a terminal, in the shape of a manual page. */
export function manualText(command: Command): string {
  const out = [`${command.name.toUpperCase()}(7)`, '', 'NAME'];
  out.push(...wrap(`${command.name} - ${command.summary}`, '    '));
  let paragraph: string[] = [];
  const flush = (): void => {
    if (paragraph.length > 0) out.push(...wrap(paragraph.join(' '), '    '));
    paragraph = [];
  };
  for (const line of manualPage(command).split('\n').slice(3)) {
    const item = /^( *)- (.*)$/.exec(line);
    if (line.startsWith('## ')) {
      flush();
      out.push(line.slice(3).toUpperCase());
    } else if (line.startsWith('    ') && !item) {
      flush();
      out.push(...(line.length > WIDTH ? wrap(line.trim(), '    ', '        ') : [line]));
    } else if (item) {
      flush();
      const indent = `    ${item[1]}`;
      out.push(...wrap((item[2] as string).replace(/\*\*|`/g, ''), indent, `${indent}    `));
    } else if (line === '') {
      flush();
      if (out.at(-1) !== '' && !/^[A-Z ]+$/.test(out.at(-1) as string)) out.push('');
    } else paragraph.push(line.replace(/\*\*|`/g, ''));
  }
  flush();
  return `${out.join('\n').trimEnd()}\n`;
}
