import type { Attributes } from '@opentelemetry/api';
import type { MetricData, ResourceMetrics, ScopeMetrics } from '@opentelemetry/sdk-metrics';
import type { PointExemplar } from '../../../../src/export/exemplar-point.js';
import { endOf, exposition, type Format } from '../../../../src/export/prometheus/exposition.js';
import { familiesOf } from '../../../../src/export/prometheus/families.js';
import { type ParsedFamily, parse } from './parse.js';

export const ownScope = 'golden-signals';

interface Given {
  readonly name: string;
  readonly unit?: string;
  readonly description?: string;
}

type Numbers = readonly (readonly [attributes: Attributes, value: number])[];

const time = { startTime: [1, 0], endTime: [2, 0] } as const;

function metric({ name, unit = '', description = '' }: Given, rest: object): MetricData {
  return {
    descriptor: { name, unit, description, valueType: 1 },
    aggregationTemporality: 1,
    ...rest,
  } as unknown as MetricData;
}

const numbers = (points: Numbers) => points.map(([attributes, value]) => ({ ...time, attributes, value }));

export const gauge = (given: Given, points: Numbers) =>
  metric(given, { dataPointType: 2, dataPoints: numbers(points) });

export const counter = (given: Given, points: Numbers) =>
  metric(given, { dataPointType: 3, isMonotonic: true, dataPoints: numbers(points) });

export const upDownCounter = (given: Given, points: Numbers) =>
  metric(given, { dataPointType: 3, isMonotonic: false, dataPoints: numbers(points) });

export interface HistogramPoint {
  readonly attributes?: Attributes;
  readonly boundaries: readonly number[];
  readonly counts: readonly number[];
  readonly sum?: number | undefined;
  readonly exemplars?: readonly PointExemplar[];
}

export const histogram = (given: Given, points: readonly HistogramPoint[]) =>
  metric(given, {
    dataPointType: 0,
    dataPoints: points.map(({ attributes = {}, boundaries, counts, sum, exemplars = [] }) => ({
      ...time,
      attributes,
      exemplars,
      value: { buckets: { boundaries, counts }, sum, count: counts.reduce((a, b) => a + b, 0) },
    })),
  });

export const exponentialHistogram = (given: Given) =>
  metric(given, { dataPointType: 1, dataPoints: [{ ...time, attributes: {}, value: { count: 1 } }] });

export function resourceMetrics(
  metrics: readonly MetricData[],
  scopes: readonly ScopeMetrics[] = [],
  attributes: Attributes = {},
): ResourceMetrics {
  return {
    resource: { attributes } as ResourceMetrics['resource'],
    scopeMetrics: [{ scope: { name: ownScope }, metrics: [...metrics] }, ...scopes],
  };
}

/** What a scrape of the metrics says, as text and read again. */
export function scrape(metrics: ResourceMetrics, format: Format) {
  const leftOut: string[] = [];
  const repeated: string[] = [];
  const families = familiesOf(metrics, {
    scopeName: ownScope,
    onLeftOut: (name, why) => void leftOut.push(`${name}: ${why}`),
  });
  const pieces = [
    ...exposition(families, metrics.resource.attributes, format, (name) => void repeated.push(name)),
  ];
  const text = pieces.join('') + endOf(format);
  const parsed = parse(text, format);
  const family = (name: string): ParsedFamily | undefined => parsed.find((one) => one.name === name);
  return { text, pieces, parsed, family, leftOut, repeated };
}
