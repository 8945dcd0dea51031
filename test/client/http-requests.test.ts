import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createCertificate } from '../contract/support/certificate.js';
import { eventually } from '../support/eventually.js';
import { activeSpanId, startService, type TestService } from './support/service.js';
import { startUpstream, type Upstream } from './support/upstream.js';

let service: TestService;
let upstream: Upstream;

beforeEach(async () => {
  upstream = await startUpstream();
  service = startService({ breaker: { minimumCalls: 1_000 } });
});

async function answerOf(req: ClientRequest): Promise<{ res: IncomingMessage; body: string }> {
  req.end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  return { res, body: await text(res) };
}

describe('every form of arguments', () => {
  const url = () => `${upstream.origin}/ok?case=a`;
  const options = (): RequestOptions => ({ host: '127.0.0.1', port: upstream.port, path: '/ok?case=a' });
  const forms: Record<string, () => ClientRequest> = {
    'a string': () => http.request(url()),
    'a URL': () => http.request(new URL(url())),
    'a string and options': () => http.request(url(), { method: 'GET', headers: { 'x-a': '1' } }),
    'a URL and options': () => http.request(new URL(url()), { agent: new http.Agent() }),
    'options alone': () => http.request(options()),
    'options with hostname and a port as a string': () =>
      http.request({ hostname: '127.0.0.1', port: `${upstream.port}`, path: '/ok?case=a' }),
    'options over a URL': () =>
      http.request('http://nowhere.invalid/x', { ...options(), hostname: '127.0.0.1' }),
    'get with a callback': () => http.get(url(), () => {}),
    'get with options and a callback': () => http.get(options(), () => {}),
    'array headers': () =>
      http.request(url(), { headers: ['Host', upstream.name, 'X-A', '1', 'X-A', '2'] as never }),
    'agent: false': () => http.request(url(), { agent: false }),
    'a keep-alive agent': () => http.request(url(), { agent: new http.Agent({ keepAlive: true }) }),
    'Expect: 100-continue': () => http.request(url(), { headers: { expect: '100-continue' } }),
    'a connection of its own': () =>
      http.request(url(), { createConnection: () => net.connect(upstream.port, '127.0.0.1') }),
    'an agent with an addRequest of its own': () => http.request(url(), { agent: ownAgent() as never }),
    'an agent that makes connections its own way': () =>
      http.request(url(), {
        agent: Object.assign(new http.Agent(), {
          createConnection: () => net.connect(upstream.port, '127.0.0.1'),
        }),
      }),
    'new ClientRequest': () => new http.ClientRequest(url()),
  };

  test.each(Object.keys(forms))('%s', async (form) => {
    let body: string | undefined;
    const caller = await service.asCaller(async () => {
      const req = (forms[form] as () => ClientRequest)();
      ({ body } = await answerOf(req));
    });
    await service.settled();

    const span = service.call();
    const { traceId, spanId } = span.spanContext();
    expect(body).toBe('hello');
    expect(span.parentSpanContext?.spanId).toBe(caller.spanContext().spanId);
    expect(span.attributes).toMatchObject({
      'server.address': '127.0.0.1',
      'server.port': upstream.port,
      'url.full': url(),
      'http.response.status_code': 200,
    });
    const [seen] = upstream.seen('a');
    expect(seen?.rawHeaders.filter((name) => name.toLowerCase() === 'traceparent')).toHaveLength(1);
    expect(seen?.headers.traceparent).toBe(`00-${traceId}-${spanId}-03`);
    expect(service.signals.breakers.get(upstream.name)?.snapshot()).toMatchObject({ calls: 1, failures: 0 });
  });

  /** As agents were written before there was a class to inherit from. */
  function ownAgent() {
    return {
      protocol: 'http:',
      addRequest(req: ClientRequest) {
        req.onSocket(net.connect(upstream.port, '127.0.0.1'));
      },
    };
  }
});

