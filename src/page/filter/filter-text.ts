/** What a field of a filter takes. */
export interface Field {
  readonly name: string;
  readonly operators: readonly Operator[];
  /** A value that may be left out: `error` is `error = true`. */
  readonly isFlag?: boolean;
  /** For people: what it narrows to. */
  readonly hint: string;
  /** The console knows its values. */
  readonly isLearned?: boolean;
  /** Values that there are, whatever the data. */
  readonly values?: readonly string[];
  /** Says what is wrong with a value; undefined for nothing. */
  readonly check?: (value: string) => string | undefined;
}

export type Operator = '=' | '>' | '<' | '>=';

/** One condition; `field` is `text` for what has to stand somewhere, and `attr.<key>` for an attribute. */
export interface Term {
  readonly field: string;
  readonly operator: Operator;
  /** '' with `=` for an attribute that only has to be there. */
  readonly value: string;
  /** What is wrong with it. */
  readonly problem: string | undefined;
}

export const ATTRIBUTE = 'attr.';
export const TEXT = 'text';

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
  readonly isOperator: boolean;
  readonly from: number;
  readonly to: number;
}

const tokenPattern = /"((?:[^"\\]|\\.)*)"?|(>=|<=|[=:><])|([^\s"=:><]+)/g;
/** A unit that stands apart from its number. */
const unitPattern = /^(?:ms|s|m|h)$/;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(tokenPattern)) {
    const [whole, quoted, operator, word] = match;
    tokens.push({
      text: quoted === undefined ? (operator ?? word ?? '') : quoted.replace(/\\(.)/g, '$1'),
      isQuoted: quoted !== undefined,
      isOperator: operator !== undefined,
      from: match.index,
      to: match.index + whole.length,
    });
  }
  return tokens;
}

/**
 * Reads a filter as people type it: `service = order route = "/orders/:id" duration > 300 ms error attr.table = cards has log slow card`.
 * Words that are no condition are looked for together, as one text.
 */
export function parseFilter(text: string, fields: readonly Field[]): Term[] {
  const tokens = tokensOf(text);
  const terms: Term[] = [];
  const words: string[] = [];
  let textAt = -1;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as Token;
    const two = `${token.text} ${tokens[index + 1]?.text ?? ''}`.toLowerCase();
    const isTwo = !token.isQuoted && fields.some(({ name }) => name === two);
    const name = isTwo ? two : token.text.toLowerCase();
    const field = token.isQuoted || token.isOperator ? undefined : fieldOf(name, token.text, fields);
    const after = index + (isTwo ? 2 : 1);
    const operator = tokens[after]?.isOperator ? operatorOf(tokens[after] as Token) : undefined;
    if (field !== undefined && operator !== undefined) {
      const [value, used] = valueAt(tokens, after + 1, text);
      terms.push(termOf(field, operator, value));
      index = after + used;
    } else if (field?.isFlag) {
      terms.push(termOf(field, '=', 'true'));
      index = after - 1;
    } else {
      if (words.length === 0) textAt = terms.length;
      // What was written together is looked for together: `a=b` and `12:30` are texts.
      const isJoined = index > 0 && (tokens[index - 1] as Token).to === token.from && words.length > 0;
      if (isJoined) words.push(`${words.pop()}${token.text}`);
      else words.push(token.text);
    }
  }
  if (words.length > 0)
    terms.splice(textAt, 0, { field: TEXT, operator: '=', value: words.join(' '), problem: undefined });
  return terms;
}

function fieldOf(name: string, typed: string, fields: readonly Field[]): Field | undefined {
  const known = fields.find((field) => field.name === name);
  if (known !== undefined) return known;
  if (!name.startsWith(ATTRIBUTE) || name.length === ATTRIBUTE.length) return undefined;
  const spec = fields.find((field) => field.name === ATTRIBUTE);
  return spec === undefined ? undefined : { ...spec, name: ATTRIBUTE + typed.slice(ATTRIBUTE.length) };
}

function operatorOf({ text }: Token): Operator {
  if (text === ':') return '=';
  return text === '<=' ? '<' : (text as Operator);
}

/** The value that begins at a token, and how many tokens it takes. */
function valueAt(tokens: readonly Token[], at: number, text: string): [string, number] {
  const first = tokens[at];
  if (first === undefined) return ['', 0];
  if (first.isQuoted) return [first.text, 1];
  // A value may have operators in it, where nothing is between: `route=/orders/:id`, `attr.url=a=b`.
  let last = at;
  while (tokens[last + 1] !== undefined && tokens[last + 1]?.from === tokens[last]?.to) last += 1;
  const value = text.slice(first.from, (tokens[last] as Token).to);
  const unit = tokens[last + 1];
  if (/^\d+(?:\.\d+)?$/.test(value) && unit !== undefined && !unit.isQuoted && unitPattern.test(unit.text))
    return [`${value}${unit.text}`, last - at + 2];
  return [value, last - at + 1];
}

function termOf(field: Field, operator: Operator, value: string): Term {
  const fits = field.operators.includes(operator)
    ? operator
    : operator === '='
      ? (field.operators[0] as Operator)
      : undefined;
  const problem =
    fits === undefined
      ? `${field.name} takes ${field.operators.join(' or ')}, not ${operator}`
      : value === '' && !field.name.startsWith(ATTRIBUTE)
        ? `${field.name} has no value`
        : field.check?.(value);
  return { field: field.name, operator: fits ?? operator, value, problem };
}

/** A term as it is read again. */
export function termText({ field, operator, value }: Term): string {
  if (field === TEXT) return quoted(value, true);
  if (value === 'true' && (field === 'error' || field === 'has log')) return field;
  return value === '' ? `${field} =` : `${field} ${operator} ${quoted(value, false)}`;
}

export function filterText(terms: readonly Term[]): string {
  // An attribute without a value is last: nothing after it may be taken for one.
  const bare = (term: Term) => (term.value === '' ? 1 : 0);
  return [...terms]
    .sort((a, b) => bare(a) - bare(b))
    .map(termText)
    .join(' ');
}

function quoted(value: string, isText: boolean): string {
  const isPlain = isText
    ? /^[^\s"=:><\\]+$/.test(value) && !/^(?:error|has)$/i.test(value)
    : /^[^\s"\\]+$/.test(value);
  return isPlain ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Adds a term: it takes the place of the one of the same field, as only one can be asked for. Attributes may be there more than once, and a
 * duration has two ends.
 */
export function withTerm(terms: readonly Term[], term: Term): Term[] {
  const isReplaced = (one: Term) =>
    one.field === term.field &&
    (one.field.startsWith(ATTRIBUTE)
      ? one.value === term.value
      : one.field !== 'duration' || one.operator === term.operator);
  return [...terms.filter((one) => !isReplaced(one)), term];
}
