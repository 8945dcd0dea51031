import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { metricOf } from '../../src/console/signals/metric-point.js';
import { consoleFor, type Started } from './support/console.js';
import { attributesOf, spansRequest } from './support/spans.js';

const nano = (ms: number): string => String(BigInt(Math.round(ms)) * 1_000_000n);

interface GivenMetric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: unknown;
  readonly sum?: unknown;
  readonly histogram?: unknown;
  readonly exponentialHistogram?: unknown;
}

const request = (metrics: readonly GivenMetric[]) => ({
  resourceMetrics: [
    {
      resource: {
        attributes: attributesOf({
          'service.name': 'order',
          'service.namespace': 'shop',
          'service.instance.id': 'i1',
        }),
      },
      scopeMetrics: [{ scope: { name: 'test' }, metrics }],
    },
  ],
});

const point = (
  timeMs: number,
  startMs: number,
  attributes: Readonly<Record<string, string | number>>,
  more: object,
) => ({
  timeUnixNano: nano(timeMs),
  startTimeUnixNano: nano(startMs),
  attributes: attributesOf(attributes),
  ...more,
});

async function valuesOf({ ask }: Started, expr: string, at: number) {
  const { samples } = await ask<{ samples: { labels: Record<string, string>; value: number }[] }>(
    `/api/query?expr=${encodeURIComponent(expr)}&at=${at}`,
  );
  return samples;
}

