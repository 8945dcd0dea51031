import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { context, metrics, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import express from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runSuppressed } from '../../src/context/suppressed.js';
import { instrument, type Options, traceFields } from '../../src/index.js';
import { captureLines, setEnvironment, startReceiver } from '../export/support/service.js';
import { type Part, registerUserSdk } from './support/sdk.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER_ID = 'b7ad6b7169203331';
const caller = { traceparent: `00-${TRACE_ID}-${CALLER_ID}-01` };

type Handler = (id: string) => unknown;

/** An express application that answers /orders/:id, instrumented, with a collector for what is ours to send. */
async function startApp(handle: Handler = () => 'ok', options?: Options) {
  const receiver = await startReceiver();
  setEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  const lines = captureLines();
  const app = express();
  app.get('/orders/:id', async (req, res) => {
    try {
      res.json((await handle(req.params.id)) ?? null);
    } catch {
      res.status(500).end();
    }
  });
  const signals = instrument(app, options);
  onTestFinished(() => signals.shutdown());
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    receiver,
    signals,
    lines,
    get(path = '/orders/7', headers: http.OutgoingHttpHeaders = caller): Promise<unknown> {
      const url = `http://127.0.0.1:${port}${path}`;
      return new Promise((resolve, reject) => {
        const onResponse = (response: http.IncomingMessage) => {
          let body = '';
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () => resolve(body === '' ? undefined : JSON.parse(body)));
        };
        runSuppressed(() => http.get(url, { headers, agent: false }, onResponse).on('error', reject));
      });
    },
  };
}

describe('an application with an SDK of its own, registered before', () => {
  const all: Part[] = ['trace', 'metrics', 'context', 'propagation'];

  test('gets our span through it, named by the route, and nothing leaves through ours', async () => {
    const sdk = registerUserSdk(all);
    const { get, signals, receiver } = await startApp();
    await get();
    await signals.flush();
    expect(sdk.spans()).toMatchObject([
      {
        name: 'GET /orders/:id',
        kind: SpanKind.SERVER,
        parentSpanContext: { traceId: TRACE_ID, spanId: CALLER_ID, isRemote: true },
        attributes: {
          'http.request.method': 'GET',
          'http.route': '/orders/:id',
          'http.response.status_code': 200,
          'url.path': '/orders/7',
        },
        resource: { attributes: { 'service.name': 'theirs' } },
        instrumentationScope: { name: 'golden-signals' },
      },
    ]);
    await signals.shutdown();
    expect(receiver.requests).toEqual([]);
  });

  test('gets our metrics through it, with our bounds', async () => {
    const sdk = registerUserSdk(all);
    const { get } = await startApp();
    await get();
    await get('/orders/8');
    const durations = await sdk.points('http.server.request.duration');
    expect(durations).toMatchObject([
      {
        attributes: { 'http.route': '/orders/:id', 'http.response.status_code': 200 },
        value: { count: 2, buckets: { boundaries: expect.arrayContaining([0.005, 3, 10]) } },
      },
    ]);
    expect(await sdk.points('http.server.active_requests')).toMatchObject([{ value: 0 }]);
  });

  test('has its own spans below ours, also after an await', async () => {
    const sdk = registerUserSdk(all);
    const { get } = await startApp(async () => {
      await delay(1);
      trace.getTracer('theirs').startSpan('work').end();
      return traceFields();
    });
    const fields = await get();
    const [work, server] = sdk.spans();
    expect(work).toMatchObject({ name: 'work', parentSpanContext: { spanId: server?.spanContext().spanId } });
    expect(fields).toMatchObject({ trace_id: TRACE_ID, span_id: server?.spanContext().spanId });
  });

  test('has signals.tracer and signals.meter lead to it', async () => {
    const sdk = registerUserSdk(all);
    const { signals } = await startApp();
    signals.tracer.startSpan('mine').end();
    signals.meter.createCounter('sold').add(3);
    expect(sdk.spans()).toMatchObject([{ name: 'mine' }]);
    expect(await sdk.points('sold')).toMatchObject([{ value: 3 }]);
  });

  test('decides by its own sampler what is recorded; every request still counts', async () => {
    const sdk = registerUserSdk(all, new AlwaysOffSampler());
    const { get } = await startApp(() => propagated());
    expect(await get()).toMatchObject({ traceparent: expect.stringMatching(/-00$/) });
    expect(sdk.spans()).toEqual([]);
    expect(await sdk.points('http.server.request.duration')).toMatchObject([{ value: { count: 1 } }]);
  });

  test('has the attributes a sampler may look at when the span begins', async () => {
    const seen: unknown[] = [];
    const sampler: Sampler = {
      shouldSample(_context, _traceId, name, kind, attributes) {
        seen.push({ name, kind, attributes: { ...attributes } });
        return { decision: SamplingDecision.RECORD_AND_SAMPLED };
      },
      toString: () => 'watching',
    };
    registerUserSdk(all, sampler);
    const { get } = await startApp();
    await get('/orders/7?q=1');
    expect(seen).toMatchObject([
      {
        name: 'GET',
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': 'GET', 'url.path': '/orders/7', 'url.query': 'q=1' },
      },
    ]);
  });

  test('keeps what it registered when our service shuts down', async () => {
    registerUserSdk(all);
    const { signals } = await startApp();
    const before = [trace.getTracerProvider(), metrics.getMeterProvider()];
    await signals.shutdown();
    expect([trace.getTracerProvider(), metrics.getMeterProvider()]).toEqual(before);
    expect(trace.getTracer('theirs').startSpan('work').isRecording()).toBe(true);
  });

  test('is told of the process, until our service shuts down', async () => {
    const sdk = registerUserSdk(all);
    const { signals } = await startApp();
    expect(await sdk.points('nodejs.eventloop.time')).toHaveLength(2);
    expect(await sdk.points('process.memory.usage')).toMatchObject([{ value: expect.any(Number) }]);
    let collections: unknown[] = [];
    while (collections.length === 0) {
      // What is short-lived makes the collector of the young generation run.
      const garbage: unknown[] = [];
      for (let i = 0; i < 200_000; i++) garbage.push({ i });
      await delay(20);
      collections = await sdk.points('v8js.gc.duration');
    }
    const uptime = async () => (await sdk.points('process.uptime')).map(({ value }) => value);
    expect(await uptime()).not.toEqual(await uptime());
    await signals.shutdown();
    // It goes on exporting the last number that it was told.
    expect(await uptime()).toEqual(await uptime());
  });

  test('is told what telemetry was given up', async () => {
    const sdk = registerUserSdk(all);
    const { get } = await startApp();
    expect(await sdk.points('golden_signals.dropped')).toEqual([]);
    await get();
    expect(await sdk.points('http.server.request.duration')).toHaveLength(1);
  });
});

