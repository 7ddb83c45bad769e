/**
 * JSON as text, token by token: what the client prints has every digit that the daemon sent,
 * also of numbers beyond 2^53.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

const tokens = (text: string): string[] => text.match(TOKEN) ?? [];

/** Indented by three, as Core Lightning's client does. */
export function indentJson(text: string): string {
  let out = '';
  let depth = 0;
  let previous = '';
  const line = (): string => `\n${'   '.repeat(depth)}`;
  for (const token of tokens(text)) {
    const opened = previous === '{' || previous === '[';
    if (token === '}' || token === ']') {
      depth--;
      out += opened ? token : line() + token;
    } else {
      if (opened || previous === ',') out += line();
      out += token === ':' ? ': ' : token;
      if (token === '{' || token === '[') depth++;
    }
    previous = token;
  }
  return out;
}

interface Leaf {
  readonly path: string;
  readonly value: string;
}

/** The members of an object, each as its text; empty where it is no object. One pass, no copies. */
export function members(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let depth = 0;
  let key: string | undefined;
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match;
    if (depth === 0 && token !== '{') return found;
    if (depth === 1 && (token === ',' || token === '}')) {
      if (key !== undefined) found.set(key, text.slice(from, match.index).trim());
      key = undefined;
    } else if (depth === 1 && key === undefined) key = JSON.parse(token) as string;
    else if (depth === 1 && token === ':') from = match.index + 1;
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
  }
  return found;
}

const plain = (token: string): string =>
  token.startsWith('"') ? (JSON.parse(token) as string) : token;

function leaves(list: readonly string[], at: number, path: string, out: Leaf[]): number {
  const open = list[at] as string;
  if (open !== '{' && open !== '[') {
    out.push({ path, value: plain(open) });
    return at + 1;
  }
  let i = at + 1;
  for (let index = 0; i < list.length && list[i] !== '}' && list[i] !== ']'; index++) {
    if (open === '{') {
      const key = plain(list[i] as string);
      i = leaves(list, i + 2, path === '' ? key : `${path}.${key}`, out);
    } else i = leaves(list, i, `${path}[${index}]`, out);
    if (list[i] === ',') i++;
  }
  return i + 1;
}

/** `-F`: one `path=value` a line. */
export function flatLines(text: string): string {
  const out: Leaf[] = [];
  leaves(tokens(text), 0, '', out);
  return out.map(({ path, value }) => (path === '' ? value : `${path}=${value}`)).join('\n');
}

/** `-H`: as `-F`, without the path where a value stands alone. */
export function humanLines(text: string): string {
  return text.startsWith('"') ? plain(text) : flatLines(text);
}

/** What `help` answers, as a list; or the page of one command. */
export function helpList(text: string): string {
  const { help } = JSON.parse(text) as {
    help?: { command: string; category?: string; description?: string; verbose?: string }[];
  };
  if (!help) return humanLines(text);
  const [first] = help;
  if (help.length === 1 && first?.verbose !== undefined) return first.verbose.trimEnd();
  const categories = [...new Set(help.map((h) => h.category ?? ''))].sort();
  const blocks = categories.map((category) => {
    const lines = help
      .filter((h) => (h.category ?? '') === category)
      .map(({ command, description }) => [
        command,
        ...(description ? [`    ${description}`] : []),
        '',
      ])
      .map((block) => block.join('\n'));
    return `${category && `=== ${category} ===\n\n`}${lines.join('\n')}`;
  });
  return `${blocks.join('\n')}\nrun 'lightning-cli help COMMAND' for more on a command`;
}