describe('metrics as Prometheus has them', () => {
  const now = Date.now();
  const duration = (counts: readonly number[], timeMs: number, temporality: 1 | 2) => ({
    name: 'http.server.request.duration',
    unit: 's',
    histogram: {
      aggregationTemporality: temporality,
      dataPoints: [
        point(
          timeMs,
          now,
          { 'http.route': '/a', 'http.request.method': 'GET', 'http.response.status_code': 200 },
          {
            count: String(counts.reduce((sum, count) => sum + count, 0)),
            sum: 1,
            bucketCounts: counts.map(String),
            explicitBounds: [0.5, 3],
          },
        ),
      ],
    },
  });

  test.each([
    [
      'cumulative',
      2,
      [
        [1, 1, 0],
        [3, 2, 1],
      ],
    ],
    [
      'deltas',
      1,
      [
        [1, 1, 0],
        [2, 1, 1],
      ],
    ],
  ] as const)('histograms of %s', async (_name, temporality, [first, second]) => {
    const running = await consoleFor();
    await running.send('metrics', request([duration(first, now + 1_000, temporality)]));
    await running.send('metrics', request([duration(second, now + 2_000, temporality)]));
    const buckets = await valuesOf(running, 'http_server_request_duration_seconds_bucket', now + 2_000);
    expect(Object.fromEntries(buckets.map(({ labels, value }) => [labels.le, value]))).toEqual({
      '0.5': 3,
      '3.0': 5,
      '+Inf': 6,
    });
    expect(await valuesOf(running, 'http_server_request_duration_seconds_count', now + 2_000)).toEqual([
      {
        value: 6,
        labels: expect.objectContaining({
          job: 'shop/order',
          instance: 'i1',
          http_route: '/a',
          http_response_status_code: '200',
        }),
      },
    ]);
  });

  test('gauges and sums, by the names of our own exposition', async () => {
    const running = await consoleFor();
    await running.send(
      'metrics',
      request([
        {
          name: 'nodejs.eventloop.delay.p99',
          unit: 's',
          gauge: { dataPoints: [point(now, now, {}, { asDouble: 0.25 })] },
        },
        {
          name: 'db.client.connection.count',
          unit: '{connection}',
          sum: {
            aggregationTemporality: 2,
            isMonotonic: false,
            dataPoints: [
              point(
                now,
                now,
                { 'db.client.connection.pool.name': 'cards', 'db.client.connection.state': 'used' },
                { asInt: '9' },
              ),
            ],
          },
        },
        {
          name: 'db.client.connection.max',
          unit: '{connection}',
          sum: {
            aggregationTemporality: 2,
            dataPoints: [point(now, now, { 'db.client.connection.pool.name': 'cards' }, { asInt: '10' })],
          },
        },
      ]),
    );
    expect((await valuesOf(running, 'nodejs_eventloop_delay_p99_seconds', now + 1))[0]?.value).toBe(0.25);
    expect((await valuesOf(running, 'db_client_connection_count', now + 1))[0]).toMatchObject({
      value: 9,
      labels: { db_client_connection_pool_name: 'cards', db_client_connection_state: 'used' },
    });
    const { services } = await running.ask<{ services: { service: string; saturation: unknown[] }[] }>(
      '/api/services',
    );
    expect(services.find(({ service }) => service === 'order')?.saturation).toEqual([
      { what: 'pool', name: 'cards', instance: 'i1', ratio: 0.9, used: 9, max: 10, waiting: 0 },
    ]);
    expect(await running.ask('/api/gauges?metric=nodejs.eventloop.delay.p99')).toMatchObject({
      series: [{ service: 'order', last: 0.25, unit: 's' }],
    });
  });

  test('where spans are sampled the numbers are those of the metric', async () => {
    const running = await consoleFor();
    await running.send(
      'traces',
      spansRequest('order', [{ id: 'a', start: now, ms: 5, kind: 2, name: 'GET /a' }]),
    );
    const source = async () =>
      (
        await running.ask<{ services: { service: string; source: string; count: number }[] }>('/api/services')
      ).services.find(({ service }) => service === 'order');
    expect(await source()).toMatchObject({ source: 'spans', count: 1 });
    await running.send('metrics', request([duration([90, 10, 0], Date.now(), 1)]));
    expect(await source()).toMatchObject({ source: 'metrics', count: 100 });
    const { rows } = await running.ask<{ rows: { name: string; count: number; source: string }[] }>(
      '/api/routes',
    );
    expect(rows).toMatchObject([{ name: 'GET /a', count: 100, source: 'metrics' }]);
  });

  test('what a process counted before the console was there is not counted', async () => {
    const running = await consoleFor();
    const old = { ...duration([90, 10, 0], now, 2) };
    const long = JSON.parse(JSON.stringify(old));
    long.histogram.dataPoints[0].startTimeUnixNano = nano(now - 3_600_000);
    await running.send('metrics', request([long]));
    const { services } = await running.ask<{ services: { service: string; count: number }[] }>(
      '/api/services',
    );
    expect(services.find(({ service }) => service === 'order')?.count).toBe(0);
  });

  test('breakers, probes and heartbeats are states over time', async () => {
    const running = await consoleFor();
    const breaker = (state: string, at: number) =>
      request([
        {
          name: 'golden_signals.breaker.state',
          unit: '{breaker}',
          gauge: {
            dataPoints: ['closed', 'open', 'half-open'].map((one) =>
              point(
                at,
                now,
                { 'golden_signals.breaker.name': 'payment:8080', 'golden_signals.breaker.state': one },
                { asInt: one === state ? '1' : '0' },
              ),
            ),
          },
        },
        {
          name: 'golden_signals.health.status',
          unit: '{status}',
          gauge: { dataPoints: [point(at, now, { 'golden_signals.health.check': 'db' }, { asDouble: 0.5 })] },
        },
        {
          name: 'golden_signals.heartbeat.timestamp',
          unit: 's',
          gauge: { dataPoints: [point(at, now, {}, { asDouble: at / 1_000 })] },
        },
      ]);
    await running.send('metrics', breaker('closed', now - 2_000));
    await running.send('metrics', breaker('open', now - 1_000));
    expect(await running.ask('/api/states')).toMatchObject({
      lanes: [
        { kind: 'breaker', name: 'payment:8080', changes: [{ state: 'closed' }, { state: 'open' }] },
        { kind: 'probe', name: 'db', changes: [{ state: 'warn' }] },
      ],
      heartbeats: [{ service: 'order', beatMs: now - 1_000 }],
      happenings: [{ kind: 'start', service: 'order' }],
    });
  });
});

test('an exponential histogram keeps its count and its order in explicit buckets', () => {
  const arbitrary = fc.record({
    scale: fc.integer({ min: -2, max: 10 }),
    offset: fc.integer({ min: -50, max: 50 }),
    counts: fc.array(fc.nat(1_000), { maxLength: 60 }),
    zero: fc.nat(10),
  });
  fc.assert(
    fc.property(arbitrary, ({ scale, offset, counts, zero }) => {
      const count = counts.reduce((sum, one) => sum + one, zero);
      const metric = metricOf(
        {
          name: 'm',
          exponentialHistogram: {
            aggregationTemporality: 2,
            dataPoints: [
              {
                scale,
                zeroCount: String(zero),
                count: String(count),
                positive: { offset, bucketCounts: counts.map(String) },
              },
            ],
          },
        },
        [0.005, 0.1, 1, 3, 10],
      );
      const histogram = metric?.points[0]?.histogram;
      expect(histogram?.counts).toHaveLength(6);
      expect(histogram?.counts.reduce((sum, one) => sum + one, 0)).toBe(count);
      for (const one of histogram?.counts ?? []) expect(one).toBeGreaterThanOrEqual(0);
    }),
  );
});

