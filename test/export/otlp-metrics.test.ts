import type { Attributes } from '@opentelemetry/api';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  type MetricData,
  MetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMetricWriter } from '../../src/export/otlp-metrics.js';

const official = (metrics: ResourceMetrics) =>
  Buffer.from(ProtobufMetricsSerializer.serializeRequest(metrics) as Uint8Array);
const ours = (metrics: ResourceMetrics) => Buffer.from(createMetricWriter()(metrics));

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'x'.repeat(127), 'x'.repeat(128), 'é'.repeat(64), '€'.repeat(5_462)),
);
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
  text,
  fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.array(text, { maxLength: 3 })),
  { maxKeys: 4 },
);
const time = fc.tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: 0, max: 999_999_999 }));
const count = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40),
);
const double = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1.5, Number.POSITIVE_INFINITY, Number.NaN));
const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, -(2 ** 31), 2 ** 32, -(2 ** 32), -(2 ** 40), 2 ** 53, -(2 ** 53)),
);
const list = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 20 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const point = <T>(value: fc.Arbitrary<T>) => fc.record({ startTime: time, endTime: time, attributes, value });
const descriptor = (valueType: number) =>
  fc.record({ name: text, description: text, unit: text, valueType: fc.constant(valueType) });
const temporality = fc.constantFrom(AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE);
const totals = { count, sum: maybe(double), min: maybe(double), max: maybe(double) };
const buckets = fc.record({ offset: fc.integer(), bucketCounts: list(count) });

const metric = fc.oneof(
  ...[0, 1].map((valueType) => {
    const points = list(point(valueType === 0 ? integer : double));
    return fc.record({
      descriptor: descriptor(valueType),
      aggregationTemporality: temporality,
      dataPointType: fc.constantFrom(2, 3),
      isMonotonic: fc.boolean(),
      dataPoints: points,
    });
  }),
  fc.record({
    descriptor: descriptor(1),
    aggregationTemporality: temporality,
    dataPointType: fc.constant(0),
    dataPoints: list(
      point(
        fc.record({
          ...totals,
          buckets: fc.record({ counts: list(count), boundaries: list(double) }),
        }),
      ),
    ),
  }),
  fc.record({
    descriptor: descriptor(1),
    aggregationTemporality: temporality,
    dataPointType: fc.constant(1),
    dataPoints: list(
      point(
        fc.record({
          ...totals,
          scale: fc.integer({ min: -10, max: 20 }),
          zeroCount: count,
          positive: buckets,
          negative: buckets,
        }),
      ),
    ),
  }),
) as unknown as fc.Arbitrary<MetricData>;
const scope = fc.record({ name: text, version: maybe(text), schemaUrl: maybe(text) });
const scopeMetrics = fc.array(fc.record({ scope, metrics: fc.array(metric, { maxLength: 4 }) }), {
  maxLength: 3,
}) as fc.Arbitrary<ResourceMetrics['scopeMetrics']>;

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

describe('the writer of metrics', () => {
  test('writes what the official serializer writes, byte for byte', () => {
    fc.assert(
      fc.property(attributes, maybe(text), scopeMetrics, (own, schemaUrl, all) => {
        const resource = resourceFromAttributes(own, schemaUrl === undefined ? {} : { schemaUrl });
        const metrics = { resource, scopeMetrics: all };
        expect(ours(metrics).equals(official(metrics))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('writes what the SDK collects, of every instrument and aggregation', async () => {
    const reader = new Reader();
    const provider = new MeterProvider({
      readers: [reader],
      views: [
        { instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
      ],
    });
    const meter = provider.getMeter('shop', '1.0.0', { schemaUrl: 'https://opentelemetry.io/schemas/1.0.0' });
    meter.createCounter('sold', { unit: '{item}' }).add(2.5, { kind: 'book' });
    meter.createUpDownCounter('stock', { valueType: 0 }).add(-7);
    meter.createHistogram('price').record(12.5, { kind: 'book' });
    for (const value of [0, 0.001, 3, -4, 1e9]) meter.createHistogram('exponential').record(value);
    meter.createObservableGauge('heat').addCallback((result) => result.observe(36.6));
    const { resourceMetrics } = await reader.collect();
    await provider.shutdown();

    expect(resourceMetrics.scopeMetrics[0]?.metrics).toHaveLength(5);
    expect(ours(resourceMetrics).equals(official(resourceMetrics))).toBe(true);
  });

  test('writes a request that is larger than any before, and a smaller one after it', () => {
    const write = createMetricWriter();
    const resource = resourceFromAttributes({ 'service.name': 'orders' });
    const requestOf = (points: number): ResourceMetrics => ({
      resource,
      scopeMetrics: [
        {
          scope: { name: 'shop' },
          metrics: [
            {
              descriptor: { name: 'sold', description: '', unit: '', valueType: 0 },
              aggregationTemporality: AggregationTemporality.CUMULATIVE,
              dataPointType: 2,
              dataPoints: Array.from({ length: points }, (_, index) => ({
                startTime: [1, 2],
                endTime: [3, 4],
                attributes: { index },
                value: index,
              })),
            },
          ],
        },
      ],
    });
    for (const points of [1, 20_000, 0, 1]) {
      const metrics = requestOf(points);
      expect(Buffer.from(write(metrics)).equals(official(metrics))).toBe(true);
    }
  });
});
