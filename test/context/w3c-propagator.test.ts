import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import {
  type Context,
  createTraceState,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { suppressTracing, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  createW3CBaggagePropagator,
  createW3CTraceContextPropagator,
  TRACE_RANDOMNESS_KEY,
} from '../../src/context/w3c-propagator.js';
import { anyHeader, baggageKey, damaged, spanId, traceId, tracestateMembers } from './arbitraries.js';

type Headers = Record<string, string | string[] | undefined>;

const traceIdIn = '12345678901234567890123456789012';
const spanIdIn = '00f067aa0ba902b7';
const parent = (flags = '01', version = '00') => `${version}-${traceIdIn}-${spanIdIn}-${flags}`;

const traceContext = createW3CTraceContextPropagator();
const baggage = createW3CBaggagePropagator();

const extract = (headers: Headers, context = ROOT_CONTEXT) =>
  traceContext.extract(context, headers, defaultTextMapGetter);

function inject(context: Context, propagator = traceContext): Headers {
  const headers: Headers = {};
  propagator.inject(context, headers, defaultTextMapSetter);
  return headers;
}

const withSpan = (spanContext: Partial<SpanContext>, context = ROOT_CONTEXT) =>
  trace.setSpanContext(context, { traceId: traceIdIn, spanId: spanIdIn, traceFlags: 1, ...spanContext });

describe('extract', () => {
  test('makes the caller a remote parent and remembers whether the trace id is random', () => {
    const context = extract({ traceparent: parent('03'), tracestate: 'foo=1' });
    expect(trace.getSpanContext(context)).toMatchObject({
      traceId: traceIdIn,
      spanId: spanIdIn,
      traceFlags: 3,
      isRemote: true,
    });
    expect(trace.getSpanContext(context)?.traceState?.get('foo')).toBe('1');
    expect(context.getValue(TRACE_RANDOMNESS_KEY)).toEqual({ traceId: traceIdIn, random: true });
  });

  test('keeps the traceparent when tracestate is invalid', () => {
    const spanContext = trace.getSpanContext(extract({ traceparent: parent(), tracestate: 'FOO=1' }));
    expect(spanContext).toEqual({ traceId: traceIdIn, spanId: spanIdIn, traceFlags: 1, isRemote: true });
  });

  test.each<[string, Headers]>([
    ['no header', {}],
    ['a tracestate alone', { tracestate: 'foo=1' }],
    ['a bad traceparent', { traceparent: parent('01', 'ff'), tracestate: 'foo=1' }],
    ['two traceparents', { traceparent: [parent(), parent()], tracestate: 'foo=1' }],
    ['two traceparents, joined', { traceparent: `${parent()}, ${parent()}`, tracestate: 'foo=1' }],
    ['another name', { 'trace-parent': parent(), 'trace.parent': parent() }],
  ])('leaves the context as it is for %s', (_, headers) => {
    expect(extract(headers)).toBe(ROOT_CONTEXT);
  });

  test('does not even look at tracestate without a valid traceparent', () => {
    const read: string[] = [];
    traceContext.extract(ROOT_CONTEXT, {}, { keys: () => [], get: (_, key) => void read.push(key) });
    expect(read).toEqual(['traceparent']);
  });
});

describe('inject without a span in between', () => {
  test.each([
    ['00', '00'],
    ['01', '01'],
    ['02', '02'],
    ['03', '03'],
    ['ff', '03'],
    ['10', '00'],
    ['fe', '02'],
    ['0d', '01'],
  ])('sends the flags %s on as %s', (received, sent) => {
    expect(inject(extract({ traceparent: parent(received) }))).toEqual({ traceparent: parent(sent) });
  });

  test('sends version 00 whatever came', () => {
    expect(inject(extract({ traceparent: `${parent('03', 'cc')}-more` }))).toEqual({
      traceparent: parent('03'),
    });
  });

  test.each([
    ['foo=1 \t,, bar=  2 , foo=3', 'foo=1 \t,, bar=  2 , foo=3'],
    [['foo=1', 'bar=2'], 'foo=1,bar=2'],
    [`${'k=1,'.repeat(31)}l=${'v'.repeat(256)}`, `${'k=1,'.repeat(31)}l=${'v'.repeat(256)}`],
  ])('sends the tracestate %j on unchanged', (received, sent) => {
    expect(inject(extract({ traceparent: parent(), tracestate: received }))).toEqual({
      traceparent: parent(),
      tracestate: sent,
    });
  });

  test.each(['', ' ', ',,', 'FOO=1', Array.from({ length: 33 }, (_, index) => `k${index}=1`).join()])(
    'sends no tracestate for %j',
    (received) => {
      expect(inject(extract({ traceparent: parent(), tracestate: received }))).toEqual({
        traceparent: parent(),
      });
    },
  );
});

describe('the random flag', () => {
  const tracer = new BasicTracerProvider().getTracer('test');
  const flagsOf = ({ traceparent }: Headers) => String(traceparent).slice(-2);

  test.each([
    ['00', '00'],
    ['01', '01'],
    ['02', '02'],
    ['03', '03'],
  ])('of a continued trace with the flags %s survives the spans of the SDK, as %s', (received, sent) => {
    const remote = extract({ traceparent: parent(received) });
    const server = trace.setSpan(remote, tracer.startSpan('server', {}, remote));
    const client = trace.setSpan(server, tracer.startSpan('client', {}, server));
    for (const context of [server, client]) {
      const headers = inject(context);
      expect(headers.traceparent).toContain(traceIdIn);
      expect(headers.traceparent).not.toContain(spanIdIn);
      expect(flagsOf(headers)).toBe(sent);
    }
  });

  test('is set for a trace begun here', () => {
    const context = trace.setSpan(ROOT_CONTEXT, tracer.startSpan('root'));
    expect(flagsOf(inject(context))).toBe('03');
    expect(flagsOf(inject(withSpan({ traceFlags: 0 })))).toBe('02');
  });

  test('is set for a trace begun anew within a continued one without it', () => {
    const remote = extract({ traceparent: parent('01') });
    const context = trace.setSpan(remote, tracer.startSpan('new root', { root: true }, remote));
    expect(flagsOf(inject(context))).toBe('03');
  });

  test('stays unset in a continued trace whatever the flags of a span in it say', () => {
    expect(flagsOf(inject(withSpan({ traceFlags: 3 }, extract({ traceparent: parent('00') }))))).toBe('01');
  });

  test('is left to the SpanContext when the own ids are not random', () => {
    const propagator = createW3CTraceContextPropagator({ ownIdsAreRandom: false });
    expect(flagsOf(inject(withSpan({ traceFlags: 1 }), propagator))).toBe('01');
    expect(flagsOf(inject(withSpan({ traceFlags: 2 }), propagator))).toBe('02');
  });

  test.each([
    [1, '01'],
    [3, '03'],
    [0x12, '02'],
  ])('of a remote context that another propagator has set is the one of its flags %d', (traceFlags, sent) => {
    expect(flagsOf(inject(withSpan({ traceFlags, isRemote: true })))).toBe(sent);
  });
});

describe('inject', () => {
  test.each<[string, Context]>([
    ['no span', ROOT_CONTEXT],
    ['a zero trace id', withSpan({ traceId: '0'.repeat(32) })],
    ['a zero span id', withSpan({ spanId: '0'.repeat(16) })],
    ['an id that is none', withSpan({ traceId: `${'1'.repeat(30)}\r\n` })],
    ['suppressed tracing', suppressTracing(withSpan({ traceState: createTraceState('foo=1') }))],
  ])('sends nothing for %s', (_, context) => {
    expect(inject(context)).toEqual({});
  });

  test('writes ids in lower case', () => {
    const context = withSpan({ traceId: 'ABCDEF00000000000000000000000001', spanId: 'ABCDEF0000000001' });
    expect(inject(context).traceparent).toBe('00-abcdef00000000000000000000000001-abcdef0000000001-03');
  });

  test('sends the state of another implementation, unless it makes no valid header', () => {
    expect(inject(withSpan({ traceState: createTraceState('foo=1') })).tracestate).toBe('foo=1');
    const broken = { ...createTraceState(), serialize: () => 'a=1\r\nb: 2' };
    expect(inject(withSpan({ traceState: broken }))).toEqual({ traceparent: parent('03') });
  });
});

describe('baggage', () => {
  const extractBaggage = (headers: Headers, context = ROOT_CONTEXT) =>
    baggage.extract(context, headers, defaultTextMapGetter);

  test.each([
    ['without a traceparent', extractBaggage({ baggage: 'a=1;p' })],
    [
      'with a traceparent that is not sampled',
      extractBaggage({ baggage: 'a=1;p' }, extract({ traceparent: parent('00') })),
    ],
  ])('is passed on %s', (_, context) => {
    expect(propagation.getBaggage(context)?.getEntry('a')?.value).toBe('1');
    expect(inject(context, baggage)).toEqual({ baggage: 'a=1;p' });
  });

  test.each<[string, Headers]>([
    ['no header', {}],
    ['an empty header', { baggage: '' }],
    ['no valid member', { baggage: 'a' }],
  ])('leaves the context as it is for %s', (_, headers) => {
    expect(extractBaggage(headers)).toBe(ROOT_CONTEXT);
  });

  test('is not sent when there is none, nothing in it, or tracing is suppressed', () => {
    expect(inject(ROOT_CONTEXT, baggage)).toEqual({});
    expect(inject(propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage()), baggage)).toEqual({});
    expect(inject(suppressTracing(extractBaggage({ baggage: 'a=1' })), baggage)).toEqual({});
  });
});

