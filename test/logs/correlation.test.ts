import type * as http from 'node:http';
import fastify5 from 'fastify';
import fastify4 from 'fastify4';
import pino from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { traceFields } from '../../src/index.js';
import { createLines, get, inRequest, type Lines, startLogService } from './support.js';

/** How often a field stands in the text of a line: a parsed object would not show it. */
const count = (line: string | undefined, field: string) => line?.split(`"${field}":`).length ?? 0;

describe('pino with the mixin', () => {
  test('has the ids of the active span in its lines and those of its children, and none outside', async () => {
    const { signals } = await startLogService({});
    const lines = createLines();
    const logger = pino({ mixin: traceFields }, lines);
    const ids = await inRequest(signals, () => {
      logger.info('a');
      logger.child({ component: 'x' }).info({ k: 1 }, 'b');
    });
    logger.info('c');
    const [a, b, c] = lines.json();
    for (const line of [a, b]) {
      expect(line).toMatchObject({ trace_id: ids.traceId, span_id: ids.spanId, trace_flags: '03' });
    }
    expect(c).not.toHaveProperty('trace_id');
    expect(lines.lines.map((line) => count(line, 'trace_id'))).toEqual([2, 2, 1]);
  });
});

type Logged = { log: { info(message: string): void } };

/** What the tests use of fastify, of either major. */
interface App {
  readonly log: object;
  readonly server: http.Server;
  get(path: string, handler: (request: Logged) => unknown): unknown;
  listen(options: { port: number; host: string }): Promise<string>;
  close(): Promise<void>;
}

const fastifies: [string, (options: object) => App][] = [
  ['fastify 4', fastify4 as unknown as (options: object) => App],
  ['fastify 5', fastify5 as unknown as (options: object) => App],
];

async function serve(app: App): Promise<string> {
  onTestFinished(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
}

describe.each(fastifies)('%s with logs.correlate', (_name, create) => {
  const spanOf = (lines: Lines) => lines.json().filter((line) => line.reqId !== undefined);

  test("has the ids of the request's span in every line of the request, its own two included", async () => {
    const lines = createLines();
    const app = create({ logger: { stream: lines } });
    const { signals, receiver } = await startLogService({ logs: { correlate: true } }, app);
    app.get('/', async (request) => {
      request.log.info('in the handler');
      return 'ok';
    });
    const url = await serve(app);
    await get(url);
    await signals.flush();
    const [span] = receiver.spans();
    const ofRequest = spanOf(lines);
    expect(ofRequest.map(({ msg }) => msg)).toEqual([
      'incoming request',
      'in the handler',
      'request completed',
    ]);
    for (const line of ofRequest) {
      expect(line).toMatchObject({ trace_id: span?.traceId, span_id: span?.spanId, trace_flags: '03' });
    }
    const others = lines.json().filter((line) => line.reqId === undefined);
    expect(others.length).toBeGreaterThan(0);
    expect(others.every((line) => line.trace_id === undefined)).toBe(true);
  });

  test('keeps a mixin, serializers and bindings of the user, and writes no field twice', async () => {
    const lines = createLines();
    const app = create({
      logger: {
        stream: lines,
        mixin: () => ({ region: 'eu' }),
        serializers: { req: () => 'serialized' },
      },
    });
    await startLogService({ logs: { correlate: true } }, app);
    app.get('/', async (request) => {
      (request.log as unknown as pino.Logger).child({ trace_id: 'mine' }).info('bound');
      (request.log as unknown as pino.Logger).info({ trace_id: 'passed' }, 'given');
      return 'ok';
    });
    await get(await serve(app));
    const [first, bound, given] = spanOf(lines);
    expect(first).toMatchObject({ region: 'eu', req: 'serialized' });
    expect(given).toMatchObject({ trace_id: 'passed' });
    expect(bound).toMatchObject({ trace_id: 'mine' });
    for (const line of lines.lines) expect(count(line, 'span_id')).toBeLessThanOrEqual(2);
  });

  test('writes no field twice beside a mixin that gives the same', async () => {
    const lines = createLines();
    const app = create({ logger: { stream: lines, mixin: traceFields } });
    await startLogService({ logs: { correlate: true } }, app);
    app.get('/', async () => 'ok');
    await get(await serve(app));
    expect(spanOf(lines)).toHaveLength(2);
    for (const line of lines.lines) expect(count(line, 'trace_id')).toBeLessThanOrEqual(2);
  });

  test('also takes a logger of the user, made by pino itself', async () => {
    const lines = createLines();
    const logger = pino(lines);
    const app = create(_name === 'fastify 4' ? { logger } : { loggerInstance: logger });
    const { signals, receiver } = await startLogService({ logs: { correlate: true } }, app);
    app.get('/', async () => 'ok');
    await get(await serve(app));
    await signals.flush();
    expect(spanOf(lines)[0]?.trace_id).toBe(receiver.spans()[0]?.traceId);
  });

  test('without a logger is left as it is', async () => {
    const app = create({});
    const { said } = await startLogService({ logs: { correlate: true } }, app);
    app.get('/', async () => 'ok');
    expect(await get(await serve(app))).toBe(200);
    expect(said).toEqual([]);
  });

  test('is not correlated when that was not asked for', async () => {
    const lines = createLines();
    const app = create({ logger: { stream: lines } });
    await startLogService({}, app);
    app.get('/', async () => 'ok');
    await get(await serve(app));
    expect(lines.lines.join('')).not.toContain('trace_id');
  });
});