describe('TLS', () => {
  test.each(['https.request', 'https.get'] as const)('%s', async (name) => {
    const server = https.createServer(createCertificate(), (_req, res) => void res.end('secret'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as net.AddressInfo;

    const call = name === 'https.get' ? https.get : https.request;
    const { body } = await answerOf(
      call(`https://127.0.0.1:${port}/x`, { rejectUnauthorized: false, agent: false }),
    );

    expect(body).toBe('secret');
    await service.settled();
    expect(service.call().attributes).toMatchObject({
      'url.full': `https://127.0.0.1:${port}/x`,
      'server.port': port,
    });
  });

  test('to a port that speaks none is a failure of the upstream', async () => {
    const [error] = await once(https.request({ host: '127.0.0.1', port: upstream.port }).end(), 'error');

    expect(service.call().attributes['error.type']).toBe(error.code);
    expect(service.signals.breakers.get(upstream.name)?.snapshot()).toMatchObject({ calls: 1, failures: 1 });
  });
});

test('a Unix domain socket is named by its path and has no port', async () => {
  const path = join(tmpdir(), `golden-signals-${process.pid}-${Math.random().toString(36).slice(2)}.sock`);
  const server = http.createServer((_req, res) => void res.end('local'));
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());

  const { body } = await answerOf(http.request({ socketPath: path, path: '/containers', agent: false }));

  expect(body).toBe('local');
  await service.settled();
  const { attributes } = service.call();
  expect(attributes).toMatchObject({ 'server.address': path, 'url.full': 'http://localhost/containers' });
  expect(attributes).not.toHaveProperty('server.port');
  expect(service.signals.breakers.get(path)?.snapshot().calls).toBe(1);
});

test('by way of a proxy a call is named by where it goes', async () => {
  const { body } = await answerOf(
    http.request({ host: '127.0.0.1', port: upstream.port, path: 'http://orders.example:8080/ok?case=p' }),
  );

  expect(body).toBe('hello');
  await service.settled();
  expect(service.call().attributes).toMatchObject({
    'server.address': 'orders.example',
    'server.port': 8080,
    'url.full': 'http://orders.example:8080/ok?case=p',
  });
  expect(service.signals.breakers.get('orders.example:8080')?.snapshot().calls).toBe(1);
});

describe('what is no response', () => {
  test('an upgrade ends the call', async () => {
    upstream.server.on('upgrade', (_req, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n');
    });
    const headers = { connection: 'upgrade', upgrade: 'echo' };
    const [, socket] = await once(http.get(upstream.origin, { headers }), 'upgrade');
    socket.destroy();

    await service.settled();
    expect(service.call().attributes).toMatchObject({ 'http.response.status_code': 101 });
    expect(service.signals.breakers.get(upstream.name)?.snapshot()).toMatchObject({ calls: 1, failures: 0 });
  });

  test('CONNECT is named by what it connects to', async () => {
    upstream.server.on('connect', (_req, socket) => socket.end('HTTP/1.1 200 Connected\r\n\r\n'));
    const req = http.request({
      host: '127.0.0.1',
      port: upstream.port,
      method: 'CONNECT',
      path: 'orders.example:443',
    });
    const [, socket] = await once(req.end(), 'connect');
    socket.destroy();

    await service.settled();
    expect(service.call()).toMatchObject({ name: 'CONNECT' });
    expect(service.call().attributes).toMatchObject({
      'http.response.status_code': 200,
      'server.address': 'orders.example',
      'server.port': 443,
    });
  });

  test('103 and 100 are not the answer', async () => {
    const informed: number[] = [];
    const req = http.get(`${upstream.origin}/early-hints`);
    req.on('information', ({ statusCode }) => informed.push(statusCode));
    await answerOf(req);

    await service.settled();
    expect(informed).toEqual([103]);
    expect(service.call().attributes['http.response.status_code']).toBe(200);
  });
});

describe('a response that nobody reads', () => {
  test('without a listener is discarded by Node as before, and the connection used again', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const own = await startUpstream({ plain: (_req, res) => void res.end('x'.repeat(100_000)) });
    for (let index = 0; index < 3; index += 1) {
      await once(http.get(`${own.origin}/plain`, { agent }), 'close');
    }

    await service.settled();
    expect(own.connections).toBe(3);
    expect(service.calls()).toHaveLength(3);
    expect(service.signals.breakers.get(own.name)?.snapshot()).toMatchObject({ calls: 3, failures: 0 });
  });

  test.each([
    ['HEAD', 'ok', 200],
    ['GET', 'early', 200],
    ['GET', 'ok', 200],
  ])('%s /%s is judged when all of it has arrived', async (method, path) => {
    const req = http.request(`${upstream.origin}/${path}`, { method }).end();
    await once(req, 'response');

    await service.settled();
    expect(service.signals.breakers.get(upstream.name)?.snapshot()).toMatchObject({ calls: 1, failures: 0 });
    req.destroy();
  });

  test('500 is judged at its head', async () => {
    const own = await startUpstream({
      endless(_req, res) {
        res.writeHead(500);
        res.write('a stack trace without an end');
      },
    });
    const req = http.get(`${own.origin}/endless`);
    await once(req, 'response');

    expect(service.signals.breakers.get(own.name)?.snapshot()).toMatchObject({ calls: 1, failures: 1 });
    req.destroy();
    await service.settled();
    expect(service.signals.breakers.get(own.name)?.snapshot()).toMatchObject({ calls: 1, failures: 1 });
  });
});

