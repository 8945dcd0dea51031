import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { instrument, type Options, type Signals } from '../../src/index.js';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { startChild } from './support/child.js';
import { get } from './support/requests.js';

const uuid = '5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278';

/** A service whose telemetry goes to a collector of its own. */
async function service(app: unknown, options: Options) {
  const receiver = await startOtlpReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  // Exported once a test says so, not sooner.
  vi.stubEnv('OTEL_METRIC_EXPORT_INTERVAL', '60000');
  const signals = instrument(app, options);
  vi.unstubAllEnvs();
  onTestFinished(async () => {
    await signals.shutdown();
    await receiver.close();
  });
  return { signals, receiver };
}

/** Somebody who listens for beats. */
async function monitor(): Promise<{ url: string; port: number; next(): Promise<string>; got: string[] }> {
  const got: string[] = [];
  const waiting: (() => void)[] = [];
  let taken = 0;
  const server = http.createServer(async (req, res) => {
    let body = '';
    for await (const part of req) body += part;
    got.push([req.method, req.url, body].filter(Boolean).join(' '));
    res.end();
    waiting.shift()?.();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/ping/${uuid}`,
    port,
    got,
    async next() {
      if (got.length === taken) await new Promise<void>((resolve) => waiting.push(resolve));
      taken += 1;
      return got[taken - 1] as string;
    },
  };
}

async function listening(server: http.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const entriesOf = (signals: Signals) =>
  signals.health.report().checks as Record<string, { status: string }[]>;

describe('the heartbeat of a service', () => {
  test('begins with its readiness and ends with a shutdown, and is no call of the application', async () => {
    const { url, next, got } = await monitor();
    const { signals, receiver } = await service(undefined, { heartbeat: { url } });
    expect(await next()).toBe(`GET /ping/${uuid}`);
    await signals.shutdown();
    expect(got).toEqual([`GET /ping/${uuid}`, `POST /ping/${uuid}/log shutdown`]);
    expect(receiver.spans()).toEqual([]);
    expect(receiver.metrics().filter(({ name }) => name.startsWith('http.client'))).toEqual([]);
  });

  test('tells of a critical check that fails', async () => {
    const { url, next } = await monitor();
    await service(undefined, {
      heartbeat: { url, intervalMs: 50 },
      health: { checks: { disk: { run: () => false, critical: true } } },
    });
    let beat = await next();
    while (!beat.endsWith('/fail')) beat = await next();
    expect(beat).toBe(`GET /ping/${uuid}/fail`);
  });

  test('tells of an exception that ends the process', async () => {
    const { url, next, port } = await monitor();
    const child = await startChild({ framework: 'express', options: { heartbeat: { url } } });
    expect(port).toBeGreaterThan(0);
    await get(child.port, '/throw');
    expect(await child.exited).toMatchObject({ code: 1 });
    let beat = await next();
    while (!beat.endsWith('/fail')) beat = await next();
    expect(beat).toBe(`GET /ping/${uuid}/fail`);
  });

  test('is measured also where nobody listens for it', async () => {
    const { signals, receiver } = await service(undefined, { heartbeat: { intervalMs: 20_000 } });
    await signals.flush();
    const value = (name: string) => receiver.metrics().find((point) => point.name === name)?.value;
    expect(value('golden_signals.heartbeat.interval')).toBe(20);
    expect(Math.abs((value('golden_signals.heartbeat.timestamp') ?? 0) - Date.now() / 1_000)).toBeLessThan(
      60,
    );
    expect(value('golden_signals.heartbeat.sent')).toBe(0);
    expect(value('golden_signals.heartbeat.failed')).toBe(0);
  });

  test('is off with false, its metrics included', async () => {
    const { signals, receiver } = await service(undefined, { heartbeat: false });
    signals.heartbeat.progress();
    await signals.flush();
    expect(receiver.metrics().filter(({ name }) => name.includes('heartbeat'))).toEqual([]);
  });
});

test('beats that a service waits for are in its report', async () => {
  const { signals } = await service(undefined, {});
  const heart = signals.heartbeats.watch('billing', { intervalMs: 1_000 });
  expect(entriesOf(signals)['billing:heartbeat']).toMatchObject([{ status: 'warn' }]);
  heart.beat();
  expect(entriesOf(signals)['billing:heartbeat']).toMatchObject([{ status: 'pass' }]);
  expect(signals.heartbeats.unwatch('billing')).toBe(true);
  expect(entriesOf(signals)['billing:heartbeat']).toBeUndefined();
});

describe('overload', () => {
  /** Hot in every window: no timer is that exact. */
  const always = { maxDelayMs: 0.000_001, calmDelayMs: 0.000_001, sampleMs: 50 };

  async function overloaded(options: Options) {
    const server = http.createServer(({ url }, res) => {
      res.statusCode = url === '/health/ready' ? 404 : 200;
      res.end('served');
    });
    // The calls are this process's own: a breaker would stop them at the first refusal.
    const { signals, receiver } = await service(server, { breaker: false, ...options });
    const port = await listening(server);
    await vi.waitUntil(() => entriesOf(signals)['eventloop:utilization']?.[0]?.status === 'warn', {
      timeout: 60_000,
    });
    return { signals, receiver, port };
  }

  test('is only observed by default', async () => {
    const { signals, receiver, port } = await overloaded({ overload: always });
    for (let index = 0; index < 50; index += 1) expect((await get(port, '/a')).status).toBe(200);
    expect(await get(port, '/health/ready')).toMatchObject({ status: 200 });
    await signals.flush();
    expect(receiver.metrics().find(({ name }) => name === 'golden_signals.overload.shed')?.value).toBe(0);
  });

  test('turns requests away where it is asked to, but no probe and nothing with priority; all of them are measured', async () => {
    const { signals, receiver, port } = await overloaded({
      overload: { ...always, shed: true, priority: ({ url }) => url === '/pay' },
    });
    const statuses: number[] = [];
    for (let index = 0; index < 200; index += 1) {
      const { status, headers } = await get(port, '/a');
      statuses.push(status);
      if (status === 503) expect(headers['retry-after']).toMatch(/^[123]$/);
    }
    const shed = statuses.filter((status) => status === 503).length;
    expect(shed).toBeGreaterThan(0);
    for (let index = 0; index < 50; index += 1) {
      expect((await get(port, '/pay')).status).toBe(200);
      expect((await get(port, '/health/ready')).status).toBe(200);
    }
    await signals.flush();
    const points = receiver.metrics();
    expect(points.find(({ name }) => name === 'golden_signals.overload.shed')?.value).toBe(shed);
    const durations = points.filter(({ name }) => name === 'http.server.request.duration');
    const counted = (status: number) =>
      durations
        .filter(({ attributes }) => attributes['http.response.status_code'] === status)
        .reduce((sum, { count = 0 }) => sum + count, 0);
    expect(counted(503)).toBe(shed);
    expect(counted(200)).toBe(200 - shed + 50);
  });
});
