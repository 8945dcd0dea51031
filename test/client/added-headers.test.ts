import { once } from 'node:events';
import http from 'node:http';
import { context, propagation } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import type { Got } from 'got' with { 'resolution-mode': 'import' };
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startService, type TestService } from './support/service.js';
import { COPIES, loadCopy } from './support/undici.js';
import { startUpstream, type Upstream } from './support/upstream.js';

// They are modules only, or have no types of their own.
let got: Got;
let superagent: { get(url: string): Promise<unknown> };

beforeAll(async () => {
  ({ default: got } = await import('got'));
  const name = 'superagent';
  ({ default: superagent } = await import(name));
});

let upstream: Upstream;
/** Another host, and one that context is not propagated to. */
let stranger: Upstream;
let service: TestService;

beforeEach(async () => {
  stranger = await startUpstream();
  upstream = await startUpstream({
    away: (_req, res) =>
      void res.writeHead(302, { location: `http://localhost:${stranger.port}/ok?case=s` }).end(),
  });
  service = startService({ propagateTo: ['127.0.0.1'] });
});

const OTHER = '00-11111111111111111111111111111111-2222222222222222-01';
const names = ['traceparent', 'tracestate', 'baggage'];
const carrier = { traceparent: OTHER, tracestate: 'vendor=1', baggage: 'tenant=7' };

/** Runs as a handler does whose request has come with all of them. */
async function whileServing(work: () => Promise<unknown>): Promise<void> {
  await context.with(propagation.extract(context.active(), carrier), work);
}

