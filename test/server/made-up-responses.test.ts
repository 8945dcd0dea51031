import { EventEmitter, once } from 'node:events';
import * as http from 'node:http';
import * as net from 'node:net';
import express from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument, type Options } from '../../src/index.js';
import { pipelined, received, send, sendRaw, untraced } from '../contract/support/client.js';
import { closerOf, listenOn } from '../contract/support/listening.js';
import { observe, type Telemetry, useCollector } from '../contract/support/service.js';
import { eventually } from '../support/eventually.js';

useCollector();

type Listener = (req: unknown, res: unknown) => void;

interface Answered {
  readonly status: number;
  readonly body: string;
}

const serverless = require('serverless-http') as (
  app: unknown,
) => (event: object, context: object) => Promise<{ statusCode: number; body: string }>;
const inject = require('light-my-request') as (
  app: Listener,
  options: object,
) => Promise<{ statusCode: number; payload: string }>;
const mocks = require('node-mocks-http') as {
  createMocks(
    request: object,
    response: object,
  ): { req: unknown; res: EventEmitter & { statusCode: number; _getData(): string } };
};

/** Calls an application without a server, in the ways of several packages. */
const ways: Record<string, (app: Listener, path: string) => Promise<Answered>> = {
  async 'serverless-http'(app, path) {
    const event = {
      version: '1.0',
      httpMethod: 'GET',
      path,
      headers: { host: 'a' },
      multiValueHeaders: {},
      queryStringParameters: {},
      requestContext: { identity: { sourceIp: '192.0.2.1' } },
      body: null,
      isBase64Encoded: false,
    };
    const { statusCode, body } = await serverless(app)(event, {});
    return { status: statusCode, body };
  },
  async 'node-mocks-http'(app, url) {
    const { req, res } = mocks.createMocks({ method: 'GET', url }, { eventEmitter: EventEmitter });
    const ended = once(res, 'end');
    app(req, res);
    await ended;
    return { status: res.statusCode, body: res._getData() };
  },
  async 'new ServerResponse(req)'(app, url) {
    const req = new http.IncomingMessage(new net.Socket());
    Object.assign(req, { method: 'GET', url });
    const res = new http.ServerResponse(req);
    app(req, res);
    await eventually('the end of the response', () => res.writableEnded);
    return { status: res.statusCode, body: '' };
  },
};

function ordersApp(): express.Express {
  const app = express();
  app.get('/orders/:id', (req, res) => void res.json({ id: req.params.id }));
  app.get('/broken/:id', async () => Promise.reject(new Error('broken')));
  const onError: express.ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).end();
  app.use(onError);
  return app;
}

async function active({ signals, newest }: Telemetry): Promise<unknown> {
  await signals.flush();
  return newest('http.server.active_requests').map(({ value }) => value);
}

describe('a request without a server', () => {
  test.each(Object.keys(ways))('has its span, and ends with its response: %s', async (way) => {
    const bare = ordersApp();
    const app = ordersApp();
    const service = observe(instrument(app));
    const call = ways[way] as (typeof ways)[string];

    for (const path of ['/orders/7', '/broken/8', '/orders/9'])
      expect(await call(app as Listener, path)).toEqual(await call(bare as Listener, path));

    const spans = (await service.spans(3)).map(({ name, attributes }) => [
      name,
      attributes['url.path'],
      attributes['http.response.status_code'],
      attributes['error.type'],
    ]);
    expect(spans).toEqual([
      ['GET /orders/:id', '/orders/7', 200, undefined],
      ['GET /broken/:id', '/broken/8', 500, '500'],
      ['GET /orders/:id', '/orders/9', 200, undefined],
    ]);
    expect(await active(service)).toEqual([0]);
  });

  test.each(Object.keys(ways))('is not waited for by a shutdown once it is answered: %s', async (way) => {
    const app = ordersApp();
    // A wait of its own would be longer than the test may take.
    const options: Options = {
      ignore: [/9/],
      shutdown: { delayMs: 0, drainTimeoutMs: 600_000, budgetMs: 700_000 },
    };
    const { signals } = observe(instrument(app, options));
    const call = ways[way] as (typeof ways)[string];
    await call(app as Listener, '/orders/7');
    await call(app as Listener, '/orders/9');

    await signals.shutdown();
  });

  // Not with express: it leaves that package's response among the prototypes of express, for every request to come.
  test('has its span, and ends with its response: light-my-request, with Koa', async () => {
    const app = new (require('koa'))();
    app.use(async (ctx: { body: unknown }) => {
      ctx.body = 'ok';
    });
    const service = observe(instrument(app));
    const { statusCode, payload } = await inject(app.callback(), { url: '/orders/7' });

    expect([statusCode, payload]).toEqual([200, 'ok']);
    expect((await service.span()).attributes['http.response.status_code']).toBe(200);
    expect(await active(service)).toEqual([0]);
  });

  test('gets back the method that told of its end', async () => {
    const app = ordersApp();
    observe(instrument(app));
    const req = new http.IncomingMessage(new net.Socket());
    Object.assign(req, { method: 'GET', url: '/orders/7' });
    const res = new http.ServerResponse(req);
    const own = Reflect.ownKeys(res);
    (app as unknown as Listener)(req, res);

    await eventually('the end of the response', () => res.writableEnded);
    expect(Object.hasOwn(res, 'end')).toBe(false);
    expect(own).not.toContain('end');
  });

  test('may be anything: what cannot be followed is left alone', async () => {
    const app = ordersApp();
    const service = observe(instrument(app));
    const handle = app as unknown as (req: unknown, res: unknown, next: (error?: unknown) => void) => void;
    const bare = ordersApp() as unknown as typeof handle;
    const strange = [
      [{ method: 'GET', url: '/x' }, {}],
      [
        { method: 'GET', url: '/x', headers: {} },
        { setHeader() {}, getHeader() {} },
      ],
    ] as const;
    const outcome = (listener: typeof handle, [req, res]: (typeof strange)[number]) => {
      try {
        let passedOn: unknown = 'nothing';
        listener({ ...req }, { ...res }, (error) => {
          passedOn = String(error);
        });
        return passedOn;
      } catch (error) {
        return String(error);
      }
    };
    for (const pair of strange) expect(outcome(handle, pair)).toEqual(outcome(bare, pair));

    await ways['serverless-http']?.(app as Listener, '/orders/7');
    expect((await service.spans(1)).some(({ name }) => name === 'GET /orders/:id')).toBe(true);
  });
});

