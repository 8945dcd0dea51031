import { logs, trace } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { VERSION } from '../../src/version.js';
import { startReceiver, startService } from './support/service.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER_ID = 'b7ad6b7169203331';
const IS_REMOTE = 0x300;

describe.each(['http/protobuf', 'http/json'])('over %s', (protocol) => {
  async function roundTrip(headers: Record<string, string> = {}) {
    const receiver = await startReceiver();
    const from = BigInt(Date.now()) * 1_000_000n;
    const service = await startService(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: protocol },
      { service: { name: 'orders', version: '1.2.3', namespace: 'shop', instanceId: 'one' } },
      (_req, res) => {
        service.signals.tracer.startSpan('work').setAttribute('big', Number.MAX_SAFE_INTEGER).end();
        service.signals.meter.createCounter('sold', { unit: '{item}' }).add(Number.MAX_SAFE_INTEGER);
        res.end('ok');
      },
    );
    await service.get('/orders/7?q=1', headers);
    await service.signals.flush();
    const to = BigInt(Date.now() + 1) * 1_000_000n;
    expect(receiver.requests.flatMap(({ problem }) => problem ?? [])).toEqual([]);
    return { receiver, from, to };
  }

  test('a span arrives as it was', async () => {
    const { receiver, from, to } = await roundTrip({ traceparent: `00-${TRACE_ID}-${CALLER_ID}-03` });

    const [server] = receiver.spans().filter(({ kind }) => kind === 'SERVER');
    expect(server).toMatchObject({
      name: 'GET',
      traceId: TRACE_ID,
      parentSpanId: CALLER_ID,
      flags: IS_REMOTE | 3,
      status: { code: 'UNSET', message: '' },
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.path': '/orders/7',
        'url.query': 'q=1',
      },
      scope: { name: 'golden-signals', version: VERSION },
    });
    expect(server?.spanId).toMatch(/^[0-9a-f]{16}$/);
    const { startTimeUnixNano = 0n, endTimeUnixNano = 0n } = server ?? {};
    // The monotonic clock and the wall clock may part by a few milliseconds.
    const slack = 50_000_000n;
    expect(startTimeUnixNano >= from - slack).toBe(true);
    expect(endTimeUnixNano > startTimeUnixNano).toBe(true);
    expect(endTimeUnixNano <= to + slack).toBe(true);
  });

  test('values that are maps, bytes, lists or null arrive in spans, events, links and log records', async () => {
    const values = {
      map: { a: { b: 'c' }, list: [1, 'x', { y: true }] },
      bytes: new Uint8Array([1, 2, 255]),
      mixed: ['a', 1, 2.5, false],
      none: null,
    };
    const receiver = await startReceiver();
    const service = await startService(
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_LOGS_EXPORTER: 'otlp',
      },
      { logs: { export: true } },
      (_req, res) => {
        const context = { traceId: TRACE_ID, spanId: CALLER_ID, traceFlags: 1 };
        const own = trace.getActiveSpan();
        own?.setAttributes(values).addEvent('event', values).addLink({ context, attributes: values });
        service.signals.tracer.startSpan('work', { attributes: values }).end();
        logs.getLogger('app').emit({ body: values, attributes: values });
        res.end('ok');
      },
    );
    await service.get('/');
    await service.signals.flush();

    expect(receiver.requests.flatMap(({ problem }) => problem ?? [])).toEqual([]);
    const arrived = expect.objectContaining({
      ...values,
      bytes: expect.toSatisfy((bytes: Uint8Array) => Buffer.from(bytes).equals(values.bytes)),
      none: undefined,
    });
    const spans = receiver.spans();
    const server = spans.find(({ kind }) => kind === 'SERVER');
    expect(server?.attributes).toEqual(arrived);
    expect(server?.events[0]?.attributes).toEqual(arrived);
    expect(server?.links[0]?.attributes).toEqual(arrived);
    expect(spans.find(({ name }) => name === 'work')?.attributes).toEqual(arrived);
    const [record] = receiver.logs();
    expect([record?.attributes, record?.body]).toEqual([arrived, arrived]);
  });

  test("a user's span arrives below it, with a 64-bit integer", async () => {
    const { receiver } = await roundTrip();

    const [server] = receiver.spans().filter(({ kind }) => kind === 'SERVER');
    const [work] = receiver.spans().filter(({ name }) => name === 'work');
    expect(server).toMatchObject({ parentSpanId: '', flags: 0x100 | 3 });
    expect(work).toMatchObject({
      kind: 'INTERNAL',
      traceId: server?.traceId,
      parentSpanId: server?.spanId,
      flags: 0x100 | 3,
      attributes: { big: Number.MAX_SAFE_INTEGER },
      resource: server?.resource,
    });
  });

  test('metrics arrive with whole numbers, bounds and the time since which they count', async () => {
    const { receiver, from, to } = await roundTrip();

    const [duration] = receiver.metrics().filter(({ name }) => name === 'http.server.request.duration');
    expect(duration).toMatchObject({
      type: 'histogram',
      unit: 's',
      temporality: 'CUMULATIVE',
      count: 1,
      bounds: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 3, 5, 7.5, 10],
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.scheme': 'http',
        'network.protocol.version': '1.1',
      },
    });
    expect(duration?.counts?.reduce((sum, count) => sum + count)).toBe(1);
    expect(duration?.sum).toBe(duration?.max);
    const slack = 50_000_000n;
    const { startTimeUnixNano = 0n, timeUnixNano = 0n } = duration ?? {};
    expect(startTimeUnixNano >= from - slack && startTimeUnixNano < timeUnixNano).toBe(true);
    expect(timeUnixNano <= to + slack).toBe(true);

    const [sold] = receiver.metrics().filter(({ name }) => name === 'sold');
    expect(sold).toMatchObject({
      type: 'sum',
      isMonotonic: true,
      value: Number.MAX_SAFE_INTEGER,
      resource: duration?.resource,
    });
  });

  test('the duration points to the trace of its request', async () => {
    const { receiver } = await roundTrip();

    const [server] = receiver.spans().filter(({ kind }) => kind === 'SERVER');
    const [duration] = receiver.metrics().filter(({ name }) => name === 'http.server.request.duration');
    expect(duration?.exemplars).toEqual([
      expect.objectContaining({
        traceId: server?.traceId,
        spanId: server?.spanId,
        value: duration?.sum,
        filteredAttributes: {},
      }),
    ]);
  });

  test('both carry the resource of the service', async () => {
    const { receiver } = await roundTrip();

    const expected = {
      'service.name': 'orders',
      'service.version': '1.2.3',
      'service.namespace': 'shop',
      'service.instance.id': 'one',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.language': 'nodejs',
      'telemetry.distro.name': 'golden-signals',
      'telemetry.distro.version': VERSION,
      'process.pid': process.pid,
      'process.creation.time': new Date(performance.timeOrigin).toISOString(),
      'process.runtime.version': process.versions.node,
    };
    expect(receiver.spans()[0]?.resource).toMatchObject(expected);
    expect(receiver.metrics()[0]?.resource).toMatchObject(expected);
  });

  test('says what it sends', async () => {
    const { receiver } = await roundTrip();

    const type = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf';
    expect(receiver.requests.map(({ path, headers }) => [path, headers['content-type']]).sort()).toEqual([
      ['/v1/metrics', type],
      ['/v1/traces', type],
    ]);
    expect(receiver.requests[0]?.headers['user-agent']).toMatch(/^golden-signals\/\d+\.\d+\.\d+ /);
  });
});
