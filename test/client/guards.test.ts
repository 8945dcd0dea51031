import { once } from 'node:events';
import http from 'node:http';
import { type Tracer, trace } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { COPIES, loadCopy } from './support/undici.js';
import { startUpstream } from './support/upstream.js';

type Get = (url: string) => Promise<string>;

const clients: [string, Get][] = [
  ['fetch', async (url) => (await fetch(url)).text()],
  ['http', getByHttp],
  ...COPIES.map((copy): [string, Get] => [
    copy,
    async (url) => {
      const { request } = await loadCopy(copy);
      return (await request(url)).body.text();
    },
  ]),
];

async function getByHttp(url: string): Promise<string> {
  const req = http.get(url);
  const [res] = (await once(req, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of res) text += chunk;
  return text;
}

/** A service of which one part fails whenever it is asked. */
function startBroken(processor: Partial<SpanProcessor>, isFailure?: () => never): void {
  process.env.OTEL_METRICS_EXPORTER = 'none';
  process.env.OTEL_TRACES_EXPORTER = 'none';
  process.env.OTEL_LOG_LEVEL = 'none';
  const signals = instrument(undefined, {
    service: 'guards-test',
    traces: {
      processors: [
        {
          onStart() {},
          onEnd() {},
          async forceFlush() {},
          async shutdown() {},
          ...processor,
        } as SpanProcessor,
      ],
    },
    metrics: false,
    breaker: { maxConcurrent: 2, ...(isFailure && { isFailure }) },
  });
  onTestFinished(() => signals.shutdown());
}

function fail(): never {
  throw new Error('not today');
}

describe.each(clients)('%s, with a part of this library that fails', (_name, get) => {
  test('at the start of a call: it goes out as bare, without a header, and leaves no place taken', async () => {
    const upstream = await startUpstream();
    // An SDK of the application's own, whose tracer fails.
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: fail }) as unknown as Tracer });
    onTestFinished(() => trace.disable());
    startBroken({});
    for (let count = 0; count < 6; count += 1)
      expect(await get(`${upstream.origin}/ok?case=a`)).toBe('hello');
    expect(upstream.seen('a')).toHaveLength(6);
    for (const { headers } of upstream.seen('a')) expect(headers).not.toHaveProperty('traceparent');
  });

  test('at its end', async () => {
    const upstream = await startUpstream();
    startBroken({ onEnd: fail }, fail);
    for (let count = 0; count < 6; count += 1)
      expect(await get(`${upstream.origin}/ok?case=a`)).toBe('hello');
    expect(upstream.seen('a')).toHaveLength(6);
  });
});

describe('a request that is strange', () => {
  test('is followed behind an emit that cannot be replaced', async () => {
    const upstream = await startUpstream();
    startBroken({});
    class Sealing extends http.Agent {
      addRequest(req: http.ClientRequest, ...rest: unknown[]): void {
        Object.defineProperty(req, 'emit', { value: req.emit, writable: false, configurable: true });
        const { addRequest } = http.Agent.prototype as unknown as { addRequest(...args: unknown[]): void };
        addRequest.call(this, req, ...rest);
      }
    }
    for (let count = 0; count < 4; count += 1) {
      const req = http.get(`${upstream.origin}/ok?case=a`, { agent: new Sealing() });
      const [res] = await once(req, 'response');
      res.resume();
      await once(res, 'end');
      expect(res.statusCode).toBe(200);
    }
    for (const { headers } of upstream.seen('a')) expect(headers).toHaveProperty('traceparent');
  });

  test('fetch rejects for what it was given wrong, and does not throw', async () => {
    startBroken({});
    const hostile = {
      get signal(): never {
        throw new Error('no');
      },
    };
    let promise: Promise<unknown> | undefined;
    expect(() => {
      promise = fetch('http://127.0.0.1:1/', hostile as never);
      promise.catch(() => {});
    }).not.toThrow();
    await expect(promise).rejects.toThrow();
    expect(await getWith(new Proxy({}, { has: fail })).catch((error: Error) => error.name)).toBe('TypeError');
  });
});

async function getWith(input: object): Promise<unknown> {
  return fetch(input as never);
}
