import * as http from 'node:http';
import express5, { type Express } from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { pipelined, send, sendRaw } from '../contract/support/client.js';
import { closerOf, listenOn } from '../contract/support/listening.js';
import { observe, useCollector } from '../contract/support/service.js';

useCollector();

const express4 = require('express4') as typeof express5;
type Express5 = typeof express5;

/** Requests of an application, and the http.route that each of them must get; undefined for none. */
type Expected = Readonly<Record<string, string | undefined>>;

const ok: express5.RequestHandler = (_req, res) => void res.end();

async function routesOf(app: Express, calls: readonly string[]) {
  const server = http.createServer(app);
  onTestFinished(closerOf(server));
  const address = { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
  const service = observe(instrument(app));
  const found: Record<string, string | undefined> = {};
  for (const [index, call] of calls.entries()) {
    const [method, path] = call.includes(' ') ? call.split(' ') : ['GET', call];
    await send(address, { ...(method && { method }), path: path ?? '' });
    const span = (await service.spans(index + 1))[index];
    found[call] = span?.attributes['http.route'] as string | undefined;
    expect(span?.name).toBe(found[call] === undefined ? method : `${method} ${found[call]}`);
  }
  return found;
}

const cases: readonly {
  readonly name: string;
  build(express: Express5, app: Express): void;
  readonly expected: Expected;
}[] = [
  {
    name: 'a route of the application',
    build: (_express, app) => void app.get('/orders/:id', ok),
    expected: { '/orders/7': '/orders/:id', '/orders/7?x=1': '/orders/:id', '/orders': undefined },
  },
  {
    name: 'the root',
    build: (_express, app) => void app.get('/', ok),
    expected: { '/': '/', '/?x=1': '/' },
  },
  {
    name: 'letter case and trailing slashes',
    build: (_express, app) => void app.get('/orders/:id', ok),
    expected: { '/ORDERS/7': '/orders/:id', '/orders/7/': '/orders/:id', '/Orders/ABC/': '/orders/:id' },
  },
  {
    name: 'several parameters in a segment',
    build: (_express, app) => void app.get('/flights/:from-:to', ok),
    expected: { '/flights/HAM-MUC': '/flights/:from-:to' },
  },
  {
    name: 'encoded values',
    build: (_express, app) => void app.get('/files/:name', ok),
    expected: {
      '/files/a%2Fb%20c': '/files/:name',
      '/files/%E2%82%AC': '/files/:name',
      '/files/%zz': undefined,
    },
  },
  {
    name: 'a nested router',
    build(express, app) {
      const router = express.Router();
      router.get('/', ok);
      router.get('/:id', ok);
      app.use('/orders', router);
    },
    expected: {
      '/orders': '/orders',
      '/orders/': '/orders',
      '/orders/7': '/orders/:id',
      '/ORDERS/7': '/orders/:id',
    },
  },
  {
    name: 'parameters in the mount path',
    build(express, app) {
      const router = express.Router({ mergeParams: true });
      router.get('/orders/:id', ok);
      app.use('/tenants/:tenant', router);
    },
    expected: {
      '/tenants/acme/orders/7': '/tenants/:tenant/orders/:id',
      '/tenants/tenants/orders/orders': '/tenants/:tenant/orders/:id',
      '/tenants/orders/orders/7': '/tenants/:tenant/orders/:id',
      '/tenants/t/orders/t': '/tenants/:tenant/orders/:id',
      '/tenants/a%20b/orders/7': '/tenants/:tenant/orders/:id',
      '/tenants/a%2Fb/orders/7': '/tenants/:tenant/orders/:id',
      '/tenants/%E2%82%AC/orders/7': '/tenants/:tenant/orders/:id',
      '/tenants/7/orders/7': '/tenants/:tenant/orders/:id',
      '/TENANTS/Acme/ORDERS/7/': '/tenants/:tenant/orders/:id',
      '/tenants/acme/nothing': undefined,
    },
  },
  {
    name: 'a parameter first in the mount path',
    build(express, app) {
      const router = express.Router();
      router.get('/orders/:id', ok);
      app.use('/:tenant', router);
    },
    expected: { '/orders/orders/orders': '/:tenant/orders/:id', '/o/orders/7': '/:tenant/orders/:id' },
  },
  {
    name: 'routers in routers',
    build(express, app) {
      const inner = express.Router();
      inner.get('/items/:item', ok);
      const middle = express.Router();
      middle.use('/orders/:order', inner);
      const outer = express.Router();
      outer.use('/tenants/:tenant', middle);
      app.use('/api', outer);
    },
    expected: {
      '/api/tenants/a/orders/b/items/c': '/api/tenants/:tenant/orders/:order/items/:item',
      '/api/tenants/items/orders/items/items/items': '/api/tenants/:tenant/orders/:order/items/:item',
      '/api/tenants/a/orders/a/items/a': '/api/tenants/:tenant/orders/:order/items/:item',
      '/api/tenants/12/orders/1/items/2': '/api/tenants/:tenant/orders/:order/items/:item',
    },
  },
  {
    name: 'a router mounted twice',
    build(express, app) {
      const router = express.Router();
      router.get('/:id', ok);
      app.use('/orders', router);
      app.use('/invoices', router);
      app.use('/tenants/:tenant/refunds', router);
    },
    expected: {
      '/orders/7': '/orders/:id',
      '/invoices/7': '/invoices/:id',
      '/tenants/a/refunds/7': '/tenants/:tenant/refunds/:id',
      '/orders/8': '/orders/:id',
    },
  },
  {
    name: 'a router mounted at two paths that fit the same request',
    build(express, app) {
      const router = express.Router();
      router.get('/:id', ok);
      app.use('/a/:x', router);
      app.use('/:y/b', router);
    },
    expected: { '/c/b/7': '/:y/b/:id', '/a/b/7': '/a/:x/:id', '/a/c/7': '/a/:x/:id' },
  },
  {
    name: 'a router mounted at the root',
    build(express, app) {
      const router = express.Router();
      router.get('/orders/:id', ok);
      app.use(router);
      const other = express.Router();
      other.get('/invoices/:id', ok);
      app.use('/', other);
    },
    expected: { '/orders/7': '/orders/:id', '/invoices/7': '/invoices/:id' },
  },
  {
    name: 'an array of route paths',
    build: (_express, app) => void app.get(['/orders/:id', '/bestellungen/:id'], ok),
    expected: {
      '/orders/7': '/orders/:id',
      '/bestellungen/7': '/bestellungen/:id',
      '/Bestellungen/7/': '/bestellungen/:id',
    },
  },
  {
    name: 'an array of mount paths',
    build(express, app) {
      const router = express.Router();
      router.get('/:id', ok);
      app.use(['/orders', '/tenants/:tenant/orders'], router);
    },
    expected: { '/orders/7': '/orders/:id', '/tenants/acme/orders/7': '/tenants/:tenant/orders/:id' },
  },
  {
    name: 'an array of mount paths over an array of route paths',
    build(express, app) {
      const router = express.Router();
      router.get(['/a/:id', '/b/:id'], ok);
      app.use(['/x', '/y'], router);
    },
    expected: { '/x/a/1': '/x/a/:id', '/x/b/1': '/x/b/:id', '/y/a/1': '/y/a/:id', '/y/b/1': '/y/b/:id' },
  },
  {
    name: 'app.route()',
    build: (_express, app) => void app.route('/orders/:id').get(ok).delete(ok),
    expected: { '/orders/7': '/orders/:id', 'DELETE /orders/7': '/orders/:id' },
  },
  {
    name: 'a regular expression for a route',
    build: (_express, app) => void app.get(/^\/files\/(.+)$/, ok),
    expected: { '/files/a/b': '/^\\/files\\/(.+)$/', '/files/c': '/^\\/files\\/(.+)$/' },
  },
  {
    name: 'a regular expression for a route in a router with a parameter',
    build(express, app) {
      const router = express.Router();
      router.get(/^\/files\/(\d+)$/, ok);
      app.use('/tenants/:tenant', router);
    },
    expected: { '/tenants/a/files/7': '/tenants/:tenant/^\\/files\\/(\\d+)$/' },
  },
  {
    name: 'an application in an application',
    build(express, app) {
      const admin = express();
      admin.get('/users/:id', ok);
      app.use('/admin', admin);
    },
    expected: { '/admin/users/7': '/admin/users/:id', '/admin': undefined },
  },
  {
    name: 'an application mounted at several paths, with parameters',
    build(express, app) {
      const admin = express();
      admin.get('/users/:id', ok);
      app.use(['/admin', '/tenants/:tenant/admin'], admin);
    },
    expected: {
      '/admin/users/7': '/admin/users/:id',
      '/tenants/acme/admin/users/7': '/tenants/:tenant/admin/users/:id',
    },
  },
  {
    name: 'an application in a router',
    build(express, app) {
      const admin = express();
      admin.get('/users/:id', ok);
      const router = express.Router();
      router.use('/admin', admin);
      app.use('/tenants/:tenant', router);
    },
    expected: { '/tenants/acme/admin/users/7': '/tenants/:tenant/admin/users/:id' },
  },
  {
    name: 'an application in an application in an application',
    build(express, app) {
      const inner = express();
      inner.get('/users/:id', ok);
      const middle = express();
      middle.use('/b/:b', inner);
      app.use('/a/:a', middle);
    },
    expected: { '/a/1/b/2/users/3': '/a/:a/b/:b/users/:id', '/a/b/b/a/users/users': '/a/:a/b/:b/users/:id' },
  },
  {
    name: 'errors before, in and after a route',
    build(express, app) {
      app.use('/before', () => {
        throw new Error('before');
      });
      app.get('/before/:id', ok);
      app.get('/in/:id', () => {
        throw new Error('in');
      });
      app.get('/next/:id', (_req, _res, next) => next(new Error('next')));
      const router = express.Router();
      router.param('id', (_req, _res, next) => next(new Error('param')));
      router.get('/:id', ok);
      app.use('/param', router);
      const failing: express5.ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).end();
      app.use(failing);
    },
    expected: {
      '/before/7': undefined,
      '/in/7': '/in/:id',
      '/next/7': '/next/:id',
    },
  },
  {
    name: 'a route that passes on to the next one',
    build(_express, app) {
      app.get('/orders/:id', (_req, _res, next) => next());
      app.get('/orders/latest', ok);
    },
    expected: { '/orders/latest': '/orders/latest' },
  },
  {
    name: 'automatic answers to OPTIONS and HEAD',
    build: (_express, app) => void app.get('/orders/:id', ok),
    expected: { 'HEAD /orders/7': '/orders/:id' },
  },
  {
    name: 'a literal route beside a parameter',
    build(_express, app) {
      app.get('/orders/new', ok);
      app.get('/orders/:id', ok);
    },
    expected: { '/orders/new': '/orders/new', '/orders/7': '/orders/:id' },
  },
  {
    name: 'app.all and middleware',
    build(_express, app) {
      app.use((_req, _res, next) => next());
      app.use('/orders', (_req, _res, next) => next());
      app.all('/orders/:id', ok);
    },
    expected: { 'POST /orders/7': '/orders/:id', 'PATCH /orders/7': '/orders/:id' },
  },
  {
    name: 'an answer of middleware, which is no route',
    build: (_express, app) => void app.use('/files', ok),
    expected: { '/files/secret-name': undefined },
  },
  {
    name: 'a router behind a function of the user',
    build(express, app) {
      const router = express.Router();
      router.get('/orders/:id', ok);
      app.use('/lazy', (req, res, next) => router(req, res, next));
    },
    expected: { '/lazy/orders/7': '/lazy/orders/:id' },
  },
  {
    name: 'a router behind a function under a parameter',
    build(express, app) {
      const router = express.Router();
      router.get('/orders/:id', ok);
      app.use('/tenants/:tenant', (req, res, next) => router(req, res, next));
    },
    expected: {
      '/tenants/acme/orders/7': '/tenants/:tenant/orders/:id',
      '/tenants/orders/orders/7': '/tenants/:tenant/orders/:id',
    },
  },
  {
    name: 'a rewritten URL',
    build(_express, app) {
      app.use((req, _res, next) => {
        req.url = req.url.replace(/^\/v1/, '');
        next();
      });
      app.get('/orders/:id', ok);
    },
    expected: { '/v1/orders/7': '/orders/:id' },
  },
];