test('the headers of each propagator are named in lower case', () => {
  expect(traceContext.fields()).toEqual(['traceparent', 'tracestate']);
  expect(baggage.fields()).toEqual(['baggage']);
});

describe('beside the official propagators', () => {
  const official = new W3CTraceContextPropagator();
  const officialBaggage = new W3CBaggagePropagator();
  const ordinaryState = fc.uniqueArray(
    fc.tuple(fc.stringMatching(/^[a-z][a-z0-9_*/-]{0,5}$/), fc.stringMatching(/^[!-+>-~]{1,6}$/)),
    { minLength: 1, maxLength: 20, selector: ([key]) => key },
  );

  test('an ordinary trace context is read and sent on the same way', () => {
    fc.assert(
      fc.property(traceId, spanId, fc.nat(3), ordinaryState, (traceId, spanId, flags, members) => {
        const tracestate = members.map(([key, value]) => `${key}=${value}`).join();
        const headers = { traceparent: `00-${traceId}-${spanId}-0${flags}`, tracestate };
        const theirs = official.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
        const { traceState: theirState, ...theirContext } = trace.getSpanContext(theirs) as SpanContext;
        const { traceState: ourState, ...ourContext } = trace.getSpanContext(extract(headers)) as SpanContext;
        expect(ourContext).toEqual(theirContext);
        for (const [key] of members) expect(ourState?.get(key)).toBe(theirState?.get(key));
        expect(inject(extract(headers))).toEqual(inject(theirs, official));
      }),
    );
  });

  test('they read what is sent, and the other way round', () => {
    // The official ones decode keys as well, and lose one that is special to JavaScript.
    const ordinary = fc.string({ unit: 'grapheme', minLength: 1 });
    const entries = fc.dictionary(
      baggageKey.filter((key) => !key.includes('%') && key !== '__proto__'),
      fc.record({ value: ordinary }),
      { minKeys: 1, maxKeys: 10 },
    );
    fc.assert(
      fc.property(entries, (entries) => {
        const context = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(entries));
        const theirs = officialBaggage.extract(ROOT_CONTEXT, inject(context, baggage), defaultTextMapGetter);
        expect(propagation.getBaggage(theirs)?.getAllEntries()).toEqual(Object.entries(entries));
      }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.record({ value: ordinary }), {
          minKeys: 1,
          maxKeys: 10,
        }),
        (entries) => {
          const context = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(entries));
          const ours = baggage.extract(ROOT_CONTEXT, inject(context, officialBaggage), defaultTextMapGetter);
          expect(propagation.getBaggage(ours)?.getAllEntries()).toEqual(Object.entries(entries));
        },
      ),
    );
  });
});

