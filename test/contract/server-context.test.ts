import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import * as http from 'node:http';
import * as net from 'node:net';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import type { RawHandler } from './apps/app.js';
import { kinds, plainHttp1Kinds } from './apps/kinds.js';
import {
  openHttp1,
  openSession,
  pipelined,
  received,
  send,
  sendOnSession,
  sendRaw,
} from './support/client.js';
import { closerOf, listenOn } from './support/listening.js';
import { observe, type Running, start, useCollector } from './support/service.js';

useCollector();

const activeId = () => trace.getActiveSpan()?.spanContext().spanId;

/** Notes whose span is active at each of the places that a request comes by. */
class Places {
  readonly seen: Record<string, string | undefined> = {};

  readonly at = (place: string) => {
    // Twice at one place must be the same span.
    const id = activeId();
    this.seen[place] = place in this.seen && this.seen[place] !== id ? 'another' : id;
  };

  async includes(...places: readonly string[]) {
    await eventually(`${places}, seen ${Object.keys(this.seen)}`, () =>
      places.every((place) => place in this.seen),
    );
  }
}

/** A POST whose body comes in three parts, each once the one before has been read. */
async function postInParts(service: Running, hasRead: (bytes: number) => Promise<void>): Promise<string> {
  const call = { method: 'POST', path: '/raw/body', headers: { 'content-type': 'application/x-any' } };
  const request =
    service.address.protocol === '2'
      ? openSession(service.address).request({
          ':method': 'POST',
          ':path': call.path,
          'content-type': 'application/x-any',
        })
      : openHttp1(service.address, call);
  const answered = once(request, 'response');
  for (const [index, part] of ['one', 'two', 'three'].entries()) {
    request.write(part);
    await hasRead(['one', 'onetwo', 'onetwothree'][index]?.length ?? 0);
  }
  request.end();
  const [response] = (await answered) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of service.address.protocol === '2' ? (request as never) : response)
    chunks.push(chunk);
  if ('session' in request) request.session?.close();
  return Buffer.concat(chunks).toString();
}

