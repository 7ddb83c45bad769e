/**
 * JSON with whole numbers of any size: amounts are bigint inside, plain integers outside.
 */
import { randomUUID } from 'node:crypto';

/** `undefined` properties are left out, bigint are plain integers, byte strings are hex. */
export function encodeJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : encodeObject(value);
    default:
      return 'null';
  }
}

function encodeObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(encodeJson).join(',')}]`;
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('hex')}"`;
  let out = '';
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || typeof item === 'function') continue;
    out += `${out === '' ? '' : ','}${JSON.stringify(key)}:${encodeJson(item)}`;
  }
  return `{${out}}`;
}

/** Stands before the digits of a large integer; no client can know it, and so none can send it. */
const MARK = `int ${randomUUID()} `;
const LARGE = /^-?[1-9]\d{15,}$/;
/** Digits from which on a number may be beyond 2^53. */
const LARGE_DIGITS = 16;

const isLarge = (token: string): boolean =>
  LARGE.test(token) && !Number.isSafeInteger(Number(token));

/** As `JSON.parse`, but integers beyond 2^53 come as exact bigint. Throws `SyntaxError`. */
export function parseJson(text: string, hasLargeNumbers = /\d{16}/.test(text)): unknown {
  const marked = hasLargeNumbers ? markLarge(text) : text;
  const value = JSON.parse(marked);
  return marked === text ? value : unmarked(value);
}

/** By hand: a regular expression runs out of stack on a string of megabytes. */
function markLarge(text: string): string {
  let out = '';
  let done = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (startsNumber(code)) {
      const end = endOfNumber(text, at);
      const token = end - at < LARGE_DIGITS ? '' : text.slice(at, end);
      if (isLarge(token)) {
        out += `${text.slice(done, at)}"${MARK}${token}"`;
        done = end;
      }
      at = end - 1;
    }
  }
  return done === 0 ? text : out + text.slice(done);
}

/** Of the string that starts at `start`: where its closing quote stands. */
function endOfString(text: string, start: number): number {
  for (let at = start; ; ) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const startsNumber = (code: number): boolean => code === 0x2d || isDigit(code);

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && goesOn(text.charCodeAt(end))) end++;
  return end;
}

/** A digit, or what else may stand in a number: + - . e E */
const goesOn = (code: number): boolean =>
  isDigit(code) || (code >= 0x2b && code <= 0x2e && code !== 0x2c) || (code | 0x20) === 0x65;

function unmarked(value: unknown): unknown {
  if (typeof value === 'string')
    return value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = unmarked(value[i]);
    return value;
  }
  for (const [key, inner] of Object.entries(value)) {
    const whole = unmarked(inner);
    // A field may be called `__proto__`, which an assignment takes for something else.
    if (whole !== inner)
      Object.defineProperty(value, key, {
        ...{ value: whole, enumerable: true, writable: true, configurable: true },
      });
  }
  return value;
}

export type SplitProblem = 'not_json' | 'too_large' | 'too_deep';

/** A whole JSON text of the stream, or why the stream cannot be read any further. */
export type SplitResult = { readonly text: string } | { readonly problem: SplitProblem };

const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Cuts a byte stream into the JSON objects (or arrays) that follow one another on it, with any
 * white space between. After a problem it stays dead: there is no telling where a next one starts.
 */
export class JsonSplitter {
  #parts: Uint8Array[] = [];
  #size = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #dead = false;

  constructor(
    readonly maxBytes: number,
    readonly maxDepth = 64,
  ) {}

  /** Bytes of an unfinished text. */
  get pending(): number {
    return this.#size;
  }

  push(chunk: Uint8Array): SplitResult[] {
    const out: SplitResult[] = [];
    let start = 0;
    for (let i = 0; i < chunk.length && !this.#dead; i++) {
      const problem = this.#step(chunk[i] as number);
      if (problem !== undefined) {
        if (problem === 'blank') {
          start = i + 1;
        } else if (problem === 'end') {
          out.push(this.#finish(chunk.subarray(start, i + 1)));
          start = i + 1;
        } else out.push(this.#die(problem));
      }
    }
    if (!this.#dead && start < chunk.length) {
      this.#parts.push(chunk.slice(start));
      this.#size += chunk.length - start;
      if (this.#size > this.maxBytes) out.push(this.#die('too_large'));
    }
    return out;
  }

  #step(byte: number): 'blank' | 'end' | SplitProblem | undefined {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
      return undefined;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY)
      return ++this.#depth > this.maxDepth ? 'too_deep' : undefined;
    if (this.#depth === 0)
      return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) ? 'blank' : 'not_json';
    if (byte === QUOTE) this.#inString = true;
    else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --this.#depth === 0) return 'end';
    return undefined;
  }

  #finish(last: Uint8Array): SplitResult {
    const whole = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#size = 0;
    if (whole.length > this.maxBytes) return this.#die('too_large');
    try {
      return { text: utf8.decode(whole) };
    } catch {
      return this.#die('not_json');
    }
  }

  #die(problem: SplitProblem): SplitResult {
    this.#dead = true;
    this.#parts = [];
    this.#size = 0;
    return { problem };
  }
}
