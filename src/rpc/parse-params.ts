import type { z } from 'zod';
import type { Command } from './command.js';
import { codes, cut, RpcError } from './errors.js';
import { encodeJson } from './json.js';

const bad = (message: string): RpcError => new RpcError(codes.badParameter, message);

const shown = (value: unknown): string =>
  cut(typeof value === 'string' ? value : encodeJson(value));

/** `route[0].id` from `route`, `[0, 'id']`. */
const pathName = (name: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (at, key) => (typeof key === 'number' ? `${at}[${key}]` : `${at}.${String(key)}`),
    name,
  );

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (v, key) => (v === null || typeof v !== 'object' ? undefined : (v as never)[key]),
    value,
  );

/** The names of a command's parameters in positional order, and whether each may be left out. */
export interface ParamInfo {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly required: boolean;
}
const infos = new WeakMap<Command, readonly ParamInfo[]>();

export function paramsOf(command: Command): readonly ParamInfo[] {
  let info = infos.get(command);
  if (!info) {
    info = Object.entries(command.params.shape).map(([name, schema]) => ({
      name,
      schema: schema as z.ZodType,
      required: !(schema as z.ZodType).safeParse(undefined).success,
    }));
    infos.set(command, info);
  }
  return info;
}

/** Positional parameters by name; `null` is "left out" in both forms. */
function byName(command: Command, given: unknown): Map<string, unknown> {
  const info = paramsOf(command);
  const named = new Map<string, unknown>();
  if (given === undefined || given === null) return named;
  if (Array.isArray(given)) {
    if (given.length > info.length && command.takesAnything)
      named.set('positional', given.slice(info.length));
    else if (given.length > info.length)
      throw bad(`too many parameters: got ${given.length}, expected ${info.length}`);
    info.forEach(({ name }, i) => {
      if (given[i] !== undefined && given[i] !== null) named.set(name, given[i]);
    });
    return named;
  }
  if (typeof given !== 'object') throw bad('params should be an object or an array');
  for (const [name, value] of Object.entries(given)) {
    if (!command.takesAnything && !Object.hasOwn(command.params.shape, name))
      throw bad(`unknown parameter: ${shown(name)}`);
    if (value !== null) named.set(name, value);
  }
  return named;
}

/** The checked parameters of a request. Throws `RpcError` -32602 whose message names the field. */
export function parseParams(command: Command, given: unknown): Record<string, unknown> {
  const named = byName(command, given);
  const out: Record<string, unknown> = command.takesAnything ? Object.fromEntries(named) : {};
  for (const { name, schema, required } of paramsOf(command)) {
    const value = named.get(name);
    if (value === undefined && required) throw bad(`missing required parameter: ${name}`);
    const parsed = schema.safeParse(value);
    if (parsed.success) {
      if (parsed.data !== undefined) out[name] = parsed.data;
      continue;
    }
    const issue = parsed.error.issues[0];
    const path = issue?.path ?? [];
    const culprit = at(value, path);
    const field = pathName(name, path);
    if (culprit === undefined && path.length > 0) throw bad(`missing required field: ${field}`);
    throw bad(`${field}: ${issue?.message ?? 'is not valid'}: invalid token '${shown(culprit)}'`);
  }
  return out;
}
