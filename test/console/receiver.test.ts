import { gzipSync } from 'node:zlib';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { type ReadableSpan, TracerProvider as TracerProvider3 } from '@opentelemetry/sdk-trace';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, test } from 'vitest';
import { REQUEST_TYPES } from '../support/otlp-decode.js';
import { consoleFor } from './support/console.js';
import { logsRequest, spansRequest, traceId } from './support/spans.js';

const now = Date.now();

interface Trace {
  readonly spans: readonly {
    readonly name: string;
    readonly service: string;
    readonly kind: string;
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly events: readonly { readonly name: string; readonly attributes: unknown }[];
    readonly links: readonly { readonly traceId: string }[];
    readonly statusMessage: string;
    readonly isFailed: boolean;
    readonly durationMs: number;
    readonly startMs: number;
    readonly resource: Readonly<Record<string, unknown>>;
    readonly scope: unknown;
  }[];
}

describe('what senders send', () => {
  test.each([
    ['protobuf', ProtoExporter],
    ['JSON', JsonExporter],
  ])('the official exporter over %s: all of a span comes back', async (_name, Exporter) => {
    const { endpoint, ask } = await consoleFor();
    const exporter = new Exporter({ url: `${endpoint}/v1/traces` });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'shop', 'service.version': '2' }),
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    const span = provider.getTracer('scope', '3').startSpan('work', {
      kind: SpanKind.SERVER,
      startTime: [1_800_000_000, 123_456_789],
      attributes: { text: 'ü', whole: 7, share: 0.25, yes: true, list: ['a', 'b'], big: 2 ** 53 },
      links: [{ context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } }],
    });
    span.addEvent('cache miss', { key: 'k' });
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'no luck' });
    span.end([1_800_000_001, 623_456_789]);
    await provider.forceFlush();
    await provider.shutdown();
    const id = span.spanContext().traceId;
    const { spans } = await ask<Trace>(`/api/traces/${id}`);
    expect(spans).toMatchObject([
      {
        name: 'work',
        service: 'shop',
        kind: 'server',
        isFailed: true,
        statusMessage: 'no luck',
        startMs: 1_800_000_000_123.456_8,
        durationMs: 1_500,
        attributes: { text: 'ü', whole: 7, share: 0.25, yes: true, list: ['a', 'b'] },
        events: [{ name: 'cache miss', attributes: { key: 'k' } }],
        links: [{ traceId: 'a'.repeat(32) }],
        resource: { 'service.name': 'shop', 'service.version': '2' },
        scope: { name: 'scope', version: '3' },
      },
    ]);
    const { requests } = await ask<{ requests: unknown[] }>(`/api/otlp/${id}`);
    const text = JSON.stringify(requests);
    // To the nanosecond, and as OTLP JSON has it.
    expect(text).toContain('"startTimeUnixNano":"1800000000123456789"');
    expect(text).toContain('"endTimeUnixNano":"1800000001623456789"');
  });

  test.each([
    ['application/x-protobuf', ProtobufTraceSerializer],
    ['application/json', JsonTraceSerializer],
  ])('the official SDK of the 3.1 line, as %s', async (type, serializer) => {
    const { endpoint, ask } = await consoleFor();
    const spans: ReadableSpan[] = [];
    const provider = new TracerProvider3({
      resource: resourceFromAttributes({ 'service.name': 'three' }),
      spanProcessors: [
        {
          onStart: () => undefined,
          onEnd: (span: ReadableSpan) => void spans.push(span),
          forceFlush: async () => undefined,
          shutdown: async () => undefined,
        },
      ],
    });
    const span = provider.getTracer('t').startSpan('of three', { attributes: { a: 'b' } });
    span.end();
    const response = await fetch(`${endpoint}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Buffer.from(serializer.serializeRequest(spans) as Uint8Array),
    });
    expect(response.status).toBe(200);
    expect(await ask<Trace>(`/api/traces/${span.spanContext().traceId}`)).toMatchObject({
      spans: [{ name: 'of three', service: 'three', attributes: { a: 'b' } }],
    });
  });

  test('what is exported is what was imported', async () => {
    const first = await consoleFor();
    const sent = spansRequest('a', [
      { id: 'root', start: now, ms: 12.5, kind: 2, attributes: { n: 1 } },
      { id: 'child', parent: 'root', start: now + 1, ms: 3 },
    ]);
    await first.send('traces', sent);
    await first.send('logs', logsRequest('a', [{ time: now, body: 'hello', trace: 't', span: 'root' }]));
    const { requests } = await first.ask<{ requests: unknown[] }>(`/api/otlp/${traceId('t')}`);
    const second = await consoleFor();
    await second.send('traces', requests[0]);
    await second.send('logs', requests[1]);
    const again = await second.ask<{ requests: unknown[] }>(`/api/otlp/${traceId('t')}`);
    expect(again).toEqual({ requests });
  });

  test('a gzipped body is unpacked', async () => {
    const { endpoint, ask } = await consoleFor();
    const response = await fetch(`${endpoint}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify(spansRequest('z', [{ id: 'a', start: now, ms: 1 }]))),
    });
    expect(response.status).toBe(200);
    expect((await ask<Trace>(`/api/traces/${traceId('t')}`)).spans).toHaveLength(1);
  });

  test('spans without an id are counted as rejected, the others are kept', async () => {
    const { send, ask } = await consoleFor();
    const request = spansRequest('z', [
      { id: 'a', start: now, ms: 1 },
      { id: 'b', start: now, ms: 1 },
    ]) as { resourceSpans: [{ scopeSpans: [{ spans: { traceId: string }[] }] }] };
    (request.resourceSpans[0].scopeSpans[0].spans[0] as { traceId: string }).traceId = '';
    const response = await send('traces', request);
    expect(await response.json()).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
    expect((await ask<Trace>(`/api/traces/${traceId('t')}`)).spans).toHaveLength(1);
  });

  test('answers in protobuf what came in protobuf', async () => {
    const { endpoint } = await consoleFor();
    const body = REQUEST_TYPES.traces
      .encode(
        REQUEST_TYPES.traces.fromObject({ resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'x' }] }] }] }),
      )
      .finish();
    const response = await fetch(`${endpoint}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from(body),
    });
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
    expect(response.headers.get('golden-signals-export-interval')).toBe('1000');
    const bytes = Buffer.from(await response.arrayBuffer());
    // partial_success { rejected_spans: 1, error_message }
    expect([...bytes.subarray(0, 1), ...bytes.subarray(2, 4)]).toEqual([0x0a, 0x08, 1]);
    expect(bytes.toString('utf8')).toContain('trace id of 16 bytes');
  });
});

describe('what is refused, and with which cure', () => {
  test.each([
    ['another content-type', { 'content-type': 'text/plain' }, 'x', 415, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    ['gRPC', { 'content-type': 'application/grpc' }, 'x', 415, 'gRPC is not spoken here'],
    [
      'another encoding',
      { 'content-type': 'application/json', 'content-encoding': 'br' },
      'x',
      415,
      'send gzip or none',
    ],
    ['no JSON', { 'content-type': 'application/json' }, '{"a":', 400, 'no JSON'],
    ['no protobuf', { 'content-type': 'application/x-protobuf' }, '\x0a\xff', 400, 'cut off'],
    [
      'no gzip',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      'nothing of the kind',
      400,
      'no gzip',
    ],
    ['deep JSON', { 'content-type': 'application/json' }, '['.repeat(100_000), 400, 'nested deeper'],
    ['a list', { 'content-type': 'application/json' }, '[]', 400, 'no object'],
  ])('%s', async (_name, headers, body, status, cure) => {
    const { endpoint } = await consoleFor();
    const response = await fetch(`${endpoint}/v1/traces`, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: Buffer.from(body, 'latin1'),
    });
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(cure);
  });

  test('a body of more than 8 MiB, and one that unpacks to more than 32', async () => {
    const { endpoint } = await consoleFor();
    const post = async (body: Buffer, headers: Record<string, string>) => {
      const response = await fetch(`${endpoint}/v1/logs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
      return { status: response.status, text: await response.text() };
    };
    const plain = await post(Buffer.alloc(8 * 2 ** 20 + 1, 0x20), {});
    expect(plain).toMatchObject({
      status: 413,
      text: expect.stringContaining('OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
    });
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, 0x20));
    const packed = await post(bomb, { 'content-encoding': 'gzip' });
    expect(packed).toMatchObject({ status: 413, text: expect.stringContaining('unpacked') });
  });

  test('a GET', async () => {
    const { endpoint } = await consoleFor();
    expect((await fetch(`${endpoint}/v1/traces`)).status).toBe(405);
  });
});
