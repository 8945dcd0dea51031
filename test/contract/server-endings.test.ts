import { once } from 'node:events';
import * as http from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import * as net from 'node:net';
import type { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { kinds, plainHttp1Kinds } from './apps/kinds.js';
import { openHttp1, openSession, pipelined, received, send, sendRaw } from './support/client.js';
import { closerOf, listenOn } from './support/listening.js';
import { eventually, observe, type Running, start, useCollector } from './support/service.js';

useCollector();

/** A call whose caller can hang up at any time. */
function open(service: Running, path: string) {
  if (service.address.protocol === '2') {
    const session = openSession(service.address);
    const stream = session.request({ ':path': path });
    stream.on('error', () => {});
    return {
      message: once(stream, 'response').then(() => stream as Readable),
      hangUp: () => session.destroy(),
    };
  }
  const request = openHttp1(service.address, { path });
  request.on('error', () => {});
  request.end();
  return {
    message: once(request, 'response').then(([response]) => (response as Readable).on('error', () => {})),
    hangUp: () => void request.destroy(),
  };
}

/** A promise, and what resolves it. */
function gate<T = void>() {
  let pass: (value: T) => void = () => {};
  const passed = new Promise<T>((resolve) => {
    pass = resolve;
  });
  return { passed, pass };
}

describe.each(kinds)('$name', (kind) => {
  test('reports a caller that hung up before the headers, with no status code', async () => {
    const arrived = gate();
    const gone = gate();
    const service = await start(kind, {
      async raw(_req, res) {
        res.once('close', () => gone.pass());
        arrived.pass();
        await gone.passed;
        // As most handlers do, which never look.
        res.statusCode = 200;
        res.end('too late');
      },
    });
    const call = open(service, '/raw/slow');
    call.message.catch(() => {});

    await arrived.passed;
    call.hangUp();

    const span = await service.span();
    expect(span.status).toEqual({ code: 'ERROR', message: '' });
    expect(span.attributes).toMatchObject({ 'error.type': 'ECONNRESET' });
    expect(span.attributes).not.toHaveProperty('http.response.status_code');
    const [point] = await service.points('http.server.request.duration');
    expect(point?.attributes).toMatchObject({ 'error.type': 'ECONNRESET' });
    expect(point?.attributes).not.toHaveProperty('http.response.status_code');
  });

  test('reports a caller that hung up in the middle of the body', async () => {
    const service = await start(kind, {
      async raw(_req, res) {
        res.writeHead(200, { 'content-type': 'application/octet-stream' });
        res.write('part');
        await once(res, 'close');
      },
    });
    const call = open(service, '/raw/download');

    await once(await call.message, 'data');
    call.hangUp();

    const span = await service.span();
    expect(span.status.code).toBe('ERROR');
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'ECONNRESET' });
  });

  test('reports a caller that hung up when the handler was done, and the answer on its way', async () => {
    const service = await start(kind, {
      raw(_req, res) {
        res.writeHead(200, { 'content-type': 'application/octet-stream' });
        res.end(Buffer.alloc(32 * 2 ** 20));
      },
    });
    const call = open(service, '/raw/download');

    await once(await call.message, 'data');
    call.hangUp();

    const span = await service.span();
    expect(span.status.code).toBe('ERROR');
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'ECONNRESET' });
  });

  test('takes the end of server-sent events, which is their caller’s, for none of an error', async () => {
    const service = await start(kind, {
      async raw(_req, res) {
        res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
        res.write('data: 1\n\n');
        await once(res, 'close');
      },
    });
    const call = open(service, '/raw/events');
    const message = await call.message;
    await once(message, 'data');
    await service.signals.flush();
    expect(await service.spans(0)).toEqual([]);

    call.hangUp();

    const span = await service.span();
    expect(span.status.code).toBe('UNSET');
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200 });
    expect(span.attributes).not.toHaveProperty('error.type');
  });

  test('measures a stream to its end', async () => {
    const finish = gate();
    const service = await start(kind, {
      async raw(_req, res) {
        res.writeHead(200);
        res.write('first');
        await finish.passed;
        res.end('last');
      },
    });
    const { message } = open(service, '/raw/stream');
    const body = await message;
    await once(body, 'data');
    const readAt = BigInt(Date.now()) * 1_000_000n;
    await service.signals.flush();
    const before = await service.spans(0);

    finish.pass();
    body.resume();

    const span = await service.span();
    expect(before).toEqual([]);
    // The wall clock of the span has a finer grain than that of Date.
    expect(span.endTimeUnixNano).toBeGreaterThanOrEqual(readAt - 1_000_000n);
    expect(span).toMatchObject({
      status: { code: 'UNSET' },
      attributes: { 'http.response.status_code': 200 },
    });
  });

  test.each([
    ['its code', Object.assign(new Error('disk'), { code: 'EIO' }), 'EIO'],
    ['its class', new RangeError('too far'), 'RangeError'],
  ])('calls a response that was destroyed with an error by %s', async (_what, error, type) => {
    const service = await start(kind, {
      raw(_req, res) {
        res.writeHead(200);
        res.write('part');
        const { stream } = res as unknown as { stream?: ServerHttp2Stream };
        if (stream === undefined) res.destroy(error);
        else {
          stream.on('error', () => {});
          stream.destroy(error);
        }
      },
    });
    const call = open(service, '/raw/broken');
    call.message.catch(() => {});

    const span = await service.span();
    expect(span.status.code).toBe('ERROR');
    expect(span.attributes).toMatchObject({ 'error.type': type });
  });

  test('calls a response complete whose request was not read to its end', async () => {
    const service = await start(kind, {
      raw(_req, res) {
        res.writeHead(413);
        res.end('too large');
      },
    });

    await send(service.address, {
      method: 'POST',
      path: '/raw/upload',
      headers: { 'content-type': 'application/x-any', 'content-length': '100000' },
      body: 'x'.repeat(100_000),
    }).catch(() => {});

    const span = await service.span();
    expect(span.status.code).toBe('UNSET');
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 413 });
    expect(span.attributes).not.toHaveProperty('error.type');
  });

  test('calls a HEAD complete whose body went nowhere', async () => {
    const service = await start(kind);

    expect(await service.send({ method: 'HEAD', path: '/orders/7' })).toMatchObject({
      status: 200,
      body: '',
    });

    expect((await service.span()).attributes).not.toHaveProperty('error.type');
  });

  test('ends once, whatever closes afterwards', async () => {
    const service = await start(kind, {
      raw(req, res) {
        res.end('done');
        res.on('finish', () => {
          res.emit('close');
          req.destroy();
        });
      },
    });

    await service.send({ path: '/raw/any' }).catch(() => {});
    await send(service.address, { path: '/orders/7' });

    const spans = await service.spans(2);
    expect(spans.map(({ attributes }) => attributes['url.path'])).toEqual(['/raw/any', '/orders/7']);
    const active = await service.points('http.server.active_requests');
    expect(active.map(({ value }) => value)).toEqual([0]);
  });
});

