import type express5 from 'express';
import type { Express } from 'express';
import type { Expected } from './support.js';

/** An application, and the route that each request of it must get. */
export interface RouteCase {
  readonly name: string;
  build(express: typeof express5, app: Express): void;
  readonly expected: Expected;
}

export const ok: express5.RequestHandler = (_req, res) => void res.end();

export const cases: readonly RouteCase[] = [
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
export const casesOf: Readonly<Record<4 | 5, readonly RouteCase[]>> = {
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