describe('a WebSocket that goes through the application', () => {
  const handshake = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
    'Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n';

  async function open(port: number, path: string): Promise<[net.Socket, string]> {
    const socket = untraced(() => net.connect(port, '127.0.0.1'));
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    socket.write(handshake(path));
    const head = await received(socket, (text) => text.includes('\r\n\r\n'));
    return [socket, head.split('\r\n')[0] ?? ''];
  }

  test('is not seen: express-ws', async () => {
    const app = express() as express.Express & {
      ws(path: string, handler: (socket: { close(): void }) => void): void;
    };
    require('express-ws')(app);
    const service = observe(instrument(app));
    let opened = () => {};
    app.ws('/echo/:room', () => opened());
    app.get('/plain', (_req, res) => void res.end('ok'));
    const server = app.listen(0, '127.0.0.1');
    onTestFinished(closerOf(server));
    const port = await listenOn(server);
    await send({ port, scheme: 'http', protocol: '1.1' }, { path: '/plain' });

    const reached = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const [, status] = await open(port, '/echo/blue');
    await reached;

    expect(status).toBe('HTTP/1.1 101 Switching Protocols');
    expect(await active(service)).toEqual([0]);
    expect((await service.spans(1)).map(({ name }) => name)).toEqual(['GET /plain']);
  });

  test('has answered with 101, and is a connection from there on: koa-easy-ws', async () => {
    const app = new (require('koa'))();
    const service = observe(instrument(app));
    app.use(require('koa-easy-ws')());
    app.use(async (ctx: { ws?(): Promise<{ send(text: string): void }>; body: unknown }) => {
      if (ctx.ws !== undefined) (await ctx.ws()).send('hi');
      else ctx.body = 'ok';
    });
    const server = http.createServer(app.callback());
    onTestFinished(closerOf(server));
    const port = await listenOn(server);
    const [socket, status] = await open(port, '/ws');

    expect(status).toBe('HTTP/1.1 101 Switching Protocols');
    expect(await active(service)).toEqual([0]);
    const { attributes } = await service.span();
    expect(attributes['http.response.status_code']).toBe(101);
    expect(attributes['error.type']).toBeUndefined();
    socket.destroy();
    const { body } = await send({ port, scheme: 'http', protocol: '1.1' }, { path: '/' });
    expect(body).toBe('ok');
    expect(await active(service)).toEqual([0]);
  });

  test('that is refused has the status that was written to the connection', async () => {
    const server = http.createServer((req) => {
      req.socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
    });
    const service = observe(instrument(server));
    onTestFinished(closerOf(server));
    const port = await listenOn(server);
    const [, status] = await open(port, '/ws');

    expect(status).toBe('HTTP/1.1 403 Forbidden');
    const { attributes } = await service.span();
    expect(attributes['http.response.status_code']).toBe(403);
    expect(attributes['error.type']).toBeUndefined();
  });
});

test('a pipelined response that is lost with its connection ends, ignored or not', async () => {
  let arrived = 0;
  const server = http.createServer(() => {
    arrived += 1;
  });
  const service = observe(instrument(server, { ignore: ['/ignored'] }));
  onTestFinished(closerOf(server));
  const port = await listenOn(server);
  const socket = untraced(() => net.connect(port, '127.0.0.1'));
  socket.on('error', () => {});
  socket.write(pipelined(['/a', '/b', '/ignored', '/c']));
  await eventually('four requests', () => arrived === 4);
  socket.destroy();

  expect((await service.spans(3)).map(({ attributes }) => attributes['url.path']).sort()).toEqual([
    '/a',
    '/b',
    '/c',
  ]);
  expect(await active(service)).toEqual([0]);
  await service.signals.shutdown();
});

test('pipelined answers come in order, each with its span', async () => {
  const server = http.createServer((req, res) => void setImmediate(() => res.end(req.url)));
  const service = observe(instrument(server));
  onTestFinished(closerOf(server));
  const text = await sendRaw(await listenOn(server), pipelined(['/a', '/b', '/c']));

  expect([...text.matchAll(/\/[abc]/g)].map(([path]) => path)).toEqual(['/a', '/b', '/c']);
  const paths = (await service.spans(3)).map(({ attributes }) => attributes['url.path']);
  expect(paths.sort()).toEqual(['/a', '/b', '/c']);
});
