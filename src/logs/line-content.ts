import type { LogContent } from '../context/log-entry.js';
import { boundedAttributes, boundedText, boundedValue } from '../core/log-value.js';
import { isTraceField } from './span-of.js';

/** What the fields of a structured line are called. */
export interface LineNames {
  readonly message: string;
  readonly error: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Lines of text that are longer are no objects to anybody. */
const maxParsedChars = 1_048_576;

/** A line of JSON that holds an object; undefined for any other text. */
export function parseLine(line: string): Fields | undefined {
  if (line.length > maxParsedChars || !/^\s*\{/.test(line)) return undefined;
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** What a structured line says: its message as the body, an error as the exception attributes, and the rest as it is. */
export function contentOf(fields: Fields, names: LineNames, isOwn: (key: string) => boolean): LogContent {
  const { [names.message]: message, [names.error]: error } = fields;
  const isError = isErrorLike(error);
  const rest = boundedAttributes(
    fields,
    (key) => key === names.message || (isError && key === names.error) || isTraceField(key) || isOwn(key),
  );
  if (isError) addException(rest.attributes, error);
  return { timeMs: timeOf(fields), body: boundedValue(message), attributes: rest };
}

interface ErrorLike {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack: string;
}

function isErrorLike(value: unknown): value is ErrorLike {
  return typeof value === 'object' && value !== null && typeof (value as ErrorLike).stack === 'string';
}

const said: ReadonlySet<string> = new Set(['type', 'name', 'message', 'stack']);

function addException(attributes: Record<string, unknown>, error: ErrorLike): void {
  const { type = error.name, message, stack } = error;
  if (typeof type === 'string') attributes['exception.type'] = boundedText(type, 256);
  if (typeof message === 'string') attributes['exception.message'] = boundedText(message);
  attributes['exception.stacktrace'] = boundedText(stack);
  const { attributes: more } = boundedAttributes(error, (key) => said.has(key));
  for (const key of Object.keys(more)) attributes[`exception.${key}`] ??= more[key];
}

function timeOf({ time, timestamp = time }: Fields): number | undefined {
  if (typeof timestamp === 'number') return timestamp;
  const parsed = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}
