import { TemplateError } from './template-error.js';
import { templateFunctions } from './template-functions.js';
import type { TemplateValue } from './template-value.js';

/** What `.` and the variables stand for. */
export interface TemplateData {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Expression = (data: TemplateData) => TemplateValue;

const token =
  /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|([$.]?[A-Za-z_]\w*(?:\.\w+)*|\$|\.)|([|()]))/y;

/**
 * What stands between `{{` and `}}`: functions with their arguments, joined by `|`, over `$labels`, `$value` and constants.
 * @throws TemplateError where it is anything else.
 */
export function parseExpression(source: string): Expression {
  const tokens: string[] = [];
  token.lastIndex = 0;
  const text = source.trim();
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new TemplateError(`unexpected ${JSON.stringify(text.slice(at))}`);
    tokens.push(match[1] ?? match[2] ?? match[3] ?? (match[4] as string));
  }
  const reader = { tokens, at: 0 };
  const expression = pipeline(reader);
  if (reader.at < tokens.length) throw new TemplateError(`unexpected ${JSON.stringify(tokens[reader.at])}`);
  return expression;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
}

/** Each command gets what the one before it gives, as its last argument. */
function pipeline(reader: Reader): Expression {
  let value = command(reader, undefined);
  while (reader.tokens[reader.at] === '|') {
    reader.at += 1;
    value = command(reader, value);
  }
  return value;
}

function command(reader: Reader, piped: Expression | undefined): Expression {
  const name = reader.tokens[reader.at];
  if (name === undefined) throw new TemplateError('missing value for command');
  const isFunction = /^[A-Za-z_]\w*$/.test(name) && name !== 'true' && name !== 'false';
  if (!isFunction) {
    if (piped !== undefined) throw new TemplateError(`can't give argument to non-function ${name}`);
    return operand(reader);
  }
  const call = templateFunctions[name];
  if (call === undefined) throw new TemplateError(`function ${JSON.stringify(name)} not defined`);
  reader.at += 1;
  const args: Expression[] = [];
  while (reader.at < reader.tokens.length && !['|', ')'].includes(reader.tokens[reader.at] as string))
    args.push(operand(reader));
  if (piped !== undefined) args.push(piped);
  return (data) => call(...args.map((arg) => arg(data)));
}

function operand(reader: Reader): Expression {
  const text = reader.tokens[reader.at] as string;
  reader.at += 1;
  if (text === '(') {
    const inner = pipeline(reader);
    if (reader.tokens[reader.at] !== ')') throw new TemplateError('unclosed left paren');
    reader.at += 1;
    return inner;
  }
  if (text.startsWith('"')) return constant(JSON.parse(text) as string);
  if (text.startsWith('`')) return constant(text.slice(1, -1));
  if (/^-?\d+$/.test(text)) return constant(BigInt(text));
  if (/^-?\d/.test(text)) return constant(Number(text));
  if (text === 'true' || text === 'false') return constant(text === 'true');
  return variable(text);
}

const constant =
  (value: TemplateValue): Expression =>
  () =>
    value;

function variable(text: string): Expression {
  const [root, ...fields] = text.split('.');
  const path = root === '' ? fields : [root, ...fields];
  const [first, field, ...rest] = path;
  if (rest.length > 0) throw new TemplateError(`can't evaluate field ${rest[0]} in type string`);
  switch (first) {
    case '$value':
    case 'Value':
      if (field !== undefined) throw new TemplateError(`can't evaluate field ${field} in type float64`);
      return ({ value }) => value;
    case '$labels':
    case 'Labels':
      return field === undefined ? ({ labels }) => labels : ({ labels }) => labels[field] ?? '';
    case '$externalLabels':
    case 'ExternalLabels':
      return field === undefined ? constant({}) : constant('');
    case '$externalURL':
    case 'ExternalURL':
      return constant('');
    default:
      throw new TemplateError(`undefined variable ${JSON.stringify(text)}`);
  }
}
