import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseExposition } from '../../src/cli/doctor/exposition.js';
import { typed } from './support/terminal.js';

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

async function serve(answer: Answer): Promise<string> {
  const server = createServer(answer);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port where nobody listens any more. */
async function nobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

interface Report {
  readonly findings: readonly {
    readonly id: string;
    readonly severity: string;
    readonly what: string;
    readonly cure: string;
  }[];
}

async function ask(url: string, ...more: string[]) {
  const { code, out, err } = await typed(['doctor', '--json', '--url', url, ...more]);
  const { findings } = JSON.parse(out) as Report;
  return { code, out, err, findings, ids: findings.map(({ id }) => id) };
}

const bounds = ['0.5', '1', '3', '+Inf'];
const now = () => Math.floor(Date.now() / 1_000);
const healthy = () => `
${bounds.map((le) => `http_server_request_duration_seconds_bucket{http_route="/a",le="${le}"} 3`).join('\n')}
http_server_request_duration_seconds_count{http_route="/a"} 3
http_server_request_duration_seconds_sum{http_route="/a"} 0.1
nodejs_eventloop_delay_p99_seconds 0.02
nodejs_eventloop_utilization_ratio 0.1
golden_signals_heartbeat_timestamp_seconds ${now()}
golden_signals_heartbeat_interval_seconds 30
golden_signals_breaker_state{golden_signals_breaker_name="payment:8080",golden_signals_breaker_state="closed"} 1
golden_signals_breaker_state{golden_signals_breaker_name="payment:8080",golden_signals_breaker_state="open"} 0
db_client_connection_count{db_client_connection_pool_name="orders",db_client_connection_state="used"} 1
db_client_connection_limit{db_client_connection_pool_name="orders"} 10
`;

const service = (metrics: () => string, health = '{"status":"pass"}', status = 200) =>
  serve((req, res) => {
    if (req.url === '/health') res.writeHead(status, { 'content-type': 'application/json' }).end(health);
    else if (req.url === '/metrics') res.end(metrics());
    else res.writeHead(404).end();
  });

describe('golden-signals doctor and a running service', () => {
  test('finds nothing where all is well', async () => {
    expect(await ask(await service(healthy))).toMatchObject({ code: 0, ids: [] });
  });

  test('says that there is no answer, once', async () => {
    const { code, findings } = await ask(await nobody());
    expect(code).toBe(1);
    expect(findings).toEqual([
      expect.objectContaining({ id: 'service-unreachable', what: expect.stringContaining('ECONNREFUSED') }),
    ]);
  });

  test('says that somebody else answers', async () => {
    const { ids } = await ask(await serve((_req, res) => res.writeHead(404).end('Cannot GET /health')));
    expect(ids).toEqual(['health-unanswered', 'metrics-unanswered']);
  });

  test('does not take the page of an application for metrics', async () => {
    expect((await ask(await service(() => '<h1>Welcome</h1>'))).ids).toEqual(['metrics-unanswered']);
  });

  test('knows the limit of a pool by its former name', async () => {
    const { findings } = await ask(
      await service(() => healthy().replace('connection_limit', 'connection_max')),
    );
    expect(findings).toEqual([]);
  });

  test('says why the service is not well', async () => {
    const { code, findings } = await ask(
      await service(healthy, '{"status":"fail","reason":"critical-check"}', 503),
    );
    expect(code).toBe(0);
    expect(findings).toEqual([
      expect.objectContaining({ id: 'unhealthy', what: expect.stringContaining('critical-check') }),
    ]);
  });

  test.each<[string, (text: string) => string]>([
    ['requests-missing', (text) => text.replaceAll('http_server', 'other_server')],
    ['metric-names', (text) => text.replaceAll('request_duration_seconds', 'request_duration')],
    ['series-missing', (text) => text.replace(/^nodejs_.*$/gm, '')],
    ['threshold-without-bound', (text) => text.replaceAll('le="3"', 'le="2.5"')],
    ['threshold-without-bound', (text) => text.replaceAll('le="0.5"', 'le="0.25"')],
    ['pool-without-max', (text) => text.replace(/^db_client_connection_limit.*$/m, '')],
    [
      'series-overflow',
      (text) => `${text}\nhttp_server_request_duration_seconds_count{otel_metric_overflow="true"} 1`,
    ],
    [
      'telemetry-dropped',
      (text) => `${text}\ngolden_signals_dropped_total{golden_signals_reason="queue_full"} 12`,
    ],
    ['breaker-open', (text) => text.replace(/"open"} 0/, '"open"} 1').replace(/"closed"} 1/, '"closed"} 0')],
    ['check-failing', (text) => `${text}\ngolden_signals_health_status{golden_signals_health_check="db"} 0`],
    ['heartbeat-stale', (text) => text.replace(/(timestamp_seconds) \d+/, `$1 ${now() - 120}`)],
  ])('finds %s', async (id, change) => {
    expect((await ask(await service(() => change(healthy())))).ids).toEqual([id]);
  });

  test.each<[string, (text: string) => string]>([
    [
      'bounds as OpenMetrics writes them',
      (text) => text.replaceAll('le="3"', 'le="3.0"').replaceAll('le="1"', 'le="1.0"'),
    ],
    ['the other spelling of a ratio', (text) => text.replace('utilization_ratio', 'utilization')],
    [
      'nothing dropped',
      (text) => `${text}\ngolden_signals_dropped_total{golden_signals_reason="queue_full"} 0`,
    ],
    [
      'a check that warns',
      (text) => `${text}\ngolden_signals_health_status{golden_signals_health_check="db"} 0.5`,
    ],
    ['a heartbeat within bounds', (text) => text.replace(/(timestamp_seconds) \d+/, `$1 ${now() - 60}`)],
  ])('is content with %s', async (_name, change) => {
    expect((await ask(await service(() => change(healthy())))).ids).toEqual([]);
  });

  test('compares the thresholds that it is given', async () => {
    expect((await ask(await service(healthy), '--p99', '1s')).ids).toEqual([]);
    expect((await ask(await service(healthy), '--p99', '2s')).ids).toEqual(['threshold-without-bound']);
  });

  test('sends the credentials of the URL, and shows them nowhere', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((req, res) => {
      seen.push(req.headers.authorization);
      res.writeHead(500).end();
    });
    const { out, err } = await ask(`${url.replace('//', '//admin:s3cr%3At@')}/base/?token=t0ken`);
    expect(seen[0]).toBe(`Basic ${Buffer.from('admin:s3cr:t').toString('base64')}`);
    expect(out).toContain('/base/health');
    for (const secret of ['s3cr', 'admin', 't0ken']) expect(out + err).not.toContain(secret);
  });
});

