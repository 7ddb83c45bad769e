import type { z } from 'zod';

type Def = {
  type: string;
  innerType?: z.ZodType;
  element?: z.ZodType;
  valueType?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  options?: z.ZodType[];
  values?: unknown[];
  entries?: Record<string, string>;
};

const whole = (value: unknown): boolean => typeof value === 'bigint' || Number.isInteger(value);

function object(shape: Record<string, z.ZodType>, value: unknown, at: string): string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return [`${at}: should be an object`];
  const undeclared = Object.keys(value).filter((key) => !(key in shape));
  return [
    ...undeclared.map((key) => `${at}.${key}: is not declared`),
    ...Object.entries(shape).flatMap(([key, inner]) =>
      misfits(inner, (value as Record<string, unknown>)[key], `${at}.${key}`),
    ),
  ];
}

/** Where an answer, as JSON has it, differs from its declaration; also what is not declared. */
export function misfits(schema: z.ZodType, value: unknown, at = 'answer'): string[] {
  const def = (schema as unknown as { def: Def }).def;
  const is = (fits: boolean): string[] =>
    fits
      ? []
      : [
          `${at}: should be ${def.type}, is ${JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`,
        ];
  switch (def.type) {
    case 'optional':
      return value === undefined ? [] : misfits(def.innerType as z.ZodType, value, at);
    case 'nullable':
      return value === null ? [] : misfits(def.innerType as z.ZodType, value, at);
    case 'bigint':
      return is(whole(value));
    case 'number':
      return is(typeof value === 'number' && schema.safeParse(value).success);
    case 'string':
      return is(typeof value === 'string' && schema.safeParse(value).success);
    case 'boolean':
      return is(typeof value === 'boolean');
    case 'enum':
      return is(Object.values(def.entries ?? {}).includes(value as string));
    case 'literal':
      return is((def.values ?? []).includes(value));
    case 'array':
      return Array.isArray(value)
        ? value.flatMap((item, i) => misfits(def.element as z.ZodType, item, `${at}[${i}]`))
        : is(false);
    case 'object':
      return object(def.shape ?? {}, value, at);
    case 'record':
      return value !== null && typeof value === 'object'
        ? Object.entries(value).flatMap(([key, v]) =>
            misfits(def.valueType as z.ZodType, v, `${at}.${key}`),
          )
        : is(false);
    case 'union': {
      const all = (def.options ?? []).map((option) => misfits(option, value, at));
      return all.some((found) => found.length === 0) ? [] : (all[0] as string[]);
    }
    case 'unknown':
    case 'any':
      return [];
    default:
      return [`${at}: a declaration of type ${def.type} that this check does not know`];
  }
}