test('no headers make it throw, and what it sends on is well-formed', () => {
  const traceparent = fc
    .tuple(traceId, spanId, fc.constantFrom('00', '01', '02', '03', 'ff', '10'))
    .map(([trace, span, flags]) => `00-${trace}-${span}-${flags}`);
  const tracestate = tracestateMembers({ minLength: 0, maxLength: 5 }).map((list) =>
    list.map((pair) => pair.join('=')).join(),
  );
  const headers = fc.record({
    traceparent: fc.oneof(traceparent, anyHeader(damaged(traceparent))),
    tracestate: anyHeader(damaged(tracestate)),
    baggage: anyHeader(damaged(fc.constant('a=1;p,b=%C3%A9'))),
  });
  fc.assert(
    fc.property(headers, (given) => {
      const received = given as Headers;
      const context = baggage.extract(extract(received), received, defaultTextMapGetter);
      const sent = { ...inject(context), ...inject(context, baggage) };
      if ('traceparent' in sent) expect(sent.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
      else expect(sent).not.toHaveProperty('tracestate');
      for (const value of Object.values(sent)) expect(value).toMatch(/^[\x20-\x7e\t]+$/);
    }),
    { numRuns: 1_000 },
  );
});

describe('over a real connection', () => {
  /** Sends raw bytes, and returns for each request what the server would send on. */
  async function passThrough(requests: string[][]): Promise<Headers[]> {
    const server = http.createServer((request, response) => {
      const context = baggage.extract(extract(request.headers), request.headers, defaultTextMapGetter);
      const distinct = inject(extract(request.headersDistinct));
      const sent = { ...inject(context), ...inject(context, baggage) };
      response.end(`${JSON.stringify([sent, distinct])}\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());

    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    for (const [index, lines] of requests.entries()) {
      const connection = index === requests.length - 1 ? 'close' : 'keep-alive';
      socket.write(
        ['GET / HTTP/1.1', 'host: test', `connection: ${connection}`, ...lines, '', ''].join('\r\n'),
        'latin1',
      );
    }
    let text = '';
    for await (const chunk of socket) text += chunk;
    return [...text.matchAll(/^\[\{.*\}\]$/gm)].map(([body]) => {
      const [joined, { tracestate: _, ...distinct }] = JSON.parse(body) as [Headers, Headers];
      const { tracestate: __, baggage: ___, ...ids } = joined;
      expect(distinct).toEqual(ids);
      return joined;
    });
  }

  test.each<[string, string[], Headers]>([
    [
      'a name in any case',
      [`TraceParent: ${parent()}`, 'TRACESTATE: foo=1', 'Baggage: a=1'],
      { traceparent: parent(), tracestate: 'foo=1', baggage: 'a=1' },
    ],
    [
      'whitespace around the value',
      [`traceparent: \t ${parent()} \t`, 'tracestate: \t foo=1\t'],
      { traceparent: parent(), tracestate: 'foo=1' },
    ],
    [
      'a traceparent twice',
      [`traceparent: ${parent()}`, `traceparent: ${parent()}`, 'tracestate: foo=1'],
      {},
    ],
    [
      'two traceparents of a higher version with more fields',
      [`traceparent: ${parent('01', '01')}-x`, `traceparent: ${parent('01', '01')}-x`],
      {},
    ],
    [
      'several tracestates',
      [`traceparent: ${parent()}`, 'tracestate: foo=1,bar=2', 'tracestate: ', 'tracestate: baz=3'],
      { traceparent: parent(), tracestate: 'foo=1,bar=2, , baz=3' },
    ],
    ['several baggages', ['baggage: a=1', 'baggage: b=2, c=3'], { baggage: 'a=1,b=2,c=3' }],
    [
      'bytes that are not ASCII',
      [`traceparent: ${parent()}`, 'tracestate: foo=é', 'baggage: a=é,b=1'],
      { traceparent: parent(), baggage: 'b=1' },
    ],
    ['an empty traceparent', ['traceparent:', 'tracestate: foo=1'], {}],
  ])('a request with %s is read the same from headers and headersDistinct', async (_, lines, sent) => {
    expect(await passThrough([lines])).toEqual([sent]);
  });

  test('requests of one connection do not see the context of one another', async () => {
    const other = parent('03').replace('1234', 'abcd');
    expect(
      await passThrough([
        [`traceparent: ${parent()}`, 'tracestate: foo=1', 'baggage: a=1'],
        [],
        [`traceparent: ${other}`],
      ]),
    ).toEqual([{ traceparent: parent(), tracestate: 'foo=1', baggage: 'a=1' }, {}, { traceparent: other }]);
  });
});
