import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { resolveRules } from '../../src/rules/rule-options.js';
import { build } from '../contract/support/built.js';
import { consoleFor, type Started } from './support/console.js';

interface AlertView {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly evidence: {
    readonly traces: readonly {
      readonly traceId: string;
      readonly durationMs: number;
      readonly isFailed: boolean;
    }[];
    readonly bottleneck?: { readonly service: string; readonly name: string; readonly share: number };
    readonly firstError?: { readonly body: string; readonly traceId: string };
  } | null;
}

async function startService(endpoint: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = fork(join(__dirname, 'fixtures/service.cjs'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_BSP_SCHEDULE_DELAY: '200',
      OTEL_BLRP_SCHEDULE_DELAY: '200',
      ...more,
    },
  });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.send('end');
    await once(child, 'exit');
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return `http://127.0.0.1:${port}`;
}

/** What somebody's endpoint gets. */
async function startHook(): Promise<{ url: string; bodies: Record<string, unknown>[] }> {
  const bodies: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies };
}

/** Requests to these paths, side by side and again and again, while something is waited for. */
async function during<T>(url: string, paths: readonly string[], wait: () => Promise<T>): Promise<T> {
  let isOver = false;
  const traffic = (async () => {
    while (!isOver) await Promise.all(paths.map((path) => fetch(`${url}/${path}`)));
  })();
  // Until it is awaited, what goes wrong in it would be nobody's.
  traffic.catch(() => undefined);
  try {
    return await wait();
  } finally {
    isOver = true;
    await traffic;
  }
}

// A slow one takes its time, so there are more of them.
const slowTraffic = Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? 'slow' : 'ok'));

const patient = { timeout: 120_000, interval: 250 };

function alertsOf(ask: Started['ask']) {
  const firing = async (name: string) =>
    (await ask<{ alerts: AlertView[] }>('/api/alerts')).alerts.find(
      (alert) => alert.name === name && alert.state === 'firing',
    );
  return {
    firing,
    /** With its evidence: lines may arrive after their spans, and what fires is looked at again 5 and 15 s later. */
    fired: (name: string, firstError?: string) =>
      vi.waitFor(async () => {
        const alert = await firing(name);
        expect(alert, name).toMatchObject({ name, state: 'firing' });
        expect(alert?.evidence?.traces.length, name).toBeGreaterThan(0);
        if (firstError !== undefined) expect(alert?.evidence?.firstError?.body).toBe(firstError);
        return alert as AlertView;
      }, patient),
  };
}

test('the three alerts of a real service fire with the trace, the span and the log line', {
  timeout: 600_000,
}, async () => {
  build();
  const hook = await startHook();
  const { endpoint, ask, said } = await consoleFor({
    rules: resolveRules({ p99S: 0.3, errorRatio: 0.01, poolRatio: 0.8 }),
    maxForMs: 1_000,
    webhook: hook.url,
  });
  const url = await startService(endpoint);
  const { firing, fired } = alertsOf(ask);
  await fetch(`${url}/pool`);
  const began = Date.now();
  // One fault after the other: on a busy machine a request that fails may be among the slowest.
  const [slow, pool] = await during(url, slowTraffic, () =>
    Promise.all([fired('HighLatencyP99', 'card lookup slow'), fired('DbPoolSaturated')]),
  );
  const failed = await during(url, ['fail', 'ok', 'fail', 'ok'], () =>
    fired('HighErrorRate', 'charge refused'),
  );

  expect(slow.evidence?.bottleneck).toMatchObject({ service: 'order', name: 'SELECT shop.cards' });
  expect(slow.evidence?.bottleneck?.share).toBeGreaterThan(0.8);
  expect(slow.evidence?.traces[0]?.durationMs).toBeGreaterThan(2_890);
  expect(failed.evidence?.traces.every(({ isFailed }) => isFailed)).toBe(true);

  const worst = slow.evidence?.traces[0]?.traceId;
  const view = await ask<{ bottleneck: { name: string }; logs: { body: string }[] }>(`/api/traces/${worst}`);
  expect(view.bottleneck.name).toBe('SELECT shop.cards');
  expect(view.logs.map(({ body }) => body)).toContain('card lookup slow');

  expect(said.some((line) => /firing HighLatencyP99.*«SELECT shop.cards»/.test(line))).toBe(true);
  await vi.waitFor(() => expect(hook.bodies.length).toBeGreaterThanOrEqual(3), patient);
  const sent = hook.bodies.find(
    (body) => (body.groupLabels as { alertname: string }).alertname === 'HighLatencyP99',
  );
  expect(sent).toMatchObject({ version: '4', status: 'firing', evidence: { alertId: slow.id } });

  // A pool that is free again is seen at once; a share over five minutes takes five minutes.
  await fetch(`${url}/unpool`);
  await vi.waitFor(async () => expect(await firing('DbPoolSaturated')).toBeUndefined(), patient);
  const { history } = await ask<{ history: { id: string; resolvedAtMs: number | null }[] }>('/api/alerts');
  expect(history.find(({ id }) => id === pool.id)?.resolvedAtMs).toBeGreaterThan(began);
  const dismissed = await fetch(`${endpoint}/api/alerts/${pool.id}/dismiss`, { method: 'POST' });
  expect(dismissed.status).toBe(200);
});

test('a real service that sends no metrics is judged by its spans', { timeout: 600_000 }, async () => {
  build();
  const { endpoint, ask } = await consoleFor({
    rules: resolveRules({ p99S: 0.3, errorRatio: 0.01 }),
    maxForMs: 1_000,
  });
  const url = await startService(endpoint, { OTEL_METRICS_EXPORTER: 'none' });
  const { fired } = alertsOf(ask);
  const slow = await during(url, slowTraffic, () => fired('HighLatencyP99', 'card lookup slow'));
  expect(slow.evidence?.bottleneck).toMatchObject({ service: 'order', name: 'SELECT shop.cards' });
  await during(url, ['fail', 'ok', 'fail', 'ok'], () => fired('HighErrorRate', 'charge refused'));
  const { received } = await ask<{ received: { spans: number; points: number } }>('/api/status');
  expect(received.points).toBe(0);
});
