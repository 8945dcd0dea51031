import * as http from 'node:http';
import type * as net from 'node:net';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import { Hono } from 'hono';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument, type Signals } from '../../src/index.js';
import { kinds } from './apps/kinds.js';
import { koa3 } from './apps/koa.js';
import { openHttp1, openSession, send, sendOnSession, untraced } from './support/client.js';
import { closerOf, listenOn } from './support/listening.js';
import { observe, start, useCollector } from './support/service.js';

useCollector();

async function listening(server: net.Server) {
  const close = closerOf(server);
  onTestFinished(close);
  return { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
}

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