describe.each(kinds)('$name', (kind) => {
  test('has the span of the request active in the handler, recording', async () => {
    let active:
      | { id: string | undefined; traceId: string | undefined; isRecording: boolean | undefined }
      | undefined;
    const service = await start(kind, {
      raw(_req, res) {
        const span = trace.getActiveSpan();
        active = {
          id: span?.spanContext().spanId,
          traceId: span?.spanContext().traceId,
          isRecording: span?.isRecording(),
        };
        span?.setAttribute('shop.customer', 7);
        span?.addEvent('thought');
        res.end();
      },
    });

    await service.send({ path: '/raw/any' });

    const span = await service.span();
    expect(active).toEqual({ id: span.spanId, traceId: span.traceId, isRecording: true });
    expect(span).toMatchObject({ attributes: { 'shop.customer': 7 }, events: [{ name: 'thought' }] });
  });

  test('lets the user name the span and set its status', async () => {
    const service = await start(kind, {
      raw(_req, res) {
        trace.getActiveSpan()?.updateName('checkout').setStatus({ code: 2, message: 'out of stock' });
        res.end();
      },
    });

    await service.send({ path: '/raw/any' });

    expect(await service.span()).toMatchObject({
      name: 'checkout',
      status: { code: 'ERROR', message: 'out of stock' },
    });
  });

  test('keeps the context wherever the handler goes on', async () => {
    const tracer = trace.getTracer('shop');
    const names: string[] = [];
    const child = (name: string) => {
      names.push(name);
      tracer.startSpan(name).end();
    };
    const service = await start(kind, {
      async raw(_req, res) {
        const events = new EventEmitter();
        child('sync');
        process.nextTick(child, 'nextTick');
        queueMicrotask(() => child('microtask'));
        setImmediate(child, 'immediate');
        setTimeout(child, 1, 'timeout');
        res.on('finish', () => child('finish'));
        res.on('close', () => child('close'));
        await Promise.resolve();
        child('await');
        await delay(2);
        child('timer');
        events.once('event', () => child('event'));
        events.emit('event');
        await pipeline(
          ['a', 'b'],
          async function* (source) {
            for await (const part of source) yield part;
            child('generator');
          },
          new PassThrough().resume(),
        );
        await tracer.startActiveSpan('outer', async (outer) => {
          await delay(1);
          tracer.startSpan('inner').end();
          outer.end();
        });
        res.end();
      },
    });

    await service.send({ path: '/raw/any' });
    await eventually('all children', () => names.length === 11);

    const span = await service.span();
    await eventually('their export', async () => {
      await service.signals.flush();
      return service.otherSpans().length >= 13;
    });
    const children = service.otherSpans().filter(({ parentSpanId }) => parentSpanId === span.spanId);
    expect(children.map(({ name }) => name).sort()).toEqual([...names, 'outer'].sort());
    const outer = children.find(({ name }) => name === 'outer');
    expect(service.otherSpans().find(({ name }) => name === 'inner')?.parentSpanId).toBe(outer?.spanId);
    expect(new Set(service.otherSpans().map(({ traceId }) => traceId))).toEqual(new Set([span.traceId]));
  });

  test('gives the tracer of the handle the same context', async () => {
    const service: Running = await start(kind, {
      raw(_req, res) {
        service.signals.tracer.startSpan('by handle').end();
        res.end();
      },
    });

    await service.send({ path: '/raw/any' });

    const span = await service.span();
    expect(service.otherSpans()).toMatchObject([
      { name: 'by handle', parentSpanId: span.spanId, traceId: span.traceId },
    ]);
  });

  test('keeps the context in events of a body that comes after the handler has returned', async () => {
    const places = new Places();
    let bytes = 0;
    const service = await start(kind, {
      raw(req, res) {
        places.at('handler');
        req.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          places.at('data');
          setImmediate(() => places.at('after data'));
        });
        req.on('end', () => {
          places.at('end');
          res.end('read');
        });
      },
    });

    const text = await postInParts(service, (count) => eventually('the part', () => bytes === count));

    expect({ text, bytes }).toEqual({ text: 'read', bytes: 'onetwothree'.length });
    await places.includes('handler', 'data', 'after data', 'end');
    const { spanId } = await service.span();
    expect(places.seen).toEqual({ handler: spanId, data: spanId, 'after data': spanId, end: spanId });
  });

  test('keeps the context in streams that the body is piped through', async () => {
    const places = new Places();
    let bytes = 0;
    const service = await start(kind, {
      async raw(req, res) {
        const upper = new Transform({
          transform(chunk: Buffer, _encoding, done) {
            bytes += chunk.length;
            places.at('transform');
            done(null, chunk.toString().toUpperCase());
          },
          flush(done) {
            places.at('flush');
            done();
          },
        });
        await pipeline(req, upper, res);
        places.at('after pipeline');
      },
    });

    const text = await postInParts(service, (count) => eventually('the part', () => bytes === count));

    expect(text).toBe('ONETWOTHREE');
    await places.includes('transform', 'flush', 'after pipeline');
    const { spanId } = await service.span();
    expect(places.seen).toEqual({ transform: spanId, flush: spanId, 'after pipeline': spanId });
  });

  test('keeps the contexts of parallel requests apart', async () => {
    const ids = new Map<string, string[]>();
    const service = await start(kind, { raw: noteSteps(ids) });
    const session = kind.protocol === '2' ? openSession(service.address) : undefined;
    const paths = Array.from({ length: 30 }, (_, index) => `/raw/${index}`);

    await Promise.all(
      paths.map((path) =>
        session === undefined ? send(service.address, { path }) : sendOnSession(session, { path }),
      ),
    );
    session?.close();

    await expectOwn(service, ids, paths);
  });
});

