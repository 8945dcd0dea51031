import { channel } from 'node:diagnostics_channel';
import fastify from 'fastify';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { traceFields } from '../../src/index.js';
import { createLines, inRequest, startLogService } from './support.js';

describe('lines of pino', () => {
  test('leave as records with severity, body, attributes, trace context and resource', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const lines = createLines();
    const logger = pino({ base: null, mixin: traceFields }, lines);
    const { traceId, spanId } = await inRequest(signals, () =>
      logger.warn({ order: 7, items: ['a', 'b'] }, 'stock is low'),
    );
    logger.info('outside');
    await signals.flush();
    const [inside, outside] = receiver.logs();
    expect(inside).toMatchObject({
      severityNumber: 13,
      severityText: 'warn',
      body: 'stock is low',
      attributes: { order: 7, items: ['a', 'b'] },
      traceId,
      spanId,
      resource: { 'service.name': 'orders' },
      scope: { name: 'pino' },
    });
    expect(Object.keys(inside?.attributes ?? {})).toEqual(['order', 'items']);
    expect(Number((inside?.timeUnixNano ?? 0n) / 1_000_000n)).toBe(lines.json()[0]?.time);
    expect(inside?.observedTimeUnixNano).toBeGreaterThan(0n);
    expect(outside).toMatchObject({ body: 'outside', severityNumber: 9 });
    expect(outside?.traceId).toBe('');
  });
});

