import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { build, DIST } from '../contract/support/built.js';
import { startFixture } from './support/child.js';

const patient = { timeout: 120_000, interval: 100 };

/** A console in a process of its own, as it is run. */
async function startConsole(port: number): Promise<{ process: ChildProcess; endpoint: string }> {
  const child = spawn(process.execPath, [join(DIST, 'cli/main.js'), 'console', '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stdout as Readable })) {
    const endpoint = /OTEL_EXPORTER_OTLP_ENDPOINT=([^\s,]+)/.exec(line)?.[1];
    if (endpoint !== undefined) return { process: child, endpoint };
  }
  throw new Error('the console has ended');
}

async function ask<T>(endpoint: string, path: string): Promise<T> {
  return (await (await fetch(endpoint + path)).json()) as T;
}

test('a console that is killed and another one on its port: the services answer on, and their telemetry comes again', {
  timeout: 600_000,
}, async () => {
  build();
  const first = await startConsole(0);
  const delays = {
    OTEL_METRIC_EXPORT_INTERVAL: '500',
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_BLRP_SCHEDULE_DELAY: '200',
  };
  const services = await Promise.all(
    ['order', 'payment'].map((name) =>
      startFixture('service.cjs', first.endpoint, { ...delays, SERVICE: name }),
    ),
  );
  const requested = { ok: 0, failed: 0 };
  const visit = async () => {
    for (const { url } of services) {
      requested.ok += (await fetch(`${url}/`)).status === 200 ? 1 : 0;
      requested.failed += (await fetch(`${url}/fail`)).status === 500 ? 1 : 0;
    }
  };
  let visits = 0;
  const isThere = async (endpoint: string) => {
    await visit();
    visits += 1;
    const { services: seen } = await ask<{ services: { service: string; rate: number }[] }>(
      endpoint,
      '/api/services',
    );
    expect(seen.map(({ service }) => service).sort()).toEqual(['order', 'payment']);
    const { spans, logs, received } = await ask<{
      spans: number;
      logs: number;
      received: { points: number };
    }>(endpoint, '/api/status');
    expect([spans > 0, logs > 0, received.points > 0]).toEqual([true, true, true]);
  };
  await vi.waitFor(() => isThere(first.endpoint), patient);

  const killed = once(first.process, 'exit');
  first.process.kill('SIGKILL');
  expect(await killed).toEqual([null, 'SIGKILL']);
  for (let index = 0; index < 25; index += 1) await visit();
  visits += 25;

  const port = Number(new URL(first.endpoint).port);
  const second = await startConsole(port);
  expect(second.endpoint).toBe(first.endpoint);
  await vi.waitFor(() => isThere(second.endpoint), patient);
  // Nobody who called a service has noticed anything, and the services end as they would.
  expect(requested).toEqual({ ok: 2 * visits, failed: 2 * visits });
  for (const { process: child } of services) {
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    const ended = once(child, 'exit');
    child.send('end');
    expect(await ended).toEqual([0, null]);
  }
});
