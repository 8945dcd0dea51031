import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prometheusName, SERIES, type SeriesId } from '../../src/rules/series.js';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.js';
import { type Postgres, startPostgres } from '../support/postgres.js';
import { type PrometheusServer, startPrometheus, type Vector } from './support/prometheus.js';

const ROOT = join(__dirname, '../..');
const REQUESTS = 60;
/** The default of pg, which the order service leaves as it is. */
const POOL_MAX = 10;

interface Shop {
  readonly child: ChildProcess;
  readonly url: string;
  readonly lines: readonly string[];
}

/** A service of the demo, in a process of its own; nobody answers where it looks for the payment service. */
async function startService(name: string, env: Readonly<Record<string, string>>): Promise<Shop> {
  const child = fork(join(ROOT, `examples/shop/${name}.mjs`), {
    env: { ...process.env, ...env, PORT: '0', PAYMENT_URL: 'http://127.0.0.1:3' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const lines: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, url: `http://127.0.0.1:${port}`, lines };
}

async function stop({ child }: Shop): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function order(url: string): Promise<number> {
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ items: [{ sku: 'grinder', quantity: 1 }], card: 'card_visa' }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** The rules as they are printed, but for how long something must last and how often it is looked at. */
function impatientRules(): string {
  const yaml = execFileSync(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'rules'], {
    encoding: 'utf8',
  });
  const impatient = yaml.replace(/^( +for:) \d+[ms]$/gm, '$1 2s').replace(/^( +interval:) \d+s$/gm, '$1 1s');
  expect(impatient).not.toBe(yaml);
  return impatient;
}

describe('the demo under a real Prometheus', () => {
  let postgres: Postgres;
  let receiver: OtlpReceiver;
  let orders: Shop;
  let payments: Shop;
  let prometheus: PrometheusServer;
  let database: pg.Client;

  beforeAll(async () => {
    postgres = await startPostgres();
    receiver = await startOtlpReceiver();
    const telemetry = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, DATABASE_URL: postgres.url };
    orders = await startService('order-service', telemetry);
    payments = await startService('payment-service', telemetry);
    const target = ({ url }: Shop) => new URL(url).host;
    prometheus = await startPrometheus(
      { 'order-service': target(orders), 'payment-service': target(payments) },
      impatientRules(),
    );
    database = new pg.Client({ connectionString: postgres.url });
    await database.connect();
  });

  afterAll(async () => {
    await database?.end();
    await Promise.all([orders, payments].map((shop) => shop && stop(shop)));
    await prometheus?.close();
    await receiver?.close();
    await postgres?.stop();
  });

  const value = (query: string, isSo: (value: number) => boolean) =>
    prometheus.apiUntil<Vector>(query, 'query', { query }, ({ result }) =>
      result.some(({ value: [, text] }) => isSo(Number(text))),
    );
  const firing = (alert: string) =>
    value(`ALERTS{alertname="${alert}",alertstate="firing",job="order-service"}`, (one) => one === 1);

  test('goes from the alert to the trace to the log line when the database blocks', async () => {
    const pool = 'db_client_connection_pool_name="orders",job="order-service"';
    // A rate needs a series that is there before it grows.
    expect(await order(orders.url)).toBe(502);
    await fetch(`${payments.url}/payments/00000000-0000-4000-8000-000000000000/charge`, { method: 'POST' });
    await value('http_server_request_duration_seconds_count{job="order-service"}', (count) => count > 0);

    await database.query('BEGIN; LOCK TABLE shop.orders IN ACCESS EXCLUSIVE MODE');
    const answers = Promise.all(Array.from({ length: REQUESTS }, () => order(orders.url)));
    await value(
      `db_client_connection_count{db_client_connection_state="used",${pool}} == ignoring(db_client_connection_state) db_client_connection_limit`,
      (used) => used === POOL_MAX,
    );
    await value(
      `db_client_connection_pending_requests{${pool}}`,
      (waiting) => waiting === REQUESTS - POOL_MAX,
    );
    await firing('DbPoolSaturated');
    await firing('DbPoolQueueing');

    await database.query('ROLLBACK');
    expect(new Set(await answers)).toEqual(new Set([502]));
    await firing('HighLatencyP99');
    await firing('HighErrorRate');
    await firing('CircuitBreakerOpen');

    // An exemplar of a slow bucket names a trace,
    const series = await prometheus.apiUntil<
      { readonly exemplars: readonly { readonly labels: { readonly trace_id: string } }[] }[]
    >(
      'an exemplar',
      'query_exemplars',
      {
        query:
          'http_server_request_duration_seconds_bucket{job="order-service",http_route="/orders",le!="0.5"}',
        start: String(Date.now() / 1_000 - 300),
        end: String(Date.now() / 1_000 + 60),
      },
      (found) => found.length > 0,
    );
    const traceIds = series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id));
    // which shows the wait for a connection
    const waits = await receiver.waitForSpans(
      ({ name, traceId }) => name === 'orders connection wait' && traceIds.includes(traceId),
      30_000,
    );
    const [wait] = waits;
    // and stands in the line that the service wrote.
    const line = orders.lines.find((text) => text.includes(wait?.traceId ?? 'no wait'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      msg: 'the payment service could not be asked',
      trace_id: wait?.traceId,
    });
  });

  test('has every series that the rules read, from express and from fastify', async () => {
    /** Only where there is something to tell: a limit of a container, something lost, something turned away. */
    const occasional: readonly SeriesId[] = [
      'memoryAvailable',
      'memoryLimit',
      'cpuPeriods',
      'cpuThrottled',
      'overloadShed',
      'dropped',
      'healthStatus',
    ];
    const ofPools: readonly SeriesId[] = ['poolCount', 'poolLimit', 'poolPending', 'databaseDuration'];
    const ofCalls: readonly SeriesId[] = [
      'clientDuration',
      'breakerState',
      'breakerRejected',
      'breakerTransitions',
    ];
    const always = (Object.keys(SERIES) as SeriesId[]).filter((id) => !occasional.includes(id));
    const wanted = {
      'order-service': always,
      'payment-service': always.filter((id) => !ofPools.includes(id) && !ofCalls.includes(id)),
    };
    for (const [job, ids] of Object.entries(wanted)) {
      const { result } = await prometheus.api<Vector>('query', {
        query: `count by (__name__) ({job="${job}"})`,
      });
      const there = result.map(({ metric }) => metric.__name__ ?? '');
      const missing = ids.filter((id) => {
        const name = prometheusName(SERIES[id]);
        return !there.includes(SERIES[id].kind === 'histogram' ? `${name}_bucket` : name);
      });
      expect({ job, missing }).toEqual({ job, missing: [] });
    }
  });
});
