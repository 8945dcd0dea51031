import { channel } from 'node:diagnostics_channel';
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

  test.each([
    ['an ISO time', { timestamp: pino.stdTimeFunctions.isoTime }],
    ['a time of no sense', { timestamp: () => ',"time":-9e99' }],
    ['no time', { timestamp: false as const }],
  ])('with %s has a timestamp near that of now', async (_what, options) => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const before = BigInt(Date.now() - 60_000) * 1_000_000n;
    pino({ ...options }, createLines()).info('x');
    await signals.flush();
    const [log] = receiver.logs();
    expect(log?.timeUnixNano).toBeGreaterThan(before);
    expect(log?.timeUnixNano).toBeLessThan(before + 120_000_000_000n);
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
