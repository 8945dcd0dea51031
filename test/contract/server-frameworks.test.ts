import dns from 'node:dns';
import * as http from 'node:http';
import type * as net from 'node:net';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import express from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { expressSignals } from '../../src/express.js';
import { fastifySignals } from '../../src/fastify.js';
import { instrument, type Signals } from '../../src/index.js';
import { type Address, send, untraced } from './support/client.js';
import { closerOf, listenOn } from './support/listening.js';
import { observe, useCollector } from './support/service.js';

useCollector();

async function listening(server: net.Server) {
  const close = closerOf(server);
  onTestFinished(close);
  return { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
}

const addressOf = (app: FastifyInstance): Address => ({
  port: (app.server.address() as AddressInfo).port,
  scheme: 'http',
  protocol: '1.1',
});

describe('express', () => {
  test('is seen from where it was instrumented, when it is mounted in another application', async () => {
    const inner = express().get('/orders/:id', (_req, res) => void res.end());
    const outer = express().use('/shop', inner);
    outer.get('/other', (_req, res) => void res.end());
    const address = await listening(http.createServer(outer));
    const service = observe(instrument(inner));

    await send(address, { path: '/other' });
    await send(address, { path: '/shop/orders/7' });

    const [span] = await service.spans(1);
    expect(span).toMatchObject({ attributes: { 'url.path': '/shop/orders/7' } });
    expect(span?.name).not.toContain('7');
  });

  test('and its server are one service when both are instrumented', async () => {
    const app = express().get('/orders/:id', (_req, res) => void res.end());
    const server = http.createServer(app);
    const address = await listening(server);
    const service = observe(instrument(server));
    expect(instrument(app)).toBe(service.signals);

    await send(address, { path: '/orders/7' });

    expect((await service.span()).name).toBe('GET /orders/:id');
  });

  test('can listen on two servers', async () => {
    const app = express().get('/orders/:id', (_req, res) => void res.end());
    const service = observe(instrument(app));

    for (const server of [http.createServer(app), http.createServer(app)])
      await send(await listening(server), { path: '/orders/7' });

    expect((await service.spans(2)).map(({ name }) => name)).toEqual(['GET /orders/:id', 'GET /orders/:id']);
  });

  test('can have its signals among its middleware', async () => {
    const app = express();
    const signals = expressSignals();
    app.get('/before', (_req, res) => void res.end());
    app.use(signals);
    app.get('/orders/:id', (_req, res) => void res.end());
    const address = await listening(http.createServer(app));
    const service = observe(signals.signals);

    await send(address, { path: '/orders/7' });
    await send(address, { path: '/orders/8' });
    await send(address, { path: '/before' });

    expect((await service.spans(3)).map(({ name }) => name)).toEqual([
      'GET /orders/:id',
      'GET /orders/:id',
      'GET /before',
    ]);
  });

  test('can have its signals in a router', async () => {
    const app = express();
    const router = express.Router();
    const signals = expressSignals({ service: 'shop' });
    router.use(signals);
    router.get('/orders/:id', (_req, res) => void res.end());
    app.use('/shop', router);
    const address = await listening(http.createServer(app));
    const service = observe(signals.signals);

    await send(address, { path: '/shop/orders/7' });

    expect(await service.span()).toMatchObject({
      name: 'GET /shop/orders/:id',
      resource: { 'service.name': 'shop' },
    });
  });

  test('is seen without a server, as adapters for functions in the cloud call it', async () => {
    const app = express().get('/orders/:id', (_req, res) => void res.end('answered'));
    const service = observe(instrument(app));
    const req = new http.IncomingMessage(new PassThrough() as never);
    Object.assign(req, { method: 'GET', url: '/orders/7', httpVersion: '1.1' });
    const res = new http.ServerResponse(req);

    app(req, res);
    res.emit('close');

    const span = await service.span();
    expect(span).toMatchObject({ name: 'GET /orders/:id', status: { code: 'UNSET' } });
    expect(span.attributes).not.toHaveProperty('error.type');
    expect(await service.points('http.server.active_requests')).toMatchObject([{ value: 0 }]);
  });

  test('ignores by the whole path, also where its signals stand behind a mount path', async () => {
    const app = express();
    const router = express.Router();
    const signals = expressSignals({ ignore: ['/shop/quiet'] });
    router.use(signals);
    router.get(['/quiet', '/loud'], (_req, res) => void res.end());
    app.use('/shop', router);
    const address = await listening(http.createServer(app));
    const service = observe(signals.signals);

    for (const path of ['/shop/quiet', '/shop/quiet?x', '/shop/loud']) await send(address, { path });

    expect((await service.span()).attributes).toMatchObject({ 'url.path': '/shop/loud' });
  });
});

describe('fastify', () => {
  test('is seen on every address of localhost', async () => {
    const app = fastify();
    onTestFinished(() => app.close());
    app.get('/orders/:id', async () => '');
    const service = observe(instrument(app));
    const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
    // fastify asks for every address of the name, and opens a server for each that it can bind.
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...args: unknown[]) => {
      const done = args.at(-1) as (error: null, ...found: unknown[]) => void;
      const isAll = (args[0] as { all?: boolean }).all === true;
      process.nextTick(done, null, ...(isAll ? [addresses] : [host === 'localhost' ? '127.0.0.1' : host, 4]));
    }) as never);
    onTestFinished(() => lookup.mockRestore());
    await app.listen({ port: 0, host: 'localhost' });

    for (const { address, port } of app.addresses() as AddressInfo[]) {
      const request = untraced(() => http.get({ host: address, port, path: '/orders/7', agent: false }));
      await new Promise((resolve) => request.once('response', (response) => resolve(response.resume())));
    }

    const spans = await service.spans(app.addresses().length);
    expect(spans.map(({ name }) => name)).toEqual(app.addresses().map(() => 'GET /orders/:id'));
  });

  test('is seen behind a server of the user', async () => {
    const app = fastify({
      serverFactory: (handler) => http.createServer((req, res) => handler(req, res)),
    });
    onTestFinished(() => app.close());
    app.get('/orders/:id', async () => '');
    const service = observe(instrument(app));
    await app.listen({ port: 0, host: '127.0.0.1' });

    await send(addressOf(app), { path: '/orders/7' });

    expect((await service.span()).name).toBe('GET /orders/:id');
  });

  test('can have its signals as a plugin, which belongs to the whole of it', async () => {
    const app = fastify();
    onTestFinished(() => app.close());
    app.get('/before', async () => '');
    let signals: Signals | undefined;
    app.register(async (inner) => {
      inner.register(fastifySignals);
      inner.after(() => {
        signals = instrument(app);
      });
    });
    app.get('/orders/:id', async () => '');
    await app.listen({ port: 0, host: '127.0.0.1' });
    const address = addressOf(app);
    const service = observe(signals as Signals);

    await send(address, { path: '/before' });
    await send(address, { path: '/orders/7' });

    expect((await service.spans(2)).map(({ name }) => name)).toEqual(['GET /before', 'GET /orders/:id']);
  });

  test('answers inject() as ever, which is no request of a caller', async () => {
    const app = fastify();
    onTestFinished(() => app.close());
    app.get('/orders/:id', async () => 'answered');
    const service = observe(instrument(app));

    expect((await app.inject('/orders/7')).body).toBe('answered');

    expect(await service.spans(0)).toEqual([]);
  });
});
