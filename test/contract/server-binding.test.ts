import dns from 'node:dns';
import * as http from 'node:http';
import type * as net from 'node:net';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { expressSignals } from '../../src/express.js';
import { fastifySignals } from '../../src/fastify.js';
import { instrument, type Signals } from '../../src/index.js';
import { kinds } from './apps/kinds.js';
import { koa3 } from './apps/koa.js';
import { type Address, openHttp1, openSession, send, sendOnSession, untraced } from './support/client.js';
import { closerOf, listenOn } from './support/listening.js';
import { observe, start, useCollector } from './support/service.js';

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

describe.each(kinds)('$name', (kind) => {
  const named = (template: string) => (kind.hasRoutes ? `GET ${template}` : 'GET');

  test.each(['before routes', 'after routes', 'after listen'] as const)(
    'can be instrumented %s',
    async (when) => {
      const service = await start(kind, { when });

      await service.send({ path: '/orders/7' });
      await service.send({ path: '/raw/8' });

      expect((await service.spans(2)).map(({ name }) => name)).toEqual([
        named('/orders/:id'),
        named('/raw/:name'),
      ]);
    },
  );

  test('can be instrumented when it has already answered, also on the connection it answered on', async () => {
    const app = await kind.create((_req, res) => void res.end());
    onTestFinished(() => app.close());
    await app.addRoutes();
    const address = await app.listen();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const session = kind.protocol === '2' ? openSession(address) : undefined;
    const call = async (path: string) => {
      if (session !== undefined) return sendOnSession(session, { path });
      if (kind.scheme === 'https') return send(address, { path });
      const response = await fetchWith(agent, address.port, path);
      return { status: response };
    };
    expect(await call('/orders/1')).toMatchObject({ status: 200 });

    const service = observe(instrument(app.target));
    expect(await call('/orders/2')).toMatchObject({ status: 200 });

    expect(await service.span()).toMatchObject({
      name: named('/orders/:id'),
      attributes: { 'url.path': '/orders/2' },
    });
    session?.close();
    agent.destroy();
  });

  test('is instrumented once, however often it is asked', async () => {
    const service = await start(kind);

    const again = [instrument(service.app.target), instrument(service.app.target, { service: 'other' })];
    await service.send({ path: '/orders/7' });

    expect(again).toEqual([service.signals, service.signals]);
    expect((await service.span()).name).toBe(named('/orders/:id'));
  });

  test('works on without telemetry after shutdown(), if that leaves servers alone, and can be instrumented again', async () => {
    const service = await start(kind, { options: { shutdown: false } });
    await service.send({ path: '/orders/1' });
    expect(await service.spans(1)).toHaveLength(1);

    await service.signals.shutdown();
    expect(await service.send({ path: '/orders/2' })).toMatchObject({ status: 200 });
    expect(await service.spans(1)).toHaveLength(1);

    const next = observe(instrument(service.app.target));
    expect(next.signals).not.toBe(service.signals);
    expect(await service.send({ path: '/orders/3' })).toMatchObject({ status: 200 });
    expect(await next.span()).toMatchObject({
      name: named('/orders/:id'),
      attributes: { 'url.path': '/orders/3' },
    });
  });
});

async function fetchWith(agent: http.Agent, port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = untraced(() => http.get({ agent, port, path, host: '127.0.0.1' }));
    request.once('error', reject).once('response', (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
  });
}

