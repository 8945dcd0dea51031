import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { serve as serveHono } from '@hono/node-server';
import express5 from 'express';
import fastify5 from 'fastify';
import fastify4 from 'fastify4';
import { Hono } from 'hono';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Options } from '../../src/index.js';
import { captureConsole, get, type LogService, listen, startLogService } from './support.js';

const load = createRequire(__filename);

/** What the tests use of Koa, which brings no types along. */
interface Koa {
  silent: boolean;
  use(middleware: (context: KoaContext, next: () => Promise<void>) => unknown): void;
  callback(): RequestListener;
}
interface KoaContext {
  status: number;
  readonly app: { emit(event: string, ...args: unknown[]): void };
}

const exported: Options = { logs: { export: true } };
const broken = () => new TypeError('no stock');

interface Case {
  readonly name: string;
  /** Starts an application whose `/throw` throws what it is given; gives its address. */
  start(thrown: () => unknown, answersItself: boolean): Promise<{ url: string; service: LogService }>;
}

const expresses: Case[] = [
  ['express 4', load('express4') as typeof express5],
  ['express 5', express5],
].map(([name, create]) => ({
  name: name as string,
  async start(thrown, answersItself) {
    const app = (create as typeof express5)();
    const service = await startLogService(exported, app);
    app.get('/throw', (_req, _res, next) => next(thrown()));
    app.get('/sync', () => {
      throw thrown();
    });
    if (answersItself) {
      app.use(((_error, _req, res, _next) => res.status(500).end()) as express5.ErrorRequestHandler);
    }
    return { url: await listen(createServer(app)), service };
  },
}));

const fastifies: Case[] = [
  ['fastify 4', fastify4 as unknown as typeof fastify5],
  ['fastify 5', fastify5],
].map(([name, create]) => ({
  name: name as string,
  async start(thrown, answersItself) {
    const app = (create as typeof fastify5)();
    const service = await startLogService(exported, app);
    app.get('/throw', async () => {
      throw thrown();
    });
    if (answersItself) app.setErrorHandler((_error, _request, reply) => reply.code(500).send('own'));
    onTestFinished(() => app.close());
    return { url: await app.listen({ port: 0, host: '127.0.0.1' }), service };
  },
}));

const koas: Case[] = [
  ['Koa 2', load('koa2') as new () => Koa],
  ['Koa 3', load('koa') as new () => Koa],
].map(([name, Class]) => ({
  name: name as string,
  async start(thrown, answersItself) {
    const app = new (Class as new () => Koa)();
    const service = await startLogService(exported, app);
    if (answersItself) {
      app.use(async (context, next) => {
        try {
          await next();
        } catch (error) {
          context.status = 500;
          context.app.emit('error', error, context);
        }
      });
    }
    app.silent = true;
    app.use(() => {
      throw thrown();
    });
    return { url: await listen(createServer(app.callback())), service };
  },
}));

const hono: Case = {
  name: 'Hono',
  async start(thrown, answersItself) {
    const app = new Hono();
    const service = await startLogService(exported, app);
    app.get('/throw', () => {
      throw thrown();
    });
    if (answersItself) app.onError((_error, context) => context.text('own', 500));
    const url = await new Promise<string>((resolve) => {
      const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        resolve(`http://127.0.0.1:${port}`),
      );
      onTestFinished(() => void server.close());
    });
    return { url, service };
  },
};

const cases = [...expresses, ...fastifies, ...koas, hono].flatMap((one) => [
  { ...one, answersItself: false, how: 'by itself' },
  { ...one, answersItself: true, how: 'by a handler of the user' },
]);

describe.each(cases)('an exception in $name that is answered $how', ({ start, answersItself }) => {
  test('is one record of severity ERROR in the span of its request', async () => {
    captureConsole();
    const { url, service } = await start(broken, answersItself);
    expect(await get(`${url}/throw`)).toBe(500);
    await service.signals.flush();
    const events = service.receiver.logs().filter(({ eventName }) => eventName !== '');
    const [span] = service.receiver.spans();
    expect(events).toMatchObject([
      {
        eventName: 'http.server.request.exception',
        severityNumber: 17,
        severityText: 'ERROR',
        traceId: span?.traceId,
        spanId: span?.spanId,
        scope: { name: 'golden-signals' },
        attributes: {
          'exception.type': 'TypeError',
          'exception.message': 'no stock',
          'exception.stacktrace': expect.stringMatching(/^TypeError: no stock\n {4}at /),
        },
      },
    ]);
  });

  test("is none where it is the caller's own mistake", async () => {
    captureConsole();
    const mistake = () =>
      Object.assign(new Error('wrong'), {
        status: 422,
        statusCode: 422,
        getResponse: () => new Response('', { status: 422 }),
      });
    const { url, service } = await start(mistake, answersItself);
    await get(`${url}/throw`);
    await service.signals.flush();
    expect(service.receiver.logs().filter(({ eventName }) => eventName !== '')).toEqual([]);
    expect(service.receiver.spans()).toHaveLength(1);
  });
});

describe.each(expresses)('$name', ({ start }) => {
  test('says what a handler throws at once, and errors of routes that come after the first request', async () => {
    captureConsole();
    const { url, service } = await start(broken, false);
    expect(await get(`${url}/sync`)).toBe(500);
    expect(await get(`${url}/missing`)).toBe(404);
    await service.signals.flush();
    expect(service.receiver.logs().filter(({ eventName }) => eventName !== '')).toHaveLength(1);
  });
});

test('a fastify that listens already is heard where it says so itself', async () => {
  const app = fastify5();
  app.get('/throw', async () => {
    throw broken();
  });
  onTestFinished(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const { signals, receiver } = await startLogService(exported, app);
  await get(`${url}/throw`);
  await signals.flush();
  expect(receiver.logs()).toMatchObject([{ attributes: { 'exception.message': 'no stock' } }]);
});

test('credentials in the text of an exception are hidden: nobody chose to log it', async () => {
  captureConsole();
  const app = express5();
  const { signals, receiver } = await startLogService(exported, app);
  app.get('/', () => {
    throw Object.assign(new Error('connect postgres://app:hunter2@db failed, password=hunter2'), {
      config: { password: 'hunter2' },
    });
  });
  await get(await listen(createServer(app)));
  await signals.flush();
  const event = receiver.logs().find(({ eventName }) => eventName !== '');
  expect(event).toBeDefined();
  expect(JSON.stringify(event?.attributes)).not.toContain('hunter2');
  expect(event?.attributes['exception.message']).toContain('connect postgres://');
});

test.each([
  ['a string', 'text', { 'exception.type': 'string', 'exception.message': 'text' }],
  ['an object', { a: 1 }, { 'exception.type': 'object' }],
  [
    'an error whose parts throw',
    Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('no');
      },
    }),
    { 'exception.type': 'Error' },
  ],
])('%s may be thrown, too', async (_what, thrown, attributes) => {
  captureConsole();
  const app = express5();
  const { signals, receiver } = await startLogService(exported, app);
  app.get('/', () => {
    throw thrown;
  });
  app.use(((_error, _req, res, _next) => res.status(500).end()) as express5.ErrorRequestHandler);
  expect(await get(await listen(createServer(app)))).toBe(500);
  await signals.flush();
  const event = receiver.logs().find(({ eventName }) => eventName !== '');
  expect(event?.attributes).toMatchObject(attributes);
});

test('without logs.export an application is left as it is', async () => {
  const app = express5();
  app.get('/', (_req, res) => void res.end());
  await startLogService({ logs: { correlate: true } }, app);
  await get(await listen(createServer(app)));
  expect(app.router.stack).toHaveLength(1);
});
