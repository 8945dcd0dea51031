import type { Attributes } from '@opentelemetry/api';
import type { DataPoint, Histogram } from '@opentelemetry/sdk-metrics';
import { exemplarsOf, type PointExemplar } from '../exemplar-point.js';
import type { Family } from './families.js';
import { joinLabels, labelsOf, numberText } from './labels.js';

/** The two formats: Prometheus text 0.0.4 and OpenMetrics 1.0. */
export type Format = 'text' | 'openmetrics';

/** So many samples at most stand in one piece; more would keep the event loop for milliseconds. */
const samplesInPiece = 1_000;

/**
 * Writes families out, piece by piece and whole data points in each. Bounds are written alike in both formats, `le="1.0"`, so that a
 * series is the same whichever a scraper asks for.
 * @see https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md
 * @see https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
export function* exposition(
  families: readonly Family[],
  resource: Attributes,
  format: Format,
  onRepeated: (family: string) => void,
  /** Labels that every sample has. */
  common = '',
): Generator<string> {
  const write = format === 'openmetrics' ? openMetricsHead : textHead;
  let piece = targetInfo(joinLabels(labelsOf(resource), common), format);
  let samples = 1;
  for (const family of families) {
    const { name, type, groups } = family;
    const written = new Set<string>();
    piece += write(family);
    for (const { labels: shared, points } of groups) {
      for (const point of points) {
        const labels = joinLabels(joinLabels(labelsOf(point.attributes), shared), common);
        // A sample that comes twice fails more than itself.
        if (written.has(labels)) {
          onRepeated(name);
          continue;
        }
        written.add(labels);
        if (type === 'histogram') {
          const { value } = point as DataPoint<Histogram>;
          piece += histogramLines(name, labels, value, format === 'openmetrics' ? exemplarsOf(point) : []);
          samples += value.buckets.boundaries.length + 3;
        } else {
          const value = numberText(point.value as number);
          piece += sample(type === 'counter' ? `${name}_total` : name, labels, value);
          samples += 1;
        }
        if (samples >= samplesInPiece) {
          yield piece;
          piece = '';
          samples = 0;
        }
      }
    }
  }
  if (piece !== '') yield piece;
}

/** What stands after everything else. */
export function endOf(format: Format): string {
  return format === 'openmetrics' ? '# EOF\n' : '';
}

function targetInfo(labels: string, format: Format): string {
  const name = format === 'openmetrics' ? 'target' : 'target_info';
  const type = format === 'openmetrics' ? 'info' : 'gauge';
  const help = 'What the metrics are of, by the attributes of its resource.';
  return `# TYPE ${name} ${type}\n# HELP ${name} ${help}\n${sample('target_info', labels, '1')}`;
}

// The linter of Prometheus has a gauge called otherwise where its name ends as samples of other types do; but these names are the
// conventions', as db_client_connection_count is. Of metrics without a type it asks nothing, and no query depends on the type.
// (client_golang, prometheus/testutil/promlint/validations)
const reserved = /_(?:bucket|count|sum|total)$/;

function typeOf({ name, type }: Family, none: 'untyped' | 'unknown'): string {
  return type === 'gauge' && reserved.test(name) ? none : type;
}

function textHead(family: Family): string {
  const { name, type, help } = family;
  const full = type === 'counter' ? `${name}_total` : name;
  const line = help === '' ? '' : `# HELP ${full} ${escapeHelp(help)}\n`;
  return `${line}# TYPE ${full} ${typeOf(family, 'untyped')}\n`;
}

function openMetricsHead(family: Family): string {
  const { name, unit, help } = family;
  const unitLine = unit === undefined ? '' : `# UNIT ${name} ${unit}\n`;
  const helpLine = help === '' ? '' : `# HELP ${name} ${escapeHelp(help).replaceAll('"', '\\"')}\n`;
  return `# TYPE ${name} ${typeOf(family, 'unknown')}\n${unitLine}${helpLine}`;
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\0', '\ufffd');
}

function sample(name: string, labels: string, value: string): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`;
}

function histogramLines(
  name: string,
  labels: string,
  { buckets: { boundaries, counts }, count, sum }: Histogram,
  exemplars: readonly PointExemplar[],
): string {
  const head = `${name}_bucket{${labels}${labels === '' ? '' : ','}le="`;
  let lines = '';
  let total = 0;
  let next = 0;
  for (let index = 0; index < boundaries.length; index += 1) {
    const bound = boundaries[index] as number;
    if (bound === Number.POSITIVE_INFINITY) break;
    total += counts[index] ?? 0;
    lines += `${head}${boundText(bound)}"} ${total}${exemplarUpTo(bound)}\n`;
  }
  lines += `${head}+Inf"} ${count}${exemplarUpTo(Number.POSITIVE_INFINITY)}\n`;
  if (sum !== undefined) lines += sample(`${name}_sum`, labels, numberText(sum));
  return lines + sample(`${name}_count`, labels, String(count));

  /** That of the bucket up to a bound; the slowest where it has several. */
  function exemplarUpTo(bound: number): string {
    if (next >= exemplars.length) return '';
    let found: PointExemplar | undefined;
    for (; next < exemplars.length; next += 1) {
      const one = exemplars[next] as PointExemplar;
      if (one.value > bound) break;
      found = one;
    }
    if (found === undefined) return '';
    const { traceId, spanId, value, time } = found;
    const seconds = (time[0] + time[1] / 1e9).toFixed(3);
    return ` # {trace_id="${traceId}",span_id="${spanId}"} ${numberText(value)} ${seconds}`;
  }
}

const bounds = new Map<number, string>();
const maxBounds = 1_000;

/** Always with a fraction, as in OpenMetrics and Prometheus 3: the `le` of an alert then matches everywhere. */
function boundText(bound: number): string {
  let text = bounds.get(bound);
  if (text === undefined) {
    text = Number.isInteger(bound) && Math.abs(bound) < 1e21 ? `${bound}.0` : String(bound);
    if (bounds.size < maxBounds) bounds.set(bound, text);
  }
  return text;
}
