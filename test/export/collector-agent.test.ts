import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { networkInterfaces } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CollectorAgent, type CollectorAnswer } from '../../src/export/collector-agent.js';
import { createCertificate } from './support/certificate.js';

const isHolding = (socket: net.Socket) =>
  (socket as unknown as { _handle: { hasRef(): boolean } | null })._handle?.hasRef();

/** A machine, or a container, may have none: what can be asked there is how a call ends. */
const hasIPv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

async function listen(server: net.Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  const open = new Set<net.Socket>();
  server.on('connection', (socket) => open.add(socket));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as net.AddressInfo).port;
}

function createClient(url: string, certificates: { ca?: Buffer } = {}): CollectorAgent {
  const client = new CollectorAgent(new URL(url), certificates);
  onTestFinished(() => client.destroy());
  return client;
}

function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

type Outcome = CollectorAnswer | NodeJS.ErrnoException;

/** Sends a body, and gives the answer or what went wrong. */
function post(client: CollectorAgent, body = Buffer.from('spans'), headers = {}): Promise<Outcome> {
  return begin(client, body, headers).outcome;
}

function begin(client: CollectorAgent, body = Buffer.from('spans'), headers = {}) {
  let settle: (outcome: Outcome) => void = () => {};
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  const all = { 'content-length': String(body.length), ...headers };
  return { req: client.post(all, body, (answer) => settle(answer)), outcome };
}

