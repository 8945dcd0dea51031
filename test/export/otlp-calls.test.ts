import { createTraceState, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CallOwner, OutboundCall } from '../../src/client/outbound-call.js';
import { createTarget } from '../../src/client/target.js';
import { DatabaseCall } from '../../src/database/database-call.js';
import { Statement } from '../../src/database/statement.js';
import { createSpanBatches } from '../../src/export/otlp-spans.js';
import { createMethods, DEFAULT_METHODS } from '../../src/metrics/http-methods.js';
import { Wait } from '../../src/pools/waits.js';
import { createCallTracing, type TracedCall } from '../../src/trace/call-tracing.js';
import { LiveSpan } from '../../src/trace/live-span.js';
import { createFakeClock } from '../support/fake-clock.js';
import { decodeRequest } from '../support/otlp-decode.js';
import { flattenSpans } from '../support/otlp-flatten.js';

const resource = resourceFromAttributes({ 'service.name': 'orders' });
const scope = { name: 'golden-signals', version: '1.0.0' };
const clock = createFakeClock();
const own = { clock, scope, resource: () => resource };
const methodOf = createMethods(DEFAULT_METHODS);
const owner = { account() {} } as unknown as CallOwner;

const parent: fc.Arbitrary<SpanContext | undefined> = fc.option(
  fc.record(
    {
      traceId: fc.constant('0af7651916cd43dd8448eb211c80319c'),
      spanId: fc.constant('b7ad6b7169203331'),
      traceFlags: fc.nat({ max: 3 }),
      isRemote: fc.boolean(),
      traceState: fc.constantFrom(createTraceState('a=1,b=2'), createTraceState('')),
    },
    { requiredKeys: ['traceId', 'spanId', 'traceFlags'] },
  ),
  { nil: undefined },
);
const common = {
  parent,
  startMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
  ms: fc.double({ min: -1, max: 1e6, noNaN: true }),
  errorType: fc.option(fc.constantFrom('500', 'ECONNRESET', 'timeout', 'é'), { nil: undefined }),
};
const query = fc.constantFrom('', '?a=b', '?X-Amz-Signature=secret&b=1', '?sig=%20', '?é=1');
const path = fc
  .tuple(
    fc.oneof(
      fc.string({ maxLength: 140 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '',
        '/',
        'x'.repeat(100),
        'x'.repeat(107),
        'x'.repeat(108),
        'x'.repeat(109),
        '€'.repeat(40),
      ),
    ),
    query,
  )
  .map(([one, two]) => `/${one}${two}`);
const target = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PURGE', 'get'),
  scheme: fc.constantFrom('http' as const, 'https' as const),
  host: fc.constantFrom('orders', '10.0.0.1', '::1', 'xn--rger-koa.example'),
  port: fc.constantFrom(80, 443, 8_080, 0),
  path: fc.oneof(path, fc.constantFrom('*', 'http://user:secret@other:81/x?sig=1')),
});
const outbound = fc
  .record({
    ...common,
    target,
    statusCode: fc.constantFrom(0, 200, 404, 503),
    protocolVersion: fc.constantFrom(undefined, '1.1', '2'),
    peer: fc.constantFrom(
      undefined,
      { remoteAddress: '10.0.0.1', remotePort: 80 },
      { remoteAddress: '/run/s' },
    ),
    resendCount: fc.nat({ max: 2 }),
  })
  .map((given) => ({
    ...given,
    make() {
      const { method, scheme, host, port, path } = given.target;
      const to = createTarget(method, scheme, host, port, path);
      const { startMs, resendCount, errorType, statusCode, protocolVersion, peer } = given;
      const context = contextOf(given.parent);
      const call = new OutboundCall(owner, methodOf(method), to, startMs, context, resendCount);
      return Object.assign(call, { errorType, statusCode, protocolVersion, peer });
    },
  }));
const server = { system: 'postgresql', namespace: 'shop', address: 'db', port: 5_432 };
const statements = [
  new Statement({ text: 'SELECT ?', summary: 'SELECT orders', operation: 'SELECT', collection: 'orders' }),
  new Statement({}),
];
const database = fc
  .record({
    ...common,
    statement: fc.constantFrom(...statements),
    statusCode: fc.constantFrom(undefined, '23505'),
    batchSize: fc.constantFrom(undefined, 2),
  })
  .map((given) => ({
    ...given,
    make() {
      const { statement, startMs, batchSize, errorType, statusCode } = given;
      const call = new DatabaseCall(server, statement, startMs, contextOf(given.parent), batchSize);
      return Object.assign(call, { errorType, statusCode });
    },
  }));
