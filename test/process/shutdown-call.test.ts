import { once } from 'node:events';
import * as http from 'node:http';
import * as net from 'node:net';
import { Worker } from 'node:worker_threads';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { kinds } from '../contract/apps/kinds.js';
import { start, useCollector } from '../contract/support/service.js';
import { DIST } from './support/child.js';

useCollector();

describe.each(kinds)('shutdown() of a $name service', (kind) => {
  test('lets requests under way end, closes the server, and happens once', async () => {
    let arrived = () => {};
    const isThere = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let answer = () => {};
    const service = await start(kind, {
      raw: (_req, res) =>
        new Promise<void>((resolve) => {
          answer = () => {
            res.end('late');
            resolve();
          };
          arrived();
        }),
    });
    const late = service.send({ path: '/raw/late' });
    await isThere;

    const ended = service.signals.shutdown();
    expect(service.signals.shutdown()).toBe(ended);
    expect(service.signals.health.state).toBe('draining');
    answer();
    expect(await late).toMatchObject({ status: 200 });
    await ended;
    expect(service.signals.health.state).toBe('closed');
    const [refused] = await once(net.connect(service.address.port, '127.0.0.1'), 'error');
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('cuts off a stream that does not end by itself', async () => {
    let opened = () => {};
    const isOpen = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const service = await start(kind, {
      options: { shutdown: { drainTimeoutMs: 200 } },
      raw: (_req, res) =>
        new Promise<void>((resolve) => {
          res.writeHead(200, { 'content-type': 'text/event-stream' });
          res.write('data: 1\n\n');
          res.on('close', () => resolve());
          opened();
        }),
    });
    const stream = service.send({ path: '/raw/stream' }).then(
      () => 'ended',
      () => 'cut off',
    );
    await isOpen;

    await service.signals.shutdown();
    expect(service.signals.health.state).toBe('closed');
    // Over HTTP/2 it is cancelled (RST_STREAM), which Node's client takes for an end.
    expect(await stream).toBe(kind.protocol === '2' ? 'ended' : 'cut off');
  });
});

const events = ['SIGTERM', 'SIGINT', 'uncaughtExceptionMonitor', 'uncaughtException', 'unhandledRejection'];
const listeners = () => events.map((event) => process.listenerCount(event));

describe('shutdown()', () => {
  test('of many services leaves the process as it was, and they add one listener for all', async () => {
    const before = listeners();
    const servers = Array.from({ length: 12 }, () => http.createServer());
    const services = servers.map((server) => instrument(server, { traces: false, metrics: false }));
    expect(listeners()).toEqual(before.map((count, index) => (index < 3 ? count + 1 : count)));
    await Promise.all(services.map((signals) => signals.shutdown()));
    expect(listeners()).toEqual(before);
  });

  test('of a service that leaves the process alone adds no listener', async () => {
    const before = listeners();
    const signals = instrument(http.createServer(), { shutdown: false });
    expect(listeners()).toEqual(before);
    await signals.shutdown();
  });

  test('is all there is in a worker thread, which gets no signals', async () => {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const counts = () => ['SIGTERM', 'uncaughtExceptionMonitor'].map((event) => process.listenerCount(event));
      const before = counts();
      const signals = require(workerData).instrument(undefined, { traces: false, metrics: false });
      const after = counts();
      signals.shutdown().then(() => parentPort.postMessage({ before, after }));
    `;
    const worker = new Worker(code, { eval: true, workerData: DIST });
    // Where this thread is slow, both come in one turn: whoever asks for the second after the first has missed it.
    const exited = once(worker, 'exit');
    const [{ before, after }] = await once(worker, 'message');
    expect(after).toEqual(before);
    await exited;
  });

  test('frees the service in the same tick where no server listens', async () => {
    const server = http.createServer();
    const first = instrument(server);
    const ended = first.shutdown();
    const second = instrument(server);
    onTestFinished(() => second.shutdown());
    expect(second).not.toBe(first);
    await ended;
  });

  test('stops the servers of its own service, and no other', async () => {
    const [one, two] = [http.createServer(), http.createServer((_req, res) => res.end())];
    const [first, second] = [instrument(one, { service: 'one' }), instrument(two, { service: 'two' })];
    onTestFinished(() => second.shutdown());
    for (const server of [one, two]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    await first.shutdown();
    expect([one.listening, two.listening]).toEqual([false, true]);
  });

  test('works from within the onClose hook of fastify, and beside its close()', async () => {
    const app = fastify();
    const signals = instrument(app);
    app.addHook('onClose', () => signals.shutdown());
    await app.listen({ port: 0, host: '127.0.0.1' });
    await app.close();
    await signals.shutdown();
    expect(app.server.listening).toBe(false);
  });

  test('runs the hooks that end a service', async () => {
    const order: string[] = [];
    const server = http.createServer((_req, res) => res.end());
    server.on('draining', () => order.push('draining'));
    server.on('close', () => order.push('close'));
    const signals = instrument(server, {
      shutdown: { onDrain: () => order.push('onDrain'), onShutdown: () => order.push('onShutdown') },
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    await fetch(`http://127.0.0.1:${port}/`);
    await signals.shutdown();
    expect(order).toEqual(['draining', 'onDrain', 'close', 'onShutdown']);
  });
});
