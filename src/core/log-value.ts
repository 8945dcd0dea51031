import { types } from 'node:util';
import { isCredentialName } from './credential-names.js';
import { isError } from './is-error.js';

/** What a log record can hold, as OpenTelemetry's AnyValue. */
export type LogValue =
  | string
  | number
  | boolean
  | Uint8Array
  | readonly (LogValue | null)[]
  | { readonly [key: string]: LogValue | null };

export type LogAttributes = Record<string, LogValue | null>;

export interface BoundedAttributes {
  readonly attributes: LogAttributes;
  /** How many had no place, or no value that can be sent. */
  readonly dropped: number;
}

// OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT has this default; the others bound what one record can weigh, whatever is logged.
const maxAttributes = 128;
const maxDepth = 6;
const maxItems = 128;
const maxNodes = 1_000;
const maxTextChars = 8_192;
const maxTotalChars = 65_536;

const REDACTED = 'REDACTED';

/** What is left of one record's bounds. */
class Budget {
  nodes = maxNodes;
  chars = maxTotalChars;
  /** The objects that the walk is in: one that comes again is a circle. */
  readonly path: object[] = [];
}

/** A text no longer than a record may hold. */
export function boundedText(text: string, maxChars = maxTextChars): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 2);
  // Never between the two halves of a character.
  const end = last >= 0xd800 && last <= 0xdbff ? maxChars - 2 : maxChars - 1;
  return `${text.slice(0, end)}…`;
}

/** One value, copied and bounded; undefined for what cannot be sent, such as a function. Never throws, changes nothing. */
export function boundedValue(value: unknown): LogValue | undefined {
  return copy(value, new Budget(), 0) ?? undefined;
}

/**
 * The own enumerable properties of an object as attributes: copied, bounded in number, depth and length, without circles and what
 * throws, with `REDACTED` in the place of credentials, which are known by their names. Never throws, changes nothing.
 */
export function boundedAttributes(source: object, isLeftOut: (key: string) => boolean): BoundedAttributes {
  const attributes: LogAttributes = {};
  const budget = new Budget();
  budget.path.push(source);
  let count = 0;
  let dropped = 0;
  for (const key of keysOf(source)) {
    if (isLeftOut(key) || key === '') continue;
    const value = count < maxAttributes ? property(source, key, budget, 0) : undefined;
    if (value === undefined) {
      dropped += 1;
      continue;
    }
    count += 1;
    define(attributes, key, value);
  }
  return { attributes, dropped };
}

function property(source: object, key: string, budget: Budget, depth: number): LogValue | null | undefined {
  let value: unknown;
  try {
    value = (source as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
  if (hidesCredential(key, value)) return REDACTED;
  return copy(value, budget, depth);
}

// A count or a flag is no secret, whatever it is called.
function hidesCredential(key: string, value: unknown): boolean {
  return (
    (typeof value === 'string' || (typeof value === 'object' && value !== null)) && isCredentialName(key)
  );
}

function copy(value: unknown, budget: Budget, depth: number): LogValue | null | undefined {
  budget.nodes -= 1;
  if (budget.nodes < 0) return undefined;
  switch (typeof value) {
    case 'string': {
      const text = boundedText(value, Math.min(maxTextChars, Math.max(2, budget.chars)));
      budget.chars -= text.length;
      return text;
    }
    case 'number':
      // Neither is a number in JSON, and an integer of OTLP has 64 bits.
      return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
        ? value
        : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : copyObject(value, budget, depth);
    default:
      return undefined;
  }
}

function copyObject(value: object, budget: Budget, depth: number): LogValue | null | undefined {
  if (budget.path.includes(value)) return '[circular]';
  if (depth >= maxDepth) return Array.isArray(value) ? '[array]' : '[object]';
  budget.path.push(value);
  try {
    if (Array.isArray(value)) return copyArray(value, budget, depth);
    if (types.isUint8Array(value)) return value.slice(0, maxTextChars);
    if (isError(value)) return copyError(value, budget, depth);
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return copy(toJSON.call(value), budget, depth + 1);
    return copyRecord(value, budget, depth);
  } catch {
    return undefined;
  } finally {
    budget.path.pop();
  }
}

function copyArray(value: readonly unknown[], budget: Budget, depth: number): LogValue {
  const items: (LogValue | null)[] = [];
  for (let index = 0; index < value.length && index < maxItems; index += 1) {
    items.push(copy(value[index], budget, depth + 1) ?? null);
    if (budget.nodes < 0) break;
  }
  return items;
}

function copyRecord(value: object, budget: Budget, depth: number): LogValue {
  const record: LogAttributes = {};
  let count = 0;
  for (const key of keysOf(value)) {
    if (count >= maxItems || budget.nodes < 0) break;
    const item = property(value, key, budget, depth + 1);
    if (item === undefined) continue;
    count += 1;
    budget.chars -= key.length;
    define(record, key, item);
  }
  return record;
}

/** Adds the name, message and stack of an error, which are not enumerable. */
function copyError(error: Error, budget: Budget, depth: number): LogValue {
  const { name, message, stack } = error;
  return copyRecord(Object.assign({}, error, { type: name, message, stack }), budget, depth);
}

function keysOf(value: object): string[] {
  try {
    return Object.keys(value);
  } catch {
    return [];
  }
}

// A plain assignment to `__proto__` would change what the copy inherits from.
function define(target: LogAttributes, key: string, value: LogValue | null): void {
  const name = boundedText(key, 256);
  if (name !== '__proto__') target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