/** What stands between a server and an application, in the ways of its users. */
const wrappings: readonly {
  readonly name: string;
  make(): { readonly target: unknown; readonly server: () => http.Server };
}[] = [
  {
    name: 'express behind a function',
    make() {
      const app = express().get('/orders/:id', (_req, res) => void res.end());
      return { target: app, server: () => http.createServer((req, res) => app(req, res)) };
    },
  },
  {
    name: 'express behind an asynchronous function',
    make() {
      const app = express().get('/orders/:id', (_req, res) => void res.end());
      return {
        target: app,
        server: () =>
          http.createServer(async (req, res) => {
            await new Promise((resolve) => setImmediate(resolve));
            app(req, res);
          }),
      };
    },
  },
  {
    name: 'Koa behind a function',
    make() {
      const app = new koa3().use((ctx: { _matchedRoute: string; body: unknown }) => {
        ctx._matchedRoute = '/orders/:id';
        ctx.body = '';
      });
      return { target: app, server: () => http.createServer((req, res) => void app.callback()(req, res)) };
    },
  },
  {
    name: 'Hono behind a listener of the adapter',
    make() {
      const app = new Hono().get('/orders/:id', (c) => c.text(''));
      return { target: app, server: () => http.createServer(getRequestListener(app.fetch)) };
    },
  },
  {
    name: 'Hono behind a function',
    make() {
      const app = new Hono().get('/orders/:id', (c) => c.text(''));
      return {
        target: app,
        server: () => {
          const listener = getRequestListener((request, env) => app.fetch(request, env));
          return http.createServer((req, res) => void listener(req, res));
        },
      };
    },
  },
  {
    name: 'the server of express, by itself',
    make() {
      const app = express().get('/orders/:id', (_req, res) => void res.end());
      const server = http.createServer(app);
      return { target: server, server: () => server };
    },
  },
];

describe.each(wrappings)('$name', ({ make }) => {
  test.each(['before', 'after'])('is found, instrumented %s the server is made', async (when) => {
    const { target, server } = make();
    let signals: Signals | undefined;
    if (when === 'before') signals = instrument(target);
    const address = await listening(server());
    const service = observe(signals ?? instrument(target));

    await send(address, { path: '/orders/7' });
    await send(address, { path: '/orders/8' });

    expect((await service.spans(2)).map(({ name }) => name)).toEqual(['GET /orders/:id', 'GET /orders/:id']);
  });
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

describe('two services in a process', () => {
  test('keep their requests apart', async () => {
    const shop = express().get('/orders/:id', (_req, res) => void res.end());
    const admin = express().get('/users/:id', (_req, res) => void res.end());
    const first = observe(instrument(shop, { service: 'shop' }));
    const second = observe(instrument(admin, { service: 'admin' }));

    await send(await listening(http.createServer(shop)), { path: '/orders/7' });
    await send(await listening(http.createServer(admin)), { path: '/users/7' });

    await second.signals.flush();
    expect(
      (await first.spans(2)).map(({ name, resource }) => [name, resource['service.name']]).sort(),
    ).toEqual([
      ['GET /orders/:id', 'shop'],
      ['GET /users/:id', 'admin'],
    ]);
  });
});

describe('a server that is nobody else’s', () => {
  test('answers without a span', async () => {
    const app = express().get('/orders/:id', (_req, res) => void res.end());
    const service = observe(instrument(app));
    const stranger = await listening(http.createServer((_req, res) => void res.end('alone')));

    expect(await send(stranger, { path: '/orders/7' })).toMatchObject({ body: 'alone' });
    await send(await listening(http.createServer(app)), { path: '/orders/8' });

    expect((await service.span()).attributes).toMatchObject({ 'url.path': '/orders/8' });
  });
});

describe('instrument()', () => {
  test.each([
    ['null', null],
    ['a string', 'app'],
    ['a number', 7],
    ['an object', {}],
    ['a function', () => {}],
    ['a class', class {}],
    ['a promise', Promise.resolve()],
    ['a router', express.Router()],
    ['the module of express', express],
  ])('refuses %s with what it was and what it could be', (_what, app) => {
    expect(() => instrument(app as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_GS_APP',
        message: expect.stringMatching(/got .+; it takes an express/),
      }),
    );
  });

  test('leaves a request that is on its way when it is called to end in peace', async () => {
    const app = express();
    let arrived = () => {};
    const isThere = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let finish = () => {};
    app.get('/slow', (_req, res) => {
      finish = () => void res.end('slow');
      arrived();
    });
    const address = await listening(http.createServer(app));
    const request = openHttp1(address, { path: '/slow' });
    const answered = new Promise((resolve) =>
      request.once('response', (response) => resolve(response.resume())),
    );
    request.end();
    await isThere;
    const service = observe(instrument(app));
    finish();

    expect(await answered).toMatchObject({ statusCode: 200 });
    expect(await service.spans(0)).toEqual([]);
  });
});
