import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { installTarball, pick, type RunningApp, type Scratch } from './scratch.js';
import { CALLER, collector } from './telemetry.js';

const SLOW_MS = 120_000;
const TRACE_ID = CALLER.split('-')[1];
const OWN_TRACEPARENT = '00-11111111111111111111111111111111-2222222222222222-01';

/** The programs are in packages of their own for each platform; their install scripts only make links to them. */
const runtimes = {
  bun: { folder: '@oven/bun-linux-x64/bin/bun', args: [] },
  deno: { folder: '@deno/linux-x64-glibc/deno', args: ['run', '--allow-all'] },
} as const;

let scratch: Scratch;

beforeAll(async () => {
  scratch = await installTarball({
    ...pick('express', 'fastify', 'hono', '@hono/node-server'),
    '@oven/bun-linux-x64': '~1.4.5',
    '@deno/linux-x64-glibc': '~2.9.6',
  });
}, 5 * SLOW_MS);

afterAll(() => scratch?.remove());

interface Upstream {
  readonly url: string;
  readonly seen: {
    readonly path: string;
    readonly method: string;
    readonly headers: IncomingMessage['headers'];
    body: string;
  }[];
}

async function startUpstream(): Promise<Upstream> {
  const seen: Upstream['seen'] = [];
  const server = createServer((req, res) => {
    const entry = { path: req.url ?? '', method: req.method ?? '', headers: req.headers, body: '' };
    seen.push(entry);
    req.setEncoding('utf8').on('data', (chunk: string) => {
      entry.body += chunk;
    });
    req.on('end', () => {
      if (entry.path === '/hangs') return;
      res.statusCode = entry.path === '/fails' ? 500 : 200;
      res.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** A port that answers nothing, as it has just been closed. */
async function closedUrl(): Promise<string> {
  const server = createSocketServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

/** Lets a service do one work in a request of a traced caller, and ends it by SIGTERM: what it answered, and what it sent. */
async function serve(runtime: keyof typeof runtimes, framework: string, work: string) {
  const receiver = await collector();
  const upstream = await startUpstream();
  const { folder, args } = runtimes[runtime];
  const app: RunningApp = await scratch.start(
    [...args, 'runtimes/service.mjs', framework],
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_LOG_LEVEL: 'error',
      UPSTREAM: upstream.url,
      CLOSED: await closedUrl(),
      OWN_TRACEPARENT,
    },
    join(scratch.dir, 'node_modules', folder),
  );
  onTestFinished(() => void app.process.kill('SIGKILL'));
  const response = await fetch(`http://127.0.0.1:${app.port}/do/${work}`, {
    headers: { traceparent: CALLER },
  });
  const answer = { status: response.status, body: await response.json() };
  const health = await (await fetch(`http://127.0.0.1:${app.port}/health`)).json();
  app.process.kill('SIGTERM');
  const { exit, stderr } = await app.finished;
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return { answer, health, upstream, receiver, spans: receiver.spans() };
}

describe.each(['bun', 'deno'] as const)('on %s', (runtime) => {
  test.each(['http', 'express', 'fastify', 'hono'])(
    'a request that %s serves is traced and measured, and so are the calls of fetch and http in it',
    { timeout: SLOW_MS },
    async (framework) => {
      const { answer, health, upstream, receiver, spans } = await serve(runtime, framework, 'calls');
      expect(answer).toEqual({ status: 201, body: {} });
      expect(health).toMatchObject({ status: 'pass' });
      const route = framework === 'http' ? '' : ' /do/:work';
      const [request] = spans.filter(({ kind }) => kind === 'SERVER');
      expect(request).toMatchObject({
        name: `GET${route}`,
        traceId: TRACE_ID,
        parentSpanId: CALLER.split('-')[2],
        attributes: { 'http.response.status_code': 201 },
        resource: { 'service.name': 'orders', 'process.runtime.name': runtime },
      });
      const calls = spans.filter(({ kind }) => kind === 'CLIENT');
      expect(calls.map(({ attributes }) => attributes['url.full'])).toEqual([
        `${upstream.url}/fetch`,
        `${upstream.url}/http`,
      ]);
      for (const call of calls) {
        expect(call).toMatchObject({ traceId: TRACE_ID, parentSpanId: request?.spanId });
        expect(call.attributes['http.response.status_code']).toBe(200);
      }
      expect(upstream.seen.map(({ headers }) => headers.traceparent)).toEqual(
        calls.map(({ spanId }) => `00-${TRACE_ID}-${spanId}-01`),
      );
      const points = receiver.metrics();
      expect(points.filter(({ name }) => name === 'http.server.request.duration').at(-1)?.count).toBe(1);
      // Two series, as a fetch does not show its version of HTTP.
      const ofCalls = points.filter(({ name }) => name === 'http.client.request.duration').slice(-2);
      expect(ofCalls.map(({ count, attributes }) => [count, attributes['network.protocol.version']])).toEqual(
        [
          [1, undefined],
          [1, '1.1'],
        ],
      );
      // Neither measures it, under whatever name.
      expect(points.filter(({ name }) => name.startsWith('nodejs.eventloop'))).toEqual([]);
    },
  );

  test('fetch sends what it was given, in each form, and keeps a traceparent of the caller', {
    timeout: SLOW_MS,
  }, async () => {
    const { upstream, spans } = await serve(runtime, 'express', 'forms');
    expect(
      upstream.seen.map(({ method, path, body, headers }) => [method, path, body, headers['x-own']]),
    ).toEqual([
      ['POST', '/request', 'asked', 'a'],
      ['PUT', '/url', 'given', 'b'],
      ['GET', '/traced', '', undefined],
      ['DELETE', '/inherited', '', 'c'],
    ]);
    const calls = spans.filter(({ kind }) => kind === 'CLIENT');
    expect(calls.map(({ name }) => name)).toEqual(['POST', 'PUT', 'GET', 'DELETE']);
    const sent = upstream.seen.map(({ headers }) => headers.traceparent);
    expect(sent).toEqual(
      calls.map(({ spanId }, nth) => (nth === 2 ? OWN_TRACEPARENT : `00-${TRACE_ID}-${spanId}-01`)),
    );
  });

  test('a fetch that fails rejects with the error of the runtime, and its span says why', {
    timeout: SLOW_MS,
  }, async () => {
    const { answer, spans } = await serve(runtime, 'express', 'errors');
    expect(answer.body).toMatchObject([
      { error: 'TypeError' },
      { error: 'Error' },
      { error: 'TypeError' },
      { error: 'TypeError' },
    ]);
    const calls = spans.filter(({ kind }) => kind === 'CLIENT');
    expect(calls.map(({ attributes }) => attributes['error.type'])).toEqual(['ECONNREFUSED', undefined]);
  });

  test('an upstream that fails opens its circuit, for fetch and http', { timeout: SLOW_MS }, async () => {
    const { answer, upstream } = await serve(runtime, 'express', 'circuit');
    const outcomes = answer.body as { status: number; circuit?: string }[];
    expect(outcomes.slice(0, 5)).toEqual(Array(5).fill({ status: 500, circuit: null }));
    expect(outcomes.slice(5, 8)).toEqual(
      Array(3).fill({ status: 503, circuit: expect.stringContaining('open; upstream=') }),
    );
    expect(outcomes[8]).toEqual({ status: 503 });
    expect(upstream.seen).toHaveLength(5);
  });
});