describe('an application that registered only a part', () => {
  test('traces: spans go through it, in our context; metrics are ours', async () => {
    const sdk = registerUserSdk(['trace']);
    const { get, signals, receiver } = await startApp(async () => {
      await delay(1);
      trace.getTracer('theirs').startSpan('work').end();
      return 'ok';
    });
    await get();
    await signals.flush();
    const [work, server] = sdk.spans();
    expect(server).toMatchObject({ name: 'GET /orders/:id', parentSpanContext: { traceId: TRACE_ID } });
    expect(work?.parentSpanContext?.spanId).toBe(server?.spanContext().spanId);
    expect(receiver.spans()).toEqual([]);
    expect(receiver.metrics().map(({ name }) => name)).toContain('http.server.request.duration');
  });

  test('metrics: they go through it; spans are ours', async () => {
    const sdk = registerUserSdk(['metrics']);
    const { get, signals, receiver } = await startApp();
    await get();
    await signals.flush();
    expect(await sdk.points('http.server.request.duration')).toMatchObject([{ value: { count: 1 } }]);
    expect(receiver.spans()).toMatchObject([{ name: 'GET /orders/:id', traceId: TRACE_ID }]);
    expect(receiver.metrics()).toEqual([]);
  });

  test('a context manager: our spans live in it', async () => {
    registerUserSdk(['context']);
    const { get, signals, receiver } = await startApp(async () => {
      await delay(1);
      const span = trace.getTracer('theirs').startSpan('work');
      context.with(trace.setSpan(context.active(), span), () => signals.tracer.startSpan('inner').end());
      span.end();
      return traceFields();
    });
    const fields = await get();
    await signals.flush();
    const byName = Object.fromEntries(receiver.spans().map((span) => [span.name, span]));
    const server = byName['GET /orders/:id'];
    expect(fields).toMatchObject({ span_id: server?.spanId });
    expect(byName.work?.parentSpanId).toBe(server?.spanId);
    expect(byName.inner?.parentSpanId).toBe(byName.work?.spanId);
  });
});