describe.each(plainHttp1Kinds)('$name, byte by byte', (kind) => {
  test('ends what still waits behind a request when their connection goes', async () => {
    const arrived = gate();
    const service = await start(kind, {
      raw(req, res) {
        if (req.url === '/raw/1') res.end('answered');
        // The second never answers, so the third has its answer ready and nowhere to send it.
        if (req.url === '/raw/3') {
          res.end('waiting');
          arrived.pass();
        }
      },
    });
    const socket = net.connect(service.address.port, '127.0.0.1');
    socket.write(pipelined(['/raw/1', '/raw/2', '/raw/3']));
    await received(socket, (text) => text.includes('answered'));
    await arrived.passed;

    socket.destroy();

    const spans = await service.spans(3);
    const ends = spans.map(({ attributes }) => [
      attributes['url.path'],
      attributes['http.response.status_code'],
      attributes['error.type'],
    ]);
    expect(ends.sort()).toEqual([
      ['/raw/1', 200, undefined],
      ['/raw/2', undefined, 'ECONNRESET'],
      ['/raw/3', undefined, 'ECONNRESET'],
    ]);
    const active = await service.points('http.server.active_requests');
    expect(active.map(({ value }) => value)).toEqual([0]);
  });

  test('sees a request that expects 100-continue once', async () => {
    const service = await start(kind, {
      async raw(req, res) {
        for await (const _chunk of req);
        res.end('read');
      },
    });
    const socket = net.connect(service.address.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(
      'POST /raw/body HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-any\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n',
    );
    await received(socket, (text) => text.includes('100 Continue'));
    socket.write('body');
    await received(socket, (text) => text.includes('read'));

    const span = await service.span();
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'url.path': '/raw/body' });
  });
});

