import { ATTRIBUTE, type Field, parseFilter, TEXT, type Term, termText } from '../filter/filter-text.js';
import { attributeText } from '../traces/trace-filter.js';

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** The conditions by which log lines are found. */
export const LOG_FIELDS: readonly Field[] = [
  {
    name: 'level',
    operators: ['>='],
    hint: 'at least of this level',
    values: LEVELS,
    check: (value) =>
      (LEVELS as readonly string[]).includes(value.toLowerCase())
        ? undefined
        : `one of ${LEVELS.join(', ')}, not ${value}`,
  },
  { name: 'service', operators: ['='], isLearned: true, hint: 'lines of this service' },
  {
    name: 'trace',
    operators: ['='],
    hint: 'lines of this trace',
    check: (value) => (/^[0-9a-f]{32}$/i.test(value) ? undefined : 'the 32 hex digits of a trace id'),
  },
  { name: 'span', operators: ['='], hint: 'lines of this span' },
  { name: 'template', operators: ['='], isLearned: true, hint: 'lines that differ in numbers only' },
  { name: ATTRIBUTE, operators: ['='], hint: 'a field of the line' },
];

/** Parameters of the questions about lines; conditions that are wrong are left out. */
export function logParams(terms: readonly Term[]): Record<string, string | readonly string[]> {
  const params: Record<string, string | readonly string[]> = {};
  const attributes: string[] = [];
  for (const { field, value, problem } of terms) {
    if (problem !== undefined) continue;
    if (field.startsWith(ATTRIBUTE)) attributes.push(attributeText(field, value));
    else params[field] = field === 'level' ? value.toLowerCase() : value;
  }
  if (attributes.length > 0) params.attr = attributes;
  return params;
}

/** The filter of an address: its text, else what links from other pages say as parameters of the question. */
export function logFilterText(params: URLSearchParams): string {
  const text = params.get('q');
  if (text !== null) return text;
  const terms: string[] = [];
  const add = (field: string, operator: Term['operator'], value: string | null) => {
    if (value !== null && value !== '') terms.push(termText({ field, operator, value, problem: undefined }));
  };
  add('level', '>=', params.get('level'));
  for (const name of ['service', 'trace', 'span', 'template']) add(name, '=', params.get(name));
  for (const attribute of params.getAll('attr')) {
    const [key = '', ...value] = attribute.split('=');
    add(`${ATTRIBUTE}${key}`, '=', value.join('='));
  }
  add(TEXT, '=', params.get('text'));
  return terms.join(' ');
}

export const OWN_PARAMS = ['level', 'service', 'trace', 'span', 'template', 'attr', 'text'];

export function logTerms(text: string): Term[] {
  return parseFilter(text, LOG_FIELDS);
}
