import { gzipSync } from 'node:zlib';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, onTestFinished, test } from 'vitest';
import { REQUEST_TYPES } from './otlp-decode.js';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.js';

const TRACE_ID = '0AF7651916CD43DD8448EB211C80319C'.toLowerCase();
const PARENT_ID = 'b7ad6b7169203331';
const resource = resourceFromAttributes({ 'service.name': 'orders' });

async function receiver(): Promise<OtlpReceiver> {
  const started = await startOtlpReceiver();
  onTestFinished(() => started.close());
  return started;
}

/** One span with everything a span can have, ended. */
function span(name = 'GET /orders/:id'): ReadableSpan {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(memory)] });
  const remote = { traceId: TRACE_ID, spanId: PARENT_ID, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  const made = provider.getTracer('test', '1.2.3').startSpan(
    name,
    {
      kind: SpanKind.SERVER,
      startTime: [1_700_000_000, 5],
      attributes: { text: 'é', whole: 200, negative: -1, fraction: 0.5, yes: true, list: ['a', 'b'] },
      links: [{ context: { ...remote, spanId: 'c7ad6b7169203331' }, attributes: { why: 'batch' } }],
    },
    trace.setSpanContext(ROOT_CONTEXT, remote),
  );
  made.addEvent('retried', { attempt: 2 }, [1_700_000_000, 6]);
  made.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
  made.end([1_700_000_001, 7]);
  const [finished] = memory.getFinishedSpans();
  if (finished === undefined) throw new Error('the span did not end');
  return finished;
}

interface TraceExporter {
  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
}

function send(exporter: TraceExporter, spans = [span()]): Promise<ExportResult> {
  onTestFinished(() => exporter.shutdown());
  return new Promise((resolve) => exporter.export(spans, resolve));
}

const traceExporters = [
  { name: 'protobuf', Exporter: ProtoTraceExporter },
  { name: 'JSON', Exporter: JsonTraceExporter },
];

const compressions = ['none', 'gzip'] as const;

describe.each(traceExporters)('spans sent by the official $name exporter', ({ Exporter }) => {
  test.each(compressions)('are read back whole with compression %s', async (compression) => {
    const collector = await receiver();
    // The SDK's enum is a const of strings; the literal is the value the environment variable takes.
    const exporter = new Exporter({ url: `${collector.url}/v1/traces`, compression: compression as never });

    const sent = span();
    expect(await send(exporter, [sent])).toMatchObject({ code: ExportResultCode.SUCCESS });

    expect(collector.spans()).toEqual([
      {
        name: 'GET /orders/:id',
        kind: 'SERVER',
        traceId: TRACE_ID,
        spanId: sent.spanContext().spanId,
        parentSpanId: PARENT_ID,
        traceState: '',
        flags: 0x301,
        startTimeUnixNano: 1_700_000_000_000_000_005n,
        endTimeUnixNano: 1_700_000_001_000_000_007n,
        attributes: { text: 'é', whole: 200, negative: -1, fraction: 0.5, yes: true, list: ['a', 'b'] },
        droppedAttributesCount: 0,
        status: { code: 'ERROR', message: 'broken' },
        events: [{ name: 'retried', timeUnixNano: 1_700_000_000_000_000_006n, attributes: { attempt: 2 } }],
        links: [
          {
            traceId: TRACE_ID,
            spanId: 'c7ad6b7169203331',
            traceState: '',
            flags: 0x301,
            attributes: { why: 'batch' },
          },
        ],
        resource: { 'service.name': 'orders' },
        scope: { name: 'test', version: '1.2.3' },
      },
    ]);
    expect(collector.requests).toMatchObject([{ method: 'POST', path: '/v1/traces', problem: undefined }]);
    expect(collector.requests[0]?.headers['content-encoding']).toBe(
      compression === 'gzip' ? 'gzip' : undefined,
    );
  });
});

const metricExporters = [
  { name: 'protobuf', Exporter: ProtoMetricExporter },
  { name: 'JSON', Exporter: JsonMetricExporter },
];