describe('an application that registers its SDK afterwards', () => {
  test('changes nothing: ours stays, and nothing breaks', async () => {
    const { get, signals, receiver, lines } = await startApp(() => {
      trace.getTracer('theirs').startSpan('work').end();
      return propagated();
    });
    const sdk = registerUserSdk(['trace', 'metrics', 'context', 'propagation']);
    expect(await get()).toMatchObject({ traceparent: expect.stringContaining(TRACE_ID) });
    await signals.flush();
    expect(sdk.spans()).toEqual([]);
    expect(receiver.spans().map(({ name }) => name)).toEqual(['work', 'GET /orders/:id']);
    expect(receiver.metrics().map(({ name }) => name)).toContain('http.server.request.duration');
    expect(lines).toEqual([]);
  });

  test('keeps its own, once it has emptied the places, when our service shuts down', async () => {
    const { signals } = await startApp();
    for (const api of [trace, metrics, context, propagation]) api.disable();
    const sdk = registerUserSdk(['trace', 'metrics', 'context', 'propagation']);
    await signals.shutdown();
    trace.getTracer('theirs').startSpan('work').end();
    expect(sdk.spans()).toMatchObject([{ name: 'work' }]);
  });
});

describe('the API without any other SDK', () => {
  test('a tracer taken before instrument() works from then on', async () => {
    const early = trace.getTracer('early');
    const { get, signals, receiver } = await startApp(() => {
      early.startActiveSpan('work', (span) => {
        early.startSpan('inner').end();
        span.end();
      });
      return 'ok';
    });
    await get();
    await signals.flush();
    const byName = Object.fromEntries(receiver.spans().map((span) => [span.name, span]));
    expect(byName.work).toMatchObject({
      parentSpanId: byName['GET /orders/:id']?.spanId,
      scope: { name: 'early' },
    });
    expect(byName.inner?.parentSpanId).toBe(byName.work?.spanId);
  });

  test('a trace keeps its random bit through spans of the SDK, out to the next service', async () => {
    const { get, signals } = await startApp(
      (id) =>
        new Promise((resolve) => {
          signals.tracer.startActiveSpan(`work ${id}`, (span) => {
            resolve(propagated());
            span.end();
          });
        }),
    );
    const flagsOf = async (headers: http.OutgoingHttpHeaders) =>
      ((await get('/orders/7', headers)) as { traceparent: string }).traceparent.slice(-2);
    expect(await flagsOf({})).toBe('03');
    expect(await flagsOf({ traceparent: `00-${TRACE_ID}-${CALLER_ID}-03` })).toBe('03');
    expect(await flagsOf({ traceparent: `00-${TRACE_ID}-${CALLER_ID}-02` })).toBe('02');
    expect(await flagsOf({ traceparent: `00-${TRACE_ID}-${CALLER_ID}-01` })).toBe('01');
  });

  test('is empty again after the shutdown', async () => {
    const { signals } = await startApp();
    await signals.shutdown();
    expect(trace.getTracer('any').startSpan('work').isRecording()).toBe(false);
    expect(context.with(context.active().setValue(Symbol.for('x'), 1), () => context.active())).toBe(
      context.active(),
    );
  });
});

describe('a second service in the process', () => {
  test('is not taken for an SDK of the application’s: each exports under its own name', async () => {
    const first = await startApp(() => 'ok', { service: 'one' });
    const second = await startApp(() => traceFields(), { service: 'two' });
    await first.get();
    expect(await second.get()).toMatchObject({ trace_id: TRACE_ID });
    await Promise.all([first.signals.flush(), second.signals.flush()]);
    const served = ({ receiver }: typeof first) =>
      receiver.spans().map(({ name, resource }) => [name, resource['service.name']]);
    expect(served(first)).toEqual([['GET /orders/:id', 'one']]);
    expect(served(second)).toEqual([['GET /orders/:id', 'two']]);
    const counted = second.receiver.metrics().filter(({ name }) => name === 'http.server.request.duration');
    expect(counted).toMatchObject([{ count: 1, resource: { 'service.name': 'two' } }]);
  });
});

function propagated(): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}