describe('whoever calls', () => {
  const evidence = () => service.signals.breakers.get(upstream.name)?.snapshot();

  test('gets an error event only where he listens for it', async () => {
    const req = http.get(`${upstream.origin}/reset`);
    expect(req.listenerCount('error')).toBe(0);
    expect(req.listenerCount('response')).toBe(0);
    expect(req.listenerCount('close')).toBe(0);
    await once(req, 'error');
  });

  test('may destroy the request: that is no evidence', async () => {
    const req = http.get(`${upstream.origin}/hang?case=h`);
    const failed = once(req, 'error');
    await upstream.hanging('h');
    req.destroy();

    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
    await service.settled();
    expect(service.call().status.code).toBe(0);
    expect(service.call().attributes).not.toHaveProperty('error.type');
    expect(evidence()).toMatchObject({ calls: 0 });
  });

  test('may abort it in the old way', async () => {
    const req = http.get(`${upstream.origin}/hang?case=h`);
    const closed = closeOf(req);
    req.on('error', () => {});
    await upstream.hanging('h');
    req.abort();
    await closed;

    await service.settled();
    expect(service.call().attributes).not.toHaveProperty('error.type');
    expect(evidence()).toMatchObject({ calls: 0 });
  });

  test('may destroy the response, or leave off reading it', async () => {
    for (const leave of [(res: IncomingMessage) => void res.destroy(), firstChunk]) {
      const req = http.get(`${upstream.origin}/drip`);
      req.on('error', () => {});
      const [res] = (await once(req, 'response')) as [IncomingMessage];
      await leave(res);
    }
    await service.settled();
    expect(evidence()).toMatchObject({ calls: 0, failures: 0 });
  });

  test('may set a time-out and destroy the request by it: that is evidence', async () => {
    const req = http.get(`${upstream.origin}/hang`, { timeout: 30 });
    const failed = once(req, 'error');
    await once(req, 'timeout');
    req.destroy();
    await failed;

    await service.settled();
    expect(service.call().attributes['error.type']).toBe('TimeoutError');
  });

  test('may let a time-out pass', async () => {
    const own = await startUpstream({
      late: (_req, res) => void setTimeout(() => res.end('late, but whole'), 60),
    });
    const req = http.get(`${own.origin}/late`, { timeout: 20 });
    const timedOut = once(req, 'timeout');
    const { body } = await answerOf(req);
    await timedOut;

    expect(body).toBe('late, but whole');
    await service.settled();
    expect(service.signals.breakers.get(own.name)?.snapshot()).toMatchObject({ calls: 1, failures: 0 });
  });

  test('may wrap emit, and have it wrapped on the class', async () => {
    const events: unknown[] = [];
    const req = http.get(`${upstream.origin}/ok`);
    const { emit } = req;
    req.emit = function (this: ClientRequest, ...args: Parameters<typeof emit>) {
      events.push(args[0]);
      return emit.apply(this, args);
    } as typeof emit;
    const { res } = await answerOf(req);
    expect(res.complete).toBe(true);
    expect(events).toContain('response');

    const { emit: inherited } = http.ClientRequest.prototype;
    const before = Object.getOwnPropertyDescriptor(http.ClientRequest.prototype, 'emit');
    const seen: unknown[] = [];
    Object.defineProperty(http.ClientRequest.prototype, 'emit', {
      configurable: true,
      writable: true,
      value(this: ClientRequest, ...args: Parameters<typeof inherited>) {
        seen.push(args[0]);
        return inherited.apply(this, args);
      },
    });
    onTestFinished(
      () => void Object.defineProperty(http.ClientRequest.prototype, 'emit', before as PropertyDescriptor),
    );
    await answerOf(http.get(`${upstream.origin}/ok`));
    expect(seen).toContain('response');
    await service.settled();
    expect(service.calls()).toHaveLength(2);
  });

  test('may have wrapped emit, destroy and setHeader before his agent is asked', async () => {
    const called: unknown[] = [];
    class Wrapping extends http.Agent {
      addRequest(req: ClientRequest, ...rest: unknown[]): void {
        for (const name of ['emit', 'destroy', 'setHeader'] as const) {
          const inherited = req[name] as (...args: unknown[]) => unknown;
          Object.assign(req, {
            [name](this: ClientRequest, ...args: unknown[]) {
              called.push(name === 'emit' ? args[0] : name);
              return inherited.apply(this, args);
            },
          });
        }
        (http.Agent.prototype as unknown as { addRequest(...args: unknown[]): void }).addRequest.call(
          this,
          req,
          ...rest,
        );
      }
    }
    const req = http.request(`${upstream.origin}/ok`, { agent: new Wrapping() });
    req.setHeader('x-a', '1');
    await answerOf(req);
    req.destroy();
    expect(called).toEqual(expect.arrayContaining(['setHeader', 'response', 'destroy']));
    await service.settled();
    expect(service.calls()).toHaveLength(1);
  });

  test('has his own context in every listener, also behind a full agent', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const right: boolean[] = [];
    await Promise.all(
      Array.from({ length: 4 }, () =>
        service.asCaller(async (caller) => {
          const own = caller.spanContext().spanId;
          const req = http.get(`${upstream.origin}/ok`, { agent });
          const look = () => right.push(activeSpanId() === own);
          req.on('response', (res) => {
            look();
            res.on('data', look).on('end', look);
          });
          await once(req, 'close');
          look();
        }),
      ),
    );
    expect(right).toEqual(Array(16).fill(true));
    await service.settled();
    const parents = service.calls().map(({ parentSpanContext }) => parentSpanContext?.spanId);
    expect(new Set(parents).size).toBe(4);
  });

  test('gets what he did wrong as a throw, and no span', () => {
    expect(() => http.request('http://127.0.0.1/a b', { path: '/a b' })).toThrow(/unescaped/);
    expect(() => http.request('nonsense')).toThrow(/Invalid URL/);
    expect(service.open).toBe(0);
    expect(service.calls()).toEqual([]);
  });
});

