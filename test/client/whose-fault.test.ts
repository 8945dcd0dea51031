import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { pipeline, Readable } from 'node:stream';
import axios from 'axios';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createCertificate } from '../contract/support/certificate.js';
import { eventually } from '../support/eventually.js';
import { startService, type TestService } from './support/service.js';
import { COPIES, loadCopy } from './support/undici.js';
import { startUpstream, type Upstream } from './support/upstream.js';

let upstream: Upstream;
let service: TestService;

// Taken before any service was made, as a library does that is imported first.
const earlyFetch = globalThis.fetch;

beforeEach(async () => {
  upstream = await startUpstream({ read: (req) => void req.resume() });
  service = startService();
});

const evidence = (name = upstream.name) => {
  const { calls, failures } = service.signals.breakers.get(name)?.snapshot() ?? { calls: 0, failures: 0 };
  return { calls, failures };
};
const nothing = { calls: 0, failures: 0 };

const missing = () => createReadStream('/no/such/file/here');
/** A body that breaks as one does that comes from another connection. */
const reset = () =>
  Readable.from(
    (async function* () {
      yield 'half';
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
    })(),
  );

describe.each(COPIES)("%s: an error of the caller's own body", (copy) => {
  test.each([
    ['a file that is not there', missing],
    ['a stream that is reset', reset],
    ['an iterator', () => reset().iterator() as never],
  ])('%s is no evidence', async (_title, make) => {
    const { request } = await loadCopy(copy);
    for (let count = 0; count < 3; count += 1)
      await expect(request(`${upstream.origin}/read`, { method: 'POST', body: make() })).rejects.toThrow();
    await service.settled();
    expect(evidence()).toEqual(nothing);
  });

  test('is told from a reset by the upstream while the body is on its way', async () => {
    const { request } = await loadCopy(copy);
    const body = new Readable({ read() {} });
    body.push('half');
    await expect(request(`${upstream.origin}/reset`, { method: 'POST', body })).rejects.toThrow();
    await service.settled();
    expect(evidence()).toEqual({ calls: 1, failures: 1 });
  });
});

describe('an error of the body in other clients is no evidence', () => {
  test.each<[string, () => Promise<unknown>]>([
    [
      'fetch',
      () =>
        fetch(`${upstream.origin}/read`, {
          method: 'POST',
          body: Readable.toWeb(reset()) as never,
          duplex: 'half',
        } as RequestInit),
    ],
    [
      'http.request',
      () =>
        new Promise((resolve) => {
          const req = http.request(`${upstream.origin}/read`, { method: 'POST' });
          req.on('error', () => {});
          pipeline(reset(), req, resolve);
        }),
    ],
    ['axios', () => axios.post(`${upstream.origin}/read`, missing(), { proxy: false })],
  ])('%s', async (_title, call) => {
    await call().catch(() => {});
    await service.settled();
    expect(evidence()).toEqual(nothing);
  });
});

describe('an abort of any shape is no evidence', () => {
  class Superseded extends Error {}
  const reasons: [string, unknown][] = [
    ['an error of its own class', new Superseded('no longer wanted')],
    ['an error that looks like a reset', Object.assign(new Error('gone'), { code: 'ECONNRESET' })],
    ['a text', 'stop'],
    ['null', null],
    ['nothing', undefined],
  ];

  test.each(reasons)('%s, by a fetch that was taken before', async (_title, reason) => {
    const controller = new AbortController();
    const call = earlyFetch(`${upstream.origin}/hang?case=h`, { signal: controller.signal });
    const ended = call.catch(() => {});
    await upstream.hanging('h');
    controller.abort(reason);
    await ended;
    await service.settled();
    expect(evidence()).toEqual(nothing);
    expect(service.call().attributes).not.toHaveProperty('error.type');
  });

  test.each(reasons)('%s, by undici over HTTP/2', async (_title, reason) => {
    const { Agent, fetch: own } = await loadCopy('undici7');
    const server = http2.createSecureServer({ ...createCertificate() });
    let arrived: () => void = () => {};
    const hanging = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      if (headers[':path'] === '/hang') arrived();
      else stream.respond({ ':status': 200 }, { endStream: true });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const agent = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
    onTestFinished(async () => {
      await agent.destroy();
      server.close();
    });
    // One connection for all of them.
    await (await own(`https://127.0.0.1:${port}/ok`, { dispatcher: agent })).text();
    const controller = new AbortController();
    const ended = own(`https://127.0.0.1:${port}/hang`, {
      dispatcher: agent,
      signal: controller.signal,
    }).catch(() => {});
    await hanging;
    controller.abort(reason);
    await ended;
    await service.settled();
    expect(evidence(`127.0.0.1:${port}`)).toEqual({ calls: 1, failures: 0 });
  });

  test.each<[string, (req: http.ClientRequest, agent: http.Agent) => void]>([
    ['req.destroy(error)', (req) => void req.destroy(new Superseded('no longer wanted'))],
    [
      'req.destroy() with the error of another connection',
      (req) => void req.destroy(Object.assign(new Error('x'), { code: 'ETIMEDOUT', syscall: 'read' })),
    ],
    ['req.abort()', (req) => req.abort()],
    ['socket.destroy()', (req) => void req.socket?.destroy()],
    ['agent.destroy()', (_req, agent) => agent.destroy()],
  ])('%s', async (_title, abort) => {
    const agent = new http.Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const req = http.get(`${upstream.origin}/hang?case=h`, { agent });
    const closed = new Promise((resolve) => req.on('close', resolve));
    req.on('error', () => {});
    await upstream.hanging('h');
    abort(req, agent);
    await closed;
    await service.settled();
    expect(evidence()).toEqual(nothing);
  });

  test.each<[string, (req: http.ClientRequest) => void]>([
    ['the socket', (req) => void req.socket?.destroy()],
    ['the response', (req) => void req.destroy()],
  ])('%s, destroyed in the body', async (_title, abort) => {
    const req = http.get(`${upstream.origin}/drip`);
    req.on('error', () => {});
    const [res] = (await once(req, 'response')) as [http.IncomingMessage];
    res.on('error', () => {});
    await once(res, 'data');
    const closed = new Promise((resolve) => res.on('close', resolve));
    abort(req);
    await closed;
    await service.settled();
    expect(evidence()).toEqual(nothing);
  });
});

