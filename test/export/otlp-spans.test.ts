import { type Attributes, createTraceState, type Link, type SpanContext, SpanKind } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHrTime } from '../../src/core/time.js';
import { createSpanBatches } from '../../src/export/otlp-spans.js';
import { ProtobufWriter } from '../../src/export/protobuf-writer.js';
import { LiveSpan } from '../../src/trace/live-span.js';
import { SharedAttributes } from '../../src/trace/shared-attributes.js';
import { createFakeClock } from '../support/fake-clock.js';
import { decodeRequest } from '../support/otlp-decode.js';
import { flattenSpans } from '../support/otlp-flatten.js';

const context: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
};
const resource = resourceFromAttributes({ 'service.name': 'orders', 'service.version': '1.2.3' });
const scope = { name: 'golden-signals', version: '1.0.0' };

const usual: ReadableSpan = {
  name: 'GET',
  kind: SpanKind.CLIENT,
  spanContext: () => context,
  startTime: [1_700_000_000, 1],
  endTime: [1_700_000_000, 999_999_999],
  duration: [0, 999_999_998],
  ended: true,
  status: { code: 0 },
  attributes: { 'http.request.method': 'GET', 'server.port': 443, 'url.full': 'https://example.com/' },
  events: [],
  links: [],
  resource,
  instrumentationScope: scope,
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
};

const own = { clock: createFakeClock(), scope, resource: () => resource };

const official = (spans: readonly ReadableSpan[]) =>
  Buffer.from(ProtobufTraceSerializer.serializeRequest([...spans]) as Uint8Array);
function createSpanWriter() {
  const createBatch = createSpanBatches(own);
  return (spans: readonly ReadableSpan[]) => {
    const batch = createBatch();
    for (const one of spans) batch.add(one);
    return batch.take().bytes;
  };
}
const ours = (spans: readonly ReadableSpan[]) => Buffer.from(createSpanWriter()(spans));

const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdefABCDEF'), { minLength: digits, maxLength: digits })
    .map((all) => all.join(''));
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 120, maxLength: 140 }),
  fc.string({ minLength: 28, maxLength: 36 }),
  // Lengths at which the length of a length changes.
  fc.constantFrom('x'.repeat(127), 'x'.repeat(128), 'é'.repeat(64), '€'.repeat(5_462), '\ud800', 'a\udc00b'),
);
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 2 ** 31, 2 ** 32, 2 ** 32 - 1, 2 ** 53, 2 ** 63, -(2 ** 63), 2 ** 62, -1),
);
const primitive = fc.oneof(text, number, fc.boolean());
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    primitive,
    fc.constantFrom(null, undefined),
    fc.uint8Array({ maxLength: 200 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
}));
const attributes = fc.dictionary(text, value, { maxKeys: 10 }) as fc.Arbitrary<Attributes>;
const count = fc.nat({ max: 300 });
const time = fc.tuple(fc.nat({ max: 4_500_000_000 }), fc.nat({ max: 999_999_999 }));
const spanContext: fc.Arbitrary<SpanContext> = fc.record(
  {
    traceId: hex(32),
    spanId: hex(16),
    traceFlags: fc.nat({ max: 255 }),
    isRemote: fc.boolean(),
    traceState: fc.constantFrom(createTraceState('a=1,b=2'), createTraceState('')),
  },
  { requiredKeys: ['traceId', 'spanId', 'traceFlags'] },
);
const event: fc.Arbitrary<TimedEvent> = fc.record(
  { time, name: text, attributes, droppedAttributesCount: count },
  { requiredKeys: ['time', 'name'] },
);
const link: fc.Arbitrary<Link> = fc.record(
  { context: spanContext, attributes, droppedAttributesCount: count },
  { requiredKeys: ['context'] },
);
const resources = [resource, resourceFromAttributes({ list: ['a', 'b'] }, { schemaUrl: 'https://schema' })];
const scopes = [
  scope,
  { name: 'bare' },
  { name: 'x'.repeat(200), version: '2', schemaUrl: 'https://schema', attributes: { a: 1 } },
];
const span: fc.Arbitrary<ReadableSpan> = fc
  .record({
    own: spanContext,
    parent: fc.option(spanContext, { nil: undefined }),
    name: text,
    kind: fc.constantFrom(...([0, 1, 2, 3, 4] as SpanKind[])),
    startTime: time,
    endTime: time,
    code: fc.constantFrom(0, 1, 2),
    message: fc.option(text, { nil: undefined }),
    attributes,
    events: fc.array(event, { maxLength: 4 }),
    links: fc.array(link, { maxLength: 4 }),
    resource: fc.constantFrom(...resources),
    instrumentationScope: fc.constantFrom(...scopes),
    droppedAttributesCount: count,
    droppedEventsCount: count,
    droppedLinksCount: count,
  })
  .map(({ own, parent, code, message, ...rest }) => ({
    ...rest,
    spanContext: () => own,
    ...(parent === undefined ? {} : { parentSpanContext: parent }),
    status: message === undefined ? { code } : { code, message },
    duration: [0, 0],
    ended: true,
  }));