/** Does not mind an error, as events.once does. */
function closeOf(req: ClientRequest): Promise<unknown> {
  return new Promise((resolve) => req.once('close', () => resolve(undefined)));
}

async function firstChunk(res: IncomingMessage): Promise<void> {
  for await (const _chunk of res) break;
}

describe('an open circuit', () => {
  test.each([
    ['an agent', () => http.get(upstream.origin)],
    ['agent: false', () => http.get(upstream.origin, { agent: false })],
    ['array headers', () => http.get(upstream.origin, { headers: ['Host', 'x'] as never })],
  ])('opens no connection: %s', async (_title, call) => {
    await answerOf(http.get(`${upstream.origin}/ok`));
    await service.settled();
    const { connections } = upstream;
    service.signals.breakers.get(upstream.name)?.forceOpen();

    const req = call();
    const closed = closeOf(req);
    const [error] = await once(req, 'error');

    expect(error).toMatchObject({
      name: 'CircuitOpenError',
      code: 'ERR_CIRCUIT_OPEN',
      upstream: upstream.name,
    });
    await closed;
    expect(req.destroyed).toBe(true);
    expect(upstream.connections).toBe(connections);
  });

  test('ends a request that asks no agent', async () => {
    await answerOf(http.get(`${upstream.origin}/ok`));
    await service.settled();
    service.signals.breakers.get(upstream.name)?.forceOpen();

    const req = http.get(upstream.origin, {
      createConnection: () => net.connect(upstream.port, '127.0.0.1'),
    });
    const [error] = await once(req, 'error');

    expect(error).toMatchObject({ name: 'CircuitOpenError' });
    await eventually('the second span', () => service.calls().length === 2);
  });
});
