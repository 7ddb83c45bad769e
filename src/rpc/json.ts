/**
 * JSON with whole numbers of any size: amounts are bigint inside, plain integers outside.
 */

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

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const BIG = '\u0000int:';
const LARGE = /^\0int:(-?\d+)$/;

/** As `JSON.parse`, but integers beyond 2^53 come as exact bigint. Throws `SyntaxError`. */
export function parseJson(text: string, hasLargeNumbers = /\d{16}/.test(text)): unknown {
  if (!hasLargeNumbers) return JSON.parse(text);
  const marked = text.replace(TOKENS, (token) => {
    const large = /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token));
    return large ? JSON.stringify(BIG + token) : token;
  });
  return JSON.parse(marked, (_, value) => {
    const m = typeof value === 'string' ? LARGE.exec(value) : null;
    return m ? BigInt(m[1] as string) : value;
  });
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
