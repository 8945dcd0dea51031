import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHrTime } from '../../src/core/time.js';
import { withExemplars } from '../../src/export/otlp-exemplars.js';
import { createMetricWriter } from '../../src/export/otlp-metrics.js';
import { createOwnMetrics, type Temporality } from '../../src/export/own-metrics.js';
import { Histogram } from '../../src/metrics/histogram.js';
import { SeriesSet } from '../../src/metrics/series.js';
import { createFakeClock, fakeEpochMs } from '../support/fake-clock.js';
import { decodeRequest } from '../support/otlp-decode.js';
import { flattenMetrics } from '../support/otlp-flatten.js';

const span = (traceId: string, spanId: string) => ({
  traceId,
  spanId,
  traceFlags: 1,
});
const slow = span('0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331');
const fast = span('4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7');

function create(temporality: Temporality, exemplarAgeMs?: number) {
  const clock = createFakeClock();
  const series = new SeriesSet(
    () => new Histogram([0.1, 1]),
    100,
    () => {},
  );
  const [a, b] = [series.add({ route: '/a' }).value, series.add({ route: '/b' }).value];
  const producer = createOwnMetrics(
    {
      instruments: () => [
        { kind: 'histogram', name: 'before', description: '', unit: 's', series: [] },
        {
          kind: 'counter',
          name: 'count',
          description: 'Of things.',
          unit: '',
          series: [{ attributes: { x: 1 }, value: { value: 7 } }],
        },
        { kind: 'histogram', name: 'duration', description: 'Of requests.', unit: 's', series },
      ],
      scope: { name: 'golden-signals' },
      resource: () => resourceFromAttributes({ 'service.name': 'orders' }),
      clock,
      startedAt: toHrTime(fakeEpochMs),
    },
    temporality,
    exemplarAgeMs,
  );
  const collect = async () => (await producer.collect()).resourceMetrics;
  return { clock, a, b, collect };
}

const formats = [
  {
    protocol: 'http/protobuf',
    type: 'application/x-protobuf',
    serializer: ProtobufMetricsSerializer,
    write: createMetricWriter(),
  },
  {
    protocol: 'http/json',
    type: 'application/json',
    serializer: JsonMetricsSerializer,
    write: (metrics: ResourceMetrics) =>
      withExemplars(JsonMetricsSerializer).serializeRequest(metrics) as Uint8Array,
  },
] as const;

describe.each(formats)('OTLP by $protocol', ({ type, serializer, write }) => {
  const read = (body: Uint8Array) => flattenMetrics(decodeRequest('metrics', type, body));

  test('carries exemplars with trace, span, value and time, and everything else as it was', async () => {
    const { a, b, clock, collect } = create('cumulative');
    a.record(0.05, { exemplarContext: fast, startMs: clock.now() });
    b.record(3, { exemplarContext: slow, startMs: clock.now() });
    a.record(0.5);
    await clock.advance(5_000);
    const metrics = await collect();
    const points = read(write(metrics));

    const exemplars = points.map(({ name, attributes, exemplars: found }) => [name, attributes, found]);
    expect(exemplars).toEqual([
      ['count', { x: 1 }, []],
      [
        'duration',
        { route: '/a' },
        [
          {
            traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
            spanId: '00f067aa0ba902b7',
            timeUnixNano: BigInt(fakeEpochMs + 50) * 1_000_000n,
            value: 0.05,
            filteredAttributes: {},
          },
        ],
      ],
      [
        'duration',
        { route: '/b' },
        [
          {
            traceId: '0af7651916cd43dd8448eb211c80319c',
            spanId: 'b7ad6b7169203331',
            timeUnixNano: BigInt(fakeEpochMs + 3_000) * 1_000_000n,
            value: 3,
            filteredAttributes: {},
          },
        ],
      ],
    ]);
    const official = read(serializer.serializeRequest(metrics) as Uint8Array);
    expect(points.map((point) => ({ ...point, exemplars: [] }))).toEqual(official);
  });

  test('is what the official serializer writes where there are none', async () => {
    const { a, collect } = create('cumulative');
    a.record(0.05);
    const metrics = await collect();
    expect(Buffer.from(write(metrics))).toEqual(
      Buffer.from(serializer.serializeRequest(metrics) as Uint8Array),
    );
  });

  test('is whole whatever the lengths around it become', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { maxLength: 20 }),
        async (route, values) => {
          const { clock, collect, a } = create('cumulative');
          for (const value of values) a.record(value, { exemplarContext: slow, startMs: clock.now() });
          const metrics = await collect();
          const { scopeMetrics } = metrics;
          const [own] = scopeMetrics;
          if (own === undefined) return;
          const theirs = {
            scope: { name: route },
            metrics: own.metrics.map((metric) => ({
              ...metric,
              descriptor: { ...metric.descriptor, description: route },
            })),
          };
          const all = { ...metrics, scopeMetrics: [own, theirs as typeof own] };
          const points = read(write(all));
          expect(points.map((point) => ({ ...point, exemplars: [] }))).toEqual(
            read(serializer.serializeRequest(all) as Uint8Array),
          );
          const buckets = a.counts.filter((count) => count > 0).length;
          expect(points.flatMap(({ exemplars }) => exemplars)).toHaveLength(2 * buckets);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe.each(['cumulative', 'delta'] as const)('a %s reader', (temporality) => {
  test('gets an exemplar once', async () => {
    const { a, clock, collect } = create(temporality);
    const exemplars = async () => {
      const [{ metrics } = { metrics: [] }] = (await collect()).scopeMetrics;
      return metrics.flatMap(({ dataPoints }) =>
        (dataPoints as { exemplars?: { value: number }[] }[]).flatMap((point) => point.exemplars ?? []),
      );
    };
    a.record(0.5, { exemplarContext: slow, startMs: clock.now() });
    await clock.advance(1_000);
    expect((await exemplars()).map(({ value }) => value)).toEqual([0.5]);
    a.record(0.2, { exemplarContext: fast, startMs: clock.now() });
    await clock.advance(1_000);
    expect(await exemplars()).toEqual([]);
    a.record(0.05, { exemplarContext: fast, startMs: clock.now() });
    await clock.advance(1_000);
    expect((await exemplars()).map(({ value }) => value)).toEqual([0.05]);
  });
});

test('a reader for scrapes gets them again, until they are old', async () => {
  const { a, clock, collect } = create('cumulative', 10_000);
  const count = async () =>
    (await collect()).scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ dataPoints }) =>
        (dataPoints as { exemplars?: object[] }[]).flatMap((point) => point.exemplars ?? []),
      ).length;
  a.record(0.5, { exemplarContext: slow, startMs: clock.now() });
  await clock.advance(1_000);
  expect([await count(), await count()]).toEqual([1, 1]);
  await clock.advance(9_400);
  expect(await count()).toBe(1);
  await clock.advance(101);
  expect(await count()).toBe(0);
});