describe('what a line of pino holds', () => {
  test('is what was printed: bindings, serializers, redaction and formatters have had their say', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const logger = pino(
      {
        base: null,
        redact: ['card'],
        serializers: { user: (user: { id: number }) => user.id },
        formatters: { level: (label) => ({ severity: label }) },
        messageKey: 'text',
      },
      createLines(),
    );
    logger.child({ component: 'cart' }).info({ user: { id: 9, name: 'Ada' }, card: '4111' }, 'paid');
    await signals.flush();
    expect(receiver.logs()).toMatchObject([
      {
        body: 'paid',
        severityText: 'info',
        attributes: { component: 'cart', user: 9, card: '[Redacted]', severity: 'info' },
      },
    ]);
  });

  test('names an error by the exception attributes of the conventions', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const logger = pino({ base: null }, createLines());
    logger.error(Object.assign(new TypeError('no stock'), { sku: 'A1' }));
    logger.error({ err: new RangeError('too many') }, 'order failed');
    await signals.flush();
    const [alone, with_] = receiver.logs();
    expect(alone).toMatchObject({
      body: 'no stock',
      severityNumber: 17,
      attributes: { 'exception.type': 'TypeError', 'exception.message': 'no stock', 'exception.sku': 'A1' },
    });
    expect(alone?.attributes['exception.stacktrace']).toMatch(/^TypeError: no stock\n {4}at /);
    expect(alone?.attributes.err).toBeUndefined();
    expect(with_).toMatchObject({ body: 'order failed', attributes: { 'exception.type': 'RangeError' } });
  });

  test('does not leave with credentials in it, which are known by their names; counts and flags do', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const logger = pino({ base: null }, createLines());
    const headers = { authorization: 'Bearer x', cookie: 'sid=1', accept: 'text/html', 'x-api-key': 'k' };
    logger.info({ headers, dbPassword: 'hunter2', tokens: 512, inputToken: 7, sortKey: 'name' }, 'call');
    await signals.flush();
    expect(receiver.logs()[0]?.attributes).toEqual({
      headers: {
        authorization: 'REDACTED',
        cookie: 'REDACTED',
        accept: 'text/html',
        'x-api-key': 'REDACTED',
      },
      dbPassword: 'REDACTED',
      tokens: 512,
      inputToken: 7,
      sortKey: 'name',
    });
  });

  test('has the severities of OpenTelemetry, custom levels between them', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const logger = pino(
      { base: null, level: 'trace', customLevels: { notice: 35, http: 25, panic: 90, tiny: 5 } },
      createLines(),
    );
    const levels = ['trace', 'debug', 'http', 'info', 'notice', 'warn', 'error', 'fatal', 'panic'] as const;
    for (const level of levels) logger[level]('x');
    await signals.flush();
    expect(receiver.logs().map((log) => [log.severityText, log.severityNumber])).toEqual([
      ['trace', 1],
      ['debug', 5],
      ['http', 7],
      ['info', 9],
      ['notice', 11],
      ['warn', 13],
      ['error', 17],
      ['fatal', 21],
      ['panic', 24],
    ]);
  });

  test('that is below the level of its logger leaves neither', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    pino({ level: 'warn' }, createLines()).info('quiet');
    pino({ level: 'silent' }, createLines()).fatal('silent');
    await signals.flush();
    expect(receiver.logs()).toEqual([]);
  });

  const { isoTime, epochTime, unixTime, nullTime } = pino.stdTimeFunctions;
  test.each([
    ['an ISO time', { timestamp: isoTime }, {}],
    ['milliseconds', { timestamp: epochTime }, {}],
    ['seconds', { timestamp: unixTime }, {}],
    ['nanoseconds as a text', { timestamp: () => `,"time":"${BigInt(Date.now()) * 1_000_000n}"` }, {}],
    ['a time by another name', { timestamp: () => `,"timestamp":"${new Date().toISOString()}"` }, {}],
    ['the time of another zone', { timestamp: () => `,"time":"${new Date().toLocaleTimeString()}"` }, {}],
    ['a time of no sense', { timestamp: () => ',"time":-9e99' }, {}],
    ['no time', { timestamp: false as const }, {}],
    ['no time by a function', { timestamp: nullTime }, {}],
    ['a timestamp of its data', {}, { timestamp: 12_345 }],
    ['a timestamp of an event of 2020', {}, { timestamp: '2020-01-02T03:04:05Z' }],
    ['a time of its data', {}, { time: '2020-01-02' }],
    ['a time of its mixin', { mixin: () => ({ time: 7 }) }, {}],
    ['its data nested', { nestedKey: 'data', messageKey: 'text' }, { time: 5, timestamp: 6 }],
  ])('with %s is dated when it was logged', async (_what, options, data) => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    pino({ ...options }, createLines()).info(data, 'x');
    await signals.flush();
    const [log] = receiver.logs();
    const apart = Number((log?.timeUnixNano ?? 0n) - (log?.observedTimeUnixNano ?? 0n)) / 1e6;
    expect(Math.abs(apart)).toBeLessThan(1_000);
  });

  test('keeps fields of the data that are called as those of a logger or of an error', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const logger = pino({ base: null, serializers: { err: (err) => err } }, createLines());
    logger.info({ timestamp: 12_345, err: { stack: 'blue', message: 'x' }, stack: 'green' }, 'data');
    logger.info({ err: { stack: 7 } }, 'number');
    logger.info({ err: null, timestamp: null }, 'null');
    logger.info({ err: { type: 'TypeError', message: 'broken', stack: 'TypeError: broken' } }, 'no frames');
    await signals.flush();
    expect(receiver.logs().map(({ attributes }) => attributes)).toEqual([
      { timestamp: 12_345, err: { stack: 'blue', message: 'x' }, stack: 'green' },
      { err: { stack: 7 } },
      {},
      {
        'exception.type': 'TypeError',
        'exception.message': 'broken',
        'exception.stacktrace': 'TypeError: broken',
      },
    ]);
  });

  test("of fastify's logger is dated when it was logged", async () => {
    const lines = createLines();
    const app = fastify({ logger: { stream: lines, timestamp: unixTime } });
    const { signals, receiver } = await startLogService({ logs: { export: true } }, app);
    app.log.info({ timestamp: 12_345 }, 'from fastify');
    await signals.flush();
    const log = receiver.logs().find(({ body }) => body === 'from fastify');
    const apart = Number((log?.timeUnixNano ?? 0n) - (log?.observedTimeUnixNano ?? 0n)) / 1e6;
    expect(Math.abs(apart)).toBeLessThan(1_000);
    expect(log?.attributes).toMatchObject({ timestamp: 12_345 });
  });

  test('of a megabyte is cut to what a record may hold, and takes no other with it', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const logger = pino({ base: null }, createLines());
    logger.info({ blob: 'x'.repeat(500_000), many: Array.from({ length: 9_999 }, () => 1) }, 'large');
    logger.info('small');
    await signals.flush();
    const [large, small] = receiver.logs();
    expect(String(large?.attributes.blob)).toHaveLength(8_192);
    expect(large?.attributes.many).toHaveLength(128);
    expect(small?.body).toBe('small');
  });

  test('is not changed, nor are the objects that were logged', async () => {
    const { signals } = await startLogService({ logs: { export: true, correlate: true } });
    const lines = createLines();
    const order = Object.freeze({ id: 1, password: 'p', nested: Object.freeze({ token: 't' }) });
    await inRequest(signals, () => pino({ base: null, timestamp: false }, lines).info(order, 'kept'));
    expect(lines.lines).toEqual(['{"level":30,"id":1,"password":"p","nested":{"token":"t"},"msg":"kept"}']);
  });
});

test('without logs.export nobody listens to pino', async () => {
  const { signals, receiver } = await startLogService({ logs: { correlate: true } });
  pino(createLines()).info('x');
  await signals.flush();
  expect(receiver.logs()).toEqual([]);
  expect(channel('tracing:pino_asJson:end').hasSubscribers).toBe(false);
});

test('after shutdown() nobody listens any more', async () => {
  const { signals } = await startLogService({ logs: { export: true } });
  expect(channel('tracing:pino_asJson:end').hasSubscribers).toBe(true);
  await signals.shutdown();
  expect(channel('tracing:pino_asJson:end').hasSubscribers).toBe(false);
});
