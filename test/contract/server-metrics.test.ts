import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { ReceivedPoint } from '../support/otlp-receiver.js';
import { kinds } from './apps/kinds.js';
import { openHttp1, openSession } from './support/client.js';
import { start, useCollector } from './support/service.js';

useCollector();

const duration = 'http.server.request.duration';
const active = 'http.server.active_requests';
const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 3, 5, 7.5, 10];

const sumOf = (points: readonly ReceivedPoint[]) => points.reduce((sum, { count }) => sum + (count ?? 0), 0);

describe.each(kinds)('$name', (kind) => {
  const route = (template: string) => (kind.hasRoutes ? { 'http.route': template } : {});
  const common = { 'url.scheme': kind.scheme, 'network.protocol.version': kind.protocol };

  test('measures requests by what they were, and by nothing that a caller could make up', async () => {
    const service = await start(kind);

    await service.send({ path: '/orders/7', headers: { 'x-forwarded-host': 'made.up' } });
    await service.send({ path: '/orders/8?x=1', headers: { host: 'other.example' } });
    await service.send({ method: 'POST', path: '/orders', headers: { 'content-type': 'application/x-any' } });
    await service.send({ path: '/throws' });
    await service.send({ path: '/nowhere' });

    const points = await service.points(duration);
    expect(points.map(({ attributes, count }) => [count, attributes])).toEqual([
      [
        2,
        {
          'http.request.method': 'GET',
          'http.response.status_code': 200,
          ...route('/orders/:id'),
          ...common,
        },
      ],
      [
        1,
        { 'http.request.method': 'POST', 'http.response.status_code': 201, ...route('/orders'), ...common },
      ],
      [
        1,
        {
          'http.request.method': 'GET',
          'http.response.status_code': 500,
          'error.type': '500',
          ...route('/throws'),
          ...common,
        },
      ],
      [1, { 'http.request.method': 'GET', 'http.response.status_code': 404, ...common }],
    ]);
    for (const point of points) {
      expect(point).toMatchObject({ type: 'histogram', unit: 's', temporality: 'CUMULATIVE', bounds });
      expect(point.counts?.reduce((sum, count) => sum + count, 0)).toBe(point.count);
    }
  });

  test('counts active requests while they are active', async () => {
    let finish = () => {};
    const service = await start(kind, {
      async raw(_req, res) {
        res.write('begun');
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        res.end();
      },
    });
    const call = { method: 'GET', path: '/raw/slow' };
    const request =
      kind.protocol === '2'
        ? openSession(service.address).request({ ':path': call.path })
        : openHttp1(service.address, call);
    request.end();
    const [response] = (await once(request, 'response')) as [Readable];
    const body: Readable = 'session' in request ? (request as never) : response;
    await once(body, 'data');

    await service.signals.flush();
    const during = service.newest(active);
    finish();
    body.resume();
    const after = await service.points(active);
    if ('session' in request) request.session?.close();

    const attributes = { 'http.request.method': 'GET', 'url.scheme': kind.scheme };
    const shape = { type: 'sum', unit: '{request}', isMonotonic: false, attributes };
    expect(during).toMatchObject([{ ...shape, value: 1 }]);
    expect(during[0]?.attributes).toEqual(attributes);
    expect(after).toMatchObject([{ ...shape, value: 0 }]);
  });

  test('measures what it does not sample', async () => {
    const service = await start(kind, { options: { traces: { sampleRatio: 0 } } });

    for (let id = 0; id < 5; id += 1) await service.send({ path: `/orders/${id}` });

    expect(sumOf(await service.points(duration))).toBe(5);
    expect(await service.spans(0)).toEqual([]);
  });

  test('gives a request the same duration in its span and in its metric', async () => {
    const service = await start(kind);

    await service.send({ path: '/orders/7' });

    const span = await service.span();
    const [point] = await service.points(duration);
    const seconds = Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e9;
    // Wall-clock milliseconds in a double leave a quarter of a microsecond at each end.
    expect(Math.abs(seconds - (point?.sum ?? Number.NaN))).toBeLessThan(1e-6);
    expect(point?.min).toBe(point?.sum);
  });

  test('takes bounds of the user', async () => {
    const service = await start(kind, { options: { metrics: { boundaries: [0.2, 30] } } });

    await service.send({ path: '/orders/7' });

    expect(await service.points(duration)).toMatchObject([{ bounds: [0.2, 30], counts: [1, 0, 0] }]);
  });

  test('traces, and measures nothing, with metrics off', async () => {
    const service = await start(kind, { options: { metrics: false } });

    await service.send({ path: '/orders/7' });

    expect((await service.span()).attributes).toMatchObject({ 'url.path': '/orders/7' });
    expect(await service.points(duration)).toEqual([]);
  });
});

describe('known methods', () => {
  test('are those of the environment, where it names any', async ({ onTestFinished }) => {
    process.env.OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS = 'GET, PURGE';
    onTestFinished(() => {
      delete process.env.OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS;
    });
    const [kind] = kinds.filter(({ name }) => name === 'http');
    const service = await start(kind as (typeof kinds)[number]);

    await service.send({ method: 'PURGE', path: '/orders/7' });
    await service.send({ method: 'POST', path: '/orders' });

    const [purge, post] = await service.spans(2);
    expect(purge).toMatchObject({ name: 'PURGE', attributes: { 'http.request.method': 'PURGE' } });
    expect(post).toMatchObject({
      name: 'HTTP',
      attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'POST' },
    });
  });
});
