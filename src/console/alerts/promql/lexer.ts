import { PromqlError } from './promql-error.js';

type TokenKind = 'number' | 'duration' | 'string' | 'word' | 'punctuation' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the expression; of a string, what it says. */
  readonly text: string;
  readonly at: number;
}

const blank = /(?:\s|#[^\n]*)+/y;
const duration = /(?:\d+(?:ms|[smhdwy]))+(?!\w)/y;
const number = /0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const word = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const punctuation = /==|!=|=~|!~|>=|<=|[-+*/%^=<>(){}[\],@]/y;

/**
 * The words of a PromQL expression.
 * @throws PromqlError at a character that begins none.
 */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let isInBrackets = false;
  const next = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  while (at < source.length) {
    const skipped = next(blank);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    const char = source[at] as string;
    if (char === '"' || char === "'" || char === '`') {
      const end = endOfString(source, at);
      tokens.push({ kind: 'string', text: unquoted(source.slice(at, end), at), at });
      at = end;
      continue;
    }
    const [kind, text] = plainToken(next, isInBrackets && char === ':');
    if (text === undefined)
      throw new PromqlError(`unexpected character ${JSON.stringify(char)} at ${at + 1}`);
    if (text === '[') isInBrackets = true;
    if (text === ']') isInBrackets = false;
    tokens.push({ kind, text, at });
    at += text.length;
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}

function plainToken(
  next: (pattern: RegExp) => string | undefined,
  isColon: boolean,
): [TokenKind, string | undefined] {
  if (isColon) return ['punctuation', ':'];
  const time = next(duration);
  if (time !== undefined) return ['duration', time];
  const numeral = next(number);
  if (numeral !== undefined) return ['number', numeral];
  const name = next(word);
  if (name !== undefined) return ['word', name];
  return ['punctuation', next(punctuation)];
}

function endOfString(source: string, from: number): number {
  const quote = source[from];
  for (let at = from + 1; at < source.length; at += 1) {
    if (source[at] === '\\' && quote !== '`') at += 1;
    else if (source[at] === quote) return at + 1;
    else if (source[at] === '\n' && quote !== '`') break;
  }
  throw new PromqlError(`unterminated string at ${from + 1}`);
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** What a quoted string says, with Go's escapes. */
function unquoted(quoted: string, at: number): string {
  const body = quoted.slice(1, -1);
  if (quoted.startsWith('`')) return body;
  return body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_, byte?: string, four?: string, eight?: string, octal?: string, plain?: string) => {
      const hex = byte ?? four ?? eight;
      const code = hex === undefined ? octal && Number.parseInt(octal, 8) : Number.parseInt(hex, 16);
      if (typeof code === 'number' && code <= 0x10ffff) return String.fromCodePoint(code);
      const char = plain === undefined ? undefined : escapes[plain];
      if (char === undefined) throw new PromqlError(`unknown escape sequence in the string at ${at + 1}`);
      return char;
    },
  );
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/**
 * A time in Prometheus' notation, `1h30m` or `500ms`, in milliseconds.
 * @throws PromqlError where it is something else: units stand once each, the largest first.
 */
export function durationMs(text: string): number {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)];
  const sizes = parts.map(([, , unit]) => unitMs[unit as string] as number);
  const isOrdered = sizes.every((size, index) => index === 0 || size < (sizes[index - 1] as number));
  if (parts.length === 0 || !isOrdered || parts.map(([part]) => part).join('') !== text)
    throw new PromqlError(`not a duration: ${JSON.stringify(text)}`);
  return parts.reduce((sum, [, count], index) => sum + Number(count) * (sizes[index] as number), 0);
}