describe.each(metricExporters)('metrics sent by the official $name exporter', ({ Exporter }) => {
  test('are read back as one point per series', async () => {
    const collector = await receiver();
    const exporter = new Exporter({
      url: `${collector.url}/v1/metrics`,
      temporalityPreference: AggregationTemporality.CUMULATIVE,
    });
    const provider = new MeterProvider({
      resource,
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
    });
    onTestFinished(() => provider.shutdown());
    const meter = provider.getMeter('test', '1.2.3');
    const durations = meter.createHistogram('http.server.request.duration', {
      unit: 's',
      description: 'How long',
      advice: { explicitBucketBoundaries: [0.25, 1] },
    });
    durations.record(0.125, { 'http.route': '/a' });
    durations.record(4, { 'http.route': '/a' });
    durations.record(0.5, { 'http.route': '/b' });
    meter.createCounter('requests').add(3);
    meter.createUpDownCounter('active').add(-2);
    meter.createGauge('state').record(0.5);

    await provider.forceFlush();

    const shared = {
      resource: { 'service.name': 'orders' },
      scope: { name: 'test', version: '1.2.3' },
      exemplars: [],
    };
    const histogram = {
      ...shared,
      name: 'http.server.request.duration',
      unit: 's',
      description: 'How long',
      type: 'histogram',
      temporality: 'CUMULATIVE',
      bounds: [0.25, 1],
      value: undefined,
    };
    expect(collector.metrics()).toMatchObject([
      {
        ...histogram,
        attributes: { 'http.route': '/a' },
        counts: [1, 0, 1],
        count: 2,
        sum: 4.125,
        min: 0.125,
        max: 4,
      },
      {
        ...histogram,
        attributes: { 'http.route': '/b' },
        counts: [0, 1, 0],
        count: 1,
        sum: 0.5,
        min: 0.5,
        max: 0.5,
      },
      { ...shared, name: 'requests', type: 'sum', isMonotonic: true, temporality: 'CUMULATIVE', value: 3 },
      { ...shared, name: 'active', type: 'sum', isMonotonic: false, temporality: 'CUMULATIVE', value: -2 },
      { ...shared, name: 'state', type: 'gauge', isMonotonic: undefined, temporality: undefined, value: 0.5 },
    ]);
    for (const point of collector.metrics()) {
      expect(point.timeUnixNano).toBeGreaterThanOrEqual(point.startTimeUnixNano);
    }
  });
});

const jsonLogs = {
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'orders' } }] },
      scopeLogs: [
        {
          scope: { name: 'console' },
          logRecords: [
            {
              timeUnixNano: '1700000000000000001',
              observedTimeUnixNano: 5,
              severityNumber: 17,
              severityText: 'ERROR',
              body: { kvlistValue: { values: [{ key: 'big', value: { intValue: '9223372036854775807' } }] } },
              traceId: TRACE_ID.toUpperCase(),
              spanId: PARENT_ID,
              flags: 1,
            },
          ],
        },
      ],
    },
  ],
};

const receivedLog = {
  timeUnixNano: 1_700_000_000_000_000_001n,
  observedTimeUnixNano: 5n,
  severityNumber: 17,
  severityText: 'ERROR',
  body: { big: 9_223_372_036_854_775_807n },
  traceId: TRACE_ID,
  spanId: PARENT_ID,
  flags: 1,
  resource: { 'service.name': 'orders' },
  scope: { name: 'console', version: '' },
};

function post(
  url: string,
  contentType: string,
  body: string | Uint8Array,
  encoding?: string,
): Promise<Response> {
  const headers = {
    'content-type': contentType,
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
  };
  return fetch(url, { method: 'POST', headers, body: Buffer.from(body) });
}

describe('logs', () => {
  test('are read from JSON, with ids of either case', async () => {
    const collector = await receiver();
    const response = await post(
      `${collector.url}/v1/logs`,
      'application/json; charset=utf-8',
      JSON.stringify(jsonLogs),
    );
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: {} });
    expect(collector.logs()).toMatchObject([receivedLog]);
  });

  test('are read from protobuf', async () => {
    const collector = await receiver();
    const type = REQUEST_TYPES.logs;
    const log = structuredClone(jsonLogs);
    const [record] = log.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
    Object.assign(record ?? {}, {
      traceId: Buffer.from(TRACE_ID, 'hex'),
      spanId: Buffer.from(PARENT_ID, 'hex'),
    });
    const body = gzipSync(type.encode(type.fromObject(log)).finish());
    const response = await post(`${collector.url}/v1/logs`, 'application/x-protobuf', body, 'gzip');
    expect({ status: response.status, bytes: (await response.arrayBuffer()).byteLength }).toEqual({
      status: 200,
      bytes: 0,
    });
    expect(collector.logs()).toMatchObject([receivedLog]);
    expect(collector.requests[0]?.bytes).toBe(body.length);
  });
});

