import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import * as net from 'node:net';
import type { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { kinds, plainHttp1Kinds } from './apps/kinds.js';
import { openHttp1, openSession, pipelined, received, send } from './support/client.js';
import { gate } from './support/gate.js';
import { type Running, start, useCollector } from './support/service.js';

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

  test('ends in spite of an application that removes all listeners of a response', async () => {
    const service = await start(kind, {
      raw(_req, res) {
        res.removeAllListeners('close');
        res.end('done');
      },
    });

    await service.send({ path: '/raw/any' });

    const span = await service.span();
    expect(span.attributes).toMatchObject({ 'url.path': '/raw/any', 'http.response.status_code': 200 });
  });

  test('hands an event on with as many arguments as it came with', async () => {
    const counts: Record<string, number> = {};
    const service = await start(kind, {
      raw(req, res) {
        for (const [index, message] of [req, res].entries()) {
          for (let count = 0; count <= 5; count += 1) {
            message.on(`with ${count}`, (...args: unknown[]) => {
              counts[`${index} with ${count}`] = args.length;
            });
            message.emit(`with ${count}`, ...new Array<undefined>(count).fill(undefined));
          }
        }
        res.on('close', (...args: unknown[]) => {
          counts.close = args.length;
        });
        res.end('done');
      },
    });

    await service.send({ path: '/raw/any' });
    await service.span();

    const expected = [0, 1].flatMap((index) =>
      [0, 1, 2, 3, 4, 5].map((count) => [`${index} with ${count}`, count]),
    );
    await expect.poll(() => counts).toEqual({ ...Object.fromEntries(expected), close: 0 });
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
