import type { HrTime } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type {
  AggregationTemporality,
  CollectionResult,
  DataPoint,
  GaugeMetricData,
  HistogramMetricData,
  MetricData,
  MetricProducer,
  SumMetricData,
} from '@opentelemetry/sdk-metrics';
import type { Clock } from '../core/clock.js';
import { toHrTime } from '../core/time.js';
import type { Histogram } from '../metrics/histogram.js';
import {
  type GaugeInstrument,
  type HistogramInstrument,
  type Instrument,
  isDouble,
  type SumInstrument,
} from '../metrics/instrument.js';
import type { Series } from '../metrics/series.js';
import { type ExemplarPoint, toPointExemplar } from './exemplar-point.js';

/** The SDK's enums by value: importing them would load the SDK with the first metric, and not with the first export. */
const DELTA = 0 as AggregationTemporality.DELTA;
const CUMULATIVE = 1 as AggregationTemporality.CUMULATIVE;
const HISTOGRAM_POINT = 0 as HistogramMetricData['dataPointType'];
const GAUGE_POINT = 2 as GaugeMetricData['dataPointType'];
const SUM_POINT = 3 as SumMetricData['dataPointType'];
const INT = 0;
const DOUBLE = 1;

/** `delta` where a reader wants increments: for counters and histograms, never for what goes up and down. */
export type Temporality = 'cumulative' | 'delta';

export interface OwnMetricsParts {
  readonly instruments: () => Iterable<Instrument>;
  readonly scope: InstrumentationScope;
  readonly resource: () => Resource;
  readonly clock: Clock;
  /** Since when the series have been counting. */
  readonly startedAt: HrTime;
}

/** What the last collection of a delta reader had seen of a series. */
interface Seen {
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/**
 * Makes a producer of our own series for one reader; a delta reader remembers what it has seen, so each needs its own. Exemplars are
 * those since the last collection, or those not older than `exemplarAgeMs`.
 */
export function createOwnMetrics(
  parts: OwnMetricsParts,
  temporality: Temporality,
  exemplarAgeMs?: number,
): MetricProducer {
  const { startedAt, clock } = parts;
  let lastMs = Number.NEGATIVE_INFINITY;
  let exemplarsAfterMs = lastMs;
  let lastAt = startedAt;
  const seenHistograms = new WeakMap<Series<Histogram>, Seen>();
  const seenSums = new WeakMap<object, number>();

  return {
    async collect(): Promise<CollectionResult> {
      const nowMs = clock.now();
      const now = toHrTime(clock.epochMs(nowMs));
      exemplarsAfterMs = exemplarAgeMs === undefined ? lastMs : nowMs - exemplarAgeMs;
      lastMs = nowMs;
      const from = temporality === 'delta' ? lastAt : startedAt;
      lastAt = now;
      const metrics: MetricData[] = [];
      for (const instrument of parts.instruments()) {
        const metric = dataOf(instrument, from, now);
        if (metric.dataPoints.length > 0) metrics.push(metric);
      }
      const scopeMetrics = metrics.length === 0 ? [] : [{ scope: parts.scope, metrics }];
      return { resourceMetrics: { resource: parts.resource(), scopeMetrics }, errors: [] };
    },
  };

  function dataOf(instrument: Instrument, from: HrTime, now: HrTime): MetricData {
    if (instrument.kind === 'histogram') return histogramData(instrument, from, now);
    return instrument.kind === 'gauge' ? gaugeData(instrument, now) : sumData(instrument, from, now);
  }

  function gaugeData(instrument: GaugeInstrument, now: HrTime): GaugeMetricData {
    const dataPoints: DataPoint<number>[] = [];
    for (const { attributes, value } of instrument.series) {
      dataPoints.push({ startTime: now, endTime: now, attributes, value: value.value });
    }
    return {
      descriptor: descriptorOf(instrument),
      aggregationTemporality: CUMULATIVE,
      dataPointType: GAUGE_POINT,
      dataPoints,
    };
  }

  function histogramData(instrument: HistogramInstrument, from: HrTime, now: HrTime): HistogramMetricData {
    const dataPoints: (HistogramMetricData['dataPoints'][number] & ExemplarPoint)[] = [];
    for (const series of instrument.series) {
      const { value } = series;
      const seen = temporality === 'delta' ? seenHistograms.get(series) : undefined;
      if (seen !== undefined && seen.count === value.count) continue;
      if (value.count === 0) continue;
      const counts = value.counts.map((count, index) => count - (seen?.counts[index] ?? 0));
      if (temporality === 'delta')
        seenHistograms.set(series, { counts: [...value.counts], count: value.count, sum: value.sum });
      const exemplars = value.exemplars?.since(exemplarsAfterMs) ?? [];
      dataPoints.push({
        startTime: from,
        endTime: now,
        attributes: series.attributes,
        ...(exemplars.length > 0 && { exemplars: exemplars.map((one) => toPointExemplar(one, clock)) }),
        value: {
          buckets: { boundaries: value.bounds as number[], counts },
          sum: value.sum - (seen?.sum ?? 0),
          count: value.count - (seen?.count ?? 0),
          // A minimum since the start does not describe an interval.
          ...(temporality === 'delta' ? {} : { min: value.min, max: value.max }),
        },
      });
    }
    return {
      descriptor: descriptorOf(instrument),
      aggregationTemporality: temporality === 'delta' ? DELTA : CUMULATIVE,
      dataPointType: HISTOGRAM_POINT,
      dataPoints,
    };
  }

  function sumData(instrument: SumInstrument, from: HrTime, now: HrTime): SumMetricData {
    const isMonotonic = instrument.kind === 'counter';
    const isDelta = isMonotonic && temporality === 'delta';
    const begin = isDelta ? from : startedAt;
    const since = instrument.since === undefined ? undefined : toHrTime(instrument.since);
    const dataPoints: DataPoint<number>[] = [];
    for (const series of instrument.series) {
      const seen = isDelta ? seenSums.get(series) : undefined;
      if (isDelta) seenSums.set(series, series.value.value);
      dataPoints.push({
        // The first increment of what began before the service is all that it has counted until now.
        startTime: seen === undefined ? (since ?? begin) : begin,
        endTime: now,
        attributes: series.attributes,
        value: series.value.value - (seen ?? 0),
      });
    }
    return {
      descriptor: descriptorOf(instrument),
      aggregationTemporality: isDelta ? DELTA : CUMULATIVE,
      dataPointType: SUM_POINT,
      isMonotonic,
      dataPoints,
    };
  }
}

function descriptorOf(instrument: Instrument): MetricData['descriptor'] {
  const { name, description, unit } = instrument;
  return { name, description, unit, valueType: isDouble(instrument) ? DOUBLE : INT };
}
