import { createHash } from 'node:crypto';
import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { labelName } from '../../core/prometheus-names.js';

/** So many characters of a value are kept. */
const maxValueLength = 1_024;

// The attributes of our own series are frozen, and stay for as long as their series do.
const texts = new WeakMap<Attributes, string>();

/**
 * Attributes as they stand between the braces of a sample, sorted by name: `a="1",b="2"`, or nothing. Of attributes that get the same
 * name, the values stand in one label with semicolons between them, as in Prometheus' own translation.
 */
export function labelsOf(attributes: Attributes): string {
  if (!Object.isFrozen(attributes)) return write(attributes);
  let text = texts.get(attributes);
  if (text === undefined) {
    text = write(attributes);
    texts.set(attributes, text);
  }
  return text;
}

/** Two texts of labels as one. */
export function joinLabels(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first},${second}`;
}

function write(attributes: Attributes): string {
  const values = new Map<string, string>();
  for (const key of Object.keys(attributes).sort()) {
    const value = textOf(attributes[key]);
    // For Prometheus, an empty label equals a missing one.
    if (value === '') continue;
    const name = labelName(key);
    const other = values.get(name);
    values.set(name, other === undefined ? value : `${other};${value}`);
  }
  return [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => label(name, value))
    .join(',');
}

/** One label with its value. */
export function label(name: string, value: string): string {
  return `${name}="${escapeValue(shorten(value))}"`;
}

function textOf(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return numberText(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Two long values stay two values: what was cut off leaves its hash. */
function shorten(value: string): string {
  if (value.length <= maxValueLength) return value;
  const hash = createHash('sha256').update(value).digest('hex').slice(0, 8);
  const kept = value.slice(0, maxValueLength - hash.length - 1);
  return `${kept.replace(/[\ud800-\udbff]$/, '')}…${hash}`;
}

/** A NUL would end the scrape for Prometheus. */
function escapeValue(value: string): string {
  if (!/[\\"\n\0]/.test(value)) return value;
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\0', '\ufffd');
}

/** A number as both formats write it. */
export function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
