import { ATTRIBUTE, type Field, parseFilter, TEXT, type Term, termText } from '../filter/filter-text.js';

const duration = (value: string) =>
  /^\d+(?:\.\d+)?(?:ms|s|m|h)?$/.test(value) ? undefined : `a time such as 300 ms, 2 s or 1 m, not ${value}`;
const flag = (value: string) => (/^(?:true|false)$/.test(value) ? undefined : `true or false, not ${value}`);

/** The conditions by which traces are found: those of a span in them. */
export const TRACE_FIELDS: readonly Field[] = [
  { name: 'service', operators: ['='], isLearned: true, hint: 'a span of this service' },
  { name: 'route', operators: ['='], isLearned: true, hint: 'a request of this route' },
  { name: 'name', operators: ['='], isLearned: true, hint: 'a span of this name' },
  {
    name: 'status',
    operators: ['='],
    isLearned: true,
    hint: 'an answer such as 503 or 5xx',
    values: ['2xx', '4xx', '5xx', '404', '500', '502', '503', '504'],
    check: (value) =>
      /^(?:\d{3}(?:-\d{3})?|[1-5]xx)$/i.test(value) ? undefined : `a status such as 503 or 5xx, not ${value}`,
  },
  {
    name: 'duration',
    operators: ['>', '<'],
    hint: 'a span longer or shorter than that',
    values: ['100ms', '300ms', '1s', '3s'],
    check: duration,
  },
  {
    name: 'error',
    operators: ['='],
    isFlag: true,
    hint: 'a span that failed',
    values: ['true', 'false'],
    check: flag,
  },
  {
    name: 'has log',
    operators: ['='],
    isFlag: true,
    hint: 'with log lines',
    values: ['true', 'false'],
    check: flag,
  },
  { name: ATTRIBUTE, operators: ['='], hint: 'an attribute of a span or its resource' },
];

/** Parameters of the question `traces`; conditions that are wrong are left out. */
export function traceParams(terms: readonly Term[]): Record<string, string | readonly string[]> {
  const params: Record<string, string | readonly string[]> = {};
  const attributes: string[] = [];
  for (const { field, operator, value, problem } of terms) {
    if (problem !== undefined) continue;
    if (field === 'duration') params[operator === '<' ? 'max' : 'min'] = value;
    else if (field === 'has log') params.hasLog = value;
    else if (field.startsWith(ATTRIBUTE)) attributes.push(attributeText(field, value));
    else params[field] = value;
  }
  if (attributes.length > 0) params.attr = attributes;
  return params;
}

export function attributeText(field: string, value: string): string {
  const key = field.slice(ATTRIBUTE.length);
  return value === '' ? key : `${key}=${value}`;
}

/** The filter of an address: its text, else what links from other pages say as parameters of the question. */
export function traceFilterText(params: URLSearchParams): string {
  const text = params.get('q');
  if (text !== null) return text;
  const terms: string[] = [];
  const add = (field: string, operator: Term['operator'], value: string | null) => {
    if (value !== null && value !== '') terms.push(termText({ field, operator, value, problem: undefined }));
  };
  for (const name of ['service', 'route', 'name', 'status']) add(name, '=', params.get(name));
  add('duration', '>', params.get('min'));
  add('duration', '<', params.get('max'));
  const isError = params.get('error');
  if (isError !== null) add('error', '=', /^(?:|1|true)$/.test(isError) ? 'true' : 'false');
  if (params.has('hasLog')) add('has log', '=', params.get('hasLog') === 'false' ? 'false' : 'true');
  for (const attribute of params.getAll('attr')) {
    const [key = '', ...value] = attribute.split('=');
    add(`${ATTRIBUTE}${key}`, '=', value.join('='));
  }
  add(TEXT, '=', params.get('text'));
  return terms.join(' ');
}

/** The parameters that `traceFilterText` reads beside the text itself: gone once a text is there. */
export const OWN_PARAMS = [
  'service',
  'route',
  'name',
  'status',
  'min',
  'max',
  'error',
  'hasLog',
  'attr',
  'text',
];

export function traceTerms(text: string): Term[] {
  return parseFilter(text, TRACE_FIELDS);
}
