import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { resolveRules } from '../../src/rules/rule-options.js';
import { build } from '../contract/support/built.js';
import { consoleFor } from './support/console.js';

interface AlertView {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly evidence: {
    readonly traces: readonly { readonly traceId: string; readonly durationMs: number }[];
    readonly bottleneck?: { readonly service: string; readonly name: string; readonly share: number };
    readonly firstError?: { readonly body: string; readonly traceId: string };
  } | null;
}

async function startService(endpoint: string): Promise<string> {
  const child = fork(join(__dirname, 'fixtures/service.cjs'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_BSP_SCHEDULE_DELAY: '200',
      OTEL_BLRP_SCHEDULE_DELAY: '200',
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

const firstErrors: Readonly<Record<string, string>> = {
  HighLatencyP99: 'card lookup slow',
  HighErrorRate: 'charge refused',
};

test('the three alerts of a real service fire with the trace, the span and the log line', {
  timeout: 240_000,
}, async () => {
  build();
  const hook = await startHook();
  const { endpoint, ask, said } = await consoleFor({
    rules: resolveRules({ p99S: 0.3, errorRatio: 0.01, poolRatio: 0.8 }),
    maxForMs: 1_000,
    webhook: hook.url,
  });
  const url = await startService(endpoint);
  const firing = async (name: string) =>
    (await ask<{ alerts: AlertView[] }>('/api/alerts')).alerts.find(
      (alert) => alert.name === name && alert.state === 'firing',
    );
  await fetch(`${url}/pool`);
  const began = Date.now();
  // Requests come in all the time, some of them slow and some of them failing.
  let isOver = false;
  const traffic = (async () => {
    while (!isOver)
      await Promise.all(
        [...'abcdefgh'].map((_, index) => fetch(`${url}/${['slow', 'fail', 'ok', 'ok'][index % 4]}`)),
      );
  })();
  const fired = async (name: string) =>
    vi.waitFor(
      async () => {
        const alert = await firing(name);
        expect(alert, name).toMatchObject({ name, state: 'firing' });
        expect(alert?.evidence?.traces.length, name).toBeGreaterThan(0);
        // On a busy machine lines arrive after their spans: what fires is looked at again 5 and 15 s later.
        if (name in firstErrors) expect(alert?.evidence?.firstError?.body).toBe(firstErrors[name]);
        return alert as AlertView;
      },
      { timeout: 60_000, interval: 250 },
    );
  const [slow, failed, pool] = await Promise.all(
    ['HighLatencyP99', 'HighErrorRate', 'DbPoolSaturated'].map(fired),
  );
  isOver = true;
  await traffic;

  expect(slow?.evidence?.bottleneck).toMatchObject({ service: 'order', name: 'SELECT shop.cards' });
  expect(slow?.evidence?.bottleneck?.share).toBeGreaterThan(0.8);
  expect(slow?.evidence?.firstError).toMatchObject({ body: 'card lookup slow' });
  expect(slow?.evidence?.traces[0]?.durationMs).toBeGreaterThan(590);
  expect(failed?.evidence?.firstError).toMatchObject({ body: 'charge refused' });

  const worst = slow?.evidence?.traces[0]?.traceId;
  const view = await ask<{ bottleneck: { name: string }; logs: { body: string }[] }>(`/api/traces/${worst}`);
  expect(view.bottleneck.name).toBe('SELECT shop.cards');
  expect(view.logs.map(({ body }) => body)).toContain('card lookup slow');

  expect(said.some((line) => /firing HighLatencyP99.*«SELECT shop.cards»/.test(line))).toBe(true);
  await vi.waitFor(() => expect(hook.bodies.length).toBeGreaterThanOrEqual(3), { timeout: 60_000 });
  const sent = hook.bodies.find(
    (body) => (body.groupLabels as { alertname: string }).alertname === 'HighLatencyP99',
  );
  expect(sent).toMatchObject({ version: '4', status: 'firing', evidence: { alertId: slow?.id } });

  // A pool that is free again is seen at once; a share over five minutes takes five minutes.
  await fetch(`${url}/unpool`);
  await vi.waitFor(async () => expect(await firing('DbPoolSaturated')).toBeUndefined(), {
    timeout: 60_000,
    interval: 250,
  });
  const { history } = await ask<{ history: { id: string; resolvedAtMs: number | null }[] }>('/api/alerts');
  expect(history.find(({ id }) => id === pool?.id)?.resolvedAtMs).toBeGreaterThan(began);
  const dismissed = await fetch(`${endpoint}/api/alerts/${pool?.id}/dismiss`, { method: 'POST' });
  expect(dismissed.status).toBe(200);
});
