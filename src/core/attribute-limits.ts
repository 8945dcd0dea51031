import { types } from 'node:util';
import type { Environment } from './environment.js';

/** How many attributes there may be, and how long their texts. */
export interface AttributeLimits {
  readonly count: number;
  /** In UTF-16 code units, as the OpenTelemetry SDK counts. */
  readonly chars: number;
}

export const DEFAULT_COUNT = 128;

/** The limits of one kind of record: its own variables, then those for all kinds, then the defaults of the specification. */
export function resolveAttributeLimits(kind: 'SPAN' | 'LOGRECORD', env: Environment): AttributeLimits {
  const general = env.integer('OTEL_ATTRIBUTE_COUNT_LIMIT', DEFAULT_COUNT, 0);
  const generalChars = env.integer('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', Number.POSITIVE_INFINITY, 0);
  return Object.freeze({
    count: env.integer(`OTEL_${kind}_ATTRIBUTE_COUNT_LIMIT`, general, 0),
    chars: env.integer(`OTEL_${kind}_ATTRIBUTE_VALUE_LENGTH_LIMIT`, generalChars, 0),
  });
}

/** The attributes that limits leave over, with texts cut, and how many there were too many. The given ones stay as they are. */
export function limitedAttributes<T>(
  given: Readonly<Record<string, T>>,
  { count, chars }: AttributeLimits,
): { readonly attributes: Record<string, T>; readonly dropped: number } {
  const attributes: Record<string, T> = {};
  const keys = Object.keys(given);
  for (const key of keys.slice(0, count)) {
    const value = cut(given[key], chars) as T;
    if (key !== '__proto__') attributes[key] = value;
    else
      Object.defineProperty(attributes, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return { attributes, dropped: Math.max(0, keys.length - count) };
}

/** A text, bytes, those of a list, and those of a map. */
function cut(value: unknown, chars: number): unknown {
  if (chars === Number.POSITIVE_INFINITY) return value;
  if (typeof value === 'string') return value.length > chars ? value.slice(0, chars) : value;
  if (Array.isArray(value)) return value.map((item) => cut(item, chars));
  if (types.isUint8Array(value)) return value.length > chars ? value.slice(0, chars) : value;
  if (typeof value !== 'object' || value === null) return value;
  return limitedAttributes(value as Record<string, unknown>, { count: Number.POSITIVE_INFINITY, chars })
    .attributes;
}
