export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of a Prometheus page, by name. */
export type Exposition = ReadonlyMap<string, readonly Sample[]>;

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*?)\})?\s+([+-]?(?:Inf|NaN|[\d.eE+-]+))(?:\s|$)/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Reads text 0.0.4 and OpenMetrics alike; passes over what it does not understand. */
export function parseExposition(text: string): Exposition {
  const samples = new Map<string, Sample[]>();
  for (const one of text.split('\n')) {
    if (one === '' || one.startsWith('#')) continue;
    const [, name, labels = '', value] = line.exec(withoutExemplar(one)) ?? [];
    if (name === undefined || value === undefined) continue;
    const sample = { labels: labelsIn(labels), value: numberOf(value) };
    const known = samples.get(name);
    if (known === undefined) samples.set(name, [sample]);
    else known.push(sample);
  }
  return samples;
}

/** A value in quotes may hold a brace, so that the end of the labels is the last brace before the value. */
function withoutExemplar(one: string): string {
  const exemplar = one.indexOf(' # {');
  return exemplar < 0 ? one : one.slice(0, exemplar);
}

function labelsIn(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(label)) {
    labels[name as string] = (value as string).replace(/\\(.)/g, (_, char: string) =>
      char === 'n' ? '\n' : char,
    );
  }
  return labels;
}

function numberOf(text: string): number {
  if (text.endsWith('Inf')) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}