const anId = (spanId: unknown) =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: TRACE_ID, spanId }] }] }] });

test.each([
  ['an unknown path', 404, '/v1/trace', 'application/json', '{}', undefined],
  ['an unknown content type', 415, '/v1/traces', 'text/plain', '{}', undefined],
  ['an unknown content encoding', 415, '/v1/traces', 'application/json', '{}', 'br'],
  ['a body that is not gzip', 400, '/v1/traces', 'application/json', '{}', 'gzip'],
  [
    'truncated protobuf',
    400,
    '/v1/traces',
    'application/x-protobuf',
    Uint8Array.of(0x0a, 0x7f, 0x00),
    undefined,
  ],
  ['truncated JSON', 400, '/v1/traces', 'application/json', '{', undefined],
  ['a span id of 7 bytes', 400, '/v1/traces', 'application/json', anId('b7ad6b71692033'), undefined],
  ['a span id in base64', 400, '/v1/traces', 'application/json', anId('t61rcWkgMzE='), undefined],
])('refuses %s with %i and says why', async (_title, status, path, contentType, body, encoding) => {
  const collector = await receiver();
  const response = await post(collector.url + path, contentType, body, encoding);
  expect(response.status).toBe(status);
  expect(collector.requests).toMatchObject([{ path, problem: expect.any(String) }]);
  expect(collector.spans()).toEqual([]);
});

test('refuses an attribute that is given twice', async () => {
  const collector = await receiver();
  const twice = [0, 1].map((value) => ({ key: 'k', value: { intValue: value } }));
  const body = JSON.stringify({
    resourceSpans: [
      { scopeSpans: [{ spans: [{ traceId: TRACE_ID, spanId: PARENT_ID, attributes: twice }] }] },
    ],
  });
  expect((await post(`${collector.url}/v1/traces`, 'application/json', body)).status).toBe(400);
});

describe('waiting', () => {
  test('ends when the span that fits arrives', async () => {
    const collector = await receiver();
    const waiting = collector.waitForSpans((received) => received.name === 'second');
    const exporter = new ProtoTraceExporter({ url: `${collector.url}/v1/traces` });
    await send(exporter, [span('first')]);
    await send(exporter, [span('second')]);
    expect((await waiting).map(({ name }) => name)).toEqual(['second']);
  });

  test('for a count gives everything there is', async () => {
    const collector = await receiver();
    await send(new ProtoTraceExporter({ url: `${collector.url}/v1/traces` }), [span('a'), span('b')]);
    expect(await collector.waitForSpans(1)).toHaveLength(2);
  });

  test('fails with the names of what did arrive', async () => {
    const collector = await receiver();
    await send(new ProtoTraceExporter({ url: `${collector.url}/v1/traces` }), [span('only')]);
    await expect(collector.waitForSpans(2, 20)).rejects.toThrow(
      'no 2 spans within 20 ms; received ["only"] in 1 requests',
    );
    await expect(collector.waitForLogs(() => true, 20)).rejects.toThrow(
      'no logs that fit within 20 ms; received []',
    );
  });
});

test('accepts nothing that it did not answer with ok', async () => {
  const collector = await receiver();
  await collector.behave({ status: 400 });
  const result = await send(new ProtoTraceExporter({ url: `${collector.url}/v1/traces` }));
  expect(result.code).toBe(ExportResultCode.FAILED);
  expect({ requests: collector.requests.length, spans: collector.spans() }).toEqual({
    requests: 1,
    spans: [],
  });
});

test('forgets what it received when cleared', async () => {
  const collector = await receiver();
  await send(new ProtoTraceExporter({ url: `${collector.url}/v1/traces` }));
  collector.clear();
  expect({ requests: collector.requests, spans: collector.spans() }).toEqual({ requests: [], spans: [] });
});
