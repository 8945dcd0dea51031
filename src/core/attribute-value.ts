import { types } from 'node:util';

/** Deeper values are left out: writing them would need as much of the stack. */
const maxDepth = 64;

const none = Symbol('none');

/**
 * A value of an attribute as version 1.10 of the OpenTelemetry API knows it: a text, number or boolean, null, bytes, or a list or a map of
 * such. Of what its maker could go on to change it is a copy. Undefined for everything else, such as a function or a circle: that
 * would fail in the export, with all others of the batch. Never throws.
 */
export function attributeValue(value: unknown): unknown {
  if (isPrimitive(value)) return value;
  if (typeof value !== 'object' || value === null) return value === null ? null : undefined;
  try {
    const copied = copy(value, []);
    return copied === none ? undefined : copied;
  } catch {
    return undefined;
  }
}

/** Those of the attributes that have a value, and how many were something else. */
export function validAttributes(given: unknown): {
  readonly attributes: Record<string, unknown>;
  readonly dropped: number;
} {
  const attributes: Record<string, unknown> = {};
  let dropped = 0;
  if (typeof given !== 'object' || given === null) return { attributes, dropped };
  for (const [key, item] of Object.entries(given)) {
    if (item === undefined) continue;
    const value = key === '' ? undefined : attributeValue(item);
    if (value === undefined) dropped += 1;
    else define(attributes, key, value);
  }
  return { attributes, dropped };
}

function isPrimitive(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function copy(value: unknown, path: readonly object[]): unknown {
  if (isPrimitive(value) || value === null) return value;
  if (typeof value !== 'object' || path.length >= maxDepth || path.includes(value)) return none;
  if (types.isUint8Array(value)) return new Uint8Array(value);
  const inner = [...path, value];
  if (Array.isArray(value)) {
    const items = value.map((item) => (item === undefined ? null : copy(item, inner)));
    return items.includes(none) ? none : items;
  }
  return isMap(value) ? copyMap(value, inner) : none;
}

function copyMap(value: object, inner: readonly object[]): unknown {
  const map: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const copied = copy(item, inner);
    if (copied === none) return none;
    define(map, key, copied);
  }
  return map;
}

/** An object of no class, of whichever realm. */
function isMap(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

// A plain assignment to `__proto__` would change what the copy inherits from.
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
