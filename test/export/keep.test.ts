import { once } from 'node:events';
import { createServer, get, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TraceOptions } from '../../src/trace/options.js';
import { listenOn } from '../contract/support/listening.js';
import { startReceiver, startService } from './support/service.js';

/** A server without this library, and the headers that it has got. */
async function startUpstream() {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer(({ headers }, res) => {
    seen.push(headers);
    res.end('ok');
  });
  const port = await listenOn(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}/`, seen };
}

async function ask(url: string): Promise<void> {
  const [response] = await once(get(url), 'response');
  await once(response.resume(), 'end');
}

/** Answers with the status that the path names, after a call to `upstream` and a span of the user's. */
function answering(upstream: string): RequestListener {
  return async (req, res) => {
    await trace.getTracer('app').startActiveSpan('work', async (span) => {
      await ask(upstream);
      span.end();
    });
    if (req.url === '/marked') trace.getActiveSpan()?.setStatus({ code: SpanStatusCode.ERROR });
    res.statusCode = Number(/\d+/.exec(req.url ?? '')?.[0] ?? 200);
    res.end();
  };
}

async function start(traces: TraceOptions, environment: Record<string, string> = {}) {
  const receiver = await startReceiver();
  const upstream = await startUpstream();
  const service = await startService(
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment },
    { traces },
    answering(upstream.url),
  );
  /** The paths of the requests whose spans have come, and the names of all spans. */
  const spans = async () => {
    await service.signals.flush();
    return receiver.spans();
  };
  return { ...service, receiver, upstream, spans };
}

const never = { slowerThanMs: Number.POSITIVE_INFINITY };

describe('a request of a trace that is not sampled', () => {
  test('leaves with all its spans if it fails', async () => {
    const { get, spans } = await start({ sampleRatio: 0, keep: never });
    for (const path of ['/200', '/404', '/503', '/200']) await get(path);
    const all = await spans();
    expect(all).toHaveLength(3);
    const [request, work, call] = ['SERVER', 'INTERNAL', 'CLIENT'].map((kind) =>
      all.find((span) => span.kind === kind),
    );
    expect(request).toMatchObject({ name: 'GET', kind: 'SERVER', parentSpanId: '' });
    expect(request?.attributes).toMatchObject({ 'url.path': '/503', 'http.response.status_code': 503 });
    expect(work).toMatchObject({ name: 'work', parentSpanId: request?.spanId });
    expect(call).toMatchObject({ name: 'GET', kind: 'CLIENT', parentSpanId: work?.spanId });
    for (const span of [call, work, request]) {
      expect(span?.traceId).toBe(request?.traceId);
      expect((span?.flags ?? 0) & 1).toBe(1);
    }
  });

  test('that a handler marks as failed leaves, too', async () => {
    const { get, spans } = await start({ sampleRatio: 0, keep: never });
    await get('/marked');
    expect((await spans()).map(({ name }) => name)).toContain('work');
  });

  test('leaves if it is slower than the limit', async () => {
    const { get, spans } = await start({ sampleRatio: 0, keep: { errors: false, slowerThanMs: 0 } });
    await get('/200');
    expect(await spans()).toHaveLength(3);
  });

  test.each([
    [{ sampleRatio: 0, keep: false }],
    [{ sampleRatio: 0, keep: { errors: false, slowerThanMs: 3_600_000 } }],
    [{ sampleRatio: 0, keep: { errors: false, ...never } }],
  ] as const)('stays with %j', async (traces) => {
    const { get, spans } = await start(traces);
    await get('/500');
    expect(await spans()).toEqual([]);
  });

  test.each(['traceidratio', 'parentbased_traceidratio'])(
    'leaves where OTEL_TRACES_SAMPLER is %s',
    async (name) => {
      const { get, spans } = await start({}, { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0' });
      await get('/500');
      expect(await spans()).toHaveLength(3);
    },
  );

  test.each(['always_off', 'parentbased_always_off'])(
    'stays where OTEL_TRACES_SAMPLER is %s',
    async (name) => {
      const { get, spans } = await start({}, { OTEL_TRACES_SAMPLER: name });
      await get('/500');
      expect(await spans()).toEqual([]);
    },
  );

  test('leaves each time: at 1 %, every one of 300 that fail', async () => {
    const { get, spans } = await start({ sampleRatio: 0.01 });
    for (let count = 0; count < 300; count += 1) await get(count % 2 === 0 ? '/500' : '/404');
    const statuses = (await spans()).map(
      ({ attributes, kind }) => kind === 'SERVER' && attributes['http.response.status_code'],
    );
    expect(statuses.filter((status) => String(status) === '500')).toHaveLength(150);
  });

  test('has an exemplar only if it leaves', async () => {
    const { get, spans, receiver } = await start({ sampleRatio: 0, keep: never });
    await get('/500');
    await get('/200');
    const request = (await spans()).find(({ kind }) => kind === 'SERVER');
    const points = receiver.metrics().filter(({ name }) => name === 'http.server.request.duration');
    const exemplarsOf = (status: number) =>
      points
        .filter(({ attributes }) => String(attributes['http.response.status_code']) === String(status))
        .flatMap(({ exemplars }) => exemplars ?? []);
    expect(exemplarsOf(500)).toMatchObject([{ traceId: request?.traceId, spanId: request?.spanId }]);
    expect(exemplarsOf(200)).toEqual([]);
  });
});

describe('services that are asked', () => {
  const caller = {
    traceparent: '00-0af7651916cd43ddffffffffffffffff-b7ad6b7169203331-02',
    tracestate: 'a=1',
  };

  test('before anything is known get what the caller has sent', async () => {
    const { get, upstream } = await start({ sampleRatio: 0, keep: never });
    await get('/500', caller);
    expect(upstream.seen[0]).toMatchObject({ tracestate: 'a=1', traceparent: expect.stringMatching(/-02$/) });
  });

  test('by one that is too slow already are told so, and not that the trace is sampled', async () => {
    const { get, upstream } = await start({ sampleRatio: 0, keep: { slowerThanMs: 0 } });
    await get('/200', caller);
    await get('/200');
    expect(upstream.seen).toMatchObject([
      { tracestate: 'golden-signals=keep,a=1', traceparent: expect.stringMatching(/-02$/) },
      { tracestate: 'golden-signals=keep', traceparent: expect.stringMatching(/-02$/) },
    ]);
  });

  test.each([{}, { sampleRatio: 0 }, { sampleRatio: 0, keep: false }] as const)(
    'by one that keeps its part keep theirs, with %j',
    async (traces) => {
      const { get, spans, upstream } = await start(traces);
      await get('/200', { ...caller, tracestate: 'golden-signals=keep' });
      expect(await spans()).toHaveLength(3);
      expect(upstream.seen[0]?.tracestate).toBe('golden-signals=keep');
    },
  );
});

test('a call outside of any request leaves if it fails', async () => {
  const { spans, upstream } = await start({ sampleRatio: 0, keep: never });
  await ask(upstream.url);
  const [error] = await once(get('http://127.0.0.1:1/'), 'error');
  expect(error.code).toBe('ECONNREFUSED');
  const [call, ...more] = await spans();
  expect(call).toMatchObject({
    kind: 'CLIENT',
    attributes: { 'error.type': 'ECONNREFUSED', 'server.port': 1 },
  });
  expect(more).toEqual([]);
});

test('a span of the user’s outside of any request leaves with its children if it fails', async () => {
  const { spans, signals } = await start({ sampleRatio: 0, keep: never });
  for (const code of [SpanStatusCode.OK, SpanStatusCode.ERROR])
    signals.tracer.startActiveSpan(`job ${code}`, (job) => {
      signals.tracer.startSpan(`step ${code}`).end();
      job.setStatus({ code });
      job.end();
    });
  expect((await spans()).map(({ name }) => name)).toEqual(['step 2', 'job 2']);
});

test('a processor of the user’s is shown each span that is recorded, and by its flag which are kept', async () => {
  const exporter = new InMemorySpanExporter();
  const ended: string[] = [];
  const counting = {
    onStart() {},
    onEnd: (span: { name: string }) => void ended.push(span.name),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const processors = [new SimpleSpanProcessor({ exporter }), counting];
  const { get, spans } = await start({ sampleRatio: 0, keep: never, processors });
  await get('/200');
  expect(await spans()).toEqual([]);
  expect(exporter.getFinishedSpans()).toEqual([]);
  await get('/500');
  expect(await spans()).toHaveLength(3);
  expect(exporter.getFinishedSpans()).toHaveLength(3);
  expect(ended).toHaveLength(6);
});
