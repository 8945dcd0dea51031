import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, serve } from '@hono/node-server';
import express5 from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, type MockInstance, onTestFinished, test, vi } from 'vitest';
import { expressSignals } from '../../src/express.js';
import { fastifySignals } from '../../src/fastify.js';
import { instrument, type Options, type Signals } from '../../src/index.js';
import { koa3 } from '../contract/apps/koa.js';
import { send } from '../contract/support/client.js';
import { closerOf, listenOn } from '../contract/support/listening.js';
import { createDeferred } from '../health/support/harness.js';

const express4 = require('express4') as typeof express5;
const quiet: Options = { traces: false, metrics: false, health: { detail: 'never' } };
const pass = '{"status":"pass"}';

let complaints: MockInstance;
beforeEach(() => {
  complaints = vi.spyOn(console, 'error').mockReturnValue();
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => void vi.restoreAllMocks());

function use(signals: Signals): Signals {
  onTestFinished(() => signals.shutdown());
  return signals;
}

async function ask(server: http.Server) {
  onTestFinished(closerOf(server));
  const port = await listenOn(server);
  return (path: string, method = 'GET') => send({ port, scheme: 'http', protocol: '1.1' }, { path, method });
}

describe.each([
  ['express 5', express5],
  ['express 4', express4],
])('%s behind a listener of the user’s own', (_name, express) => {
  test('answers a probe that is the first request', async () => {
    const app = express();
    app.get('/orders', (_req, res) => void res.send('orders'));
    const get = await ask(http.createServer((req, res) => app(req, res)));
    use(instrument(app, quiet));
    expect(await get('/health')).toMatchObject({ status: 200, body: pass });
    expect(await get('/health', 'HEAD')).toMatchObject({ status: 200, body: '' });
    expect((await get('/orders')).body).toBe('orders');
  });

  test('leaves a route of its own to it', async () => {
    const app = express();
    app.get('/health', (_req, res) => void res.send('mine'));
    const get = await ask(http.createServer((req, res) => app(req, res)));
    use(instrument(app, quiet));
    expect([(await get('/health')).body, (await get('/health')).body]).toEqual(['mine', 'mine']);
  });

  test('answers by its middleware, whose application is not known before', async () => {
    const app = express();
    const middleware = expressSignals(quiet);
    use(middleware.signals);
    app.use(middleware);
    const get = await ask(http.createServer(app));
    expect(await get('/health/startup')).toMatchObject({ status: 200, body: pass });
    expect(await get('/health')).toMatchObject({ status: 200, body: pass });
    expect((await get('/orders')).status).toBe(404);
  });

  test('leaves what is below a mount point to it, though it looks like a probe', async () => {
    const app = express();
    const middleware = expressSignals(quiet);
    use(middleware.signals);
    app.use('/api', middleware);
    app.get('/api/health', (_req, res) => void res.send('mine'));
    const get = await ask(http.createServer((req, res) => app(req, res)));
    expect((await get('/api/health')).body).toBe('mine');
  });
});

describe('fastify', () => {
  test('answers by its plugin', async () => {
    const app = fastify();
    app.register(fastifySignals, quiet);
    onTestFinished(() => app.close());
    await app.listen({ port: 0, host: '127.0.0.1' });
    const get = await ask(app.server);
    expect(await get('/health/ready')).toMatchObject({ status: 200, body: pass });
    await instrument(app).shutdown();
  });

  test('answers on both of its servers', async () => {
    const app = fastify();
    use(instrument(app, quiet));
    onTestFinished(() => app.close());
    await app.listen({ port: 0, host: 'localhost' });
    for (const { address, port } of app.addresses() as AddressInfo[]) {
      const host = address.includes(':') ? `[${address}]` : address;
      const response = await fetch(`http://${host}:${port}/health`);
      expect(await response.text()).toBe(pass);
    }
  });
});

describe('Koa', () => {
  test('answers a probe that is the first request, to a listener that waits for it', async () => {
    const app = new koa3();
    app.use((ctx: { path: string; body: unknown }) => {
      if (ctx.path === '/orders') ctx.body = 'orders';
    });
    const callback = app.callback() as unknown as (...args: unknown[]) => Promise<void>;
    const failed = vi.fn();
    const get = await ask(http.createServer((req, res) => void callback(req, res).catch(failed)));
    use(instrument(app, quiet));
    expect(await get('/health')).toMatchObject({ status: 200, body: pass });
    expect((await get('/orders')).body).toBe('orders');
    expect(failed).not.toHaveBeenCalled();
  });
});

interface HonoCase {
  readonly name: string;
  /** Gives the server and calls `bind` where it belongs. */
  create(app: Hono, bind: () => void): http.Server;
}

const honoCases: readonly HonoCase[] = [
  {
    name: 'served before it is instrumented',
    create(app, bind) {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
      bind();
      return server as http.Server;
    },
  },
  {
    name: 'served after it is instrumented',
    create(app, bind) {
      bind();
      return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as http.Server;
    },
  },
  {
    name: 'served with the request alone',
    create(app, bind) {
      bind();
      return serve({ fetch: (request) => app.fetch(request), port: 0, hostname: '127.0.0.1' }) as http.Server;
    },
  },
  {
    name: 'behind a listener of the user’s own',
    create(app, bind) {
      bind();
      const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
      return http.createServer((req, res) => void listener(req, res));
    },
  },
];

describe.each(honoCases)('Hono $name', ({ create }) => {
  async function serveHono(options: Options = quiet) {
    const app = new Hono();
    const handled = vi.fn();
    app.use('*', async (c, next) => {
      handled(c.req.path);
      await next();
    });
    app.get('/orders', (c) => c.text('orders'));
    let signals: Signals | undefined;
    const server = create(app, () => {
      signals = use(instrument(app, options));
    });
    if (!server.listening) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return { get: await ask(server), handled, signals: signals as Signals };
  }

  test('answers a probe that is the first request, once', async () => {
    const { get } = await serveHono();
    const first = await get('/health');
    expect(first).toMatchObject({ status: 200, body: pass, headers: { 'cache-control': 'no-store' } });
    expect((await get('/orders')).body).toBe('orders');
    expect(await get('/health')).toMatchObject({ status: 200, body: pass });
    expect(complaints).not.toHaveBeenCalled();
  });

  test('answers HEAD likewise', async () => {
    const { get } = await serveHono();
    expect(await get('/health', 'HEAD')).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': String(pass.length) },
    });
    expect(complaints).not.toHaveBeenCalled();
  });

  test('answers a first probe that has to wait for a check', async () => {
    const check = createDeferred();
    const asked = vi.fn(() => check.promise);
    const { get } = await serveHono({
      ...quiet,
      health: { detail: 'never', checks: { disk: { run: asked, critical: true, intervalMs: 0 } } },
    });
    const answer = get('/health/ready');
    // Whatever the application writes of its own, it has written by the time the next request is answered.
    await get('/orders');
    check.resolve();
    expect(await answer).toMatchObject({ status: 200, body: pass });
    expect(complaints).not.toHaveBeenCalled();
  });

  test('leaves a POST to the application', async () => {
    const { get, handled } = await serveHono();
    expect((await get('/health', 'POST')).status).toBe(404);
    expect(handled).toHaveBeenCalledWith('/health');
  });
});

