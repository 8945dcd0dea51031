import { channel } from 'node:diagnostics_channel';
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import winston from 'winston';
import { logTransport, traceFormat } from '../../src/winston.js';
import { createLines, inRequest, startLogService } from './support.js';

const { combine, json, errors, splat, timestamp, colorize } = winston.format;

function create(...formats: winston.Logform.Format[]) {
  const lines = createLines();
  const logger = winston.createLogger({
    level: 'debug',
    format: combine(...formats),
    transports: [new winston.transports.Stream({ stream: lines }), logTransport()],
  });
  return { lines, logger };
}

describe('traceFormat()', () => {
  test('adds the ids of the active span to lines of the logger and its children, and nothing outside', async () => {
    const { signals } = await startLogService({});
    const { lines, logger } = create(traceFormat(), json());
    const ids = await inRequest(signals, () => {
      logger.info('a', { k: 1 });
      logger.child({ component: 'x' }).warn('b');
    });
    logger.info('c');
    const [a, b, c] = lines.json();
    expect(a).toEqual({
      level: 'info',
      message: 'a',
      k: 1,
      trace_id: ids.traceId,
      span_id: ids.spanId,
      trace_flags: '03',
    });
    expect(b).toMatchObject({ component: 'x', trace_id: ids.traceId });
    expect(c).toEqual({ level: 'info', message: 'c' });
  });

  test('leaves a trace_id that the line has, and writes into no object of the application', async () => {
    const { signals } = await startLogService({});
    const { lines, logger } = create(traceFormat(), json());
    const meta = Object.freeze({ trace_id: 'mine' });
    const error = new Error('broken');
    const info = { level: 'info', message: 'x' };
    await inRequest(signals, () => {
      logger.info('a', meta);
      logger.error(error);
      logger.log(info);
    });
    expect(lines.json()[0]?.trace_id).toBe('mine');
    expect(error).not.toHaveProperty('trace_id');
    expect(info).not.toHaveProperty('trace_id');
  });

  test.each([
    ['before', [traceFormat(), errors({ stack: true }), json()]],
    ['after', [errors({ stack: true }), traceFormat(), json()]],
  ])('keeps what errors() makes of an error, %s it', async (_where, formats) => {
    const { signals } = await startLogService({});
    const { lines, logger } = create(...(formats as winston.Logform.Format[]));
    const { traceId } = await inRequest(signals, () =>
      logger.error(Object.assign(new TypeError('broken'), { code: 'E1' })),
    );
    expect(lines.json()).toEqual([
      expect.objectContaining({
        message: 'broken',
        code: 'E1',
        stack: expect.stringMatching(/^TypeError: broken\n/),
        trace_id: traceId,
      }),
    ]);
  });

  test('gives a line that had to wait for a slow transport the ids of the moment at which it was written', async () => {
    const { signals } = await startLogService({});
    const chunks: Record<string, unknown>[] = [];
    let release: () => void = () => {};
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write(info, _encoding, done) {
        chunks.push(info);
        release = done;
      },
    });
    const logger = winston.createLogger({
      format: combine(traceFormat(), json()),
      transports: [Object.assign(slow, { log() {} }), logTransport()],
    });
    const first = await inRequest(signals, () => {
      for (let index = 0; index < 60; index += 1) logger.info('first');
    });
    const second = await inRequest(signals, async () => {
      logger.info('second');
      while (chunks.length < 61) {
        const seen = chunks.length;
        release();
        while (chunks.length === seen) await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const idsOf = (message: string) =>
      new Set(chunks.filter((info) => info.message === message).map(({ trace_id: id }) => id));
    expect(idsOf('first')).toEqual(new Set([first.traceId]));
    expect(idsOf('second')).toEqual(new Set([second.traceId]));
  });
});

describe('logTransport()', () => {
  test('hands lines on as the formats have left them, with severity and trace context', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const mask = winston.format((info) => ({ ...info, card: '****' }));
    const { logger } = create(traceFormat(), splat(), mask(), timestamp(), colorize(), json());
    const ids = await inRequest(signals, () =>
      logger.warn('paid %d of %s', 7, 'it', { order: 1, card: '4111' }),
    );
    await signals.flush();
    expect(receiver.logs()).toMatchObject([
      {
        body: 'paid 7 of it',
        severityNumber: 13,
        severityText: 'warn',
        ...ids,
        scope: { name: 'winston' },
        attributes: { order: 1, card: '****' },
      },
    ]);
    expect(Object.keys(receiver.logs()[0]?.attributes ?? {}).sort()).toEqual(['card', 'order']);
  });

  test('names an error by the exception attributes', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const { logger } = create(errors({ stack: true }), json());
    logger.error(new RangeError('too many'));
    await signals.flush();
    expect(receiver.logs()).toMatchObject([
      {
        body: 'too many',
        severityNumber: 17,
        attributes: {
          'exception.type': 'RangeError',
          'exception.message': 'too many',
          'exception.stacktrace': expect.stringMatching(/^RangeError: too many\n/),
        },
      },
    ]);
  });

  test.each([
    ['its own level', 'debug', 'warn', ['error', 'warn']],
    ["the logger's", 'info', undefined, ['error', 'warn', 'info']],
  ])('exports by %s', async (_whose, level, own, expected) => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const logger = winston.createLogger({
      level,
      transports: [logTransport(own === undefined ? {} : { level: own })],
    });
    for (const name of ['error', 'warn', 'info', 'debug']) logger.log(name, 'x');
    await signals.flush();
    expect(receiver.logs().map(({ severityText }) => severityText)).toEqual(expected);
  });

  test('does nothing where no service exports logs, and follows one that comes later', async () => {
    const { logger } = create(json());
    logger.info('before');
    expect(channel('golden-signals.winston').hasSubscribers).toBe(false);
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    logger.info('after');
    await signals.flush();
    expect(receiver.logs().map(({ body }) => body)).toEqual(['after']);
  });

  const inKolkata = () => new Date().toLocaleString('en-US', { timeZone: 'Asia/Kolkata' });
  test.each([
    ['the usual time', [timestamp()], {}],
    ['the local time of another zone', [timestamp({ format: inKolkata })], {}],
    ['a time of day', [timestamp({ format: 'HH:mm:ss' })], {}],
    ['a time by another name', [timestamp({ alias: 'time' })], {}],
    ['seconds', [timestamp({ format: () => String(Math.round(Date.now() / 1_000)) })], {}],
    ['a timestamp of its data', [], { timestamp: 12_345 }],
    ['a date of its data', [], { timestamp: new Date(0) }],
    ['a timestamp that is no time', [], { timestamp: null }],
  ])('dates a line with %s when it was logged', async (_what, formats, data) => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    create(...formats, json()).logger.info('x', data);
    await signals.flush();
    const [log] = receiver.logs();
    const apart = Number((log?.timeUnixNano ?? 0n) - (log?.observedTimeUnixNano ?? 0n)) / 1e6;
    expect(Math.abs(apart)).toBeLessThan(1_000);
  });

  test('takes a text that is called stack for what it is', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const { logger } = create(json());
    logger.info('deployed', { stack: 'web: blue', timestamp: 12_345, type: 'rollout' });
    logger.info('deployed', { stack: 7 });
    await signals.flush();
    expect(receiver.logs().map(({ attributes }) => attributes)).toEqual([
      { stack: 'web: blue', timestamp: 12_345, type: 'rollout' },
      { stack: 7 },
    ]);
  });

  test.each(['stack', 'timestamp', 'name', 'err', 'message'])(
    'exports a line whose %s cannot be read',
    async (field) => {
      const { signals, receiver, said } = await startLogService({ logs: { export: true } });
      const hostile = winston.format((info) =>
        Object.defineProperty({ ...info }, field, {
          enumerable: true,
          get() {
            throw new Error('no');
          },
        }),
      );
      const logger = winston.createLogger({ format: hostile(), transports: [logTransport()] });
      logger.info('m', { kept: 1 });
      await signals.flush();
      expect(receiver.logs()).toMatchObject([{ attributes: { kept: 1 }, severityText: 'info' }]);
      expect(said).toEqual([]);
    },
  );

  test('keeps circles, throwing getters and credentials out of the record', async () => {
    const { signals, receiver, said } = await startLogService({ logs: { export: true } });
    const logger = winston.createLogger({
      format: winston.format((info) => info)(),
      transports: [logTransport()],
    });
    const circle: Record<string, unknown> = { name: 'a', password: 'p' };
    circle.self = circle;
    const hostile = Object.defineProperty({}, 'x', {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    });
    logger.info({ message: 'm', circle, hostile, fn() {}, big: 2n ** 70n, date: new Date(0) } as never);
    await signals.flush();
    expect(receiver.logs()[0]?.attributes).toEqual({
      circle: { name: 'a', password: 'REDACTED', self: '[circular]' },
      hostile: {},
      big: String(2n ** 70n),
      date: '1970-01-01T00:00:00.000Z',
    });
    expect(said).toEqual([]);
  });
});
