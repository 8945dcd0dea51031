import type { Attributes } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  counter,
  exponentialHistogram,
  gauge,
  histogram,
  resourceMetrics,
  scrape,
  upDownCounter,
} from './support/metrics.js';

const duration = { name: 'http.server.request.duration', unit: 's', description: 'How long.' };
const exemplar = (value: number) => ({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  value,
  time: [1_700_000_000, 123_456_789] as [number, number],
});

describe('a scrape', () => {
  test('in text, line by line', () => {
    const metrics = resourceMetrics(
      [
        histogram(duration, [
          {
            attributes: { 'http.route': '/a' },
            boundaries: [0.5, 1],
            counts: [2, 1, 1],
            sum: 4.5,
            exemplars: [exemplar(0.7)],
          },
        ]),
        counter({ name: 'orders.placed', unit: '{order}' }, [[{}, 3]]),
        gauge({ name: 'utilization', unit: '1' }, [[{}, 0.5]]),
      ],
      [],
      { 'service.name': 'orders' },
    );
    expect(scrape(metrics, 'text').text).toBe(
      [
        '# TYPE target_info gauge',
        '# HELP target_info What the metrics are of, by the attributes of its resource.',
        'target_info{service_name="orders"} 1',
        '# HELP http_server_request_duration_seconds How long.',
        '# TYPE http_server_request_duration_seconds histogram',
        'http_server_request_duration_seconds_bucket{http_route="/a",le="0.5"} 2',
        'http_server_request_duration_seconds_bucket{http_route="/a",le="1.0"} 3',
        'http_server_request_duration_seconds_bucket{http_route="/a",le="+Inf"} 4',
        'http_server_request_duration_seconds_sum{http_route="/a"} 4.5',
        'http_server_request_duration_seconds_count{http_route="/a"} 4',
        '# TYPE orders_placed_total counter',
        'orders_placed_total 3',
        '# TYPE utilization_ratio gauge',
        'utilization_ratio 0.5',
        '',
      ].join('\n'),
    );
  });

  test('in OpenMetrics, line by line', () => {
    const metrics = resourceMetrics([
      histogram(duration, [{ boundaries: [0.5], counts: [2, 1], sum: 4.5, exemplars: [exemplar(0.7)] }]),
      counter({ name: 'cpu.time', unit: 's', description: 'Say "hi".' }, [[{ mode: 'user' }, 3]]),
    ]);
    expect(scrape(metrics, 'openmetrics').text).toBe(
      [
        '# TYPE target info',
        '# HELP target What the metrics are of, by the attributes of its resource.',
        'target_info 1',
        '# TYPE http_server_request_duration_seconds histogram',
        '# UNIT http_server_request_duration_seconds seconds',
        '# HELP http_server_request_duration_seconds How long.',
        'http_server_request_duration_seconds_bucket{le="0.5"} 2',
        'http_server_request_duration_seconds_bucket{le="+Inf"} 3 # ' +
          '{trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 0.7 1700000000.123',
        'http_server_request_duration_seconds_sum 4.5',
        'http_server_request_duration_seconds_count 3',
        '# TYPE cpu_time_seconds counter',
        '# UNIT cpu_time_seconds seconds',
        '# HELP cpu_time_seconds Say \\"hi\\".',
        'cpu_time_seconds_total{mode="user"} 3',
        '# EOF',
        '',
      ].join('\n'),
    );
  });

  test.each(['text', 'openmetrics'] as const)(
    'in %s gives no type to a gauge whose name ends as samples of other types do',
    (format) => {
      const metrics = resourceMetrics([
        upDownCounter({ name: 'db.client.connection.count', unit: '{connection}' }, [[{}, 3]]),
        ...['a.sum', 'a.bucket', 'a.total', 'counts', 'a.count.max'].map((name) =>
          gauge({ name }, [[{}, 1]]),
        ),
        counter({ name: 'b.count' }, [[{}, 2]]),
      ]);
      const { parsed, family } = scrape(metrics, format);
      const none = format === 'text' ? 'untyped' : 'unknown';
      expect(parsed.slice(1).map(({ name, type }) => [name, type])).toEqual([
        ['db_client_connection_count', none],
        ['a_sum', none],
        ['a_bucket', none],
        ['a_total', none],
        ['counts', 'gauge'],
        ['a_count_max', 'gauge'],
        [format === 'text' ? 'b_count_total' : 'b_count', 'counter'],
      ]);
      expect(family('db_client_connection_count')?.samples).toEqual([
        { name: 'db_client_connection_count', labels: {}, value: 3 },
      ]);
    },
  );

  test('has the sum of a histogram only where there is one', () => {
    const metrics = resourceMetrics([histogram(duration, [{ boundaries: [1], counts: [1, 0] }])]);
    expect(scrape(metrics, 'text').text).not.toContain('_sum');
  });

  test('has one bucket without bound, also where the bounds name it', () => {
    const boundaries = [1, Number.POSITIVE_INFINITY];
    const metrics = resourceMetrics([histogram(duration, [{ boundaries, counts: [1, 2, 0], sum: 3 }])]);
    expect(scrape(metrics, 'text').family('http_server_request_duration_seconds')?.samples).toHaveLength(4);
  });

  test('leaves out an exponential histogram, and has no family for it', () => {
    const { parsed, leftOut } = scrape(resourceMetrics([exponentialHistogram({ name: 'exp' })]), 'text');
    expect(parsed.map(({ name }) => name)).toEqual(['target_info']);
    expect(leftOut).toEqual([
      'exp: it is an exponential histogram, for which the text formats have no place',
    ]);
  });

  test.each(['text', 'openmetrics'] as const)('in %s takes no family for another', (format) => {
    const metrics = resourceMetrics([
      gauge({ name: 'a.b' }, [[{}, 1]]),
      counter({ name: 'a_b' }, [[{}, 2]]),
      gauge({ name: 'target.info' }, [[{}, 3]]),
      histogram({ name: 'c' }, [{ boundaries: [1], counts: [1, 0], sum: 1 }]),
      gauge({ name: 'c.count' }, [[{}, 4]]),
    ]);
    const { parsed, leftOut } = scrape(metrics, format);
    const target = format === 'text' ? 'target_info' : 'target';
    expect(parsed.map(({ name }) => name)).toEqual([target, 'a_b', 'c']);
    expect(leftOut).toEqual([
      'a_b: there is a gauge a_b already',
      'target.info: there is a metric with samples target_info already',
      'c.count: there is a metric with samples c_count already',
    ]);
  });

  test('puts what several scopes call the same under one head, told apart by the scope', () => {
    const theirs = (name: string, version?: string) => ({
      scope: { name, ...(version !== undefined && { version }) },
      metrics: [counter({ name: 'jobs' }, [[{ queue: 'a' }, 1]])],
    });
    const metrics = resourceMetrics(
      [counter({ name: 'jobs' }, [[{ queue: 'a' }, 1]])],
      [theirs('bull', '1.2'), theirs('agenda')],
    );
    expect(
      scrape(metrics, 'text')
        .family('jobs_total')
        ?.samples.map(({ labels }) => labels),
    ).toEqual([
      { queue: 'a' },
      { queue: 'a', otel_scope_name: 'bull', otel_scope_version: '1.2' },
      { queue: 'a', otel_scope_name: 'agenda' },
    ]);
  });

  test('says one series once, and that another reads the same', () => {
    const metrics = resourceMetrics([
      counter({ name: 'a' }, [
        [{ n: 1 }, 7],
        [{ n: '1' }, 8],
        [{ n: 2 }, 9],
      ]),
    ]);
    const { family, repeated } = scrape(metrics, 'openmetrics');
    expect(family('a')?.samples.map(({ value }) => value)).toEqual([7, 9]);
    expect(repeated).toEqual(['a']);
  });

  test('comes in pieces of whole data points', () => {
    const points = Array.from({ length: 300 }, (_, index) => ({
      attributes: { index },
      boundaries: [1, 2, 3, 4, 5, 6, 7],
      counts: [1, 0, 0, 0, 0, 0, 0, 0],
      sum: 1,
    }));
    const { pieces } = scrape(resourceMetrics([histogram(duration, points)]), 'text');
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece).toMatch(/_count\{[^\n]*\n$/);
  });

  const key = fc.oneof(
    fc.constantFrom('a', 'a.b', 'a_b', 'le', '__name__', '1', '', 'http.route', 'otel.scope.name'),
    fc.string({ unit: 'binary', maxLength: 5 }),
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('\n', '"', '\\', '\\n', '}', ' # {a="b"} 1', '\0'),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.string(), { maxLength: 2 }),
  );
  const attributes: fc.Arbitrary<Attributes> = fc.dictionary(key, value, { maxKeys: 4 }) as never;
  const descriptor = fc.record({
    name: fc.oneof(
      fc.constantFrom('a', 'a.total', 'a_count', 'a.bucket', 'target', 'b'),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    unit: fc.oneof(fc.constantFrom('', 's', '1', 'By', '{x}', 'By/s', '%'), fc.string({ maxLength: 4 })),
    description: fc.string({ unit: 'binary', maxLength: 12 }),
  });
  const numbers = fc.array(fc.tuple(attributes, fc.oneof(fc.double(), fc.integer({ min: 0 }))), {
    maxLength: 4,
  });
  const histogramPoint = fc
    .uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), {
      minLength: 1,
      maxLength: 5,
      // -0 and 0 are one bound.
      comparator: (a, b) => a === b,
    })
    .map((bounds) => [...bounds].sort((a, b) => a - b))
    .chain((boundaries) =>
      fc.record({
        attributes,
        boundaries: fc.constant(boundaries),
        counts: fc.array(fc.nat(), { minLength: boundaries.length + 1, maxLength: boundaries.length + 1 }),
        sum: fc.option(fc.double(), { nil: undefined }),
        exemplars: fc
          .array(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), { maxLength: 4 })
          .map((values) => values.sort((a, b) => a - b).map(exemplar)),
      }),
    );
  const anyMetric = fc.oneof(
    fc.tuple(descriptor, numbers).map(([given, points]) => gauge(given, points)),
    fc.tuple(descriptor, numbers).map(([given, points]) => counter(given, points)),
    fc.tuple(descriptor, numbers).map(([given, points]) => upDownCounter(given, points)),
    fc
      .tuple(descriptor, fc.array(histogramPoint, { maxLength: 3 }))
      .map(([given, points]) => histogram(given, points)),
  );

  test.each(['text', 'openmetrics'] as const)(
    'in %s is read by a strict parser, whatever is in it',
    (format) => {
      fc.assert(
        fc.property(fc.array(anyMetric, { maxLength: 5 }), attributes, (metrics, resource) => {
          const own = metrics.slice(0, 3);
          const theirs = { scope: { name: 'theirs' }, metrics: metrics.slice(3) };
          // It throws where the parser does.
          expect(scrape(resourceMetrics(own, [theirs], resource), format).parsed).not.toEqual([]);
        }),
        { numRuns: 300 },
      );
    },
  );

  test('gives back the values that it was given', () => {
    const nonNegative = fc.double({ noNaN: true, min: 0 });
    fc.assert(
      fc.property(nonNegative, fc.string({ unit: 'grapheme', minLength: 1 }), (number, text) => {
        const metrics = resourceMetrics([gauge({ name: 'a' }, [[{ text }, number]])]);
        const [sample] = scrape(metrics, 'openmetrics').family('a')?.samples ?? [];
        expect(sample).toEqual({
          name: 'a',
          labels: { text: text.replaceAll('\0', '\ufffd') },
          value: number,
        });
      }),
    );
  });
});
