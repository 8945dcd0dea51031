import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import type { Options } from '../../src/index.js';
import { parse } from '../export/prometheus/support/parse.js';
import { eventually } from '../support/eventually.js';
import { withRoute } from './apps/additions.js';
import type { Kind } from './apps/app.js';
import { kinds } from './apps/kinds.js';
import { send } from './support/client.js';
import { type Running, start, useCollector } from './support/service.js';

useCollector();

const openMetrics = { accept: 'application/openmetrics-text;version=1.0.0' };
const duration = 'http_server_request_duration_seconds';

let written: MockInstance<typeof process.stderr.write>;
beforeEach(() => {
  written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => void vi.restoreAllMocks());
const linesWritten = () => written.mock.calls.map(([line]) => String(line));

const startWith = (kind: Kind, options: Options = { metrics: { prometheus: {} } }) =>
  start(kind, { options });

/** Asks until the page is a newer one that has what is waited for. */
async function scrapeUntil(service: Running, isThere: (body: string) => boolean, path = '/metrics') {
  let body = '';
  await eventually('the scrape', async () => {
    body = (await service.send({ path, headers: openMetrics })).body;
    return isThere(body);
  });
  return body;
}

describe.each(kinds)('$name', (kind) => {
  test('answers /metrics, as text or OpenMetrics, and never traces or counts it', async () => {
    const service = await startWith(kind);
    const text = await service.send({ path: '/metrics' });
    expect(text).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    });
    parse(text.body, 'text');
    await service.send({ path: '/metrics?name[]=up' });
    await service.send({ path: '/orders/7' });
    const body = await scrapeUntil(service, (page) => page.includes(`${duration}_count`));
    const families = parse(body, 'openmetrics');
    const samples = families.find(({ name }) => name === duration)?.samples ?? [];
    const counts = samples.filter(({ name }) => name === `${duration}_count`);
    expect(counts.map(({ value }) => value)).toEqual([1]);
    const span = await service.span();
    const exemplars = samples.flatMap(({ exemplar }) => exemplar ?? []);
    expect(exemplars.map(({ labels }) => labels)).toEqual([{ trace_id: span.traceId, span_id: span.spanId }]);
  });

  test('answers HEAD as GET, without the body, and leaves other methods and paths to the application', async () => {
    const service = await startWith(kind);
    const head = await service.send({ path: '/metrics', method: 'HEAD' });
    expect([head.status, head.body]).toEqual([200, '']);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
    const post = await service.send({ path: '/metrics', method: 'POST' });
    const below = await service.send({ path: '/metrics/more' });
    for (const { body } of [post, below]) expect(body).not.toContain('target_info');
  });

  test('answers nothing there unless it is asked to', async () => {
    const service = await startWith(kind, {});
    expect((await service.send({ path: '/metrics' })).body).not.toContain('target_info');
  });
});

describe.each(kinds.filter(({ name }) => !name.includes('http')))('$name', (kind) => {
  test('keeps a route of its own at that path, and one line says how to have both', async () => {
    const service = await startWith(withRoute(kind, '/metrics'), {
      metrics: { prometheus: {} },
      // Only for probes.
      health: { override: true },
    });
    const answers = await Promise.all([1, 2].map(() => service.send({ path: '/metrics' })));
    expect(answers.map(({ body }) => body)).toEqual(['mine', 'mine']);
    expect(linesWritten().filter((line) => line.includes('metrics.prometheus.path moves'))).toHaveLength(1);
  });
});

const [firstKind] = kinds as [Kind];

describe('the metrics of a service', () => {
  test('are at the path that is given', async () => {
    const service = await startWith(firstKind, { metrics: { prometheus: { path: '/internal/metrics' } } });
    expect((await service.send({ path: '/internal/metrics' })).status).toBe(200);
    expect((await service.send({ path: '/metrics' })).body).not.toContain('target_info');
  });

  test('are there also where no probe is answered', async () => {
    const service = await startWith(firstKind, { metrics: { prometheus: {} }, health: false });
    expect((await service.send({ path: '/metrics' })).body).toContain('target_info');
    expect((await service.send({ path: '/health' })).status).toBe(404);
  });

  test('are there where OTEL_METRICS_EXPORTER names prometheus', async () => {
    vi.stubEnv('OTEL_METRICS_EXPORTER', 'prometheus');
    const service = await startWith(firstKind, {});
    vi.unstubAllEnvs();
    expect((await service.send({ path: '/metrics' })).body).toContain('target_info');
  });

  test('have what the user measures, whenever he asks for his meter', async () => {
    const service = await startWith(firstKind);
    await service.send({ path: '/metrics' });
    const placed = service.signals.meter.createCounter('orders.placed', { unit: '{order}' });
    placed.add(2, { shop: 'a' });
    service.signals.meter
      .createObservableGauge('queue.size')
      .addCallback((result) => result.observe(5, { le: 'x' }));
    const body = await scrapeUntil(service, (page) => page.includes('orders_placed_total'));
    expect(body).toContain('orders_placed_total{shop="a"} 2\n');
    expect(body).toContain('queue_size{exported_le="x"} 5\n');
    placed.add(1, { shop: 'a' });
    await scrapeUntil(service, (page) => page.includes('orders_placed_total{shop="a"} 3\n'));
  });

  test.each([false, true])('are on the management port, on a thread: %s', async (thread) => {
    const service = await startWith(firstKind, { management: { port: 0, thread } });
    const address = await service.signals.management?.address();
    const answer = await send(
      { port: address?.port ?? 0, scheme: 'http', protocol: '1.1' },
      { path: '/metrics', headers: openMetrics },
    );
    expect(answer.status).toBe(200);
    parse(answer.body, 'openmetrics');
    expect((await service.send({ path: '/metrics' })).body).not.toContain('target_info');
  });

  test('point from the calls that the service makes to their spans', async () => {
    const service = await startWith(firstKind);
    await (await fetch(`http://127.0.0.1:${service.address.port}/orders/7`)).text();
    const body = await scrapeUntil(service, (page) => page.includes('http_client_request_duration'));
    const family = parse(body, 'openmetrics').find(
      ({ name }) => name === 'http_client_request_duration_seconds',
    );
    await service.spans(1);
    const [call] = service.otherSpans();
    expect(
      family?.samples.flatMap(({ exemplar }) => (exemplar === undefined ? [] : [exemplar.labels])),
    ).toEqual([{ trace_id: call?.traceId, span_id: call?.spanId }]);
  });

  test('are nowhere where they are switched off', async () => {
    const service = await startWith(firstKind, {
      metrics: { prometheus: false },
      management: { port: 0 },
    });
    const address = await service.signals.management?.address();
    const port = address?.port ?? 0;
    const answer = await send({ port, scheme: 'http', protocol: '1.1' }, { path: '/metrics' });
    expect(answer.status).toBe(404);
  });
});
