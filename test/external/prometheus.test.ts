import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { instrument } from '../../src/index.js';
import { untraced } from '../contract/support/client.js';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { startPrometheus, type Vector } from './support/prometheus.js';

beforeEach(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true));
afterEach(() => void vi.restoreAllMocks());

const handle = async (id: string) => {
  if (id === 'slow') await new Promise((resolve) => setTimeout(resolve, 1_200));
  return id === 'broken' ? 500 : 200;
};

const apps = {
  async express(): Promise<{ target: unknown; port: number }> {
    const app = express();
    app.get('/orders/:id', async (req, res) => void res.status(await handle(req.params.id)).send('ok'));
    const server = http.createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    onTestFinished(() => server.closeAllConnections());
    return { target: app, port: (server.address() as AddressInfo).port };
  },
  async fastify(): Promise<{ target: unknown; port: number }> {
    const app = fastify({ forceCloseConnections: true });
    app.get<{ Params: { id: string } }>('/orders/:id', async (request, reply) =>
      reply.code(await handle(request.params.id)).send('ok'),
    );
    await app.listen({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => app.close());
    return { target: app, port: (app.server.address() as AddressInfo).port };
  },
} as const;

/** The conventions have gauges such as db.client.connection.count, whose names promtool would like to be others. */
const isOfConventions = (line: string) =>
  /^\w+_count non-histogram and non-summary metrics should not have "_count" suffix$/.test(line);

async function start(kind: keyof typeof apps) {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  const { target, port } = await apps[kind]();
  const signals = instrument(target as http.Server, {
    service: 'orders',
    metrics: { prometheus: {} },
    shutdown: false,
  });
  vi.unstubAllEnvs();
  onTestFinished(() => signals.shutdown());
  signals.meter.createCounter('orders.placed', { unit: '{order}', description: 'Orders.' }).add(3);
  const get = (path: string) => untraced(async () => (await fetch(`http://127.0.0.1:${port}${path}`)).text());
  for (const id of ['7', 'slow', 'broken']) await get(`/orders/${id}`);
  return { address: `127.0.0.1:${port}`, signals, receiver, get };
}

interface ExemplarSeries {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: string;
  }[];
}

describe.each(Object.keys(apps) as (keyof typeof apps)[])('a service of %s', (kind) => {
  test('has nothing that promtool finds wrong', async () => {
    const { get } = await start(kind);
    const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await get('/metrics'),
      encoding: 'utf8',
    });
    const complaints = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line !== '' && !isOfConventions(line));
    expect(complaints).toEqual([]);
  });

  test('is scraped by Prometheus, which finds the trace of what was slow or failed', async () => {
    const { address, signals, receiver } = await start(kind);
    const prometheus = await startPrometheus({ orders: address });
    onTestFinished(prometheus.close);
    await prometheus.apiUntil<Vector>('the target', 'query', { query: 'up' }, ({ result }) =>
      result.some(({ metric, value }) => metric.job === 'orders' && value[1] === '1'),
    );

    const one = async (query: string) => {
      const { result } = await prometheus.apiUntil<Vector>(
        query,
        'query',
        { query },
        (data) => data.result.length > 0,
      );
      return result.map(({ value }) => Number(value[1]));
    };
    const duration = 'http_server_request_duration_seconds';
    expect(await one(`sum(${duration}_count{http_route="/orders/:id"})`)).toEqual([3]);
    expect(await one(`sum(${duration}_count{http_response_status_code="500"})`)).toEqual([1]);
    expect(await one(`${duration}_bucket{le="0.75",http_response_status_code="200"}`)).toEqual([1]);
    expect(await one('orders_placed_total')).toEqual([3]);
    expect(await one('golden_signals_heartbeat_interval_seconds')).toEqual([30]);
    expect(await one('count(target_info{service_name="orders"})')).toEqual([1]);
    expect(await prometheus.api('metadata', { metric: duration })).toMatchObject({
      [duration]: [{ type: 'histogram', unit: 'seconds', help: 'Duration of HTTP server requests.' }],
    });

    const query = `histogram_quantile(0.99, sum by (le) (rate(${duration}_bucket[1m])))`;
    const found = await prometheus.apiUntil<ExemplarSeries[]>(
      'exemplars',
      'query_exemplars',
      { query, start: String(Date.now() / 1_000 - 600), end: String(Date.now() / 1_000 + 600) },
      (series) => series.flatMap(({ exemplars }) => exemplars).length >= 3,
    );
    await signals.flush();
    const spans = receiver.spans().filter(({ kind: of }) => of === 'SERVER');
    const served = Object.fromEntries(
      spans.map(({ attributes, traceId, spanId }) => [attributes['url.path'], { traceId, spanId }]),
    );
    const exemplarsOf = (status: string) =>
      found
        .filter(({ seriesLabels }) => seriesLabels.http_response_status_code === status)
        .flatMap(({ exemplars }) => exemplars);
    const traces = (status: string) =>
      exemplarsOf(status).map(({ labels }) => ({ traceId: labels.trace_id, spanId: labels.span_id }));
    expect(traces('500')).toEqual([served['/orders/broken']]);
    expect(traces('200')).toEqual(expect.arrayContaining([served['/orders/slow'], served['/orders/7']]));
    expect(Math.max(...exemplarsOf('200').map(({ value }) => Number(value)))).toBeGreaterThan(1);
  });
});
