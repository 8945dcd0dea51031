import { context, propagation } from '@opentelemetry/api';
import { describe, expect, test, vi } from 'vitest';
import type { Options } from '../../src/index.js';
import type { RawHandler } from './apps/app.js';
import { kinds, plainHttp1Kinds } from './apps/kinds.js';
import { sendRaw } from './support/client.js';
import { start, useCollector } from './support/service.js';

useCollector();

const traceId = '0af7651916cd43dd8448eb211c80319c';
const callerId = 'b7ad6b7169203331';
const traceparent = (flags: string) => `00-${traceId}-${callerId}-${flags}`;

/** What a call that a handler makes would carry. */
function outgoing(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

const answerOutgoing: RawHandler = (_req, res) => {
  res.end(JSON.stringify(outgoing()));
};

describe.each(kinds)('$name', (kind) => {
  test.each([
    ['01', '01'],
    ['03', '03'],
    ['ff', '03'],
    ['05', '01'],
  ])('continues the trace of its caller: flags %s go on as %s', async (flags, sentOn) => {
    const service = await start(kind, { raw: answerOutgoing });

    const { body } = await service.send({
      path: '/raw/any',
      headers: { traceparent: traceparent(flags), tracestate: 'a=1,b=2', baggage: 'user=7' },
    });

    const span = await service.span();
    expect(span).toMatchObject({ traceId, parentSpanId: callerId, traceState: 'a=1,b=2', links: [] });
    expect(span.flags & 0xff).toBe(Number.parseInt(sentOn, 16));
    expect(JSON.parse(body)).toEqual({
      traceparent: `00-${traceId}-${span.spanId}-${sentOn}`,
      tracestate: 'a=1,b=2',
      baggage: 'user=7',
    });
  });

  test.each(['00', '02'])(
    'respects a caller that does not sample, %s, and measures all the same',
    async (flags) => {
      const service = await start(kind, { raw: answerOutgoing });

      const { body } = await service.send({
        path: '/raw/any',
        headers: { traceparent: traceparent(flags), tracestate: 'a=1' },
      });
      await service.send({ path: '/orders/7' });

      const sent = JSON.parse(body);
      expect(sent).toMatchObject({ tracestate: 'a=1' });
      expect(sent.traceparent).toMatch(new RegExp(`^00-${traceId}-(?!${callerId})[0-9a-f]{16}-${flags}$`));
      expect((await service.span()).attributes).toMatchObject({ 'url.path': '/orders/7' });
      const points = await service.points('http.server.request.duration');
      expect(points.reduce((sum, { count }) => sum + (count ?? 0), 0)).toBe(2);
    },
  );

  test('begins a trace of random ids when the caller has none', async () => {
    const service = await start(kind, { raw: answerOutgoing });

    const { body } = await service.send({
      path: '/raw/any',
      headers: { tracestate: 'a=1', baggage: 'user=7' },
    });

    const span = await service.span();
    expect(span).toMatchObject({ parentSpanId: '', traceState: '' });
    expect(span.flags & 0xff).toBe(3);
    expect(JSON.parse(body)).toEqual({
      traceparent: `00-${span.traceId}-${span.spanId}-03`,
      baggage: 'user=7',
    });
  });

  test.each([
    ['an unknown version', `ff-${traceId}-${callerId}-01`],
    ['upper case', traceparent('01').toUpperCase()],
    ['an all-zero trace id', `00-${'0'.repeat(32)}-${callerId}-01`],
    ['an all-zero parent id', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['something behind', `${traceparent('01')}-x`],
    ['a trace id too short', `00-${traceId.slice(1)}-${callerId}-01`],
    ['nothing in it', ''],
    ['7 kB of it', 'a'.repeat(7_000)],
  ])('begins a new trace for a traceparent with %s, and forgets its tracestate', async (_what, header) => {
    const service = await start(kind, { raw: answerOutgoing });

    const { body } = await service.send({
      path: '/raw/any',
      headers: { traceparent: header, tracestate: 'a=1' },
    });

    const span = await service.span();
    expect(span).toMatchObject({ parentSpanId: '', traceState: '' });
    expect(span.traceId).not.toBe(traceId);
    expect(JSON.parse(body)).toEqual({ traceparent: `00-${span.traceId}-${span.spanId}-03` });
  });

  test('discards a tracestate that is not one, and keeps the trace', async () => {
    const service = await start(kind);

    await service.send({
      path: '/orders/7',
      headers: { traceparent: traceparent('01'), tracestate: 'a=1,B=2' },
    });

    expect(await service.span()).toMatchObject({ traceId, parentSpanId: callerId, traceState: '' });
  });

  describe('at the edge', () => {
    test('begins a new trace, linked to that of the caller, with none of its context', async () => {
      const service = await start(kind, { raw: answerOutgoing, options: { traces: { edge: 'restart' } } });

      const { body } = await service.send({
        path: '/raw/any',
        headers: { traceparent: traceparent('00'), tracestate: 'a=1', baggage: 'user=7' },
      });

      const span = await service.span();
      expect(span).toMatchObject({
        parentSpanId: '',
        traceState: '',
        links: [{ traceId, spanId: callerId }],
      });
      expect(span.traceId).not.toBe(traceId);
      expect(JSON.parse(body)).toEqual({ traceparent: `00-${span.traceId}-${span.spanId}-03` });
    });

    test('asks a function for each request', async () => {
      const edge = vi.fn((req: { headers: Record<string, unknown> }) =>
        req.headers['x-internal'] === undefined ? ('restart' as const) : ('continue' as const),
      );
      const service = await start(kind, { options: { traces: { edge } } });
      const headers = { traceparent: traceparent('01') };

      await service.send({ path: '/orders/1', headers });
      await service.send({ path: '/orders/2', headers: { ...headers, 'x-internal': 'yes' } });
      await service.send({ path: '/orders/3' });

      const [outside, inside, alone] = await service.spans(3);
      expect(outside).toMatchObject({ parentSpanId: '', links: [{ traceId, spanId: callerId }] });
      expect(inside).toMatchObject({ traceId, parentSpanId: callerId, links: [] });
      expect(alone).toMatchObject({ parentSpanId: '', links: [] });
      expect(edge).toHaveBeenCalledTimes(3);
    });
  });

  describe('a request to ignore', () => {
    test.each<[string, Options]>([
      ['its path', { ignore: ['/raw/quiet'] }],
      ['a prefix', { ignore: ['/raw/q*'] }],
      ['an expression', { ignore: [/^\/RAW\/q/gi] }],
      ['a function', { ignore: (req) => req.url?.startsWith('/raw/quiet') === true }],
    ])('is known by %s, leaves no trace, and its context is passed on', async (_what, options) => {
      const service = await start(kind, { raw: answerOutgoing, options });
      const headers = { traceparent: traceparent('03'), tracestate: 'a=1', baggage: 'user=7' };

      const bodies: string[] = [];
      for (const query of ['', '?a=/b', '?c'])
        bodies.push((await service.send({ path: `/raw/quiet${query}`, headers })).body);
      await service.send({ path: '/raw/loud' });

      expect(bodies.map((body) => JSON.parse(body))).toEqual(Array(3).fill(headers));
      expect((await service.span()).attributes).toMatchObject({ 'url.path': '/raw/loud' });
      const points = await service.points('http.server.request.duration');
      expect(points.map(({ count }) => count)).toEqual([1]);
      const active = await service.points('http.server.active_requests');
      expect(active.map(({ value }) => value)).toEqual([0]);
    });

    test('is asked about once', async () => {
      const ignore = vi.fn((req: { url?: string | undefined }) => req.url === '/raw/quiet');
      const service = await start(kind, { options: { ignore } });

      await service.send({ path: '/raw/quiet' });
      await service.send({ path: '/raw/loud' });

      await service.span();
      expect(ignore).toHaveBeenCalledTimes(2);
    });

    test('passes on no context that the caller did not have, nor one that is malformed', async () => {
      const service = await start(kind, { raw: answerOutgoing, options: { ignore: ['/raw/quiet'] } });

      const none = await service.send({ path: '/raw/quiet' });
      const unknownFlags = await service.send({
        path: '/raw/quiet',
        headers: { traceparent: traceparent('ff') },
      });
      const broken = await service.send({
        path: '/raw/quiet',
        headers: { traceparent: 'broken', tracestate: 'a=1' },
      });

      expect([none, unknownFlags, broken].map(({ body }) => JSON.parse(body))).toEqual([
        {},
        { traceparent: traceparent('03') },
        {},
      ]);
    });
  });

  test('passes context on, and measures, with traces off', async () => {
    const service = await start(kind, { raw: answerOutgoing, options: { traces: false } });
    const headers = { traceparent: traceparent('01'), tracestate: 'a=1' };

    const { body } = await service.send({ path: '/raw/any', headers });

    expect(JSON.parse(body)).toEqual(headers);
    expect((await service.points('http.server.request.duration')).map(({ count }) => count)).toEqual([1]);
    expect(await service.spans(0)).toEqual([]);
  });

  describe('a function of the user that throws', () => {
    test.each<[string, Options, string]>([
      ['ignore', { ignore: () => fail() }, callerId],
      ['edge', { traces: { edge: () => fail() } }, ''],
    ])(
      'never reaches the application, is logged once and trusts nobody: %s',
      async (_name, options, parent) => {
        const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
        const service = await start(kind, { options });

        const answers = [];
        for (const id of ['1', '2', '3'])
          answers.push(
            await service.send({ path: `/orders/${id}`, headers: { traceparent: traceparent('01') } }),
          );
        const lines = stderr.mock.calls.map(([line]) => String(line));
        stderr.mockRestore();

        expect(answers.map(({ status, body }) => [status, JSON.parse(body)])).toEqual(
          ['1', '2', '3'].map((id) => [200, { id }]),
        );
        expect(lines.filter((line) => line.includes('my own mistake'))).toHaveLength(1);
        const spans = await service.spans(3);
        expect(spans.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(parent));
        expect((await service.points('http.server.request.duration')).map(({ count }) => count)).toEqual([3]);
      },
    );

    function fail(): never {
      throw new Error('my own mistake');
    }
  });
});

describe.each(plainHttp1Kinds)('$name, byte by byte', (kind) => {
  test('begins a new trace when traceparent comes twice, even twice the same', async () => {
    const service = await start(kind);
    const header = `traceparent: ${traceparent('01')}\r\n`;

    await sendRaw(
      service.address.port,
      `GET /orders/7 HTTP/1.1\r\nHost: a\r\n${header}${header}tracestate: a=1\r\nConnection: close\r\n\r\n`,
    );

    expect(await service.span()).toMatchObject({ parentSpanId: '', traceState: '' });
  });

  test('combines several fields of tracestate in order', async () => {
    const service = await start(kind);

    await sendRaw(
      service.address.port,
      `GET /orders/7 HTTP/1.1\r\nHost: a\r\ntracestate: a=1\r\ntraceparent: ${traceparent('01')}\r\n` +
        'tracestate: b=2\r\nConnection: close\r\n\r\n',
    );

    expect((await service.span()).traceState.replaceAll(' ', '')).toBe('a=1,b=2');
  });
});