describe('the writer of spans', () => {
  test('writes what the official serializer writes, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 6 }), (spans) => {
        expect(ours(spans).equals(official(spans))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('writes a span of this library, with what a user added, as the official serializer does', () => {
    const clock = createFakeClock();
    const live = new LiveSpan(
      { clock, scope, resource: () => resource, ended: () => {} },
      SpanKind.SERVER,
      'GET /orders/:id',
      context,
      { ...context, isRemote: true },
      clock.now(),
      {
        sharedAttributes: () => undefined,
        ownAttributes: () => ({ 'http.route': '/orders/:id', 'http.response.status_code': 200 }),
      },
    );
    live.setAttribute('käse', ['a', 'b']).addEvent('paid', { cents: 4_250.5 }).addLink({ context });
    live.recordException(new Error('declined'));
    clock.advance(12.5);
    live.end();

    expect(ours([live]).equals(official([live]))).toBe(true);
  });

  test('writes spans of this library that share attributes as the official serializer does, whoever has read or changed them', () => {
    const clock = createFakeClock();
    const origin = { clock, scope, resource: () => resource, ended: () => {} };
    const asLive = fc.record({
      own: spanContext,
      parent: fc.option(spanContext, { nil: undefined }),
      which: fc.nat({ max: 1 }),
      // A source has no key in both of its parts.
      ownAttributes: fc.dictionary(
        text.map((key) => `own ${key}`),
        value,
        { maxKeys: 10 },
      ) as fc.Arbitrary<Attributes>,
      added: fc.option(fc.dictionary(text, primitive, { maxKeys: 3 }), { nil: undefined }),
      isFailed: fc.boolean(),
      isRead: fc.boolean(),
      removed: fc.option(text, { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.tuple(attributes, attributes),
        fc.array(asLive, { minLength: 1, maxLength: 6 }),
        (kinds, descriptions) => {
          const shared = kinds.map((all) => new SharedAttributes(all));
          // Alike in all, but read by the official serializer alone; ours has to write them before anybody reads them.
          const make = () =>
            descriptions.map(({ own, parent, which, ownAttributes, added, isFailed, isRead, removed }) => {
              const live = new LiveSpan(origin, SpanKind.CLIENT, 'GET', own, parent, clock.now(), {
                sharedAttributes: () => shared[which],
                ownAttributes: () => ({ ...ownAttributes }),
              });
              if (added !== undefined) live.setAttributes(added as Attributes);
              if (isFailed) live.setStatus({ code: 2 });
              live.end();
              if (isRead) void live.attributes;
              if (removed !== undefined) delete live.attributes[removed];
              return live;
            });

          expect(ours(make()).equals(official(make()))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('writes what the published protocol reads', () => {
    const request = decodeRequest('traces', 'application/x-protobuf', ours([usual]));

    expect(flattenSpans(request)).toMatchObject([
      {
        name: 'GET',
        kind: 'CLIENT',
        traceId: context.traceId,
        spanId: context.spanId,
        startTimeUnixNano: 1_700_000_000_000_000_001n,
        endTimeUnixNano: 1_700_000_000_999_999_999n,
        attributes: usual.attributes,
      },
    ]);
  });

  test('writes a batch that is larger than any before, and a smaller one after it', () => {
    const write = createSpanWriter();
    const many = Array.from({ length: 2_000 }, (_, index) => ({ ...usual, name: `span ${index}` }));

    for (const batch of [[usual], many, [], [usual], many])
      expect(Buffer.from(write(batch)).equals(official(batch))).toBe(true);
  });

  test('writes a resource that takes more or less than that of the batch before', () => {
    const write = createSpanWriter();
    const large = resourceFromAttributes({ 'process.command_args': ['x'.repeat(3_000), 'y'] });

    for (const one of [resource, large, large, resource]) {
      const batch = [{ ...usual, resource: one }, usual];
      expect(Buffer.from(write(batch)).equals(official(batch))).toBe(true);
      const alone = [{ ...usual, resource: one }];
      expect(Buffer.from(write(alone)).equals(official(alone))).toBe(true);
    }
  });

  test('leaves an earlier batch alone, which may still be on its way', () => {
    const write = createSpanWriter();
    const first = write([usual]);
    const before = Buffer.from(first);
    write([{ ...usual, name: 'other' }]);

    expect(before.equals(first)).toBe(true);
  });

  test('writes a time as its seconds and nanoseconds', () => {
    const written = (write: (writer: ProtobufWriter) => void) => {
      const writer = new ProtobufWriter(16);
      write(writer);
      return Buffer.from(writer.finish());
    };
    const ms = fc.oneof(
      fc.double({ min: 0, max: 4.6e12, noNaN: true }),
      fc.constantFrom(1_700_000_000_999.999_8, 1_999.999_999_9, 0.999_999_9, 0),
    );
    fc.assert(
      fc.property(ms, (epochMs) => {
        const [seconds, nanos] = toHrTime(epochMs);
        expect(written((writer) => writer.epochMs(7, epochMs))).toEqual(
          written((writer) => writer.nanos(7, seconds, nanos)),
        );
      }),
    );
  });

  test('leaves out a span that cannot be read, and none but that', () => {
    const batch = createSpanBatches(own)();
    const broken = {
      ...usual,
      spanContext: () => ({
        ...context,
        traceState: {
          serialize(): string {
            throw new Error('broken');
          },
        } as never,
      }),
    };
    for (const one of [usual, broken, usual]) batch.add(one);
    const { bytes, count } = batch.take();
    expect([count, batch.size, batch.failed]).toEqual([2, 3, 1]);
    expect(Buffer.from(bytes).equals(official([usual, usual]))).toBe(true);
  });

  test('writes spans sixteen at a time: no more are ever held as objects', () => {
    const added = Array.from({ length: 33 }, (_, index) => ({ ...usual, attributes: { index } }));
    const batch = createSpanBatches(own)();
    for (const one of added) batch.add(one);
    for (const { attributes } of added) attributes.index += 1_000;

    const written = flattenSpans(
      decodeRequest('traces', 'application/x-protobuf', Buffer.from(batch.take().bytes)),
    );
    expect(written.map(({ attributes }) => attributes.index)).toEqual([...Array(32).keys(), 1_032]);
  });
});