test('the servers of two services each have their own probes', async () => {
  const one = express5();
  const two = express5();
  const first = use(instrument(one, { ...quiet, health: { path: '/one', detail: 'never' } }));
  use(instrument(two, { ...quiet, health: { path: '/two', detail: 'never' } }));
  const askOne = await ask(http.createServer(one));
  const askTwo = await ask(http.createServer(two));
  first.health.markNotReady();
  expect((await askOne('/one/ready')).status).toBe(503);
  expect((await askTwo('/two/ready')).status).toBe(200);
  expect((await askTwo('/one')).status).toBe(404);
});

test('a server that begins to listen ends the start-up, before any request', async () => {
  for (const app of [express5(), new koa3(), fastify()]) {
    const signals = use(instrument(app, quiet));
    expect(signals.health.state).toBe('starting');
    if ('ready' in app) {
      onTestFinished(() => app.close());
      await app.listen({ port: 0, host: '127.0.0.1' });
    } else {
      const server = app.listen(0, '127.0.0.1', () => {});
      onTestFinished(closerOf(server));
      await once(server, 'listening');
    }
    expect(signals.health.state).toBe('ready');
  }
});

test('a service without a server has started when its tasks are done', async () => {
  const signals = use(instrument(undefined, quiet));
  expect(signals.health.state).toBe('ready');
});

test('a server that listens already ends the start-up at once', async () => {
  const server = http.createServer((_req, res) => void res.end());
  onTestFinished(closerOf(server));
  const port = await listenOn(server);
  expect((server.address() as AddressInfo).port).toBe(port);
  expect(use(instrument(server, quiet)).health.state).toBe('ready');
});
