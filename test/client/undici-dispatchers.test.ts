import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createCertificate } from '../contract/support/certificate.js';
import { eventually } from '../support/eventually.js';
import { activeSpanId, startService, type TestService } from './support/service.js';
import { COPIES, loadCopy } from './support/undici.js';
import { startUpstream, type Upstream } from './support/upstream.js';

type Undici = Awaited<ReturnType<typeof loadCopy>>;

describe.each(COPIES)('%s', (copy) => {
  let undici: Undici;
  let service: TestService;
  let upstream: Upstream;

  beforeEach(async () => {
    undici = await loadCopy(copy);
    upstream = await startUpstream();
    service = startService({ breaker: { minimumCalls: 1_000 } });
  });

  const evidence = (name = upstream.name) => service.signals.breakers.get(name)?.snapshot();
  const closing = <T extends { close(): Promise<unknown>; destroy(): Promise<unknown> }>(
    dispatcher: T,
  ): T => {
    onTestFinished(() => dispatcher.destroy().then(() => {}));
    return dispatcher;
  };
  const resends = () => service.calls().map(({ attributes }) => attributes['http.request.resend_count']);
  const parents = () => service.calls().map(({ parentSpanContext }) => parentSpanContext?.spanId);

  test('a call that waits in a pool keeps its caller', async () => {
    const pool = closing(new undici.Pool(upstream.origin, { connections: 1 }));
    const callers = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        service.asCaller(async (caller) => {
          const { body } = await pool.request({ path: `/ok?case=${index}`, method: 'GET' });
          expect(activeSpanId()).toBe(caller.spanContext().spanId);
          await body.text();
        }),
      ),
    );
    await service.settled();

    for (const [index, caller] of callers.entries()) {
      const { traceId } = caller.spanContext();
      expect(upstream.seen(`${index}`)[0]?.headers.traceparent).toContain(traceId);
    }
    expect(parents().sort()).toEqual(callers.map((caller) => caller.spanContext().spanId).sort());
  });

  test('a client and its socket get no property of ours, which would give each of them a shape of its own', async () => {
    const client = closing(new undici.Client(upstream.origin));
    const { body } = await client.request({ path: '/ok', method: 'GET' });
    await body.text();
    const parts = client as unknown as Record<PropertyKey, unknown>;
    const socket = Reflect.ownKeys(parts)
      .map((key) => parts[key])
      .find((value) => value instanceof net.Socket);
    const keys = [client, socket as net.Socket].flatMap((part) => Reflect.ownKeys(part).map(String));
    expect(keys.length).toBeGreaterThan(40);
    expect(keys.filter((key) => key.includes('golden-signals'))).toEqual([]);
  });

  test('a retry by RetryAgent is a resend under the same caller', async () => {
    let refused = 0;
    const flaky = await startUpstream({
      flaky(_req, res) {
        refused += 1;
        if (refused < 3) res.writeHead(503).end();
        else res.end('at last');
      },
    });
    const agent = closing(new undici.RetryAgent(new undici.Agent(), { minTimeout: 5, maxTimeout: 10 }));
    // The connection belongs to somebody else's request.
    await agent.request({ origin: flaky.origin, path: '/ok', method: 'GET' }).then(({ body }) => body.text());
    const caller = await service.asCaller(async () => {
      const { statusCode, body } = await agent.request({
        origin: flaky.origin,
        path: '/flaky',
        method: 'GET',
      });
      expect([statusCode, await body.text()]).toEqual([200, 'at last']);
    });
    await service.settled();

    expect(resends().slice(1)).toEqual([undefined, 1, 2]);
    expect(parents().slice(1)).toEqual(Array(3).fill(caller.spanContext().spanId));
    expect(evidence(flaky.name)).toMatchObject({ calls: 4, failures: 2 });
  });

  test('a redirect that an interceptor follows is a resend under the same caller', async () => {
    const { redirect } = undici.interceptors;
    const agent = closing(new undici.Agent({ connections: 1 })).compose(redirect({ maxRedirections: 3 }));
    const send = (path: string) => agent.request({ origin: upstream.origin, path, method: 'GET' });
    await send('/ok').then(({ body }) => body.text());
    const caller = await service.asCaller(async () => {
      const { statusCode, body } = await send('/redirect?case=r');
      expect([statusCode, await body.text()]).toEqual([200, 'hello']);
    });
    await service.settled();

    expect(resends().slice(1)).toEqual([undefined, 1]);
    expect(parents().slice(1)).toEqual(Array(2).fill(caller.spanContext().spanId));
    const sent = service
      .calls()
      .slice(1)
      .map((span) => span.spanContext().spanId);
    expect(upstream.seen('r').map(({ headers }) => `${headers.traceparent}`.split('-')[2])).toEqual(sent);
  });

  test('interceptors go on working, one above the other', async () => {
    const { redirect, retry } = undici.interceptors;
    const agent = closing(new undici.Agent()).compose(
      retry({ minTimeout: 5 }),
      redirect({ maxRedirections: 3 }),
    );
    const { body } = await agent.request({ origin: upstream.origin, path: '/redirect', method: 'GET' });
    expect(await body.text()).toBe('hello');
    await service.settled();
    expect(evidence()).toMatchObject({ calls: 2, failures: 0 });
  });

  test('an open circuit is told through interceptors, and not retried', async () => {
    const agent = closing(new undici.RetryAgent(new undici.Agent(), { minTimeout: 1 }));
    const send = () => agent.request({ origin: upstream.origin, path: '/ok', method: 'GET' });
    await send().then(({ body }) => body.text());
    await service.settled();
    service.signals.breakers.get(upstream.name)?.forceOpen();

    await expect(send()).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    expect(evidence()?.rejected).toBe(1);
  });

  test('what is mocked is neither traced nor guarded', async () => {
    const agent = new undici.MockAgent();
    onTestFinished(() => agent.close());
    agent.disableNetConnect();
    agent.get('http://mocked.example').intercept({ path: '/x' }).reply(200, 'from nowhere');
    const { body } = await undici.request('http://mocked.example/x', { dispatcher: agent });
    expect(await body.text()).toBe('from nowhere');
    expect(service.calls()).toEqual([]);
  });

  test('by way of a proxy the tunnel and the call are told apart, and the call is guarded as what it leads to', async () => {
    const proxy = await startProxy();
    const agent = closing(new undici.ProxyAgent({ uri: proxy, proxyTunnel: true }));
    const caller = await service.asCaller(async () => {
      const { body } = await undici.request(`${upstream.origin}/ok?case=p`, { dispatcher: agent });
      expect(await body.text()).toBe('hello');
    });
    await service.settled();

    const byName = Object.fromEntries(service.calls().map((span) => [span.name, span]));
    expect(Object.keys(byName).sort()).toEqual(['CONNECT', 'GET']);
    expect(byName.CONNECT?.attributes).toMatchObject({
      'server.port': upstream.port,
      'http.response.status_code': 200,
    });
    expect(byName.GET?.attributes).toMatchObject({ 'url.full': `${upstream.origin}/ok?case=p` });
    expect(parents()).toEqual(Array(2).fill(caller.spanContext().spanId));
    expect(upstream.seen('p')[0]?.headers.traceparent).toContain(byName.GET?.spanContext().spanId);
    expect(evidence()).toMatchObject({ calls: 1, failures: 0 });
  });

  test('an upgrade and a CONNECT end the call', async () => {
    upstream.server.on('upgrade', (_req, socket: Duplex) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n');
    });
    upstream.server.on('connect', (_req, socket: Duplex) => socket.end('HTTP/1.1 200 Connected\r\n\r\n'));
    const client = closing(new undici.Client(upstream.origin));
    const upgraded = await client.upgrade({ path: '/', protocol: 'echo' });
    upgraded.socket.destroy();
    const connected = await client.connect({ path: 'orders.example:443' });
    connected.socket.destroy();

    await service.settled();
    expect(service.calls().map(({ attributes }) => attributes['http.response.status_code'])).toEqual([
      101, 200,
    ]);
    expect(evidence()).toMatchObject({ calls: 1, failures: 0 });
    expect(evidence('orders.example:443')).toBeUndefined();
  });

  test('a WebSocket is one call', async () => {
    upstream.server.on('upgrade', (req, socket: Duplex) => {
      const key = `${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
      onTestFinished(() => void socket.destroy());
    });
    const agent = closing(new undici.Agent());
    const socket = new undici.WebSocket(`ws://${upstream.name}/feed`, { dispatcher: agent });
    await once(socket, 'open');

    await service.settled();
    expect(service.call().attributes).toMatchObject({
      'http.response.status_code': 101,
      'url.full': `${upstream.origin}/feed`,
    });
    expect(evidence()).toMatchObject({ calls: 1, failures: 0 });
    socket.close();
  });

  test('HTTP/2 is told by its version, and a stream that is reset is a failure', async () => {
    const server = http2.createSecureServer({ ...createCertificate() });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      if (headers[':path'] === '/reset') stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      else {
        stream.respond({
          ':status': headers[':path'] === '/500' ? 500 : 200,
          'x-traceparent': headers.traceparent,
        });
        stream.end('two');
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as net.AddressInfo;
    const agent = closing(new undici.Agent({ allowH2: true, connect: { rejectUnauthorized: false } }));
    const send = (path: string) =>
      undici
        .request(`https://127.0.0.1:${port}${path}`, { dispatcher: agent })
        .then(async ({ headers, body }) => {
          await body.text();
          return headers;
        });

    const headers = await send('/ok');
    await send('/500');
    await expect(send('/reset')).rejects.toThrow();
    await service.settled();

    const [first, second, third] = service.calls();
    expect(headers['x-traceparent']).toContain(first?.spanContext().spanId);
    // Version 6 does not say what it speaks.
    const version = copy === 'undici6' ? {} : { 'network.protocol.version': '2' };
    expect(first?.attributes).toMatchObject({ 'http.response.status_code': 200, ...version });
    expect(second?.attributes).toMatchObject({ 'error.type': '500' });
    expect(third?.attributes['error.type']).toEqual(expect.any(String));
    expect(evidence(`127.0.0.1:${port}`)).toMatchObject({ calls: 3, failures: 2 });
  });

  test('pipelined calls on one connection are told apart', async () => {
    const client = closing(new undici.Client(upstream.origin, { pipelining: 4 }));
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        client.request({ path: `/ok?case=${index}`, method: 'GET' }).then(({ body }) => body.text()),
      ),
    );
    await service.settled();
    const arrived = Array.from(
      { length: 8 },
      (_, index) => upstream.seen(`${index}`)[0]?.headers.traceparent,
    );
    expect(new Set(arrived).size).toBe(8);
    expect(evidence()).toMatchObject({ calls: 8, failures: 0 });
  });

  test('a body that is not wanted is no evidence, a small one that nobody reads is', async () => {
    const small = await undici.request(`${upstream.origin}/ok`);
    await eventually('the whole answer', () => evidence()?.calls === 1);
    small.body.destroy();
    small.body.on('error', () => {});

    const dripping = await undici.request(`${upstream.origin}/drip`);
    dripping.body.on('error', () => {});
    dripping.body.destroy();
    await service.settled();
    expect(evidence()).toMatchObject({ calls: 1, failures: 0 });
  });

  test('a request body that breaks is the fault of the caller', async () => {
    const body = (async function* () {
      yield 'half';
      throw new Error('nothing more to send');
    })();
    const own = await startUpstream({ read: (req) => void req.resume() });
    await expect(
      undici.request(`${own.origin}/read`, { method: 'POST', body: body as never }),
    ).rejects.toThrow('nothing more to send');
    await service.settled();
    expect(evidence(own.name)).toMatchObject({ calls: 0, failures: 0 });
  });

  test('what the caller got wrong makes no evidence and leaves no span open', async () => {
    await expect(undici.request(upstream.origin, { method: 'no method' as never })).rejects.toThrow();
    const client = new undici.Client(upstream.origin);
    await client.close();
    await expect(client.request({ path: '/', method: 'GET' })).rejects.toThrow();
    await service.settled();
    expect(evidence()?.calls ?? 0).toBe(0);
  });

  test.each([
    ['an object', { 'x-a': '1', traceparent: '' }],
    ['an array', ['x-a', '1', 'traceparent', '']],
  ])('a context that was copied from the same trace stays: headers as %s', async (_title, headers) => {
    let copied = '';
    await service.asCaller(async (caller) => {
      const { traceId, spanId } = caller.spanContext();
      copied = `00-${traceId}-${spanId}-03`;
      const given = Array.isArray(headers)
        ? [...headers.slice(0, -1), copied]
        : { ...headers, traceparent: copied };
      const { body } = await undici.request(`${upstream.origin}/ok?case=c`, { headers: given });
      await body.text();
    });
    await service.settled();
    const [seen] = upstream.seen('c');
    expect(seen?.rawHeaders.filter((name) => name === 'traceparent')).toHaveLength(1);
    expect(seen?.headers.traceparent).toBe(copied);
  });
});

/** A proxy that knows nothing but tunnels. */
async function startProxy(): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (head) => {
      const [, host, port] = /^CONNECT ([^:]+):(\d+) /.exec(head.toString('latin1')) ?? [];
      const far = net.connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connected\r\n\r\n');
        socket.pipe(far).pipe(socket);
      });
      far.on('error', () => socket.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}
