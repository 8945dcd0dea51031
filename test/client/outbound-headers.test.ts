import { once } from 'node:events';
import http from 'node:http';
import { context, propagation, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { describe, expect, test } from 'vitest';
import { startService } from './support/service.js';
import { loadCopy } from './support/undici.js';
import { startUpstream } from './support/upstream.js';

const OTHER = '00-11111111111111111111111111111111-2222222222222222-01';

interface Caller {
  readonly name: string;
  /** Makes a GET with these headers, reads the answer. */
  get(url: string, headers?: Record<string, string>): Promise<unknown>;
}

const callers: readonly Caller[] = [
  { name: 'fetch', get: async (url, headers = {}) => (await fetch(url, { headers })).text() },
  {
    name: 'fetch with Headers',
    get: async (url, headers = {}) => (await fetch(url, { headers: new Headers(headers) })).text(),
  },
  {
    name: 'fetch with a Request',
    get: async (url, headers = {}) => (await fetch(new Request(url, { headers }))).text(),
  },
  {
    name: 'undici.request',
    async get(url, headers = {}) {
      const { request } = await loadCopy('undici7');
      const { body } = await request(url, { headers });
      return body.text();
    },
  },
  { name: 'http.request', get: (url, headers = {}) => ended(http.get(url, { headers })) },
  {
    name: 'http.request with array headers',
    get: (url, headers = {}) =>
      ended(
        http.get(url, { headers: ['Host', new URL(url).host, ...Object.entries(headers).flat()] as never }),
      ),
  },
  {
    name: 'http.request, headers set afterwards',
    get(url, headers = {}) {
      const req = http.request(url);
      for (const [name, value] of Object.entries(headers)) req.setHeader(name, value);
      return ended(req);
    },
  },
];

async function ended(req: http.ClientRequest): Promise<void> {
  req.end();
  const [res] = await once(req, 'response');
  res.resume();
  await once(res, 'end');
}

function valuesOf(rawHeaders: readonly string[] | undefined, name: string): string[] {
  return (rawHeaders ?? []).filter(
    (_value, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === name,
  );
}

describe.each(callers)('$name', ({ get }) => {
  test('outside of a request begins a trace, within one continues it', async () => {
    const upstream = await startUpstream();
    const service = startService();
    await get(`${upstream.origin}/ok?case=alone`);
    const caller = await service.asCaller(() => get(`${upstream.origin}/ok?case=within`));

    const [alone, within] = service.calls().map((span) => span.spanContext());
    expect(upstream.seen('alone')[0]?.headers.traceparent).toBe(`00-${alone?.traceId}-${alone?.spanId}-03`);
    expect(upstream.seen('within')[0]?.headers.traceparent).toBe(
      `00-${caller.spanContext().traceId}-${within?.spanId}-03`,
    );
    expect(alone?.traceId).not.toBe(within?.traceId);
  });

  test('sends tracestate and baggage on', async () => {
    const upstream = await startUpstream();
    const service = startService();
    await service.asCaller(async () => {
      const carrier = { traceparent: OTHER, tracestate: 'vendor=1', baggage: 'tenant=7' };
      await context.with(propagation.extract(context.active(), carrier), () =>
        get(`${upstream.origin}/ok?case=a`),
      );
    });
    expect(upstream.seen('a')[0]?.headers).toMatchObject({ tracestate: 'vendor=1', baggage: 'tenant=7' });
    expect(upstream.seen('a')[0]?.headers.traceparent).toContain(OTHER.split('-')[1]);
  });

  test("leaves the caller's own traceparent of another trace, and adds nothing to it", async () => {
    const upstream = await startUpstream();
    const service = startService();
    const own = { traceparent: OTHER, baggage: 'own=1' };
    await service.asCaller(() =>
      context.with(
        propagation.setBaggage(context.active(), propagation.createBaggage({ tenant: { value: '7' } })),
        async () => {
          await get(`${upstream.origin}/ok?case=a`, own);
          await get(`${upstream.origin}/ok?case=b`, { baggage: 'own=1' });
        },
      ),
    );
    expect(upstream.seen('a')[0]?.headers).toMatchObject(own);
    expect(upstream.seen('b')[0]?.headers).toMatchObject({ baggage: 'own=1,tenant=7' });
    expect(upstream.seen('b')[0]?.headers.traceparent).toContain(service.calls()[1]?.spanContext().spanId);
    expect(service.calls()).toHaveLength(2);
  });

  test('leaves a traceparent of the very trace, which may be signed, and its own span in the trace', async () => {
    const upstream = await startUpstream();
    const service = startService();
    let copied = '';
    const caller = await service.asCaller(async (span) => {
      copied = `00-${span.spanContext().traceId}-3333333333333333-01`;
      await get(`${upstream.origin}/ok?case=a`, { traceparent: copied });
    });
    const [seen] = upstream.seen('a');
    expect(valuesOf(seen?.rawHeaders, 'traceparent')).toEqual([copied]);
    expect(seen?.headers).not.toHaveProperty('tracestate');
    expect(service.call().parentSpanContext?.spanId).toBe(caller.spanContext().spanId);
  });

  test('merges baggage: all that was set, then what the caller has sent and was not set', async () => {
    const upstream = await startUpstream();
    const service = startService();
    await service.asCaller(() =>
      context.with(propagation.extract(context.active(), { baggage: 'tenant=7,own=0;p=1,user=%C3%A4' }), () =>
        get(`${upstream.origin}/ok?case=a`, { baggage: 'sentry-release=1, own=1' }),
      ),
    );
    const [seen] = upstream.seen('a');
    expect(valuesOf(seen?.rawHeaders, 'baggage')).toEqual(['sentry-release=1, own=1,tenant=7,user=%C3%A4']);
  });

  test.each([
    ['authorization', 'AWS4-HMAC-SHA256 Credential=AK, SignedHeaders=baggage;host, Signature=00'],
    ['signature-input', 'sig1=("@method" "baggage");keyid="k"'],
  ])('leaves a baggage that %s says is signed', async (name, value) => {
    const upstream = await startUpstream();
    const service = startService();
    await service.asCaller(() =>
      context.with(propagation.extract(context.active(), { baggage: 'tenant=7' }), () =>
        get(`${upstream.origin}/ok?case=a`, { baggage: 'own=1', [name]: value }),
      ),
    );
    expect(upstream.seen('a')[0]?.headers.baggage).toBe('own=1');
  });

  test('goes to hosts that are not propagated to without context, but traced and guarded', async () => {
    const upstream = await startUpstream();
    const service = startService({ propagateTo: ['*.internal.example'] });
    await service.asCaller(() => get(`${upstream.origin}/ok?case=a`));
    await service.settled();
    const { headers } = upstream.seen('a')[0] ?? {};
    expect(headers).not.toHaveProperty('traceparent');
    expect(headers).not.toHaveProperty('baggage');
    expect(service.calls()).toHaveLength(1);
    expect(service.signals.breakers.get(upstream.name)?.snapshot().calls).toBe(1);
  });

  test('is neither traced, measured, guarded nor given headers where tracing is suppressed', async () => {
    const upstream = await startUpstream();
    const service = startService();
    await get(`${upstream.origin}/ok`);
    await service.settled();
    service.signals.breakers.get(upstream.name)?.forceOpen();

    const { calls } = service.signals.breakers.get(upstream.name)?.snapshot() ?? {};
    await service.asCaller(() =>
      context.with(suppressTracing(context.active()), () => get(`${upstream.origin}/ok?case=a`)),
    );
    expect(upstream.seen('a')[0]?.headers).not.toHaveProperty('traceparent');
    expect(service.calls()).toHaveLength(1);
    expect(service.signals.breakers.get(upstream.name)?.snapshot().calls).toBe(calls);
    expect(await service.points('http.client.request.duration')).toMatchObject([{ value: 1 }]);
  });
});

test('a trace that is not sampled is sent on as such, and measured', async () => {
  const upstream = await startUpstream();
  const service = startService();
  const carrier = { traceparent: OTHER.replace(/01$/, '00') };
  await context.with(propagation.extract(context.active(), carrier), async () => {
    await (await fetch(`${upstream.origin}/ok?case=a`)).text();
  });
  expect(upstream.seen('a')[0]?.headers.traceparent).toMatch(/^00-1{32}-(?!2{16})[0-9a-f]{16}-00$/);
  expect(service.calls()).toEqual([]);
  expect(await service.points('http.client.request.duration')).toMatchObject([{ value: 1 }]);
});

test('without traces the context of the caller is passed on as it came', async () => {
  const upstream = await startUpstream();
  const { instrument } = await import('../../src/index.js');
  process.env.OTEL_METRICS_EXPORTER = 'none';
  const signals = instrument(undefined, { traces: false, metrics: false });
  await context.with(propagation.extract(context.active(), { traceparent: OTHER }), async () => {
    await (await fetch(`${upstream.origin}/ok?case=a`)).text();
  });
  await signals.shutdown();
  expect(upstream.seen('a')[0]?.headers.traceparent).toBe(OTHER);
});

test('a span of the user is the parent, and is active again in what follows', async () => {
  const upstream = await startUpstream();
  const service = startService();
  await service.signals.tracer.startActiveSpan('own', async (span) => {
    await (await fetch(`${upstream.origin}/ok`)).text();
    expect(trace.getActiveSpan()).toBe(span);
    span.end();
    expect(service.call().parentSpanContext?.spanId).toBe(span.spanContext().spanId);
  });
});
