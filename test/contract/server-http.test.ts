import { type EventEmitter, once } from 'node:events';
import * as http from 'node:http';
import * as net from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { openHttp1, received, send, sendRaw } from './support/client.js';
import { gate } from './support/gate.js';
import { closerOf, listenOn } from './support/listening.js';
import { observe, useCollector } from './support/service.js';

useCollector();

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

  test('hands events on to the emit of classes of the user', async () => {
    const heard: string[] = [];
    class HeardRequest extends http.IncomingMessage {
      override emit(event: string | symbol, ...args: unknown[]): boolean {
        heard.push(`request ${String(event)}`);
        return super.emit(event as 'end', ...(args as []));
      }
    }
    class HeardResponse extends http.ServerResponse {
      override emit(event: string | symbol, ...args: unknown[]): boolean {
        heard.push(`response ${String(event)}`);
        return super.emit(event as 'finish', ...(args as []));
      }
    }
    const service = await listening(
      http.createServer({ IncomingMessage: HeardRequest, ServerResponse: HeardResponse }, (req, res) => {
        req.on('end', () => res.end('read')).resume();
      }),
    );

    await send(service.address, { path: '/' });

    await service.span();
    await expect
      .poll(() => heard)
      .toEqual(expect.arrayContaining(['request end', 'request close', 'response finish', 'response close']));
  });

  test('hands events on to the emit that another tool has put on a request before', async () => {
    const heard: string[] = [];
    const server = http.createServer((req, res) => {
      req.on('end', () => res.end('read')).resume();
    });
    const service = await listening(server);
    const { emit } = server;
    server.emit = function (this: http.Server, event: string, ...args: unknown[]) {
      if (event === 'request')
        for (const message of args as EventEmitter[]) {
          const { emit: before } = message;
          message.emit = function (this: EventEmitter, name, ...values) {
            heard.push(`${message === args[0] ? 'request' : 'response'} ${String(name)}`);
            return before.call(this, name, ...(values as []));
          };
        }
      return Reflect.apply(emit, this, [event, ...args]);
    } as typeof emit;

    await send(service.address, { path: '/' });

    await service.span();
    await expect
      .poll(() => heard)
      .toEqual(expect.arrayContaining(['request end', 'request close', 'response finish', 'response close']));
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
