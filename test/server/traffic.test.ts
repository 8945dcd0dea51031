import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { followIgnored } from '../../src/server/ignored-request.js';
import { InFlight } from '../../src/server/in-flight.js';
import { type RequestHandler, ServerBindings } from '../../src/server/server-bindings.js';
import { Traffic } from '../../src/server/traffic.js';

interface Bound {
  readonly traffic: Traffic;
  readonly inFlight: InFlight;
  readonly port: number;
  /** Resolves when a request has reached the application. */
  arrived(): Promise<void>;
}

/** A server as instrument() binds it, with what its shutdown sees of it. */
async function bound(server: net.Server): Promise<Bound> {
  const bindings = new ServerBindings();
  const inFlight = new InFlight();
  const caught: unknown[] = [];
  const handler: RequestHandler = {
    run(req, res, proceed, self, args) {
      followIgnored(inFlight, req, res, self);
      return proceed.apply(self, args);
    },
    connected: (event, args) => traffic.connected(event, args),
  };
  const traffic = new Traffic({
    servers: () => bindings.servers(handler),
    hasUnseenServer: () => false,
    inFlight,
    faults: { caught: (_place, error) => caught.push(error) },
  });
  bindings.bindServer(server, handler);
  onTestFinished(() => {
    traffic.destroy();
    server.close();
    bindings.release(handler);
    expect(caught).toEqual([]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    traffic,
    inFlight,
    port: (server.address() as net.AddressInfo).port,
    arrived: async () => void (await once(server, 'request')),
  };
}

async function connect(port: number, text: string): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'connect');
  return socket;
}

const changed = (traffic: Traffic) =>
  new Promise<void>((resolve) => {
    traffic.onChange = resolve;
  });

async function until(traffic: Traffic, isSo: () => boolean): Promise<void> {
  while (!isSo()) await changed(traffic);
}

describe('traffic over HTTP/1', () => {
  test('counts a request until its response is closed, also when the caller hangs up', async () => {
    const responses: http.ServerResponse[] = [];
    const { traffic, port, arrived } = await bound(http.createServer((_req, res) => responses.push(res)));
    const first = arrived();
    const socket = await connect(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await first;
    expect(traffic.inFlight).toBe(1);
    responses[0]?.end();
    await until(traffic, () => traffic.inFlight === 0);

    const second = arrived();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await second;
    expect(traffic.inFlight).toBe(1);
    socket.destroy();
    await until(traffic, () => traffic.inFlight === 0);
  });

  test('forgets requests that waited in a pipeline when the connection was lost', async () => {
    const { traffic, port } = await bound(http.createServer(() => {}));
    const socket = await connect(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
    await new Promise<void>((resolve) => {
      const look = () => (traffic.inFlight === 3 ? resolve() : setImmediate(look));
      look();
    });
    socket.destroy();
    await until(traffic, () => traffic.inFlight === 0);
  });

  test('counts a WebSocket until it closes, and cuts it off', async () => {
    const server = http.createServer();
    server.on('upgrade', (_req, socket) => {
      socket.on('end', () => socket.end()).resume();
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    });
    const { traffic, port } = await bound(server);
    const ask = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    const [one, two] = [await connect(port, ask), await connect(port, ask)];
    await Promise.all([once(one, 'data'), once(two, 'data')]);
    expect(traffic.inFlight).toBe(2);
    one.destroy();
    await until(traffic, () => traffic.inFlight === 1);
    expect(traffic.destroy()).toBe(1);
    await once(two, 'close');
    await until(traffic, () => traffic.inFlight === 0);
  });

  test('leaves an upgrade that nobody listens for an ordinary request', async () => {
    const { port } = await bound(http.createServer((_req, res) => res.end('plain')));
    const socket = await connect(
      port,
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const [answer] = await once(socket, 'data');
    expect(answer).toContain('HTTP/1.1 200');
  });

  test('may be where no server is known: there may be one that has had no request', () => {
    const create = (hasUnseenServer: boolean) =>
      new Traffic({
        servers: () => [],
        hasUnseenServer: () => hasUnseenServer,
        inFlight: new InFlight(),
        faults: { caught() {} },
      });
    expect([create(true), create(false)].map((traffic) => [traffic.isListening, traffic.mayListen])).toEqual([
      [false, true],
      [false, false],
    ]);
  });

  test('stops once: says draining, accepts no more, ends idle connections', async () => {
    const server = http.createServer((_req, res) => res.end());
    const { traffic, port } = await bound(server);
    let drainings = 0;
    server.on('draining', () => {
      drainings += 1;
    });
    const idle = await connect(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(idle, 'data');
    expect([traffic.isListening, traffic.isClosed]).toEqual([true, true]);
    const ended = once(idle, 'close');
    await traffic.stop();
    await traffic.stop();
    expect(drainings).toBe(1);
    expect(traffic.isListening).toBe(false);
    await ended;
    await until(traffic, () => traffic.isClosed);
  });

  test('finds nothing to stop where nothing listens', async () => {
    const bindings = new ServerBindings();
    const handler: RequestHandler = { run: () => {} };
    bindings.bindServer(http.createServer(), handler);
    const traffic = new Traffic({
      servers: () => bindings.servers(handler),
      hasUnseenServer: () => true,
      inFlight: new InFlight(),
      faults: {
        caught(_place, error) {
          throw error;
        },
      },
    });
    expect([traffic.isListening, traffic.mayListen]).toEqual([false, false]);
    await traffic.stop();
    expect([traffic.isClosed, traffic.destroy()]).toEqual([true, 0]);
  });
});

describe('traffic over HTTP/2', () => {
  test('asks each session to go away, serves what is under way, and closes', async () => {
    const streams: http2.Http2ServerResponse[] = [];
    const server = http2.createServer((_req, res) => void streams.push(res));
    const { traffic, port, arrived } = await bound(server);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const request = session.request({ ':path': '/' }).setEncoding('utf8');
    await arrived();
    traffic.askToClose();
    const goAway = once(session, 'goaway');
    await traffic.stop();
    await goAway;
    expect([traffic.inFlight, traffic.isClosed]).toEqual([1, false]);
    const [headers] = [once(request, 'response'), streams[0]?.end('late')];
    expect((await headers)[0]).toMatchObject({ ':status': 200 });
    const [body] = await once(request, 'data');
    expect(body).toBe('late');
    await until(traffic, () => traffic.inFlight === 0 && traffic.isClosed);
  });

  test('cuts sessions off', async () => {
    const { traffic, port, arrived } = await bound(http2.createServer(() => {}));
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    session.request({ ':path': '/' }).on('error', () => {});
    await arrived();
    const closed = once(session, 'close');
    expect(traffic.destroy()).toBe(1);
    await closed;
    await until(traffic, () => traffic.inFlight === 0);
  });
});
