import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastifyExpress from '@fastify/express';
import express from 'express';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { type Address, openSession, send, sendOnSession, untraced } from '../contract/support/client.js';
import { closerOf, listenOn } from '../contract/support/listening.js';
import { observe, type Telemetry, useCollector } from '../contract/support/service.js';

useCollector();

interface Served extends Telemetry {
  readonly address: Address;
}

async function serve(server: http.Server | http2.Http2Server, target: unknown = server): Promise<Served> {
  const service = observe(instrument(target));
  onTestFinished(closerOf(server));
  const protocol = server instanceof http.Server ? '1.1' : '2';
  return { ...service, address: { port: await listenOn(server), scheme: 'http', protocol } };
}

/** The status that a caller got, and what is recorded of it. */
async function recorded({ address, span, points }: Served, path = '/'): Promise<unknown[]> {
  const { status } = await send(address, { path });
  const { attributes } = await span();
  const [point] = await points('http.server.request.duration');
  expect(point?.attributes['http.response.status_code']).toBe(attributes['http.response.status_code']);
  return [status, attributes['http.response.status_code'], attributes['error.type']];
}

describe('the status of a response of HTTP/1 is the one that was sent', () => {
  test.each<[string, http.RequestListener, unknown[]]>([
    [
      'changed to an error after the head',
      (_req, res) => {
        res.writeHead(200);
        res.write('part');
        setImmediate(() => {
          res.statusCode = 500;
          res.end('rest');
        });
      },
      [200, 200, undefined],
    ],
    [
      'changed from an error after the head',
      (_req, res) => {
        res.writeHead(503);
        res.write('part');
        res.statusCode = 200;
        res.end();
      },
      [503, 503, '503'],
    ],
    [
      'an implicit head, changed after the end',
      (_req, res) => {
        res.statusCode = 201;
        res.end('x');
        res.statusCode = 500;
      },
      [201, 201, undefined],
    ],
    [
      'a text',
      (_req, res) => {
        Object.assign(res, { statusCode: '404' });
        res.end();
      },
      [404, 404, undefined],
    ],
    [
      'behind informational ones',
      (_req, res) => {
        res.writeEarlyHints({ link: '</a.css>; rel=preload' });
        res.writeProcessing();
        res.writeHead(202).end();
      },
      [202, 202, undefined],
    ],
    [
      'with properties that are the application’s own',
      (_req, res) => {
        res.writeHead(500);
        Object.defineProperty(res, 'headersSent', { get: () => false });
        Object.defineProperty(res, 'statusCode', { get: () => 200 });
        res.end();
      },
      [500, 500, '500'],
    ],
  ])('%s', async (_name, listener, expected) => {
    expect(await recorded(await serve(http.createServer(listener)))).toEqual(expected);
  });

  test('none where the caller has gone before the head', async () => {
    let arrived = () => {};
    const server = http.createServer(() => arrived());
    const { address, span } = await serve(server);
    const request = untraced(() => http.get({ port: address.port, host: '127.0.0.1', agent: false }));
    request.on('error', () => {});
    await new Promise<void>((resolve) => {
      arrived = resolve;
    });
    request.destroy();

    const { attributes } = await span();
    expect(attributes['http.response.status_code']).toBeUndefined();
    expect(attributes['error.type']).toBe('ECONNRESET');
  });

  test('express: status() after the answer', async () => {
    const app = express();
    app.get('/', (_req, res) => {
      res.send('ok');
      res.status(500);
    });
    expect(await recorded(await serve(http.createServer(app), app))).toEqual([200, 200, undefined]);
  });

  test('express: a route that is called behind the answer has not answered', async () => {
    const app = express();
    app.get('/orders/:id', (_req, res, next) => {
      res.send('ok');
      next();
    });
    app.get('/*rest', () => {});
    const { address, span } = await serve(http.createServer(app), app);
    await send(address, { path: '/orders/7' });
    expect((await span()).attributes['http.route']).toBe('/orders/:id');
  });

  test('fastify with express’ middleware, which has a headersSent of its own', async () => {
    const app = fastify();
    const service = observe(instrument(app));
    onTestFinished(() => app.close());
    await app.register(fastifyExpress);
    app.use('/legacy', (_req: unknown, res: http.ServerResponse) => {
      res.statusCode = 418;
      res.end();
    });
    app.get('/ok/:id', async () => 'ok');
    app.get('/boom', async () => Promise.reject(new Error('boom')));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as { port: number };
    const address = { port, scheme: 'http', protocol: '1.1' } as const;

    for (const path of ['/ok/1', '/boom', '/none', '/legacy/x']) await send(address, { path });
    const found = (await service.spans(4)).map(({ attributes }) => [
      attributes['url.path'],
      attributes['http.response.status_code'],
      attributes['error.type'],
    ]);
    expect(found).toEqual([
      ['/ok/1', 200, undefined],
      ['/boom', 500, '500'],
      ['/none', 404, undefined],
      ['/legacy/x', 418, undefined],
    ]);
  });
});

describe('the status of a response of HTTP/2 is the one that was sent', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gs-'));
  const file = join(folder, 'page.txt');
  writeFileSync(file, 'a page');

  test.each<[string, (res: http2.Http2ServerResponse) => void, unknown[]]>([
    ['end()', (res) => void res.writeHead(404).end('x'), [404, 404, undefined]],
    [
      'respond()',
      ({ stream }) => {
        stream.respond({ ':status': 503 });
        stream.end('x');
      },
      [503, 503, '503'],
    ],
    [
      'respond() without a body',
      ({ stream }) => stream.respond({ ':status': 204 }, { endStream: true }),
      [204, 204, undefined],
    ],
    [
      'respondWithFile()',
      ({ stream }) => stream.respondWithFile(file, { ':status': 201 }),
      [201, 201, undefined],
    ],
    [
      'respondWithFD()',
      ({ stream }) => {
        const fd = openSync(file, 'r');
        stream.on('close', () => closeSync(fd));
        stream.respondWithFD(fd, { ':status': 203 });
      },
      [203, 203, undefined],
    ],
    [
      'changed after the head',
      (res) => {
        res.writeHead(200);
        Object.defineProperty(res, 'statusCode', { get: () => 500 });
        res.end('x');
      },
      [200, 200, undefined],
    ],
  ])('%s', async (_name, answer, expected) => {
    const server = http2.createServer((_req, res) => answer(res));
    expect(await recorded(await serve(server))).toEqual(expected);
  });

  test('a stream that its caller cancels is not complete', async () => {
    const server = http2.createServer((_req, res) => {
      res.stream.respond({ ':status': 200 });
      res.stream.write('part');
    });
    const { address, span } = await serve(server);
    const session = openSession(address);
    const stream = session.request({ ':path': '/' });
    await once(stream, 'data');
    stream.close(http2.constants.NGHTTP2_CANCEL);

    const { attributes } = await span();
    expect(attributes['http.response.status_code']).toBe(200);
    expect(attributes['error.type']).toBe('ECONNRESET');
    session.close();
  });

  test('several on one connection', async () => {
    const server = http2.createServer((req, res) => {
      res.stream.respond({ ':status': Number(req.url.slice(1)) });
      res.stream.end();
    });
    const { address, spans } = await serve(server);
    const session = openSession(address);
    await Promise.all([200, 404, 500].map((status) => sendOnSession(session, { path: `/${status}` })));
    session.close();

    const statuses = (await spans(3)).map(({ attributes }) => attributes['http.response.status_code']);
    expect(statuses.sort()).toEqual([200, 404, 500]);
    rmSync(folder, { recursive: true });
  });
});