describe("a 'timeout' event is a notice", () => {
  test('that says nothing where the caller goes on, and gives up later', async () => {
    const controller = new AbortController();
    const req = http.get(`${upstream.origin}/hang?case=h`, { timeout: 10, signal: controller.signal });
    const failed = once(req, 'error');
    await once(req, 'timeout');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    controller.abort();
    await failed;
    await service.settled();
    expect(evidence()).toEqual(nothing);
    expect(service.call().attributes).not.toHaveProperty('error.type');
  });

  test('that says nothing where another timer is late as well, in a process that has stood still', async () => {
    const req = http.get(`${upstream.origin}/hang?case=h`, { timeout: 200 });
    const failed = once(req, 'error');
    await once(req, 'socket');
    await upstream.hanging('h');
    const isNoticed = once(req, 'timeout');
    // Both are due by the end of this: the notice comes first.
    setTimeout(() => req.destroy(), 220);
    const until = performance.now() + 300;
    while (performance.now() < until);
    await failed;
    await isNoticed;
    await service.settled();
    expect(service.call().attributes).not.toHaveProperty('error.type');
  });

  test('that counts where the caller ends the call because of it', async () => {
    const req = http.get(`${upstream.origin}/hang`, { timeout: 30 }, () => {});
    req.on('timeout', () => req.destroy());
    await once(req, 'error');
    await service.settled();
    expect(service.call().attributes['error.type']).toBe('TimeoutError');
  });
});

describe('a proxy in between is not the upstream', () => {
  /** A proxy that answers all it is asked for with this. */
  async function startProxy(answer: string): Promise<number> {
    const proxy = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => void socket.end(answer));
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    return (proxy.address() as net.AddressInfo).port;
  }
  async function closedPort(): Promise<number> {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
  const refusal = 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';

  test.each(COPIES)('%s: that is gone, or refuses a tunnel', async (copy) => {
    const { ProxyAgent, request } = await loadCopy(copy);
    for (const port of [await closedPort(), await startProxy(refusal)]) {
      const dispatcher = new ProxyAgent({ uri: `http://127.0.0.1:${port}`, proxyTunnel: true });
      onTestFinished(() => dispatcher.destroy());
      await expect(request(`${upstream.origin}/ok`, { dispatcher })).rejects.toThrow();
    }
    await service.settled();
    expect(evidence()).toEqual(nothing);
    expect(service.calls()).toHaveLength(4);
  });

  test('nor is one that answers in place of an upstream', async () => {
    const port = await startProxy(refusal);
    for (const target of [`${upstream.origin}/ok`, 'http://orders.example/']) {
      const req = http.get({
        host: '127.0.0.1',
        port,
        path: target,
        headers: { host: new URL(target).host },
      });
      const [res] = (await once(req, 'response')) as [http.IncomingMessage];
      res.resume();
      await once(res, 'end');
      expect(res.statusCode).toBe(502);
    }
    await service.settled();
    expect(evidence()).toEqual(nothing);
    expect(evidence('orders.example:80')).toEqual(nothing);
    expect(service.calls()).toHaveLength(2);
  });

  /** As https-proxy-agent does: the connection is made ahead of the request, and a refused tunnel is handed on as the answer. */
  function tunnelAgent(port: number): https.Agent {
    const createConnection = (
      _options: unknown,
      done: (error: Error | null, socket?: net.Socket) => void,
    ) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('error', done);
      socket.once('connect', () => {
        socket.write('CONNECT x HTTP/1.1\r\n\r\n');
        socket.once('readable', () => done(null, socket));
      });
    };
    return Object.assign(new https.Agent(), { createConnection } as never);
  }

  test('nor the proxy of an agent', async () => {
    const refused = https.get('https://orders.example/', { agent: tunnelAgent(await closedPort()) });
    await once(refused, 'error');
    const answered = https.get('https://orders.example/', {
      agent: tunnelAgent(await startProxy(refusal)),
    });
    const [res] = (await once(answered, 'response')) as [http.IncomingMessage];
    expect(res.statusCode).toBe(502);
    res.resume();
    await service.settled();
    expect(evidence('orders.example:443')).toEqual(nothing);
  });
});

test('what the upstream does is evidence, in every client', async () => {
  const { request } = await loadCopy('undici7');
  for (const path of ['reset', 'fin', 'garbage', 'reset-body', 'fin-body']) {
    const url = `${upstream.origin}/${path}`;
    await fetch(url)
      .then((res) => res.text())
      .catch(() => {});
    await earlyFetch(url)
      .then((res) => res.text())
      .catch(() => {});
    await request(url)
      .then(({ body }) => body.text())
      .catch(() => {});
    await new Promise((resolve) => {
      const req = http.get(url, (res) => {
        res.resume();
        res.on('error', () => {});
      });
      req.on('error', () => {});
      req.on('close', resolve);
    });
  }
  await eventually('all verdicts', () => evidence().calls >= 20);
  expect(evidence()).toEqual({ calls: 20, failures: 20 });
});
