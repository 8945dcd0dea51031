import { formatShortest } from '../promql/number-format.js';
import type { Labels } from '../series-source.js';

/** What a template handles: Go's string, float64, int, bool and map[string]string. */
export type TemplateValue = string | number | bigint | boolean | Labels;

/** As Go prints it. */
export function print(value: TemplateValue): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return formatShortest(value);
    case 'object': {
      const names = Object.keys(value).sort();
      return `map[${names.map((name) => `${name}:${value[name]}`).join(' ')}]`;
    }
    default:
      return String(value);
  }
}

/** Whether `if` takes it for true: what is neither zero nor empty. */
export function isTrue(value: TemplateValue): boolean {
  if (typeof value === 'object') return Object.keys(value).length > 0;
  return typeof value === 'number' ? value !== 0 : Boolean(value);
}

const typeNames = {
  string: 'string',
  number: 'float64',
  bigint: 'int',
  boolean: 'bool',
  object: 'map[string]string',
} as const;

export function typeName(value: TemplateValue): string {
  return typeNames[typeof value as keyof typeof typeNames];
}