describe('http', () => {
  const listening = async (server: http.Server) => {
    onTestFinished(closerOf(server));
    const port = await listenOn(server);
    return {
      port,
      address: { port, scheme: 'http', protocol: '1.1' } as const,
      ...observe(instrument(server)),
    };
  };

  test('sees a request once that a listener of the user lets continue', async () => {
    const server = http.createServer(async (req, res) => {
      for await (const _chunk of req);
      res.end('read');
    });
    server.on('checkContinue', (req, res) => {
      res.writeContinue();
      server.emit('request', req, res);
    });
    server.on('checkExpectation', (_req, res) => void res.writeHead(417).end());
    const service = await listening(server);

    const answer = await sendRaw(
      service.port,
      'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody' +
        'GET /2 HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\nConnection: close\r\n\r\n',
    );

    expect(answer).toContain('417');
    const spans = await service.spans(2);
    expect(spans.map(({ attributes }) => attributes['http.response.status_code']).sort()).toEqual([200, 417]);
  });

  test('treats an upgrade that nobody listens for as the request that it then is', async () => {
    const service = await listening(http.createServer((_req, res) => void res.end('plain')));

    const answer = await sendRaw(
      service.port,
      'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n',
    ).catch(() => '');

    // Node before 24 closes the connection of such a request, or answers it, by version.
    const spans = await service.spans(answer.includes('plain') ? 1 : 0);
    expect(spans).toHaveLength(answer.includes('plain') ? 1 : 0);
  });

  test('leaves CONNECT alone', async () => {
    const server = http.createServer((_req, res) => void res.end());
    server.on('connect', (_req, socket: net.Socket) => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.on('data', (chunk) => socket.end(chunk));
    });
    const service = await listening(server);
    const socket = net.connect(service.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());

    socket.write('CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\n');
    await received(socket, (text) => text.includes('Established'));
    socket.write('through');
    await received(socket, (text) => text.includes('through'));

    expect(await service.spans(0)).toEqual([]);
    expect(await service.points('http.server.active_requests')).toEqual([]);
  });

  test('reports what a handler threw, which the process gets as ever', async () => {
    const server = http.createServer((req, res) => {
      if (req.url === '/fine') return void res.end();
      process.once('uncaughtException', () => {
        res.statusCode = 503;
        res.end();
      });
      throw new TypeError('not handled');
    });
    const service = await listening(server);
    // The test runner's own listener would call this run a failure.
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const thrown = once(process, 'uncaughtException');
    onTestFinished(() => {
      for (const listener of listeners) process.on('uncaughtException', listener);
    });

    const answer = await send(service.address, { path: '/throws' });
    await send(service.address, { path: '/fine' });

    expect((await thrown)[0]).toMatchObject({ message: 'not handled' });
    expect(answer.status).toBe(503);
    const [span, next] = await service.spans(2);
    expect(span).toMatchObject({
      status: { code: 'ERROR' },
      attributes: { 'http.response.status_code': 503, 'error.type': 'TypeError' },
    });
    expect(next).toMatchObject({ status: { code: 'UNSET' }, attributes: { 'url.path': '/fine' } });
    const active = await service.points('http.server.active_requests');
    expect(active.map(({ value }) => value)).toEqual([0]);
  });

  test('ends the requests that are under way when the server closes their connections', async () => {
    const arrived = gate();
    const server = http.createServer(() => arrived.pass());
    const service = await listening(server);
    const request = openHttp1(service.address, { path: '/stuck' });
    request.on('error', () => {});
    request.end();
    await arrived.passed;

    server.closeAllConnections();

    expect((await service.span()).attributes).toMatchObject({ 'error.type': 'ECONNRESET' });
    await eventually('no active request', async () => {
      const active = await service.points('http.server.active_requests');
      return active.every(({ value }) => value === 0);
    });
  });
});