/** What only one of the versions has. */
const casesOf: Readonly<Record<4 | 5, typeof cases>> = {
  4: [
    {
      name: 'expressions, options, stars and dots in a mount path',
      build(express, app) {
        const router = express.Router();
        router.get('/x', ok);
        app.use('/n/:id(\\d+)', router);
        app.use('/o/:opt?', router);
        app.use('/s/*', router);
        app.use('/f/:name.:ext', router);
        app.use('/r/:from-:to', router);
        app.use('/e/(a|b)', router);
      },
      expected: {
        '/n/12/x': '/n/:id(\\d+)/x',
        '/n/34/x': '/n/:id(\\d+)/x',
        '/o/some/x': '/o/:opt?/x',
        '/s/a/b/x': undefined,
        '/f/a.b/x': '/f/:name.:ext/x',
        '/r/a-b/x': '/r/:from-:to/x',
        '/e/a/x': '/^\\/e\\/(?:a|b)\\/?(?=\\/|$)/i/x',
      },
    },
    {
      name: 'regular expressions as mount paths',
      build(express, app) {
        const router = express.Router();
        router.get('/:id', ok);
        app.use(/^\/v\d+/, router);
      },
      expected: { '/v1/7': '/^\\/v\\d+//:id', '/v22/8': '/^\\/v\\d+//:id' },
    },
  ],
  5: [
    {
      name: 'wildcards and options',
      build(express, app) {
        const router = express.Router();
        router.get('/x', ok);
        app.use('/o{/:opt}', router);
        app.get('/files/*path', ok);
      },
      expected: {
        '/o/x': undefined,
        '/o/some/x': '/o{/:opt}/x',
        '/files/a/b/c': '/files/*path',
      },
    },
    {
      name: 'regular expressions as mount paths',
      build(express, app) {
        const router = express.Router();
        router.get('/:id', ok);
        app.use(/^\/v\d+/, router);
      },
      expected: { '/v1/7': '/^\\/v\\d+//:id', '/v22/8': '/^\\/v\\d+//:id' },
    },
  ],
};