test.each([
  ['protobuf', ProtoExporter],
  ['JSON', JsonExporter],
])('the official metric exporter over %s', async (_name, Exporter) => {
  const { MeterProvider, PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics-2');
  const running = await consoleFor();
  const provider = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new Exporter({ url: `${running.endpoint}/v1/metrics` }) as never,
        exportIntervalMillis: 60_000,
      }),
    ],
  });
  provider.getMeter('m').createGauge('nodejs.eventloop.utilization', { unit: '1' }).record(0.75);
  await provider.forceFlush();
  await provider.shutdown();
  const samples = await valuesOf(
    running,
    '{__name__=~"nodejs_eventloop_utilization(_ratio)?"}',
    Date.now() + 1,
  );
  expect(samples.map(({ value }) => value)).toEqual([0.75]);
});

describe('a counter begins with a 0', () => {
  const now = Date.now() - 120_000;
  const minute = 60_000;
  /** What a process that began at `startMs` has counted by `timeMs`, of each status. */
  const counted = (timeMs: number, startMs: number, counts: Readonly<Record<number, number>>) =>
    request([
      {
        name: 'http.server.request.duration',
        unit: 's',
        histogram: {
          aggregationTemporality: 2,
          dataPoints: Object.entries(counts).map(([status, count]) =>
            point(
              timeMs,
              startMs,
              { 'http.response.status_code': Number(status) },
              { count: String(count), sum: count, bucketCounts: [String(count), '0'], explicitBounds: [3] },
            ),
          ),
        },
      },
    ]);
  const samplesOf = async (running: Started, status: number): Promise<number> => {
    const expr = `count_over_time(http_server_request_duration_seconds_count{http_response_status_code="${status}"}[1h])`;
    return (await valuesOf(running, expr, now + 2 * minute))[0]?.value ?? 0;
  };
  const increaseOf = async (running: Started, status: number): Promise<number> => {
    const expr = `max_over_time(http_server_request_duration_seconds_count{http_response_status_code="${status}"}[1h]) - min_over_time(http_server_request_duration_seconds_count{http_response_status_code="${status}"}[1h])`;
    return (await valuesOf(running, expr, now + 2 * minute))[0]?.value ?? Number.NaN;
  };

  test('from the last export that did not have it: the first failure of a route is an increase', async () => {
    const running = await consoleFor();
    const startMs = now - 3 * 3_600_000;
    await running.send('metrics', counted(now, startMs, { 200: 100 }));
    await running.send('metrics', counted(now + 10_000, startMs, { 200: 110 }));
    await running.send('metrics', counted(now + 20_000, startMs, { 200: 120, 503: 1 }));
    expect(await increaseOf(running, 503)).toBe(1);
    const expr = `rate(http_server_request_duration_seconds_count{http_response_status_code="503"}[5m])`;
    expect((await valuesOf(running, expr, now + 20_000))[0]?.value).toBeGreaterThan(0);
  });

  test('from when the process began, where that is later', async () => {
    const running = await consoleFor();
    await running.send('metrics', counted(now, now - 30_000, { 200: 7 }));
    expect(await increaseOf(running, 200)).toBe(7);
    expect(await samplesOf(running, 200)).toBe(2);
  });

  test('and again when the process has begun anew, even where it has counted more by then', async () => {
    const running = await consoleFor();
    await running.send('metrics', counted(now, now - 30_000, { 200: 7 }));
    await running.send('metrics', counted(now + minute, now + 30_000, { 200: 9 }));
    expect(await samplesOf(running, 200)).toBe(4);
    const expr = `resets(http_server_request_duration_seconds_count{http_response_status_code="200"}[1h])`;
    expect((await valuesOf(running, expr, now + minute))[0]?.value).toBe(1);
  });

  test('but not where it goes on, nor where nothing says when it began', async () => {
    const running = await consoleFor();
    await running.send('metrics', counted(now, now - 30_000, { 200: 7 }));
    await running.send('metrics', counted(now + 10_000, now - 30_000, { 200: 8 }));
    expect(await samplesOf(running, 200)).toBe(3);
    await running.send('metrics', counted(now, 0, { 204: 7 }));
    expect(await samplesOf(running, 204)).toBe(1);
  });
});
