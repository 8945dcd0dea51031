import { channel } from 'node:diagnostics_channel';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { propagateFetch } from '../../src/client/propagate-fetch.js';
import { runInContext } from '../../src/context/storage.js';
import { runSuppressed } from '../../src/context/suppressed.js';
import { createFaults } from '../../src/core/faults.js';
import { instrument, type Options, type Signals } from '../../src/index.js';

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const CHANNEL = 'undici:request:create';

let upstream: { url: string; seen: IncomingHttpHeaders[]; close(): Promise<void> };

beforeEach(async () => {
  process.env.OTEL_TRACES_EXPORTER = 'none';
  process.env.OTEL_METRICS_EXPORTER = 'none';
  const seen: IncomingHttpHeaders[] = [];
  upstream = {
    seen,
    ...(await listen(
      createServer((req, res) => {
        seen.push(req.headers);
        res.end();
      }),
    )),
  };
});

afterEach(async () => {
  await upstream.close();
});

async function listen(server: Server): Promise<{ url: string; close(): Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Called {
  readonly headers: IncomingHttpHeaders;
  /** The span that was active where fetch was called. */
  readonly spanId: string | undefined;
}

/** A service that answers each request by calling the upstream with fetch; gives what the upstream has seen. */
async function callThrough(
  received: Record<string, string>,
  options: { call?: () => Promise<unknown>; service?: Options } = {},
): Promise<Called> {
  const { call = () => fetch(upstream.url), service } = options;
  let spanId: string | undefined;
  const server = createServer(async (_req, res) => {
    spanId = trace.getActiveSpan()?.spanContext().spanId;
    await call();
    res.end();
  });
  const signals: Signals = instrument(server, service);
  const { url, close } = await listen(server);
  onTestFinished(async () => {
    await close();
    await signals.shutdown();
  });
  expect((await fetch(url, { headers: received })).status).toBe(200);
  return { headers: upstream.seen.at(-1) as IncomingHttpHeaders, spanId };
}

describe('a fetch from within a request', () => {
  test('carries the trace, the span, the tracestate and the baggage of that request', async () => {
    const { headers, spanId } = await callThrough({
      traceparent: CALLER,
      tracestate: 'vendor=1',
      baggage: 'tenant=blue',
    });
    expect(headers.traceparent).toBe(`00-0af7651916cd43dd8448eb211c80319c-${spanId}-01`);
    expect(headers).toMatchObject({ tracestate: 'vendor=1', baggage: 'tenant=blue' });
  });

  test('keeps a traceparent of the caller, and gets no tracestate that belongs to another', async () => {
    const { headers } = await callThrough(
      { traceparent: CALLER, tracestate: 'vendor=1' },
      {
        call: () =>
          fetch(upstream.url, {
            headers: { Traceparent: '00-11111111111111111111111111111111-2222222222222222-00' },
          }),
      },
    );
    expect(headers.traceparent).toBe('00-11111111111111111111111111111111-2222222222222222-00');
    expect(headers.tracestate).toBeUndefined();
  });

  test('keeps a baggage header of the caller', async () => {
    const { headers } = await callThrough(
      { traceparent: CALLER, baggage: 'tenant=blue' },
      { call: () => fetch(upstream.url, { headers: { baggage: 'tenant=red' } }) },
    );
    expect(headers.baggage).toBe('tenant=red');
    expect(headers.traceparent).toContain('0af7651916cd43dd8448eb211c80319c');
  });

  test('passes on what came in when traces are off', async () => {
    const { headers } = await callThrough(
      { traceparent: CALLER, baggage: 'tenant=blue' },
      { service: { traces: false } },
    );
    expect(headers).toMatchObject({ traceparent: CALLER, baggage: 'tenant=blue' });
  });

  test('carries nothing where telemetry itself is on its way', async () => {
    const { headers } = await callThrough(
      { traceparent: CALLER, baggage: 'tenant=blue' },
      { call: () => runSuppressed(() => fetch(upstream.url)) },
    );
    expect(headers.traceparent).toBeUndefined();
    expect(headers.baggage).toBeUndefined();
  });

  test('carries nothing outside of a request', async () => {
    await callThrough({});
    await fetch(upstream.url);
    expect(upstream.seen.at(-1)?.traceparent).toBeUndefined();
  });
});

describe('the subscription', () => {
  const quiet = () => createFaults({ warn() {}, info() {}, warnOnce() {} });
  const isSubscribed = () => channel(CHANNEL).hasSubscribers;

  test('is there as long as one service is under way', () => {
    const stops = [propagateFetch(quiet()), propagateFetch(quiet())];
    expect(isSubscribed()).toBe(true);
    stops[0]?.();
    stops[0]?.();
    expect(isSubscribed()).toBe(true);
    stops[1]?.();
    expect(isSubscribed()).toBe(false);
  });

  test('ends with shutdown()', async () => {
    const signals = instrument();
    expect(isSubscribed()).toBe(true);
    await signals.shutdown();
    expect(isSubscribed()).toBe(false);
  });

  test('counts its failures, never throws, and is off after 100 of them', async () => {
    const uncaught = vi.fn();
    process.on('uncaughtException', uncaught);
    onTestFinished(() => void process.off('uncaughtException', uncaught));
    const faults = quiet();
    onTestFinished(propagateFetch(faults));
    const active = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      traceFlags: 1,
    });
    runInContext(
      active,
      () => {
        for (let index = 0; index < 200; index += 1) channel(CHANNEL).publish({ request: null });
      },
      undefined,
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(uncaught).not.toHaveBeenCalled();
    expect(faults.count).toBe(100);
  });
});