describe.each([
  { version: 5 as const, express: express5 },
  { version: 4 as const, express: express4 },
])('express $version', ({ version, express }) => {
  test.each([...cases, ...casesOf[version]])('tells the route of $name', async ({ build, expected }) => {
    const app = express();
    app.set('env', 'test');
    build(express, app);

    expect(await routesOf(app, Object.keys(expected))).toEqual(expected);
  });

  test('tells routes and mounts apart by letter case where the application does', async () => {
    const app = express();
    app.enable('case sensitive routing');
    app.enable('strict routing');
    const router = express.Router({ caseSensitive: true, strict: true });
    router.get(['/:id', '/:id/'], ok);
    app.use('/Orders', router);
    const expected = { '/Orders/7': '/Orders/:id', '/Orders/7/': '/Orders/:id/', '/orders/7': undefined };

    expect(await routesOf(app, Object.keys(expected))).toEqual(expected);
  });

  test('sees routes and mounts that are added after it was instrumented and after the first request', async () => {
    const app = express();
    const server = http.createServer(app);
    onTestFinished(closerOf(server));
    const address = { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
    const service = observe(instrument(app));
    const router = express.Router();

    await send(address, { path: '/orders/1' });
    app.use('/orders', router);
    router.get('/:id', ok);
    await send(address, { path: '/orders/2' });
    app.use('/:tenant/orders', router);
    await send(address, { path: '/acme/orders/3' });
    const inner = express.Router();
    inner.get('/items/:item', ok);
    router.use('/:order', inner);
    await send(address, { path: '/orders/4/items/5' });
    await send(address, { path: '/acme/orders/4/items/5' });

    expect((await service.spans(5)).map(({ attributes }) => attributes['http.route'])).toEqual([
      undefined,
      '/orders/:id',
      '/:tenant/orders/:id',
      '/orders/:order/items/:item',
      '/:tenant/orders/:order/items/:item',
    ]);
  });

  test('has a route for the automatic answers to OPTIONS at most as a template', async () => {
    const app = express();
    app.get('/orders/:id', ok);
    const found = await routesOf(app, ['OPTIONS /orders/7']);

    expect([undefined, '/orders/:id']).toContain(found['OPTIONS /orders/7']);
  });

  test('never lets a value of a path into a route, whatever is asked for', async () => {
    const app = express();
    const inner = express.Router();
    inner.get(['/items/:item', '/:a/:b'], ok);
    inner.get('/items', ok);
    const middle = express.Router();
    middle.use(['/orders/:order', '/o/:order'], inner);
    middle.use('/:any', inner);
    app.use('/tenants/:tenant', middle);
    app.use('/Tenants', middle);
    const admin = express();
    admin.use('/x', inner);
    app.use(['/admin', '/:site/admin'], admin);
    // That of express warns of its own listeners when this many requests wait on a connection.
    app.use((_req, res) => void res.status(404).end());
    const server = http.createServer(app);
    onTestFinished(closerOf(server));
    const port = await listenOn(server);
    const service = observe(instrument(app, { traces: false }));
    const words = ['tenants', 'TENANTS', 'Orders', 'o', 'items', 'x', 'admin', '7', 'a%2Fb', ':any'];
    let seed = 7;
    const next = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const paths = Array.from({ length: 3_000 }, (_, index) =>
      Array.from(
        { length: 2 + next(5) },
        () => `/${next(9) === 0 ? `v${index}` : words[next(words.length)]}`,
      ).join(''),
    );

    await sendRaw(port, pipelined(paths));
    const points = await service.points('http.server.request.duration');

    const mounts = ['/tenants/:tenant', '/Tenants'];
    const inners = ['/orders/:order', '/o/:order', '/:any'].flatMap((path) =>
      mounts.map((mount) => mount + path),
    );
    const all = [...inners, '/admin/x', '/:site/admin/x'].flatMap((prefix) =>
      ['/items/:item', '/:a/:b', '/items'].map((path) => prefix + path),
    );
    const routes = new Set(points.map(({ attributes }) => attributes['http.route'] ?? 'none'));
    expect([...routes].filter((route) => route !== 'none' && !all.includes(String(route)))).toEqual([]);
    expect(routes.size).toBeGreaterThan(12);
    expect(points.reduce((sum, { count }) => sum + (count ?? 0), 0)).toBe(paths.length);
  });
});
