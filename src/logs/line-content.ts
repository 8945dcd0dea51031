import type { LogContent } from '../context/log-entry.js';
import { boundedAttributes, boundedText, boundedValue, type LogAttributes } from '../core/log-value.js';
import { timeIn } from './line-time.js';
import { isTraceField } from './span-of.js';

/** What the fields of a structured line are called. */
export interface LineNames {
  readonly message: string;
  /** Undefined where an error is spread over the line: its `stack` beside its message. */
  readonly error: string | undefined;
  /** Where its logger puts the time, the first one that holds it. */
  readonly times: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Lines of text that are longer are not parsed. */
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

/**
 * The content of a structured line: its message as the body, an error as the exception attributes, and the rest unchanged. A field counts
 * as a time or a stack only if its value looks like one, too; any other value is data. Never throws.
 */
export function contentOf(
  fields: Fields,
  names: LineNames,
  observedMs: number,
  isOwn: (key: string) => boolean,
): LogContent {
  const spread = names.error === undefined ? errorIn(fields, ['name']) : undefined;
  const nested =
    spread === undefined ? errorIn(propertyOf(fields, names.error ?? 'err'), ['type', 'name']) : undefined;
  const time = timeIn(fields, names.times, observedMs);
  const rest = boundedAttributes(
    fields,
    (key) =>
      key === names.message ||
      key === time?.key ||
      (spread !== undefined && key === 'stack') ||
      (nested !== undefined && key === (names.error ?? 'err')) ||
      isTraceField(key) ||
      isOwn(key),
  );
  if (spread !== undefined) addException(rest.attributes, spread);
  if (nested !== undefined) {
    addException(rest.attributes, nested);
    const { attributes: more } = boundedAttributes(nested.source, (key) => said.has(key));
    for (const key of Object.keys(more)) rest.attributes[`exception.${key}`] ??= more[key] as never;
  }
  return { timeMs: time?.ms, body: boundedValue(propertyOf(fields, names.message)), attributes: rest };
}

/** A property of an object whose getters may throw. */
export function propertyOf(source: object, key: string | symbol): unknown {
  try {
    return (source as Record<string | symbol, unknown>)[key];
  } catch {
    return undefined;
  }
}

interface ErrorLike {
  readonly source: object;
  readonly type: string | undefined;
  readonly message: string | undefined;
  readonly stack: string;
}

function errorIn(source: unknown, types: readonly string[]): ErrorLike | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  const stack = propertyOf(source, 'stack');
  if (typeof stack !== 'string') return undefined;
  const [message, ...names] = ['message', ...types].map((key) => {
    const value = propertyOf(source, key);
    return typeof value === 'string' ? value : undefined;
  });
  const type = names.find((name) => name !== undefined);
  if (!isStack(stack, type, message)) return undefined;
  return { source, type: type ?? /^(\w+)(?::|\n|$)/.exec(stack)?.[1], message, stack };
}

// A line of V8's or of another engine's.
const frame = /\n\s+at |^\s*at |@\S+:\d+:\d+$/m;

/** True for the stack of an error, not for any text in a field `stack`; without frames (`Error.stackTraceLimit = 0`) it has the message. */
function isStack(text: string, type: string | undefined, message: string | undefined): boolean {
  const head = text.slice(0, 16_384);
  if (frame.test(head)) return true;
  if (!/^\w*(?:Error|Exception)\b/.test(head) && (type === undefined || !head.startsWith(type))) return false;
  return message !== undefined && head.endsWith(message.slice(-100));
}

const said: ReadonlySet<string> = new Set(['type', 'name', 'message', 'stack']);

function addException(attributes: LogAttributes, { type, message, stack }: ErrorLike): void {
  if (type !== undefined) attributes['exception.type'] = boundedText(type, 256);
  if (message !== undefined) attributes['exception.message'] = boundedText(message);
  attributes['exception.stacktrace'] = boundedText(stack);
}
