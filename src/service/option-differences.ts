import { types } from 'node:util';
import { describe } from '../core/check.js';
import { isCredentialName } from '../core/credential-names.js';

const maxNamed = 10;

/**
 * The options that a later call gives other values than those in force: each with its path, both values, and no secret. Functions are
 * the same if their text is: a module that is evaluated twice makes them anew.
 */
export function optionDifferences(inForce: object, given: object): readonly string[] {
  const found: string[] = [];
  compare('', inForce, given, found);
  return found.length > maxNamed
    ? [...found.slice(0, maxNamed), `and ${found.length - maxNamed} more`]
    : found;
}

function compare(path: string, inForce: unknown, given: unknown, found: string[]): void {
  if (given === undefined || isSame(inForce, given)) return;
  if (!isPlain(given) || (inForce !== undefined && !isPlain(inForce))) {
    found.push(`${path} (${shown(path, given)}; in force: ${shown(path, inForce)})`);
    return;
  }
  for (const [key, value] of Object.entries(given)) {
    const before = inForce === undefined ? undefined : (inForce as Record<string, unknown>)[key];
    compare(path === '' ? key : `${path}.${key}`, before, value, found);
  }
}

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  const isText = typeof one === 'function' || types.isRegExp(one);
  return isText && typeof one === typeof other && String(one) === String(other);
}

/** An object of options, and not of a class: a pool or a processor is a value. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function shown(path: string, value: unknown): string {
  if (value === undefined) return 'the default';
  // A URL may hold a token, wherever it is.
  if (typeof value === 'string' && (value.includes('://') || isCredentialName(path))) return 'another text';
  return describe(value);
}