const valuesOf = (rawHeaders: readonly string[] | undefined, name: string) =>
  (rawHeaders ?? []).filter(
    (_value, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === name,
  );

async function answerOf(req: http.ClientRequest): Promise<void> {
  req.end();
  const [res] = await once(req, 'response');
  res.resume();
  await once(res, 'end');
}

describe('what is added to a request is on the wire only', () => {
  test.each<[string, (url: string) => Promise<unknown>]>([
    // It sends when it is waited for.
    ['superagent', async (url) => void (await superagent.get(url))],
    ['got', (url) => got(url)],
    ['fetch', async (url) => (await fetch(url)).text()],
    [
      'code of the application',
      async (url) => {
        const req = http.get(url);
        const [res] = (await once(req, 'response')) as [http.IncomingMessage];
        res.resume();
        await answerOf(http.request(res.headers.location as string, { headers: req.getHeaders() }));
      },
    ],
  ])('and does not go along with a redirect by %s to a host that gets none', async (_title, get) => {
    await whileServing(() => get(`${upstream.origin}/away?case=u`));
    expect(upstream.seen('u')[0]?.headers).toMatchObject({ tracestate: 'vendor=1', baggage: 'tenant=7' });
    expect(stranger.seen('s')).toHaveLength(1);
    for (const name of names) expect(stranger.seen('s')[0]?.headers).not.toHaveProperty(name);
  });

  test('nor does a request of http show it', async () => {
    let req: http.ClientRequest | undefined;
    await whileServing(async () => {
      req = http.request(`${upstream.origin}/ok?case=a`, { headers: { 'x-own': '1' } });
      await answerOf(req);
    });
    expect(req?.getHeaderNames()).toEqual(['x-own', 'host']);
    expect(req?.hasHeader('traceparent')).toBe(false);
    expect(upstream.seen('a')[0]?.headers).toMatchObject({ 'x-own': '1', baggage: 'tenant=7' });
  });

  test('with Expect, set by whatever means, it is there all the same', async () => {
    await whileServing(async () => {
      for (const id of ['given', 'set']) {
        const req = http.request(`${upstream.origin}/echo?case=${id}`, {
          method: 'POST',
          headers: id === 'given' ? { expect: '100-continue' } : {},
        });
        if (id === 'set') req.setHeader('expect', '100-continue');
        req.on('continue', () => req.end('body'));
        req.flushHeaders();
        const [res] = await once(req, 'response');
        res.resume();
        await once(res, 'end');
      }
    });
    for (const id of ['given', 'set']) {
      const [seen] = upstream.seen(id);
      expect(valuesOf(seen?.rawHeaders, 'traceparent')).toHaveLength(1);
      expect(valuesOf(seen?.rawHeaders, 'baggage')).toEqual(['tenant=7']);
    }
  });
});

describe('one header has one value, also where others write it later', () => {
  test('of http: what is set last before the head is sent', async () => {
    await whileServing(async () => {
      const req = http.request(`${upstream.origin}/ok?case=a`);
      req.setHeader('Traceparent', OTHER);
      await answerOf(req);
      const merged = http.request(`${upstream.origin}/ok?case=b`);
      merged.setHeader('Baggage', ['sentry-a=1', 'sentry-b=2']);
      await answerOf(merged);
    });
    const { rawHeaders } = upstream.seen('a')[0] ?? {};
    expect(names.map((name) => valuesOf(rawHeaders, name))).toEqual([[OTHER], [], []]);
    expect(valuesOf(upstream.seen('b')[0]?.rawHeaders, 'baggage')).toEqual([
      'sentry-a=1,sentry-b=2,tenant=7',
    ]);
  });

  test('of an array of headers', async () => {
    await whileServing(async () => {
      const headers = ['Host', upstream.name, 'Baggage', 'sentry-a=1', 'X-Own', '1', 'baggage', 'sentry-b=2'];
      await answerOf(http.request(`${upstream.origin}/ok?case=a`, { headers: headers as never }));
    });
    const { rawHeaders } = upstream.seen('a')[0] ?? {};
    expect(valuesOf(rawHeaders, 'baggage')).toEqual(['sentry-a=1,sentry-b=2,tenant=7']);
    expect(valuesOf(rawHeaders, 'x-own')).toEqual(['1']);
  });

  test.each(COPIES)('of %s, by an instrumentation that starts after this one', async (copy) => {
    const instrumentation = new UndiciInstrumentation();
    instrumentation.setTracerProvider(new BasicTracerProvider());
    instrumentation.enable();
    onTestFinished(() => instrumentation.disable());
    const { request } = await loadCopy(copy);
    await whileServing(async () => {
      const { body } = await request(`${upstream.origin}/ok?case=a`, { headers: { baggage: 'own=1' } });
      await body.text();
    });
    const { rawHeaders } = upstream.seen('a')[0] ?? {};
    expect(valuesOf(rawHeaders, 'traceparent')).toHaveLength(1);
    expect(valuesOf(rawHeaders, 'tracestate')).toHaveLength(1);
    expect(valuesOf(rawHeaders, 'baggage')).toHaveLength(1);
    expect(valuesOf(rawHeaders, 'baggage')[0]).toContain('own=1');
    expect(valuesOf(rawHeaders, 'baggage')[0]).toContain('tenant=7');
  });

  test.each(COPIES)('of %s, in every form that headers are given in', async (copy) => {
    const { request } = await loadCopy(copy);
    const forms: Record<string, unknown> = {
      object: { baggage: 'own=1' },
      list: { baggage: ['own=1', 'own2=2'] },
      flat: ['baggage', 'own=1'],
      map: new Map([['baggage', 'own=1']]),
      iterable: {
        *[Symbol.iterator]() {
          yield ['baggage', 'own=1'];
        },
      },
      Headers: new Headers({ baggage: 'own=1' }),
    };
    for (const [form, headers] of Object.entries(forms)) {
      await whileServing(async () => {
        const { body } = await request(`${upstream.origin}/ok?case=${form}`, { headers: headers as never });
        await body.text();
      });
      const { rawHeaders } = upstream.seen(form)[0] ?? {};
      expect(valuesOf(rawHeaders, 'traceparent')).toHaveLength(1);
      expect(valuesOf(rawHeaders, 'baggage')).toEqual([
        form === 'list' ? 'own=1,own2=2,tenant=7' : 'own=1,tenant=7',
      ]);
    }
    expect(service.calls()).toHaveLength(Object.keys(forms).length);
  });
});
