import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LiveSpan } from '../../src/trace/live-span.js';
import { SharedAttributes } from '../../src/trace/shared-attributes.js';
import { createFakeClock, fakeEpochMs } from '../support/fake-clock.js';

const resource = { attributes: {} } as Resource;
const context = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 3 };

function create(ownAttributes?: () => Attributes, shared?: SharedAttributes) {
  const clock = createFakeClock();
  const ended: LiveSpan[] = [];
  const origin = {
    clock,
    scope: { name: 'test' },
    resource: () => resource,
    ended: (span: LiveSpan) => ended.push(span),
  };
  const parent = { traceId: context.traceId, spanId: '3'.repeat(16), traceFlags: 1, isRemote: true };
  const source = ownAttributes && { sharedAttributes: () => shared, ownAttributes };
  const span = new LiveSpan(origin, SpanKind.SERVER, 'GET', context, parent, clock.now(), source);
  return { span, clock, ended, parent };
}

const hrOf = (epochMs: number) => [Math.floor(epochMs / 1_000), (epochMs % 1_000) * 1e6];

describe('a live span', () => {
  test('says what it is from the start', () => {
    const { span, parent } = create();

    expect(span.spanContext()).toBe(context);
    expect(span).toMatchObject({
      name: 'GET',
      kind: SpanKind.SERVER,
      parentSpanContext: parent,
      status: { code: SpanStatusCode.UNSET },
      attributes: {},
      events: [],
      links: [],
      ended: false,
      resource,
      instrumentationScope: { name: 'test' },
    });
    expect(span.isRecording()).toBe(true);
  });

  test('has the times of the clock, and is handed on once', () => {
    const { span, clock, ended } = create();

    clock.advanceNow(1_500);
    span.end();
    clock.advanceNow(1_000);
    span.end();
    span.endAt(clock.now());

    expect(span.startTime).toEqual(hrOf(fakeEpochMs));
    expect(span.endTime).toEqual(hrOf(fakeEpochMs + 1_500));
    expect(span.duration).toEqual([1, 500_000_000]);
    expect(ended).toEqual([span]);
    expect([span.ended, span.isRecording()]).toEqual([true, false]);
  });

  test.each<[string, (epochMs: number) => number | Date | [number, number], number]>([
    ['a date', (epochMs) => new Date(epochMs), 700],
    ['wall-clock milliseconds', (epochMs) => epochMs, 700],
    ['seconds and nanoseconds', (epochMs) => [Math.floor(epochMs / 1_000), (epochMs % 1_000) * 1e6], 700],
  ])('ends at %s', (_what, timeOf, afterMs) => {
    const { span, clock } = create();
    clock.advanceNow(5_000);

    span.end(timeOf(fakeEpochMs + afterMs));

    expect(span.endTime).toEqual(hrOf(fakeEpochMs + afterMs));
    expect(span.duration).toEqual([0, afterMs * 1e6]);
  });

  test('never ends before it began', () => {
    const { span } = create();

    span.end(new Date(fakeEpochMs - 10_000));

    expect(span.duration).toEqual([0, 0]);
    expect(span.endTime).toEqual(span.startTime);
  });

  test('takes nothing any more once it has ended', () => {
    const { span } = create();
    span.setAttribute('a', 1).end();
    const before = { ...span.attributes };

    span
      .setAttribute('b', 2)
      .setAttributes({ c: 3 })
      .addEvent('late')
      .addLink({ context })
      .updateName('late');
    span.setStatus({ code: SpanStatusCode.ERROR }).recordException(new Error('late'));

    expect(span.attributes).toEqual(before);
    expect(span).toMatchObject({
      name: 'GET',
      events: [],
      links: [],
      status: { code: SpanStatusCode.UNSET },
    });
  });

  test('has the attributes of its seam, and lets those of the user win', () => {
    let reads = 0;
    let code = 200;
    const { span } = create(() => {
      reads += 1;
      return { 'http.route': '/a', 'http.response.status_code': code };
    });

    span.setAttribute('http.route', '/mine').setAttribute('shop', 'x');
    expect(reads).toBe(0);
    expect(span.attributes).toEqual({ 'http.route': '/mine', 'http.response.status_code': 200, shop: 'x' });
    code = 500;
    span.end();
    const atEnd = span.attributes;
    code = 0;

    expect(atEnd).toEqual({ 'http.route': '/mine', 'http.response.status_code': 500, shop: 'x' });
    expect(span.attributes).toBe(atEnd);
    expect(reads).toBe(2);
  });

  test('shows what it shares with others as its own, and leaves that of the others alone', () => {
    const shared = new SharedAttributes({ 'server.address': 'shop', 'server.port': 80 });
    const { span: first } = create(() => ({ 'url.full': 'http://shop/a' }), shared);
    const { span: second } = create(() => ({ 'url.full': 'http://shop/b' }), shared);
    const { span: bare } = create(() => Object.freeze({}), shared);
    for (const span of [first, second, bare]) span.end();

    first.attributes['server.address'] = 'REDACTED';
    delete first.attributes['server.port'];
    bare.attributes['server.port'] = 1;

    expect(first.attributes).toEqual({ 'server.address': 'REDACTED', 'url.full': 'http://shop/a' });
    expect(bare.attributes).toEqual({ 'server.address': 'shop', 'server.port': 1 });
    expect(second.attributes).toEqual({
      'server.address': 'shop',
      'server.port': 80,
      'url.full': 'http://shop/b',
    });
  });

  test('lets a user’s attributes win over those that it shares', () => {
    const shared = new SharedAttributes({ 'server.address': 'shop', 'server.port': 80 });
    const { span } = create(() => ({}), shared);
    span.setAttribute('server.port', 8_080).end();

    expect(span.attributes).toEqual({ 'server.address': 'shop', 'server.port': 8_080 });
    expect(span.sharedPart).toBeUndefined();
    expect(shared.all).toEqual({ 'server.address': 'shop', 'server.port': 80 });
  });

  test('keeps what the API knows as values, and passes over others', () => {
    const { span } = create();
    const circular: Record<string, unknown> = {};
    circular.self = circular;

    span.setAttributes({
      string: 'x',
      number: 7,
      boolean: false,
      strings: ['a', 'b'],
      empty: [],
      '': 'no key',
      nothing: undefined,
      none: null,
      map: { a: { b: 1 } },
      bytes: new Uint8Array([1, 2]),
      mixed: [{ a: 1 }, 'x', null],
      circular,
      function: () => {},
      symbol: Symbol('x'),
    });

    expect(span.attributes).toEqual({
      string: 'x',
      number: 7,
      boolean: false,
      strings: ['a', 'b'],
      empty: [],
      none: null,
      map: { a: { b: 1 } },
      bytes: new Uint8Array([1, 2]),
      mixed: [{ a: 1 }, 'x', null],
    });
  });

  test('counts what is no value among the attributes of an event and of a link', () => {
    const { span } = create();
    const attributes = { map: { a: 1 }, function: () => {} };
    span
      .addEvent('e', attributes)
      .addLink({ context, attributes })
      .addEvent('null', null as never);

    const kept = { attributes: { map: { a: 1 } }, droppedAttributesCount: 1 };
    expect(span.events).toMatchObject([kept, { attributes: {} }]);
    expect(span.links).toMatchObject([kept]);
  });

  test('keeps 128 attributes, events and links, and counts the rest', () => {
    const { span } = create();

    for (let index = 0; index < 130; index += 1) {
      span.setAttribute(`a${index}`, index).addEvent(`e${index}`).addLink({ context });
    }
    span.setAttribute('a0', 'again');

    expect(Object.keys(span.attributes)).toHaveLength(128);
    expect([span.events.length, span.links.length]).toEqual([128, 128]);
    expect([span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount]).toEqual([2, 2, 2]);
    expect(span.attributes.a0).toBe('again');
  });

  test('takes a key of Object.prototype for a key', () => {
    const { span } = create();
    span.setAttribute('constructor', 'x').setAttribute('toString', 'y');
    expect(Object.entries(span.attributes)).toEqual([
      ['constructor', 'x'],
      ['toString', 'y'],
    ]);
  });

  test('does not change what the user has in his hands', () => {
    const { span } = create();
    const attributes = Object.freeze({ a: 1 });
    const status = { code: SpanStatusCode.ERROR, message: 'x' };

    span.setAttributes(attributes).addEvent('e', attributes).setStatus(status);
    status.message = 'changed';
    span.setAttribute('b', 2);

    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'x' });
    expect(span.events[0]?.attributes).toEqual({ a: 1 });
  });

  test('stays as it is once the user has called it well', () => {
    const { span } = create();

    span.setStatus({ code: SpanStatusCode.ERROR, message: 'first' });
    span.setStatus({ code: SpanStatusCode.UNSET });
    const before = span.status;
    span.setStatus({ code: SpanStatusCode.OK });
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'second' });

    expect(before).toEqual({ code: SpanStatusCode.ERROR, message: 'first' });
    expect(span.status).toEqual({ code: SpanStatusCode.OK });
  });

  test('has events at the time they are given, or now', () => {
    const { span, clock } = create();

    clock.advanceNow(10);
    span.addEvent('now');
    span.addEvent('then', new Date(fakeEpochMs + 4));
    span.addEvent('both', { a: 1 }, fakeEpochMs + 5);

    expect(span.events).toEqual([
      { name: 'now', time: hrOf(fakeEpochMs + 10) },
      { name: 'then', time: hrOf(fakeEpochMs + 4) },
      { name: 'both', time: hrOf(fakeEpochMs + 5), attributes: { a: 1 } },
    ]);
  });

  test.each<[string, unknown, Attributes]>([
    [
      'an error',
      Object.assign(new TypeError('no'), { stack: 'at x' }),
      { 'exception.type': 'TypeError', 'exception.message': 'no', 'exception.stacktrace': 'at x' },
    ],
    [
      'a coded error',
      Object.assign(new Error('no'), { stack: 'at x', code: 'EIO' }),
      { 'exception.type': 'EIO', 'exception.message': 'no', 'exception.stacktrace': 'at x' },
    ],
    ['a text', 'no', { 'exception.message': 'no' }],
    ['nothing', undefined, {}],
  ])('records %s as an exception', (_what, exception, attributes) => {
    const { span } = create();
    span.recordException(exception as Error);
    expect(span.events).toEqual([{ name: 'exception', time: hrOf(fakeEpochMs), attributes }]);
  });

  test('knows a name that the user gave from one of the seam', () => {
    const { span } = create();
    expect(span.isNamedByUser).toBe(false);
    span.updateName('checkout');
    expect([span.name, span.isNamedByUser]).toEqual(['checkout', true]);
  });

  test('never throws and never has more than it may, whatever it is told', () => {
    const step = fc.oneof(
      fc.tuple(fc.constant('setAttribute'), fc.string(), fc.anything()),
      fc.tuple(fc.constant('setAttributes'), fc.dictionary(fc.string(), fc.anything())),
      fc.tuple(fc.constant('addEvent'), fc.string(), fc.dictionary(fc.string(), fc.string())),
      fc.tuple(fc.constant('setStatus'), fc.record({ code: fc.integer({ min: 0, max: 2 }) })),
      fc.tuple(fc.constant('end')),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { span, ended } = create(() => ({ own: 1 }));
        for (const [method, ...args] of steps)
          (span as never as Record<string, (...all: unknown[]) => void>)[method]?.(...args);
        span.end();
        expect(ended).toEqual([span]);
        expect(Object.keys(span.attributes).length).toBeLessThanOrEqual(129);
        for (const value of Object.values(span.attributes))
          expect(['string', 'number', 'boolean', 'object']).toContain(typeof value);
      }),
    );
  });
});