async function collector(env: Readonly<Record<string, string>>) {
  const { out, code } = await typed(['doctor', '--json', '/nowhere'], { env });
  const findings = (JSON.parse(out) as Report).findings.filter(({ id }) => id !== 'no-package');
  return { code, out, findings, ids: findings.map(({ id }) => id) };
}

describe('golden-signals doctor and the collector', () => {
  test('is content with one that takes an empty export', async () => {
    const seen: string[] = [];
    const url = await serve((req, res) => {
      seen.push(`${req.method} ${req.url} ${req.headers['content-type']} ${req.headers['x-key']}`);
      res.end();
    });
    expect(
      (await collector({ OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/`, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b' }))
        .ids,
    ).toEqual([]);
    expect(seen.toSorted()).toEqual([
      'POST /v1/metrics application/x-protobuf a b',
      'POST /v1/traces application/x-protobuf a b',
    ]);
  });

  test('calls one that does not answer by its name, once, and not its credentials', async () => {
    const url = (await nobody()).replace('//', '//me:s3cret@');
    const { findings, out, code } = await collector({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    expect(findings).toEqual([expect.objectContaining({ id: 'collector-unreachable', severity: 'error' })]);
    expect(out).not.toContain('s3cret');
    expect(code).toBe(1);
  });

  test.each([
    [401, 'collector-refuses'],
    [404, 'collector-path'],
    [302, 'collector-path'],
    [500, 'collector-status'],
  ])('tells what an answer of %d means', async (status, id) => {
    const url = await serve((_req, res) => res.writeHead(status, { location: '/login' }).end());
    const { findings } = await collector({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/t`,
      OTEL_METRICS_EXPORTER: 'none',
    });
    expect(findings).toEqual([
      expect.objectContaining({
        id,
        what: `${url}/t answers ${status}${status === 401 ? ': it does not accept these credentials' : ' to an export'}`,
      }),
    ]);
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'collector-protocol'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'collector:4318' }, 'collector-url'],
  ])('finds what cannot work before it asks: %j', async (env, id) => {
    expect((await collector({ ...env, OTEL_METRICS_EXPORTER: 'none' })).ids).toEqual([id]);
  });
});

describe('a Prometheus page', () => {
  test('is read with labels that hold anything', () => {
    const page = parseExposition(
      [
        '# HELP a b',
        'a{x="1, y=\\"2\\"} 3",z="\\\\n\\n"} 4 1600000000',
        'a 5',
        'b_bucket{le="+Inf"} 6 # {trace_id="abc"} 0.1 1.5',
        'c NaN',
        'd -Inf',
        'not a sample',
        '# EOF',
      ].join('\n'),
    );
    expect(page.get('a')).toEqual([
      { labels: { x: '1, y="2"} 3', z: '\\n\n' }, value: 4 },
      { labels: {}, value: 5 },
    ]);
    expect(page.get('b_bucket')).toEqual([{ labels: { le: '+Inf' }, value: 6 }]);
    expect(page.get('c')).toEqual([{ labels: {}, value: Number.NaN }]);
    expect(page.get('d')).toEqual([{ labels: {}, value: Number.NEGATIVE_INFINITY }]);
    expect(page.size).toBe(4);
  });
});
