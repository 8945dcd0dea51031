import * as http from 'node:http';
import { trace } from '@opentelemetry/api';
import express from 'express';
import { expect, onTestFinished, test, vi } from 'vitest';
import { instrument } from '../../src/index.js';
import { send } from '../contract/support/client.js';
import { closerOf, listenOn } from '../contract/support/listening.js';
import { observe, useCollector } from '../contract/support/service.js';
import { eventually } from '../support/eventually.js';
import { collectGarbage } from '../support/garbage.js';

useCollector();

async function startDatabase() {
  const traceparents: (string | undefined)[] = [];
  const server = http.createServer((req, res) => {
    traceparents.push(req.headers.traceparent as string | undefined);
    res.end('pong');
  });
  onTestFinished(closerOf(server));
  return { traceparents, port: await listenOn(server) };
}

const ping = (port: number) =>
  new Promise<void>((resolve, reject) => {
    http
      .get({ port, host: '127.0.0.1', agent: false }, (res) => void res.resume().on('end', resolve))
      .on('error', reject);
  });

test('what a check calls is guarded by a breaker and part of no trace', async () => {
  const { traceparents, port } = await startDatabase();
  const app = express();
  const signals = instrument(app, { health: { checks: { db: () => ping(port) } } });
  const telemetry = observe(signals);
  await eventually('the first result', () => [...Object.keys(signals.health.report().checks)].length > 2);
  await eventually('the call', () => traceparents.length > 0);
  await signals.flush();

  expect(telemetry.otherSpans()).toEqual([]);
  expect(traceparents).toEqual([expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[02]$/)]);
  expect(signals.breakers.get(`127.0.0.1:${port}`)?.snapshot().calls).toBe(1);
});

test('a check that is added while a request is served does not run in it', async () => {
  const spans: (string | undefined)[] = [];
  const run = vi.fn(() => void spans.push(trace.getActiveSpan()?.spanContext().traceId));
  const app = express();
  const signals = instrument(app);
  const telemetry = observe(signals);
  let served: string | undefined;
  app.get('/add', (_req, res) => {
    served = trace.getActiveSpan()?.spanContext().traceId;
    signals.health.add('late', { run, intervalMs: 1 });
    res.end();
  });
  const server = http.createServer(app);
  onTestFinished(closerOf(server));
  await send({ port: await listenOn(server), scheme: 'http', protocol: '1.1' }, { path: '/add' });
  await eventually('a second run', () => run.mock.calls.length > 1);
  signals.health.remove('late');

  expect((await telemetry.span()).traceId).toBe(served);
  expect(spans).not.toContain(served);
});

test('a check that is added while a request is served does not keep that request', async () => {
  const app = express();
  const signals = instrument(app, { traces: false });
  onTestFinished(() => signals.shutdown());
  let request: WeakRef<object> | undefined;
  app.get('/add', (req, res) => {
    request = new WeakRef(req);
    signals.health.add('late', () => true);
    res.end();
  });
  const server = http.createServer(app);
  onTestFinished(closerOf(server));
  await send({ port: await listenOn(server), scheme: 'http', protocol: '1.1' }, { path: '/add' });
  await eventually('the request to be gone', () => {
    collectGarbage();
    return request?.deref() === undefined;
  });
  expect([...Object.keys(signals.health.report().checks)]).toContain('late:responseTime');
});
