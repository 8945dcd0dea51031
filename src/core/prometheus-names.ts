/** What a metric is in Prometheus. */
export type FamilyType = 'counter' | 'gauge' | 'histogram';

/** What decides over a name: a sum that goes up and down is a gauge to Prometheus, but never a ratio. */
export type NameKind = FamilyType | 'updowncounter';

/** How a metric is called. */
export interface FamilyName {
  /** Without the `_total` of a counter, which its samples alone carry. */
  readonly name: string;
  /** In full, such as `seconds`; undefined where the name does not end with it. */
  readonly unit: string | undefined;
}

const units: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tebibytes',
  kBy: 'kilobytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '1': '',
  '%': 'percent',
};

const perUnits: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};

/**
 * The name that Prometheus gives to a metric of OpenTelemetry that it receives over OTLP; undefined for one that has no character of a
 * name. @see github.com/prometheus/otlptranslator, MetricNamer with the strategy UnderscoreEscapingWithSuffixes
 */
export function familyName(name: string, unit: string, kind: NameKind): FamilyName | undefined {
  let tokens = tokensOf(name);
  if (tokens.length === 0) return undefined;
  const suffix: string[] = [];
  const { main, per } = suffixesOf(unit);
  if (main !== '' && !tokens.includes(main)) tokens.push(main);
  if (main !== '') suffix.push(main);
  if (per !== '' && !tokens.includes(per)) tokens.push(per);
  if (per !== '') suffix.push(per);
  if (kind === 'counter') {
    const rest = tokens.filter((token) => token !== 'total');
    // A counter that is called nothing else keeps its name.
    tokens = rest.length > 0 ? rest : ['total'];
  }
  if (kind === 'gauge' && unit === '1') {
    tokens = [...tokens.filter((token) => token !== 'ratio'), 'ratio'];
    suffix.push('ratio');
  }
  const joined = tokens.join('_');
  const full = suffix.join('_');
  return {
    name: /^\d/.test(joined) ? `_${joined}` : joined,
    // A family whose name does not end with its unit fails the whole scrape.
    unit: full !== '' && joined.endsWith(`_${full}`) ? full : undefined,
  };
}

function suffixesOf(unit: string): { main: string; per: string } {
  const slash = unit.indexOf('/');
  const [before, after] = slash < 0 ? [unit, ''] : [unit.slice(0, slash), unit.slice(slash + 1)];
  const main = spelledOut(before.trim(), units);
  const per = spelledOut(after.trim(), perUnits);
  return { main, per: per === '' ? '' : `per_${per}` };
}

/** What stands in braces is no unit but a remark on what is counted. */
function spelledOut(unit: string, known: Readonly<Record<string, string>>): string {
  if (/[{}]/.test(unit)) return '';
  return tokensOf(Object.hasOwn(known, unit) ? (known[unit] as string) : unit).join('_');
}

function tokensOf(name: string): string[] {
  return name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
}

/**
 * The name of a label. Those that begin with an underscore are Prometheus' own, `le` is the bound of a bucket, and `otel_scope_…` says
 * whose metric it is.
 * @see github.com/prometheus/otlptranslator, LabelNamer
 */
export function labelName(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9]+/g, '_');
  if (name === 'le' || name.startsWith('otel_scope_')) return `exported_${name}`;
  if (name === '' || /^\d/.test(name)) return `key_${name}`;
  return name.startsWith('_') ? `key${name}` : name;
}
