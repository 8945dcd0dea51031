import {
  formatDigits,
  formatExponential,
  formatFixed,
  formatFloat,
  formatShortest,
} from '../promql/number-format.js';
import { print, type TemplateValue, typeName } from './template-value.js';

/** Go's `printf`, of the verbs that annotations use: v, s, q, d, f, e, g, t and x of whole numbers. */
export function printf(format: string, values: readonly TemplateValue[]): string {
  let next = 0;
  const text = format.replace(
    /%([-+# 0]*)(\d*)(?:\.(\d*))?([a-zA-Z%])/g,
    (_, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const value = values[next];
      next += 1;
      if (value === undefined) return `%!${verb}(MISSING)`;
      const digits = precision === undefined ? undefined : Number(precision);
      const made = formatted(verb, value, digits) ?? `%!${verb}(${typeName(value)}=${print(value)})`;
      return padded(signed(made, value, flags), Number(width), flags);
    },
  );
  const extra = values.slice(next).map((value) => `${typeName(value)}=${print(value)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

function formatted(verb: string, value: TemplateValue, digits: number | undefined): string | undefined {
  if (verb === 'v') return typeof value === 'number' ? floatText('g', value, digits) : print(value);
  switch (typeof value) {
    case 'string':
      if (verb === 's') return digits === undefined ? value : [...value].slice(0, digits).join('');
      return verb === 'q' ? JSON.stringify(value) : undefined;
    case 'number':
      return floatText(verb, value, digits);
    case 'bigint':
      return verb === 'd' ? String(value) : verb === 'x' ? value.toString(16) : undefined;
    case 'boolean':
      return verb === 't' ? String(value) : undefined;
    default:
      return undefined;
  }
}

function floatText(verb: string, value: number, digits: number | undefined): string | undefined {
  if (!'efgFG'.includes(verb)) return undefined;
  if (!Number.isFinite(value)) return formatFloat(value);
  if (verb === 'g' || verb === 'G')
    return digits === undefined ? formatShortest(value) : formatDigits(value, Math.max(1, digits));
  return verb === 'e' ? formatExponential(value, digits ?? 6) : formatFixed(value, digits ?? 6);
}

function signed(text: string, value: TemplateValue, flags: string): string {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return isNumber && flags.includes('+') && !/^[-+]/.test(text) ? `+${text}` : text;
}

function padded(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0') || !/^[-+]?\d/.test(text)) return text.padStart(width);
  const sign = /^[-+]/.test(text) ? (text[0] as string) : '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}