/** A server that answers each connection's bytes with what `reply` writes. */
async function startRaw(reply: (socket: net.Socket, bytes: Buffer, connection: number) => void) {
  let connections = 0;
  const server = net.createServer((socket) => {
    connections += 1;
    const connection = connections;
    socket.on('error', () => {});
    socket.on('data', (bytes) => reply(socket, bytes, connection));
  });
  return { url: `http://127.0.0.1:${await listen(server)}/v1/traces`, connections: () => connections };
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('a connection', () => {
  test('carries one exchange after the other', async () => {
    const { url, connections } = await startRaw((socket) => socket.write(ok));
    const client = createClient(url);
    for (const isReused of [false, true, true]) {
      const { req, outcome } = begin(client);
      expect(await outcome).toMatchObject({ statusCode: 200, body: Buffer.from('ok') });
      expect(req.reusedSocket).toBe(isReused);
      await setImmediate();
    }
    expect(connections()).toBe(1);
  });

  test('is opened for each of the exchanges under way at a time, and kept', async () => {
    const { url, connections } = await startRaw((socket) => socket.write(ok));
    const client = createClient(url);
    await Promise.all([1, 2, 3].map(() => post(client)));
    await setImmediate();
    await Promise.all([1, 2, 3].map(() => post(client)));
    expect(connections()).toBe(3);
  });

  test('that the collector has closed meanwhile is not used again', async () => {
    const closed = createGate();
    const { url, connections } = await startRaw((socket) => {
      socket.write(ok);
      socket.once('close', () => closed.open());
      process.nextTick(() => socket.end());
    });
    const client = createClient(url);
    await post(client);
    await closed.opened;
    expect(await post(client)).toMatchObject({ statusCode: 200 });
    expect(connections()).toBe(2);
  });

  test('on which a collector speaks unasked is not used again', async () => {
    const closed = createGate();
    const { url, connections } = await startRaw((socket) => {
      socket.write(ok);
      socket.once('close', () => closed.open());
      process.nextTick(() => socket.write(ok));
    });
    const client = createClient(url);
    await post(client);
    await closed.opened;
    expect(await post(client)).toMatchObject({ statusCode: 200 });
    expect(connections()).toBe(2);
  });

  test('is not used again where the answer came before the request had been sent', async () => {
    const { url, connections } = await startRaw((socket) => {
      socket.pause();
      socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n');
    });
    const client = createClient(url);
    const large = Buffer.alloc(32 * 2 ** 20);
    expect(await post(client, large)).toMatchObject({ statusCode: 413 });
    expect(await post(client)).toMatchObject({ statusCode: 413 });
    expect(connections()).toBe(2);
  });

  test('does not hold the process, neither when it is new nor when it is kept', async () => {
    const { url } = await startRaw((socket) => socket.write(ok));
    const client = createClient(url);
    for (const _ of [1, 2]) {
      const { req, outcome } = begin(client);
      const [socket] = await once(req, 'socket');
      expect(isHolding(socket)).toBe(false);
      await outcome;
      expect(isHolding(socket)).toBe(false);
      await setImmediate();
    }
  });
});

describe('an exchange', () => {
  test('ends with the connection where the answer has no length', async () => {
    const { url } = await startRaw((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it'));
    expect(await post(createClient(url))).toMatchObject({
      statusCode: 200,
      body: Buffer.from('all of it'),
    });
  });

  test('is judged by its status where the rest breaks off', async () => {
    const { url } = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nal', () => socket.resetAndDestroy());
    });
    expect(await post(createClient(url))).toMatchObject({ statusCode: 200, body: undefined });
  });

  test('fails where the collector hangs up', async () => {
    const { url } = await startRaw((socket) => socket.end('HTTP/1.1 200'));
    expect(await post(createClient(url))).toMatchObject({ code: 'ECONNRESET' });
  });

  test('fails with the reason that it is given up for', async () => {
    const { url } = await startRaw(() => {});
    const { req, outcome } = begin(createClient(url));
    req.destroy(new Error('enough'));
    expect(await outcome).toMatchObject({ message: 'enough' });
  });

  test('is given up with its client', async () => {
    const seen = createGate();
    const { url } = await startRaw(() => seen.open());
    const client = createClient(url);
    const ended = post(client);
    await seen.opened;
    client.destroy();
    expect(await ended).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a request', () => {
  test('is one that a server of Node reads in full', async () => {
    const bodies: Buffer[] = [];
    const seen: http.IncomingMessage[] = [];
    const server = http.createServer(async (req, res) => {
      seen.push(req);
      for await (const chunk of req) bodies.push(chunk);
      res.writeHead(202, { 'content-type': 'text/plain' }).write('in ');
      res.end('chunks');
    });
    const url = `http://shop:s%20e@127.0.0.1:${await listen(server)}/base/v1/traces?key=1`;
    const body = Buffer.alloc(300_000, 7);
    const answer = (await post(createClient(url), body)) as CollectorAnswer;
    expect(answer).toMatchObject({ statusCode: 202, body: Buffer.from('in chunks') });
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(Buffer.concat(bodies).equals(body)).toBe(true);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/base/v1/traces?key=1' });
    expect(seen[0]?.headers).toMatchObject({
      host: new URL(url).host,
      authorization: `Basic ${Buffer.from('shop:s e').toString('base64')}`,
    });
  });

  test('has the headers that are given in place of its own', async () => {
    const seen: http.IncomingMessage[] = [];
    const server = http.createServer((req, res) => {
      seen.push(req);
      res.end();
    });
    const url = `http://a:b@127.0.0.1:${await listen(server)}/`;
    await post(createClient(url), Buffer.alloc(0), { host: 'other', authorization: 'Bearer x' });
    expect(seen[0]?.headers).toMatchObject({ host: 'other', authorization: 'Bearer x' });
  });

  test('reaches an IPv6 address', async () => {
    if (!hasIPv6) {
      const failed = await post(createClient('http://[::1]:4318/'));
      expect(failed).toMatchObject({ syscall: 'connect', address: '::1', port: 4318 });
      return;
    }
    const server = http.createServer((req, res) => req.resume().on('end', () => res.end(req.headers.host)));
    const port = await listen(server, '::1');
    const url = `http://[::1]:${port}/`;
    expect(await post(createClient(url))).toMatchObject({
      body: Buffer.from(`[::1]:${port}`),
    });
  });
});

describe('TLS', () => {
  async function startTls() {
    const { key, cert } = createCertificate();
    const sessions: { readonly protocol: unknown; readonly isResumed: boolean }[] = [];
    const server = https.createServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (req, res) =>
      req.resume().on('end', () => res.writeHead(200, { connection: 'close' }).end('secret')),
    );
    server.on('secureConnection', (socket) => {
      sessions.push({ protocol: socket.alpnProtocol, isResumed: socket.isSessionReused() });
    });
    return { url: `https://127.0.0.1:${await listen(server)}/`, ca: Buffer.from(cert), sessions };
  }

  test('speaks HTTP/1.1, and resumes its session', async () => {
    const { url, ca, sessions } = await startTls();
    const client = createClient(url, { ca });
    for (const _ of [1, 2]) {
      expect(await post(client)).toMatchObject({ body: Buffer.from('secret') });
    }
    expect(sessions).toEqual([
      { protocol: 'http/1.1', isResumed: false },
      { protocol: 'http/1.1', isResumed: true },
    ]);
  });

  test('sends nothing to whom it does not trust', async () => {
    const { url } = await startTls();
    expect(await post(createClient(url))).toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });

  test('names the host that it wants', async () => {
    const { key, cert } = createCertificate();
    const named: string[] = [];
    const server = https.createServer({
      key,
      cert,
      SNICallback: (name, done) => {
        named.push(name);
        done(null);
      },
    });
    const url = `https://localhost:${await listen(server)}/`;
    // The certificate is not for that name.
    expect(await post(createClient(url, { ca: Buffer.from(cert) }))).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect(named).toEqual(['localhost']);
  });
});