/** Goes through several asynchronous steps, and notes whose span is active at each. */
function noteSteps(ids: Map<string, string[]>): RawHandler {
  return async (req, res) => {
    const seen: string[] = [];
    const path = String(req.url);
    ids.set(path, seen);
    for (let step = 0; step < 3; step += 1) {
      seen.push(String(activeId()));
      await delay(step + (path.length % 3));
      await new Promise((resolve) => setImmediate(resolve));
    }
    seen.push(String(activeId()));
    res.once('finish', () => seen.push(String(activeId())));
    res.end();
  };
}

async function expectOwn(
  service: Running,
  ids: Map<string, string[]>,
  paths: readonly string[],
): Promise<void> {
  const spans = await service.spans(paths.length);
  const own = new Map(spans.map((span) => [span.attributes['url.path'], span.spanId]));
  expect(own.size).toBe(paths.length);
  for (const path of paths) expect(ids.get(path)).toEqual(Array(5).fill(own.get(path)));
}

describe.each(plainHttp1Kinds)('$name, on one connection', (kind) => {
  test('keeps the contexts of pipelined requests apart', async () => {
    const ids = new Map<string, string[]>();
    const service = await start(kind, { raw: noteSteps(ids) });
    const paths = Array.from({ length: 8 }, (_, index) => `/raw/${index}`);

    const answer = await sendRaw(service.address.port, pipelined(paths));

    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(paths.length);
    await expectOwn(service, ids, paths);
  });

  test('keeps the contexts of requests one after another apart', async () => {
    const ids = new Map<string, string[]>();
    const service = await start(kind, { raw: noteSteps(ids) });
    const paths = ['/raw/1', '/raw/2', '/raw/3'];
    const socket = net.connect(service.address.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());

    for (const path of paths) {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await received(socket, (text) => text.includes('\r\n\r\n'));
      await eventually('its end', () => ids.get(path)?.length === 5);
    }

    await expectOwn(service, ids, paths);
  });
});

describe('outside of requests', () => {
  test('code that began before or between them sees no span', async () => {
    const places = new Places();
    const interval = setInterval(() => places.at('interval'), 1);
    onTestFinished(() => clearInterval(interval));
    const emitter = new EventEmitter().on('tick', () => places.at('tick from outside'));
    const server = http.createServer((_req, res) => {
      places.at('handler');
      res.end();
    });
    server.on('connection', (socket) => {
      places.at('connection');
      socket.on('close', () => places.at('socket close'));
    });
    onTestFinished(closerOf(server));
    const port = await listenOn(server);
    const service = observe(instrument(server));

    await sendRaw(port, pipelined(['/', '/']));
    emitter.emit('tick');
    await sendRaw(port, pipelined(['/']));
    places.seen.interval = undefined;
    await places.includes('interval', 'connection', 'socket close', 'tick from outside');

    expect((await service.spans(3)).length).toBe(3);
    expect(places.seen).toEqual({
      handler: 'another',
      connection: undefined,
      'socket close': undefined,
      'tick from outside': undefined,
      interval: undefined,
    });
    expect(activeId()).toBeUndefined();
  });

  test('an upgrade on a connection that served a request before sees no span, and has none', async () => {
    const places = new Places();
    const server = http.createServer((_req, res) => void res.end('first'));
    server.on('upgrade', (_req, socket: net.Socket) => {
      places.at('upgrade');
      socket.on('data', (chunk) => {
        places.at('frame');
        socket.end(chunk);
      });
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    });
    onTestFinished(closerOf(server));
    const port = await listenOn(server);
    const service = observe(instrument(server));
    const socket = net.connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());

    socket.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    await received(socket, (text) => text.endsWith('first'));
    socket.write(
      'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await received(socket, (text) => text.includes('101 Switching Protocols'));
    socket.write('frame');
    await received(socket, (text) => text.includes('frame'));

    expect(places.seen).toEqual({ upgrade: undefined, frame: undefined });
    expect((await service.span()).attributes).toMatchObject({ 'url.path': '/first' });
    const active = await service.points('http.server.active_requests');
    expect(active.map(({ value }) => value)).toEqual([0]);
  });
});
