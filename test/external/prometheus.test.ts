import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import fastify from 'fastify';
import { createPool } from 'generic-pool';
import { Redis } from 'ioredis';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { instrument, type Signals } from '../../src/index.js';
import { prometheusName, SERIES, type SeriesId } from '../../src/rules/series.js';
import { untraced } from '../contract/support/client.js';
import {
  counter,
  gauge,
  histogram,
  resourceMetrics,
  scrape,
  upDownCounter,
} from '../export/prometheus/support/metrics.js';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { type Program, startRedis } from './support/program.js';
import { startPrometheus, type Vector } from './support/prometheus.js';

let redis: Program;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

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

async function start(kind: keyof typeof apps) {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  const { target, port } = await apps[kind]();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 5 });
  onTestFinished(() => agent.destroy());
  const pool = createPool({ create: async () => ({}), destroy: async () => {} }, { max: 2 });
  const signals = instrument(target as http.Server, {
    service: 'orders',
    metrics: { prometheus: {} },
    health: { checks: { disk: () => {} } },
    overload: { shed: true },
    pools: { workers: pool, payments: agent },
    shutdown: false,
  });
  vi.unstubAllEnvs();
  onTestFinished(() => signals.shutdown());
  signals.meter.createCounter('orders.placed', { unit: '{order}', description: 'Orders.' }).add(3);
  const get = (path: string) => untraced(async () => (await fetch(`http://127.0.0.1:${port}${path}`)).text());
  for (const id of ['7', 'slow', 'broken']) await get(`/orders/${id}`);
  return { address: `127.0.0.1:${port}`, signals, receiver, get, agent, pool };
}

/** Does everything that a metric tells of, save what a container and a loss would take. */
async function useEverything({ signals, agent, pool, get }: Awaited<ReturnType<typeof start>>) {
  await pool.release(await pool.acquire());
  const client = new Redis({ port: redis.port, host: '127.0.0.1' });
  onTestFinished(() => void client.disconnect());
  await client.set('a', 'b');
  await get('/health');
  signals.heartbeats.watch('reports', { intervalMs: 30_000 }).beat();
  await callUpstream(signals, agent);
}

/** A call that is answered, and one that its breaker turns away. */
async function callUpstream(signals: Signals, agent: http.Agent): Promise<void> {
  const upstream = http.createServer((_req, res) => void res.end('ok')).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  onTestFinished(() => void upstream.close());
  onTestFinished(() => upstream.closeAllConnections());
  const { port } = upstream.address() as AddressInfo;
  const call = () =>
    new Promise<number | undefined>((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port, agent }, (res) => {
        res.resume().on('end', () => resolve(res.statusCode));
      });
      request.on('error', reject);
    });
  expect(await call()).toBe(200);
  const breaker = signals.breakers.get(`127.0.0.1:${port}`);
  breaker?.forceOpen();
  await expect(call()).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  breaker?.reset();
}

/** What promtool has to say of a scrape; it exits with 0 where that is nothing. */
function checkMetrics(text: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return { status, said: `${stdout}${stderr}` };
}

/** Every metric that the tables of the docs tell of, with its kind and unit. */
function documentedMetrics() {
  const root = join(__dirname, '../..');
  const pages = readdirSync(join(root, 'docs')).map((name) => join('docs', name));
  const rows = ['README.md', ...pages.filter((page) => page.endsWith('.md'))].flatMap((page) => [
    ...readFileSync(join(root, page), 'utf8').matchAll(
      /^\| ((?:`[\w.]+`(?:, )?)+) \| (gauge|counter|histogram|up-down counter), (\S+) \|/gm,
    ),
  ]);
  return rows.flatMap(([, names = '', kind = '', unit = '']) =>
    [...names.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => ({ name, kind, unit })),
  );
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
    const service = await start(kind);
    await useEverything(service);
    const text = await service.get('/metrics');
    /** Only where there is something to tell: a limit of a container, something lost. */
    const occasional: readonly SeriesId[] = [
      'memoryAvailable',
      'memoryLimit',
      'cpuPeriods',
      'cpuThrottled',
      'dropped',
    ];
    const missing = (Object.keys(SERIES) as SeriesId[]).filter(
      (id) => !occasional.includes(id) && !text.includes(`# TYPE ${prometheusName(SERIES[id])} `),
    );
    expect(missing).toEqual([]);
    expect(checkMetrics(text)).toEqual({ status: 0, said: '' });
  });

  test('is scraped by Prometheus, which finds the trace of what was slow or failed', async () => {
    const service = await start(kind);
    const { address, signals, receiver } = service;
    await useEverything(service);
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

    expect(await one('db_client_connection_count{db_client_connection_state="idle"}')).toEqual([1]);
    expect(await one('sum(db_client_connection_count) / sum(db_client_connection_limit)')).toEqual([0.5]);
    const [descriptors] = await one('process_unix_file_descriptor_count');
    expect(descriptors).toBeGreaterThan(2);
    expect(await prometheus.api('metadata', { metric: 'db_client_connection_count' })).toMatchObject({
      db_client_connection_count: [{ type: 'unknown' }],
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

test('every metric that the docs list has a name that promtool finds nothing wrong with', () => {
  const documented = documentedMetrics();
  expect(documented.length).toBeGreaterThan(60);
  const metrics = documented.map(({ name, kind, unit }) => {
    const given = { name, unit, description: 'What it is.' };
    if (kind === 'histogram') return histogram(given, [{ boundaries: [1], counts: [1, 0], sum: 1 }]);
    return { gauge, counter, 'up-down counter': upDownCounter }[kind as 'gauge'](given, [[{}, 1]]);
  });
  const { text, parsed, leftOut } = scrape(resourceMetrics(metrics), 'text');
  expect(leftOut).toEqual([]);
  expect(parsed).toHaveLength(documented.length + 1);
  expect(checkMetrics(text)).toEqual({ status: 0, said: '' });
});
