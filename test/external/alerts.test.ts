import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { prometheusName, SERIES, type SeriesId } from '../../src/rules/series.js';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.js';
import { type Postgres, startPostgres } from '../support/postgres.js';
import { type PrometheusServer, startPrometheus, type Vector } from './support/prometheus.js';

const ROOT = join(__dirname, '../..');
const REQUESTS = 60;
const POOL_MAX = 10;

interface Shop {
  readonly child: ChildProcess;
  readonly url: string;
  readonly lines: readonly string[];
}

/** A service of the shop, in a process of its own; nothing listens where it looks for the payment service. */
async function startService(file: string, env: Readonly<Record<string, string>>): Promise<Shop> {
  const child = spawn(process.execPath, [file], {
    env: {
      ...process.env,
      ...env,
      OTEL_METRICS_EXPORTER: 'prometheus',
      PORT: '0',
      PAYMENT_URL: 'http://127.0.0.1:3',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const listens = withResolvers();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url !== undefined) listens.resolve(url);
  });
  child.once('exit', (code) => listens.reject(new Error(`${file} ended with exit code ${code}: ${lines}`)));
  const url = await listens.promise;
  await vi.waitFor(async () => expect((await fetch(`${url}/health/ready`)).status).toBe(200), {
    timeout: 60_000,
    interval: 100,
  });
  return { child, url, lines };
}

function withResolvers() {
  let resolve: (url: string) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<string>((...both) => {
    [resolve, reject] = both;
  });
  return { promise, resolve, reject };
}

/** The order service is written in TypeScript. */
async function compiledOrder(): Promise<string> {
  const file = pathToFileURL(join(ROOT, 'examples/shop/runner/typescript.mjs')).href;
  return ((await import(file)) as { compiled(name: string): Promise<string> }).compiled('order');
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
    body: JSON.stringify({ sku: 'grinder', quantity: 1, card: 'card_visa' }),
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

describe('the shop under a real Prometheus', () => {
  let postgres: Postgres;
  let receiver: OtlpReceiver;
  let orders: Shop;
  let inventory: Shop;
  let prometheus: PrometheusServer;
  let database: pg.Client;

  beforeAll(async () => {
    postgres = await startPostgres();
    receiver = await startOtlpReceiver();
    const telemetry = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, DATABASE_URL: postgres.url };
    inventory = await startService(join(ROOT, 'examples/shop/services/inventory.mjs'), telemetry);
    orders = await startService(await compiledOrder(), { ...telemetry, INVENTORY_URL: inventory.url });
    const target = ({ url }: Shop) => new URL(url).host;
    prometheus = await startPrometheus(
      { order: target(orders), inventory: target(inventory) },
      impatientRules(),
    );
    database = new pg.Client({ connectionString: postgres.url });
    await database.connect();
  });

  afterAll(async () => {
    await database?.end();
    await Promise.all([orders, inventory].map((shop) => shop && stop(shop)));
    await prometheus?.close();
    await receiver?.close();
    await postgres?.stop();
  });

  const value = (query: string, isSo: (value: number) => boolean) =>
    prometheus.apiUntil<Vector>(query, 'query', { query }, ({ result }) =>
      result.some(({ value: [, text] }) => isSo(Number(text))),
    );
  const firing = (alert: string) =>
    value(`ALERTS{alertname="${alert}",alertstate="firing",job="order"}`, (one) => one === 1);

  test('goes from the alert to the trace to the log line when the database blocks', async () => {
    const pool = 'db_client_connection_pool_name="orders",job="order"';
    // A rate needs a series that is there before it grows.
    await expect.poll(() => order(orders.url), { timeout: 60_000 }).toBe(502);
    await value('http_server_request_duration_seconds_count{job="order"}', (count) => count > 0);

    await database.query('BEGIN; LOCK TABLE shop.orders IN ACCESS EXCLUSIVE MODE');
    // Callers do not stop: who gets no connection in time is answered, and another one comes.
    const statuses = new Set<number>();
    let isLocked = true;
    const caller = async () => {
      while (isLocked) statuses.add(await order(orders.url));
    };
    const callers = Promise.all(Array.from({ length: REQUESTS }, caller));
    await value(
      `db_client_connection_count{db_client_connection_state="used",${pool}} == ignoring(db_client_connection_state) db_client_connection_limit`,
      (used) => used === POOL_MAX,
    );
    await value(`db_client_connection_pending_requests{${pool}}`, (waiting) => waiting > 0);
    await firing('DbPoolSaturated');
    await firing('DbPoolQueueing');

    isLocked = false;
    await database.query('ROLLBACK');
    await callers;
    expect([...statuses].some((status) => status >= 500)).toBe(true);
    await Promise.all(Array.from({ length: REQUESTS }, () => order(orders.url)));
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
        query: 'http_server_request_duration_seconds_bucket{job="order",http_route="/orders",le!="0.5"}',
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
    // and stands in the line that the service wrote.
    const lines = waits.flatMap(({ traceId }) => orders.lines.filter((line) => line.includes(traceId)));
    // Of those that waited, some got no connection, others one too late: payment cannot be reached all the time.
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        msg: expect.stringMatching(/^(the order cannot be kept|payment does not answer)$/),
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      }),
    );
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
    const ofCalls: readonly SeriesId[] = [
      'clientDuration',
      'breakerState',
      'breakerRejected',
      'breakerTransitions',
    ];
    const always = (Object.keys(SERIES) as SeriesId[]).filter((id) => !occasional.includes(id));
    const wanted = {
      order: always,
      inventory: always.filter((id) => !ofCalls.includes(id)),
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
