/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar?: Exemplar;
}

export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly seconds: number;
}

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly unit: string | undefined;
  readonly help: string | undefined;
  readonly samples: Sample[];
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const nameAtStart = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const labelAtStart = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,(?!})|(?=}))/;
const number = /^(NaN|[+-]Inf|-?\d+(\.\d+)?(e[+-]?\d+)?)$/;
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  untyped: [''],
  unknown: [''],
  info: ['_info'],
  histogram: ['_bucket', '_sum', '_count'],
};

/**
 * Reads a scrape as the specification of its format has it, and no more kindly than that.
 * @throws on anything a strict parser may take offence at
 */
export function parse(text: string, format: 'text' | 'openmetrics'): ParsedFamily[] {
  const isOpen = format === 'openmetrics';
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end');
  const lines = text.split('\n').slice(0, -1);
  if (isOpen && lines.pop() !== '# EOF') throw new Error('# EOF is not the last line');
  const families: ParsedFamily[] = [];
  const seen = new Set<string>();
  const samples = new Set<string>();
  let head: { name?: string; type?: string; unit?: string; help?: string } = {};
  let open: ParsedFamily | undefined;

  for (const line of lines) {
    const comment = /^# (TYPE|HELP|UNIT) (\S+) (.*)$/s.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, 'TYPE' | 'HELP' | 'UNIT', string, string];
      if (!metricName.test(name)) throw new Error(`no name: ${line}`);
      if (open !== undefined || head.name !== name) head = { name };
      open = undefined;
      const key = kind.toLowerCase() as 'type' | 'help' | 'unit';
      if (head[key] !== undefined) throw new Error(`given twice: ${line}`);
      head[key] = rest;
      if (kind === 'UNIT' && (!isOpen || !name.endsWith(`_${rest}`))) throw new Error(`no unit: ${line}`);
      continue;
    }
    if (line.startsWith('#')) throw new Error(`a comment of no kind: ${line}`);
    const sample = parseSample(line, isOpen);
    open ??= begin(head);
    const { type } = open;
    const base = isOpen || type !== 'counter' ? open.name : open.name.replace(/_total$/, '');
    const ending = sample.name.startsWith(base) ? sample.name.slice(base.length) : undefined;
    if (!isOpen && open.name === 'target_info') {
      if (ending !== '') throw new Error(`of another family: ${line}`);
    } else if (ending === undefined || !suffixes[type]?.includes(ending))
      throw new Error(`of another family: ${line}`);
    if (sample.exemplar !== undefined && !(isOpen && ending === '_bucket'))
      throw new Error(`an exemplar out of place: ${line}`);
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (samples.has(key)) throw new Error(`comes twice: ${line}`);
    samples.add(key);
    open.samples.push(sample);
  }
  for (const family of families) if (family.type === 'histogram') checkHistogram(family);
  return families;

  function begin({ name, type, unit, help }: typeof head): ParsedFamily {
    if (name === undefined || type === undefined) throw new Error('samples without a TYPE');
    const isOfOther = isOpen ? type === 'untyped' : type === 'info' || type === 'unknown';
    if (!(type in suffixes) || isOfOther) throw new Error(`no type: ${type}`);
    if (seen.has(name)) throw new Error(`family ${name} comes twice`);
    seen.add(name);
    const family = { name, type, unit, help: help && unescaped(help), samples: [] };
    families.push(family);
    return family;
  }
}

function parseSample(line: string, isOpen: boolean): Sample {
  const [name] = nameAtStart.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  let rest = line.slice(name.length);
  let labels: Record<string, string> = {};
  if (rest.startsWith('{')) [labels, rest] = parseLabels(rest, line);
  const [value = '', exemplar, ...more] = rest.replace(/^ /, '').split(' # ');
  if (!rest.startsWith(' ') || !number.test(value) || more.length > 0) throw new Error(`no value: ${line}`);
  const sample = { name, labels, value: toNumber(value) };
  if (exemplar === undefined) return sample;
  if (!isOpen) throw new Error(`an exemplar in the text format: ${line}`);
  const [its, tail] = parseLabels(exemplar, line);
  const [, exemplarValue = '', seconds = ''] = /^ (\S+) (\d+\.\d+)$/.exec(tail) ?? [];
  if (!number.test(exemplarValue)) throw new Error(`no exemplar: ${line}`);
  if (Object.entries(its).flat().join('').length > 128) throw new Error(`too long: ${line}`);
  return { ...sample, exemplar: { labels: its, value: Number(exemplarValue), seconds: Number(seconds) } };
}

function parseLabels(from: string, line: string): [labels: Record<string, string>, rest: string] {
  const labels: Record<string, string> = {};
  let rest = from.slice(1);
  while (!rest.startsWith('}')) {
    const [all, name, value] = labelAtStart.exec(rest) ?? [];
    if (all === undefined || name === undefined || value === undefined) throw new Error(`no label: ${line}`);
    if (name in labels) throw new Error(`label ${name} comes twice: ${line}`);
    if (name.startsWith('__')) throw new Error(`label ${name} is reserved: ${line}`);
    labels[name] = unescaped(value);
    rest = rest.slice(all.length);
  }
  return [labels, rest.slice(1)];
}

const unescaped = (text: string) =>
  text.replace(/\\(.)/gs, (_, character) => (character === 'n' ? '\n' : character));

function toNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

/** Bounds rise, counts never fall, and the last of them is what the count says; an exemplar is of its bucket. */
function checkHistogram({ name, samples }: ParsedFamily): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(Object.entries(labels).sort());
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const ofOne of series.values()) {
    const buckets = ofOne.filter((sample) => sample.name === `${name}_bucket`);
    let bound = Number.NEGATIVE_INFINITY;
    let count = 0;
    for (const { labels, value, exemplar } of buckets) {
      const next = toNumber(labels.le ?? '');
      if (!(next > bound) || value < count) throw new Error(`the buckets of ${name} are in no order`);
      if (exemplar !== undefined && !(exemplar.value > bound && exemplar.value <= next))
        throw new Error(`an exemplar of ${name} is in the wrong bucket`);
      bound = next;
      count = value;
    }
    const total = ofOne.find((sample) => sample.name === `${name}_count`)?.value;
    if (bound !== Number.POSITIVE_INFINITY || total !== count) throw new Error(`${name} is not whole`);
  }
}
