import { isIP } from 'node:net';
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
} from './humanize.js';
import { printf } from './printf.js';
import { TemplateError } from './template-error.js';
import { isTrue, print, type TemplateValue, typeName } from './template-value.js';

type TemplateFunction = (...args: TemplateValue[]) => TemplateValue;

const ofNumber =
  (make: (value: number) => string): TemplateFunction =>
  (value = '') =>
    make(toNumber(value));
const ofText =
  (make: (...texts: string[]) => TemplateValue): TemplateFunction =>
  (...args) =>
    make(...args.map(toText));

/** What Prometheus offers to annotations, but for queries and links to its own page. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = Object.assign(
  Object.create(null),
  {
    humanize: ofNumber(humanize),
    humanize1024: ofNumber(humanize1024),
    humanizeDuration: ofNumber(humanizeDuration),
    humanizePercentage: ofNumber(humanizePercentage),
    humanizeTimestamp: ofNumber(humanizeTimestamp),
    title: ofText((text = '') =>
      text.replace(/(?<![\p{L}\p{N}_'])\p{L}/gu, (letter) => letter.toUpperCase()),
    ),
    toUpper: ofText((text = '') => text.toUpperCase()),
    toLower: ofText((text = '') => text.toLowerCase()),
    stripPort: ofText((address = '') => hostOf(address) ?? address),
    stripDomain: ofText(stripDomain),
    match: ofText((pattern = '', text = '') => new RegExp(pattern).test(text)),
    reReplaceAll: ofText((pattern = '', replacement = '', text = '') =>
      text.replace(new RegExp(pattern, 'g'), replacement.replace(/\$\{(\w+)\}/g, '$$$1')),
    ),
    safeHtml: ofText((text = '') => text),
    print: (...args) => args.map(print).join(''),
    printf: (format = '', ...values) => printf(toText(format), values),
    not: (value = '') => !isTrue(value),
    and: (...args) => args.find((value) => !isTrue(value)) ?? args.at(-1) ?? '',
    or: (...args) => args.find(isTrue) ?? args.at(-1) ?? '',
    len: (value = '') =>
      BigInt(typeof value === 'object' ? Object.keys(value).length : Buffer.byteLength(toText(value))),
    eq: (first = '', ...others) => others.some((other) => comparable(first, other) && first === other),
    ne: (first = '', other = '') => comparable(first, other) && first !== other,
    lt: (first = '', other = '') => comparable(first, other) && first < other,
    le: (first = '', other = '') => comparable(first, other) && first <= other,
    gt: (first = '', other = '') => comparable(first, other) && first > other,
    ge: (first = '', other = '') => comparable(first, other) && first >= other,
  } satisfies Record<string, TemplateFunction>,
);

/** Go compares what is of one type alone: `gt $value 1` is an error, `gt $value 1.0` is not. */
function comparable(a: TemplateValue, b: TemplateValue): true {
  if (typeof a !== typeof b || typeof a === 'object')
    throw new TemplateError('incompatible types for comparison');
  return true;
}

function toNumber(value: TemplateValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (Number.isNaN(number)) throw new TemplateError(`can't convert ${typeName(value)} to float`);
  return number;
}

function toText(value: TemplateValue): string {
  if (typeof value !== 'string')
    throw new TemplateError(`wrong type for value; expected string; got ${typeName(value)}`);
  return value;
}

/** The host of `host:port` or `[host]:port`; undefined where there is no port. */
function hostOf(address: string): string | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):[^:]*$/.exec(address);
  return match === null ? undefined : (match[1] ?? match[2]);
}

function stripDomain(address = ''): string {
  const host = hostOf(address);
  const bare = host ?? address;
  if (isIP(bare) !== 0) return address;
  const name = bare.split('.')[0] as string;
  return host === undefined ? name : name + address.slice(address.lastIndexOf(':'));
}
