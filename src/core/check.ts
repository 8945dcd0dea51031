import { GoldenSignalsError } from '../errors.js';

/** What was received, short enough for a message and never a whole object. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  try {
    return `an object (${value.constructor?.name ?? 'no prototype'})`;
  } catch {
    return 'an object';
  }
}

/** Throws `ERR_GS_OPTION` with the option's path, the rule it broke and the value given. */
export function reject(path: string, rule: string, value: unknown): never {
  throw new GoldenSignalsError('ERR_GS_OPTION', `option ${path} must be ${rule}, got ${describe(value)}`);
}

/** A number in [min, max]. */
export function within(path: string, value: unknown, min: number, max: number): void {
  if (typeof value !== 'number' || !(value >= min && value <= max))
    reject(path, `a number from ${min} to ${max}`, value);
}

/** A finite number above 0. */
export function positive(path: string, value: unknown): void {
  if (typeof value !== 'number' || !(value > 0 && value < Number.POSITIVE_INFINITY))
    reject(path, 'a number above 0', value);
}

/** A finite number of 0 or more. */
export function notNegative(path: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= 0 && value < Number.POSITIVE_INFINITY))
    reject(path, 'a number of 0 or more', value);
}

/** A whole number of at least `min`. */
export function integer(path: string, value: unknown, min = 1): void {
  if (!Number.isSafeInteger(value) || (value as number) < min)
    reject(path, `a whole number of at least ${min}`, value);
}

export function bool(path: string, value: unknown): void {
  if (typeof value !== 'boolean') reject(path, 'true or false', value);
}

/** A string with at least one character. */
export function text(path: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') reject(path, 'a string with at least one character', value);
}

export function func(path: string, value: unknown): void {
  if (typeof value !== 'function') reject(path, 'a function', value);
}

export function oneOf<T extends string>(path: string, value: unknown, allowed: readonly T[]): void {
  if (!allowed.includes(value as T))
    reject(path, `one of ${allowed.map((name) => `'${name}'`).join(', ')}`, value);
}

/** A plain object whose every own key is one of `known`; a typo is an error that names the nearest known key. */
export function record(path: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) reject(path, 'an object', value);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const nearest = nearestOf(key, known);
    const hint = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`;
    const name = path === 'options' ? key : `${path}.${key}`;
    throw new GoldenSignalsError('ERR_GS_OPTION', `option ${name} is unknown: ${hint}`);
  }
}

/** The name that a typo most likely stands for. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (previous[j] as number) + 1, (row[j - 1] as number) + 1));
    }
    previous = row;
  }
  return previous[b.length] as number;
}
