import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BreakerOptions } from '../../../src/index.js';
import { instrument } from '../../../src/index.js';
import { startService } from '../support/service.js';
import { startUpstream } from '../support/upstream.js';

type Answer = number | 'reset' | { readonly status: number; readonly retryAfter: string };

/** An upstream that answers in turn as it is told, then with 200 and the body that it was sent. */
async function startFlaky(...answers: Answer[]) {
  return startUpstream({
    flaky(req, res) {
      const answer = answers.shift() ?? 200;
      if (answer === 'reset') req.socket.resetAndDestroy();
      else if (typeof answer === 'object')
        res.writeHead(answer.status, { 'retry-after': answer.retryAfter }).end();
      else if (answer !== 200) res.writeHead(answer).end('x'.repeat(200_000));
      else {
        res.writeHead(200);
        req.pipe(res);
      }
    },
  });
}

const options = (more: BreakerOptions = {}) => ({
  breaker: { minimumCalls: 1_000, retry: { attempts: 3, budgetRatio: 1 }, ...more },
});

test('is off unless it is asked for', async () => {
  const upstream = await startFlaky(503);
  const service = startService({ breaker: { minimumCalls: 1_000 } });
  expect((await fetch(`${upstream.origin}/flaky`)).status).toBe(503);
  expect(service.calls()).toHaveLength(1);
});

describe.each<[string, Answer]>([
  ['502', 502],
  ['503', 503],
  ['504', 504],
  ['a reset', 'reset'],
])('after %s', (_title, answer) => {
  test('an idempotent call is made again, each attempt with a span of its own', async () => {
    const upstream = await startFlaky(answer, answer);
    const service = startService(options());
    const caller = await service.asCaller(async () => {
      const response = await fetch(`${upstream.origin}/flaky?case=a`, { method: 'PUT', body: 'once more' });
      expect([response.status, await response.text()]).toEqual([200, 'once more']);
    });
    await service.settled();

    const calls = service.calls();
    expect(calls.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1, 2]);
    expect(calls.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      Array(3).fill(caller.spanContext().spanId),
    );
    const seen = upstream.seen('a').map(({ headers }) => headers);
    expect(seen.map((headers) => headers['x-retry-attempt'])).toEqual([undefined, '1', '2']);
    expect(seen.map((headers) => `${headers.traceparent}`.split('-')[2])).toEqual(
      calls.map((span) => span.spanContext().spanId),
    );
    expect(service.signals.breakers.get(upstream.name)?.snapshot()).toMatchObject({ calls: 3, failures: 2 });
  });
});

test.each<[string, RequestInit]>([
  ['a string', { body: 'again' }],
  ['a buffer', { body: Buffer.from('again') }],
  ['an ArrayBuffer', { body: new TextEncoder().encode('again').buffer as ArrayBuffer }],
  ['a Blob', { body: new Blob(['again']) }],
])('a body that can be sent once more is: %s', async (_title, init) => {
  const upstream = await startFlaky(503);
  startService(options());
  const response = await fetch(`${upstream.origin}/flaky`, { method: 'PUT', ...init });
  expect(await response.text()).toBe('again');
});

test.each<[string, () => Parameters<typeof fetch>]>([
  ['POST', () => ['', { method: 'POST', body: 'x' }]],
  ['PATCH', () => ['', { method: 'PATCH', body: 'x' }]],
  ['a stream', () => ['', { method: 'PUT', body: new Blob(['x']).stream(), duplex: 'half' } as RequestInit]],
])('%s is never sent twice', async (_title, argumentsOf) => {
  const upstream = await startFlaky(503);
  const service = startService(options());
  const [, init] = argumentsOf();
  expect((await fetch(`${upstream.origin}/flaky`, init)).status).toBe(503);
  expect(service.calls()).toHaveLength(1);
});

test('a Request is, unless it has a body', async () => {
  const upstream = await startFlaky(503, 200, 503);
  const service = startService(options());
  const url = `${upstream.origin}/flaky`;
  expect((await fetch(new Request(url))).status).toBe(200);
  expect((await fetch(new Request(url, { method: 'PUT', body: 'x' }))).status).toBe(503);
  expect(service.calls()).toHaveLength(3);
});

test.each([400, 404, 429, 500, 501])('%i is final', async (status) => {
  const upstream = await startFlaky(status);
  const service = startService(options());
  expect((await fetch(`${upstream.origin}/flaky`)).status).toBe(status);
  expect(service.calls()).toHaveLength(1);
});

