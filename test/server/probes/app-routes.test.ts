import * as http from 'node:http';
import Router from '@koa/router';
import type { INestApplication } from '@nestjs/common';
import express5 from 'express';
import fastify5, { type FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { AppRoutes } from '../../../src/server/probes/app-routes.js';
import { koa3 } from '../../contract/apps/koa.js';

const express4 = require('express4') as typeof express5;
const fastify4 = require('fastify4') as typeof fastify5;
const noop = () => {};

function routesOf(...apps: unknown[]) {
  const routes = new AppRoutes();
  for (const app of apps) routes.add(app);
  const server = {};
  return {
    routes,
    find: (path: string) => routes.find(server, path),
    has: (path: string) => routes.find(server, path) === 'route',
  };
}

describe.each([
  ['express 5', express5],
  ['express 4', express4],
])('%s', (_name, express) => {
  test('has the literal GET routes, however they are mounted', () => {
    const app = express();
    const inner = express.Router();
    inner.get('/', noop);
    inner.get('/live', noop);
    const outer = express.Router();
    outer.use('/health', inner);
    app.get('/plain', noop);
    app.all('/all', noop);
    app.get(['/one', '/two'], noop);
    app.route('/chained').post(noop).get(noop);
    app.use('/api', outer);
    app.use(outer);
    const { has } = routesOf(app);
    for (const path of ['/plain', '/all', '/one', '/two', '/chained', '/api/health', '/api/health/live'])
      expect([path, has(path)]).toEqual([path, true]);
    expect([has('/health'), has('/health/live'), has('/health/ready'), has('/api')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('has not what is there for another method, for anything, or as middleware', () => {
    const app = express();
    app.post('/health', noop);
    app.get('/:page', noop);
    app.get(/^\/health/, noop);
    app.use('/health', (_req, _res, next) => next());
    const tenant = express.Router();
    tenant.get('/', noop);
    app.use('/:tenant', tenant);
    expect(routesOf(app).find('/health')).toBe('mount');
    expect([routesOf(app).find('/ready'), routesOf(app).find('/')]).toEqual([undefined, undefined]);
  });

  test('compares paths as its router does', () => {
    const app = express();
    app.get('/Health/', noop);
    expect(routesOf(app).has('/health')).toBe(true);
    const exact = express();
    exact.set('case sensitive routing', true);
    exact.get('/Health', noop);
    expect(routesOf(exact).has('/health')).toBe(false);
    expect(routesOf(exact).has('/Health')).toBe(true);
  });

  test('without a route has none', () => {
    expect(routesOf(express()).has('/health')).toBe(false);
  });

  test('changes its landscape with each route, also in a router or on a route that is there', () => {
    const app = express();
    const inner = express.Router();
    const { routes } = routesOf(app);
    const server = {};
    let before = routes.landscapeOf(server);
    const changes = (change: () => void) => {
      change();
      const now = routes.landscapeOf(server);
      const isSame = now.equals(before);
      before = now;
      return !isSame;
    };
    const route = app.route('/health');
    expect([
      changes(() => void app.use('/api', inner)),
      changes(() => void inner.get('/late', noop)),
      changes(() => void route.get(noop)),
      changes(() => void app.get('/health/live', noop)),
      changes(() => {}),
    ]).toEqual([true, true, true, true, false]);
  });

  test('has something where a whole application is mounted, though not what', () => {
    const app = express();
    const mounted = express();
    mounted.get('/', noop);
    app.use('/health', mounted);
    expect(routesOf(app).find('/health')).toBe('mount');
  });
});

describe.each([
  ['fastify 5', fastify5],
  ['fastify 4', fastify4],
])('%s', (_name, fastify) => {
  const start = async (add: (app: FastifyInstance) => void) => {
    const app = fastify();
    add(app);
    await app.ready();
    const { routes } = routesOf(app);
    return { has: (path: string) => routes.find(app.server, path) === 'route' };
  };

  test('has the literal GET routes, with the prefix of their plugin', async () => {
    const { has } = await start((app) => {
      app.get('/health', noop);
      app.register(async (plugin) => void plugin.get('/live', noop), { prefix: '/health' });
    });
    expect([has('/health'), has('/health/live'), has('/health/ready')]).toEqual([true, true, false]);
  });

  test('has not what is there for another method or for anything', async () => {
    const { has } = await start((app) => {
      app.post('/health', noop);
      app.get('/:page', noop);
      app.get('/*', noop);
    });
    expect(has('/health')).toBe(false);
  });
});

describe('Koa', () => {
  test('has the GET routes of its routers', () => {
    const app = new koa3();
    const router = new Router({ prefix: '/api' });
    router.get('/health', noop);
    router.post('/orders', noop);
    const plain = new Router();
    plain.get('/health/live', noop);
    plain.get('/:page', noop);
    app.use(async (_ctx: unknown, next: () => Promise<void>) => next());
    app.use(router.routes());
    app.use(plain.routes());
    const { has } = routesOf(app);
    expect([has('/api/health'), has('/health/live')]).toEqual([true, true]);
    expect([has('/health'), has('/api/orders')]).toEqual([false, false]);
  });
});

describe('Hono', () => {
  test('has its GET routes and those for all methods, and not its middleware', () => {
    const app = new Hono();
    app.use('/health', async (_c, next) => next());
    app.use('*', async (_c, next) => next());
    app.get('/health/live', (c) => c.text('mine'));
    app.all('/health/ready', (c) => c.text('mine'));
    app.get('/:page', (c) => c.text('page'));
    app.post('/health', (c) => c.text('mine'));
    app.route(
      '/health',
      new Hono().get('/startup', (c) => c.text('mine')),
    );
    const { has, find } = routesOf(app);
    expect([has('/health/live'), has('/health/ready'), has('/health/startup')]).toEqual([true, true, true]);
    expect(find('/health')).toBe('mount');
  });
});

test('a Nest application has what its adapter’s instance has', () => {
  const instance = express5();
  instance.get('/health', noop);
  const app = {
    getHttpAdapter: () => ({ getInstance: () => instance }),
    getHttpServer: () => http.createServer(),
  } as unknown as INestApplication;
  expect(routesOf(app).has('/health')).toBe(true);
});

test('a change of a server’s listeners is a change of its landscape', () => {
  const { routes } = routesOf();
  const server = http.createServer(noop);
  const before = routes.landscapeOf(server);
  expect(routes.landscapeOf(server).equals(before)).toBe(true);
  // As many as before.
  server.removeAllListeners('request').on('request', () => {});
  expect(routes.landscapeOf(server).equals(before)).toBe(false);
});

test('of several applications, those that are known to listen on the server decide', () => {
  const mine = express5();
  mine.get('/health', noop);
  const other = express5();
  const { routes } = routesOf(mine, other);
  expect(routes.find(http.createServer(mine), '/health')).toBe('route');
  expect(routes.find(http.createServer(other), '/health')).toBe(undefined);
  // Nothing is known of a listener of the user's own: each of them may be behind it.
  expect(routes.find(http.createServer(noop), '/health')).toBe('route');
});

test('a fastify instance has routes on its own servers alone, the second one for localhost included', async () => {
  const app = fastify5();
  app.get('/health', async () => 'mine');
  await app.ready();
  const { routes } = routesOf(app);
  const [listener] = app.server.listeners('request') as http.RequestListener[];
  expect(routes.find(app.server, '/health')).toBe('route');
  expect(routes.find(http.createServer(listener), '/health')).toBe('route');
  expect(routes.find(http.createServer(noop), '/health')).toBe(undefined);
});

test('an application that nobody has named counts where it is the server’s listener', () => {
  const app = express5();
  app.get('/health', noop);
  expect(routesOf().routes.find(http.createServer(app), '/health')).toBe('route');
});

test('what cannot be looked into has no routes', () => {
  const hostile = {
    get routes(): never {
      throw new Error('no');
    },
  };
  const { has } = routesOf(hostile, undefined, null, 'x', { routes: [null] }, { middleware: [null] });
  expect(has('/health')).toBe(false);
});
