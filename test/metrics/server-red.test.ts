import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMethods, DEFAULT_METHODS } from '../../src/metrics/http-methods.js';
import type { HistogramInstrument, SumInstrument } from '../../src/metrics/instrument.js';
import { createServerRed, type FinishedRequest } from '../../src/metrics/server-red.js';

const methodOf = createMethods(DEFAULT_METHODS);
const bounds = [0.1, 1];

function create(seriesLimit = 2_000) {
  let overflows = 0;
  const { red, instruments } = createServerRed(bounds, seriesLimit, () => {
    overflows += 1;
  });
  const [durations, active] = instruments as [HistogramInstrument, SumInstrument];
  return {
    red,
    overflows: () => overflows,
    durations: () => [...durations.series],
    active: () => [...active.series],
    one(request: Partial<FinishedRequest> & { verb?: string }, seconds = 0.05) {
      const method = methodOf(request.verb ?? 'GET');
      const scheme = request.scheme ?? 'http';
      red.end(
        red.begin(method, scheme),
        {
          method,
          scheme,
          protocolVersion: '1.1',
          route: '/a',
          statusCode: 200,
          errorType: undefined,
          exemplarContext: undefined,
          startMs: 0,
          ...request,
        },
        seconds,
      );
    },
  };
}

describe('RED of a server', () => {
  test('keeps requests apart by all that their series says, and by nothing else', () => {
    const variants: readonly (Partial<FinishedRequest> & { verb?: string })[] = [
      {},
      { verb: 'POST' },
      { verb: 'BREW' },
      { scheme: 'https' },
      { protocolVersion: '2' },
      { protocolVersion: '1.0' },
      { protocolVersion: undefined },
      { route: '/b' },
      { route: undefined },
      { statusCode: 404 },
      { statusCode: 500, errorType: '500' },
      { statusCode: 500, errorType: 'TypeError' },
      { statusCode: 200, errorType: 'ECONNRESET' },
      { statusCode: 0, errorType: 'ECONNRESET' },
      { statusCode: 0, errorType: undefined },
    ];
    const { one, durations } = create();

    for (const variant of [...variants, ...variants]) one(variant);
    one({ verb: 'FETCH' });

    const all = durations();
    expect(all).toHaveLength(variants.length);
    expect(new Set(all.map(({ attributes }) => JSON.stringify(attributes))).size).toBe(variants.length);
    expect(all.map(({ value }) => value.count)).toEqual(
      variants.map(({ verb }) => (verb === 'BREW' ? 3 : 2)),
    );
  });

  test('gives a series exactly the attributes of the conventions', () => {
    const { one, durations } = create();

    one({ statusCode: 503, errorType: '503', scheme: 'https', protocolVersion: '2' });
    one({ statusCode: 0, errorType: 'ECONNRESET', route: undefined, protocolVersion: undefined });

    expect(durations().map(({ attributes }) => attributes)).toEqual([
      {
        'http.request.method': 'GET',
        'url.scheme': 'https',
        'http.route': '/a',
        'http.response.status_code': 503,
        'error.type': '503',
        'network.protocol.version': '2',
      },
      { 'http.request.method': 'GET', 'url.scheme': 'http', 'error.type': 'ECONNRESET' },
    ]);
  });

  test('never takes one series for another, however many there are', () => {
    const request = fc.record({
      verb: fc.constantFrom(...DEFAULT_METHODS, 'BREW'),
      scheme: fc.constantFrom('http' as const, 'https' as const),
      protocolVersion: fc.constantFrom('1.0', '1.1', '2', '3', undefined),
      route: fc.option(fc.string(), { nil: undefined }).filter((route) => route !== ''),
      statusCode: fc.oneof(fc.constant(0), fc.integer({ min: 100, max: 999 })),
      errorType: fc.option(fc.constantFrom('500', 'EIO', 'TypeError', 'constructor'), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 40 }), (requests) => {
        const { one, durations } = create();
        const expected = new Map<string, number>();
        for (const made of requests) {
          one(made);
          const { verb, ...rest } = made;
          const key = JSON.stringify([
            methodOf(verb).name,
            rest.scheme,
            rest.protocolVersion,
            rest.route,
            rest.statusCode,
            rest.errorType,
          ]);
          expected.set(key, (expected.get(key) ?? 0) + 1);
        }
        const seen = new Map(
          durations().map(({ attributes: a, value }) => [
            JSON.stringify([
              a['http.request.method'],
              a['url.scheme'],
              a['network.protocol.version'],
              a['http.route'],
              a['http.response.status_code'] ?? 0,
              a['error.type'],
            ]),
            value.count,
          ]),
        );
        expect(seen).toEqual(expected);
      }),
    );
  });

  test('counts active requests up and down in one cell, which knows only what is known at the start', () => {
    const { red, active } = create();
    const method = methodOf('GET');

    const first = red.begin(method, 'http');
    const second = red.begin(method, 'http');
    red.begin(methodOf('POST'), 'https');
    const during = active().map(({ attributes, value }) => [attributes, value.value]);
    const request = {
      method,
      scheme: 'http',
      protocolVersion: '1.1',
      route: '/',
      errorType: undefined,
      exemplarContext: undefined,
      startMs: 0,
    } as const;
    red.end(first, { ...request, statusCode: 200 }, 1);
    red.end(second, { ...request, statusCode: 500 }, 1);

    expect(during).toEqual([
      [{ 'http.request.method': 'GET', 'url.scheme': 'http' }, 2],
      [{ 'http.request.method': 'POST', 'url.scheme': 'https' }, 1],
    ]);
    expect(active().map(({ value }) => value.value)).toEqual([0, 1]);
  });

  test('stays within its limit, loses no request, and goes on counting what it knew', () => {
    const { one, durations, overflows } = create(10);

    for (let index = 0; index < 100; index += 1) {
      one({ route: `/r${index}` });
      one({ route: undefined, statusCode: 0, errorType: `E${index}` });
      one({ route: '/r0' });
    }

    const all = durations();
    expect(all).toHaveLength(10);
    expect(all.at(-1)?.attributes).toEqual({ 'otel.metric.overflow': true });
    expect(all.reduce((sum, { value }) => sum + value.count, 0)).toBe(300);
    expect(all.find(({ attributes }) => attributes['http.route'] === '/r0')?.value.count).toBe(101);
    expect(overflows()).toBe(200 - 9);
  });

  test('sorts durations into buckets whose upper bound is theirs', () => {
    const { one, durations } = create();

    for (const seconds of [0, 0.1, 0.100_000_1, 1, 1.5]) one({}, seconds);

    expect(durations()[0]?.value).toMatchObject({ bounds, counts: [2, 2, 1], count: 5, min: 0, max: 1.5 });
    expect(durations()[0]?.value.sum).toBeCloseTo(2.700_000_1, 9);
  });
});

describe('methods', () => {
  test('are known by case, and read as _OTHER beyond 30 of them', () => {
    const many = createMethods(Array.from({ length: 40 }, (_, index) => `M${index}`));
    expect([many('M29').name, many('M30').name, many('m1').name, many(undefined).name]).toEqual([
      'M29',
      '_OTHER',
      '_OTHER',
      '_OTHER',
    ]);
    expect(new Set(Array.from({ length: 30 }, (_, index) => many(`M${index}`).index)).size).toBe(30);
    expect(methodOf('constructor')).toMatchObject({ name: '_OTHER', spanName: 'HTTP' });
  });
});