test('attempts end, and what came last is given as it is', async () => {
  const upstream = await startFlaky(503, 503, 504);
  const service = startService(options());
  const response = await fetch(`${upstream.origin}/flaky`);
  expect([response.status, (await response.text()).length]).toEqual([504, 200_000]);
  expect(service.calls()).toHaveLength(3);

  const dead = await startFlaky('reset', 'reset', 'reset');
  await expect(fetch(`${dead.origin}/flaky`)).rejects.toMatchObject({
    message: 'fetch failed',
    cause: { code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) },
  });
  await service.settled();
  expect(service.calls()).toHaveLength(6);
});

test('an attempt that its upstream did not answer in time is made again', async () => {
  let isFirst = true;
  const upstream = await startUpstream({
    sleepy(_req, res) {
      if (!isFirst) res.end('awake');
      isFirst = false;
    },
  });
  const service = startService(options({ timeoutMs: 500 }));
  expect(await (await fetch(`${upstream.origin}/sleepy`)).text()).toBe('awake');
  expect(service.calls()[0]?.attributes['error.type']).toBe('ERR_UPSTREAM_TIMEOUT');
});

describe('429 and 503 with Retry-After', () => {
  test.each([429, 503])(
    '%i is tried again after that time, which its circuit stays open for',
    async (status) => {
      const upstream = await startFlaky({ status, retryAfter: '1' });
      const service = startService(options({ jitterRatio: 0 }));
      const startedAt = performance.now();
      expect((await fetch(`${upstream.origin}/flaky`)).status).toBe(200);
      expect(performance.now() - startedAt).toBeGreaterThan(990);
      expect(service.calls()).toHaveLength(2);
    },
  );

  test('is left to the caller where it is long', async () => {
    const upstream = await startFlaky({ status: 429, retryAfter: '60' });
    const service = startService(options());
    expect((await fetch(`${upstream.origin}/flaky`)).status).toBe(429);
    expect(service.calls()).toHaveLength(1);
  });
});

test('what the caller has aborted is not made again', async () => {
  const upstream = await startFlaky(503, 503);
  const service = startService(options());
  const controller = new AbortController();
  const reason = new Error('no longer wanted');
  const response = fetch(`${upstream.origin}/flaky?case=a`, { signal: controller.signal });
  // Between the attempts, or within the second.
  while (service.calls().length === 0) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(reason);
  await expect(response).rejects.toBe(reason);
  await service.settled();
  expect(service.calls().length).toBeLessThanOrEqual(2);
});

test('there is no retry while the circuit is open, and none of a rejection', async () => {
  const upstream = await startFlaky(...Array<Answer>(9).fill(503));
  const service = startService(options({ minimumCalls: 2, retry: { attempts: 9, budgetRatio: 1 } }));
  expect((await fetch(`${upstream.origin}/flaky`)).status).toBe(503);
  expect(service.calls()).toHaveLength(2);
  const rejected = await fetch(`${upstream.origin}/flaky`);
  expect(rejected.headers.get('golden-signals-circuit')).toContain('open');
  expect(service.calls()).toHaveLength(3);
});

test('the budget of an upstream is shared by all its calls', async () => {
  const upstream = await startFlaky(...Array<Answer>(500).fill(503));
  const service = startService(options({ retry: { attempts: 2, budgetRatio: 0.1 } }));
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      const response = await fetch(`${upstream.origin}/flaky`);
      await response.body?.cancel();
    }),
  );
  await service.settled();
  const retries = service.calls().filter(({ attributes }) => attributes['http.request.resend_count'] === 1);
  // A tenth of the calls, and one for each of the ten seconds that the budget looks back.
  expect(retries.length).toBeGreaterThan(0);
  expect(retries.length).toBeLessThanOrEqual(20);
});

test.each([
  { 'x-retry-attempt': '1' },
  { 'x-envoy-attempt-count': '2' },
  { 'grpc-previous-rpc-attempts': '1' },
])('what is itself a retry is not retried: %o', async (headers) => {
  const upstream = await startFlaky(503, 503);
  let status: number | undefined;
  const server = createServer(async (_req, res) => {
    status = (await fetch(`${upstream.origin}/flaky?case=a`)).status;
    res.end();
  });
  process.env.OTEL_TRACES_EXPORTER = 'none';
  process.env.OTEL_METRICS_EXPORTER = 'none';
  const signals = instrument(server, options());
  server.listen(0, '127.0.0.1');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await signals.shutdown();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  await (await fetch(url, { headers })).text();
  expect(status).toBe(503);
  expect(upstream.seen('a')).toHaveLength(1);
});

test('a failed response is let go of', async () => {
  const upstream = await startFlaky(503, 503);
  startService(options());
  expect(await (await fetch(`${upstream.origin}/flaky`)).text()).toBe('');
  await upstream.idle();
});
