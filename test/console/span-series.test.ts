import { describe, expect, test, vi } from 'vitest';
import { resolveRules } from '../../src/rules/rule-options.js';
import type { Started } from './support/console.js';
import { quietConsole } from './support/quiet-console.js';
import { attributesOf, type GivenSpan, spansRequest } from './support/spans.js';

const rate = 'job:http_server_request_duration_seconds_count:rate5m';
const counts = 'http_server_request_duration_seconds_count';

interface Result {
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

let spans = 0;

/** Requests that have just ended. */
function requests(
  endMs: number,
  count: number,
  {
    ms = 10,
    status = 200,
    service = 'order',
    ...more
  }: Partial<GivenSpan> & {
    readonly status?: number;
    readonly service?: string;
  } = {},
) {
  const attributes = status === 0 ? {} : { 'http.response.status_code': status, 'http.route': '/orders' };
  const list = Array.from({ length: count }, (): GivenSpan => {
    spans += 1;
    return {
      ...{ id: String(spans), trace: String(spans), start: endMs - ms, ms, kind: 2, attributes },
      ...more,
    };
  });
  return spansRequest(service, list);
}

/** The metric of requests, as a service exports it. */
function metric(timeMs: number, startMs: number, count: number) {
  const nano = (ms: number) => `${ms}000000`;
  return {
    resourceMetrics: [
      {
        resource: {
          attributes: attributesOf({ 'service.name': 'order', 'service.instance.id': 'order-1' }),
        },
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'http.server.request.duration',
                unit: 's',
                histogram: {
                  aggregationTemporality: 2,
                  dataPoints: [
                    {
                      startTimeUnixNano: nano(startMs),
                      timeUnixNano: nano(timeMs),
                      attributes: attributesOf({ 'http.response.status_code': 200 }),
                      count: String(count),
                      sum: count * 0.01,
                      explicitBounds: [0.3, 3],
                      bucketCounts: [String(count), '0', '0'],
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  };
}

async function queried({ ask }: Pick<Started, 'ask'>, expr: string): Promise<number | undefined> {
  const { samples } = await ask<Result>(`/api/query?expr=${encodeURIComponent(expr)}`);
  expect(samples.length).toBeLessThan(2);
  return samples[0]?.value;
}

async function firing({ ask }: Pick<Started, 'ask'>): Promise<string[]> {
  const { alerts } = await ask<{ alerts: { name: string; state: string }[] }>('/api/alerts');
  return alerts
    .filter(({ state, name }) => state === 'firing' && name !== 'Watchdog')
    .map(({ name }) => name)
    .sort();
}

describe('a service that sends spans and no metrics', () => {
  test('has a rate, a share of failures and a p99 for the rules, and its alerts fire', async () => {
    const running = await quietConsole({ rules: resolveRules({ p99S: 0.3 }) });
    const { send, pass, now } = running;
    for (let index = 0; index < 12; index += 1) {
      await send('traces', requests(now(), 95));
      await send('traces', requests(now(), 5, { status: 503 }));
      await pass(5_000);
    }
    expect(await queried(running, rate)).toBeCloseTo(4, 0);
    expect(await queried(running, 'job:http_server_request_errors:ratio_rate5m')).toBeCloseTo(0.05, 3);
    expect(await firing(running)).toEqual(['HighErrorRate']);
    for (let index = 0; index < 12; index += 1) {
      await send('traces', requests(now(), 20, { ms: 800 }));
      await pass(5_000);
    }
    expect(await firing(running)).toEqual(expect.arrayContaining(['HighErrorRate', 'HighLatencyP99']));
    await vi.waitFor(
      async () => {
        const { alerts } = await running.ask<{ alerts: unknown[] }>('/api/alerts');
        expect(alerts).toContainEqual(
          expect.objectContaining({
            name: 'HighLatencyP99',
            value: expect.closeTo(1, 0),
            evidence: expect.objectContaining({ traces: expect.arrayContaining([expect.anything()]) }),
          }),
        );
      },
      { timeout: 60_000 },
    );
  });

  test('that failed is known of a request that is not of HTTP', async () => {
    const running = await quietConsole({ rules: resolveRules({ p99S: 0.3 }) });
    const { send, pass, now } = running;
    for (let index = 0; index < 12; index += 1) {
      await send('traces', requests(now(), 9, { status: 0, name: 'grpc' }));
      await send('traces', requests(now(), 1, { status: 0, name: 'grpc', failed: true }));
      await pass(5_000);
    }
    expect(await queried(running, 'job:http_server_request_errors:ratio_rate5m')).toBeCloseTo(0.1, 3);
  });

  test('its probes, calls and what is imported of another day are no requests', async () => {
    const running = await quietConsole({ rules: resolveRules({ p99S: 0.3 }) });
    const { send, pass, now } = running;
    await send('traces', requests(now(), 1));
    await send('traces', requests(now(), 10, { attributes: { 'http.route': '/health/ready' } }));
    await send('traces', requests(now(), 10, { attributes: {}, name: 'GET /metrics' }));
    await send('traces', requests(now(), 10, { kind: 3 }));
    await send('traces', requests(now() - 86_400_000, 10));
    await pass(10_000);
    expect(await queried(running, `sum(${counts})`)).toBe(1);
  });

  test('has no series any more when it has had no request for a while', async () => {
    const running = await quietConsole({ rules: resolveRules({ p99S: 0.3 }) });
    const { send, pass, now } = running;
    await send('traces', requests(now(), 10));
    await pass(240_000);
    expect(await queried(running, `sum(${counts})`)).toBe(10);
    await pass(400_000);
    expect(await queried(running, `sum(${counts})`)).toBeUndefined();
    await send('traces', requests(now(), 3));
    await pass(10_000);
    expect(await queried(running, `sum(${counts})`)).toBe(3);
  });

  test('each status beyond many is counted as one that failed or did not', async () => {
    const running = await quietConsole({ rules: resolveRules({ p99S: 0.3 }) });
    const { send, pass, now } = running;
    for (let status = 200; status < 300; status += 1) await send('traces', requests(now(), 1, { status }));
    for (let status = 500; status < 600; status += 1) await send('traces', requests(now(), 1, { status }));
    await pass(10_000);
    expect(await queried(running, `sum(${counts})`)).toBe(200);
    expect(await queried(running, `sum(${counts}{http_response_status_code=~"5.."})`)).toBe(100);
    expect(await queried(running, `count(${counts})`)).toBeLessThan(50);
  });
});

test('where the metric comes, as of a service whose spans are sampled or came first, nothing is counted twice', async () => {
  const running = await quietConsole({ rules: resolveRules({ p99S: 0.3 }) });
  const { send, pass, now } = running;
  const startMs = now();
  await send('traces', requests(now(), 10));
  await pass(10_000);
  expect(await queried(running, `sum(${counts})`)).toBe(10);
  await send('metrics', metric(now(), startMs, 100));
  await send('traces', requests(now(), 10));
  await pass(10_000);
  expect(await queried(running, `sum(${counts})`)).toBe(100);
  await send('metrics', metric(now(), startMs, 200));
  await pass(10_000);
  expect(await queried(running, `sum(${counts})`)).toBe(200);
  // It has been started again, without metrics.
  await pass(400_000);
  await send('traces', requests(now(), 7));
  await pass(10_000);
  expect(await queried(running, `sum(${counts})`)).toBe(7);
});