const wait = fc
  .record({ ...common, delay: fc.constantFrom('wait' as const, 'create' as const), pool: fc.string() })
  .map((given) => ({
    ...given,
    make: () =>
      Object.assign(new Wait(given.startMs, contextOf(given.parent), given.pool), {
        delay: given.delay,
        errorType: given.errorType,
      }),
  }));

function contextOf(parent: SpanContext | undefined) {
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

function createTracing(parts: { ended?: (call: TracedCall) => void; made?: (span: LiveSpan) => void }) {
  let count = 0;
  const id = (digits: number) => () => {
    count += 1;
    return count.toString(16).padStart(digits, '0');
  };
  return createCallTracing({
    origin: { ...own, ended: parts.made ?? (() => {}) },
    ids: { traceId: id(32), spanId: id(16) },
    sampler: (of) => of === undefined || (of.traceFlags & 1) === 1,
    keeper: undefined,
    started: undefined,
    ended: parts.ended,
  });
}

describe('a call whose span nobody has seen', () => {
  test('is written as the official serializer writes its span', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(outbound, database, wait), { minLength: 1, maxLength: 6 }), (calls) => {
        const follow = (tracing: ReturnType<typeof createTracing>) => {
          for (const { make, startMs, ms } of calls) {
            const call = make();
            tracing.begin(call);
            tracing.end(call, startMs + ms);
          }
        };
        const batch = createSpanBatches(own)();
        follow(createTracing({ ended: (call) => batch.add(call) }));
        const spans: ReadableSpan[] = [];
        follow(createTracing({ made: (span) => spans.push(span) }));

        expect(batch.size).toBe(spans.length);
        if (spans.length === 0) return;
        const { bytes, count } = batch.take();
        expect(count).toBe(spans.length);
        expect(Buffer.from(bytes)).toEqual(
          Buffer.from(ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('stands in one request with spans', () => {
    const batch = createSpanBatches(own)();
    const tracing = createTracing({ ended: (call) => batch.add(call) });
    const call = Object.assign(new Wait(5, ROOT_CONTEXT, 'orders'), { delay: 'wait' as const });
    tracing.begin(call);
    tracing.end(call, 7);
    const live = new LiveSpan(
      { ...own, ended: (span) => batch.add(span) },
      0,
      'live',
      { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 },
      undefined,
      1,
      undefined,
    );
    live.end();

    const request = decodeRequest('traces', 'application/x-protobuf', Buffer.from(batch.take().bytes));
    expect(request.resourceSpans).toHaveLength(1);
    expect(flattenSpans(request).map(({ name }) => name)).toEqual(['orders connection wait', 'live']);
  });

  test('that cannot be written is the only one that is lost', () => {
    const batch = createSpanBatches(own)();
    const tracing = createTracing({ ended: (call) => batch.add(call) });
    const broken = {
      get: () => undefined,
      set: () => broken,
      unset: () => broken,
      serialize(): string {
        throw new Error('broken');
      },
    };
    const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
    for (const context of [ROOT_CONTEXT, contextOf({ ...parent, traceState: broken }), ROOT_CONTEXT]) {
      const call = Object.assign(new Wait(5, context, 'orders'), { delay: 'wait' as const });
      tracing.begin(call);
      tracing.end(call, 7);
    }
    const { count } = batch.take();

    expect([count, batch.size, batch.failed]).toEqual([2, 3, 1]);
  });

  test('has its span once somebody asks for it', () => {
    const taken: unknown[] = [];
    const spans: ReadableSpan[] = [];
    const tracing = createTracing({ ended: (call) => taken.push(call), made: (span) => spans.push(span) });
    const call = Object.assign(new Wait(5, ROOT_CONTEXT, 'orders'), { delay: 'wait' as const });
    tracing.begin(call);
    tracing.spanOf(call)?.setAttribute('seen', true);
    tracing.end(call, 7);

    expect(taken).toEqual([]);
    expect(spans.map(({ attributes }) => attributes)).toEqual([
      { 'db.client.connection.pool.name': 'orders', seen: true },
    ]);
  });
});
