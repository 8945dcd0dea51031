import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Receiver } from '../../src/console/receive/receiver.js';
import { Store } from '../../src/console/store/store.js';
import { build } from '../contract/support/built.js';
import { startService as startInstrumented } from '../export/support/service.js';
import { consoleFor, type Started } from './support/console.js';
import { spansRequest } from './support/spans.js';

const patient = { timeout: 60_000, interval: 100 };

async function startService(
  endpoint: string,
  delays: Readonly<Record<string, string>> = {
    OTEL_METRIC_EXPORT_INTERVAL: '500',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  },
): Promise<string> {
  const child = fork(join(__dirname, 'fixtures/service.cjs'), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      ...delays,
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

test('a service shows long before its first interval has passed, and its first request and log line', {
  timeout: 180_000,
}, async () => {
  build();
  const { endpoint, ask } = await consoleFor();
  const url = await startService(endpoint, {});
  // Its metrics are exported each minute, and it has no requests yet.
  await vi.waitFor(
    async () => {
      const { services } = await ask<{ services: { service: string }[] }>('/api/services');
      expect(services.map(({ service }) => service)).toEqual(['order']);
    },
    { timeout: 50_000 },
  );
  await fetch(`${url}/fail`);
  await vi.waitFor(async () => {
    const { rows: traces } = await ask<{ rows: unknown[] }>('/api/traces?service=order&status=500');
    const { rows: logs } = await ask<{ rows: { body: string }[] }>('/api/logs?service=order');
    expect({ traces: traces.length, logs: logs.map(({ body }) => body) }).toEqual({
      traces: 1,
      logs: ['charge refused'],
    });
  }, patient);
});

const heldBy = async ({ ask }: Pick<Started, 'ask'>): Promise<number> =>
  (await ask<{ spans: number }>('/api/status')).spans;

test('a console that ends and one in its place: the service answers on, and what was lost is counted and shown', {
  timeout: 180_000,
}, async () => {
  build();
  const first = await consoleFor();
  const url = await startService(first.endpoint);
  const answers = new Set<number>();
  const get = async () => answers.add((await fetch(`${url}/`)).status);
  await get();
  await vi.waitFor(async () => expect(await heldBy(first)).toBeGreaterThan(0), patient);
  await first.close();
  for (let index = 0; index < 20; index += 1) await get();

  const second = await consoleFor({ port: first.port });
  expect(second.port).toBe(first.port);
  await vi.waitFor(async () => {
    await get();
    expect(await heldBy(second)).toBeGreaterThan(0);
  }, patient);
  expect([...answers]).toEqual([200]);
  const { services } = await second.ask<{ services: { service: string }[] }>('/api/services');
  expect(services.map(({ service }) => service)).toEqual(['order']);
  // An exporter tries again for a while: a short gap is none, and what a long one takes is counted.
  await vi.waitFor(async () => {
    const { findings } = await second.ask<{ findings: { what: string; text: string }[] }>('/api/doctor');
    const isShown = findings.some(({ what, text }) => what === 'drops' && text.includes('export_failed'));
    expect(isShown || (await heldBy(second)) > 20).toBe(true);
  }, patient);
});

test('two consoles take two ports, and each has only what was sent to it', async () => {
  const one = await consoleFor();
  const other = await consoleFor({ port: one.port });
  expect(other.port).toBe(one.port + 1);
  await one.send('traces', spansRequest('order', [{ id: 'a', start: Date.now(), ms: 1 }]));
  expect([await heldBy(one), await heldBy(other)]).toEqual([1, 0]);
});

test('more than can be read at once is a 429 that says when to try again, and is over with it', async () => {
  const { port, send } = await consoleFor();
  const part = Buffer.alloc(8 * 2 ** 20 - 1_024);
  const open: ClientRequest[] = [];
  const refused = await new Promise<IncomingMessage>((resolve, reject) => {
    for (let index = 0; index < 10; index += 1) {
      const req = request(
        {
          port,
          host: '127.0.0.1',
          method: 'POST',
          path: '/v1/traces',
          headers: { 'content-type': 'application/x-protobuf', 'content-length': part.length + 1 },
        },
        (response) => resolve(response),
      );
      req.on('error', (error) => reject(error));
      req.write(part);
      open.push(req);
    }
  });
  expect(refused.statusCode).toBe(429);
  expect(refused.headers['retry-after']).toBe('1');
  for (const req of open) {
    req.removeAllListeners('error').on('error', () => undefined);
    req.destroy();
  }
  await vi.waitFor(async () => {
    const response = await send('traces', spansRequest('order', [{ id: 'a', start: Date.now(), ms: 1 }]));
    expect(response.status).toBe(200);
  }, patient);
});

/** What a console receives with, on a port of its own; it can be told that it has too much. */
async function startOverloaded() {
  const store = new Store({ maxBytes: 2 ** 24, slowMs: 3_000, startMs: Date.now(), now: Date.now });
  let isOverloaded = true;
  Object.defineProperty(store, 'isOverloaded', { get: () => isOverloaded });
  const receiver = new Receiver({
    store,
    onSpan: () => undefined,
    onLog: () => undefined,
    onMetrics: () => 0,
    onTaken: () => undefined,
  });
  const server = createServer((req, res) => void receiver.serve('traces', req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    store,
    receiver,
    relieve() {
      isOverloaded = false;
    },
  };
}

test('more than can be put away is a 503 that says when to try again', async () => {
  const { url, relieve } = await startOverloaded();
  const send = () =>
    fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(spansRequest('order', [{ id: 'a', start: Date.now(), ms: 1 }])),
    });
  const refused = await send();
  expect({ status: refused.status, retry: refused.headers.get('retry-after') }).toEqual({
    status: 503,
    retry: '1',
  });
  relieve();
  expect((await send()).status).toBe(200);
});

test('our exporters send again, when it says, what a console has no room for, and nothing is lost', {
  timeout: 180_000,
}, async () => {
  const { url, store, receiver, relieve } = await startOverloaded();
  const { get, signals, lines } = await startInstrumented({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
  });
  for (let index = 0; index < 20; index += 1) await get();
  const flushed = signals.flush();
  await vi.waitFor(() => expect(receiver.counts.refused).toBeGreaterThan(1), patient);
  relieve();
  await flushed;
  expect(store.received.spans).toBe(20);
  expect(lines).toEqual([]);
});
