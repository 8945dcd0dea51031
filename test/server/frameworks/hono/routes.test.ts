import type { Server } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import { LinearRouter } from 'hono/router/linear-router';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { SmartRouter } from 'hono/router/smart-router';
import { TrieRouter } from 'hono/router/trie-router';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../../../src/index.js';
import { closerOf, listenOn } from '../../../contract/support/listening.js';
import { observe, useCollector } from '../../../contract/support/service.js';
import { type Expected, routesOf } from '../../support.js';

useCollector();

const routers = [
  { name: 'the default router', make: () => new Hono() },
  { name: 'RegExpRouter', make: () => new Hono({ router: new RegExpRouter() }) },
  { name: 'TrieRouter', make: () => new Hono({ router: new TrieRouter() }) },
  { name: 'LinearRouter', make: () => new Hono({ router: new LinearRouter() }) },
  {
    name: 'SmartRouter',
    make: () => new Hono({ router: new SmartRouter({ routers: [new RegExpRouter(), new TrieRouter()] }) }),
  },
];

describe.each(routers)('Hono with $name', ({ make }) => {
  const run = async (app: Hono, wanted: Expected, when: 'before serve' | 'after serve' = 'before serve') => {
    app.onError((_error, c) => c.text('failed', 500));
    let service = when === 'before serve' ? observe(instrument(app)) : undefined;
    const server = createAdaptorServer({ fetch: app.fetch }) as Server;
    onTestFinished(closerOf(server));
    const address = { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
    service ??= observe(instrument(app));
    expect(await routesOf(address, service, Object.keys(wanted))).toEqual(wanted);
  };

  test.each(['before serve', 'after serve'] as const)('tells routes, instrumented %s', async (when) => {
    const app = make();
    app.use(async (_c, next) => next());
    app.use('/orders/*', async (_c, next) => next());
    app.get('/orders/:id', (c) => c.text('ok'));
    app.get('/throws/:id', () => {
      throw new Error('failed');
    });
    app.all('/any/:id', (c) => c.text('ok'));
    app.get('/files/*', (c) => c.text('ok'));

    await run(
      app,
      {
        '/orders/7': '/orders/:id',
        '/orders/%E2%82%AC': '/orders/:id',
        'HEAD /orders/7': '/orders/:id',
        '/throws/7': '/throws/:id',
        'DELETE /any/7': '/any/:id',
        '/files/a/b': '/files/*',
        '/nowhere/7': undefined,
      },
      when,
    );
  });

  test('tells routes of applications in applications and below a base path', async () => {
    const inner = make();
    inner.get('/items/:item', (c) => c.text('ok'));
    const middle = make();
    middle.route('/orders/:order', inner);
    const app = make().basePath('/api');
    app.route('/tenants/:tenant', middle);

    await run(app, {
      '/api/tenants/acme/orders/7/items/8': '/api/tenants/:tenant/orders/:order/items/:item',
      '/api/tenants/orders/orders/items/items/items': '/api/tenants/:tenant/orders/:order/items/:item',
    });
  });

  test.each(['before serve', 'after serve'] as const)(
    'tells the route that answered, before one for everything, instrumented %s',
    async (when) => {
      const app = make();
      app.use('*', async (_c, next) => next());
      app.get('/me', (c) => c.text('me'));
      app.get('/users/:id', (c) => c.text('ok'));
      app.get('/passes/:id', async (_c, next) => next());
      app.post('/users', (c) => c.text('ok', 201));
      app.get('/throws/:id', () => {
        throw new Error('failed');
      });
      app.get('*', (c) => c.html('<div id="root"></div>'));

      await run(
        app,
        {
          '/me': '/me',
          '/users/7': '/users/:id',
          'HEAD /users/7': '/users/:id',
          'POST /users': '/users',
          '/throws/7': '/throws/:id',
          '/passes/7': '/*',
          '/somewhere': '/*',
          'DELETE /users/7': undefined,
        },
        when,
      );
    },
  );

  test('tells it before one for everything and every method, below a prefix too', async () => {
    const inner = make();
    inner.get('/items/:item', (c) => c.text('ok'));
    inner.all('*', (c) => c.text('none of mine', 404));
    inner.onError((_error, c) => c.text('failed', 500));
    const app = make();
    app.route('/api', inner);
    app.get('/plain', (c) => c.text('ok'));
    app.all('*', (c) => c.text('none', 404));

    await run(app, {
      '/api/items/7': '/api/items/:item',
      '/api/nowhere': '/api/*',
      '/plain': '/plain',
      'POST /nowhere': '/*',
    });
  });

  test('tells it before middleware that stands last, such as one that serves files', async () => {
    const app = make();
    app.get('/users/:id', (c) => c.text('ok'));
    app.use('/static/*', async (c, next) => (c.req.path.endsWith('.css') ? c.text('file') : next()));
    app.use('*', async (c, next) => (c.req.path.endsWith('.js') ? c.text('file') : next()));
    app.notFound((c) => c.text('none', 404));

    await run(app, {
      '/users/7': '/users/:id',
      '/static/a.css': '/static/*',
      '/static/a.js': undefined,
      '/static/nothing': undefined,
      '/nowhere/7': undefined,
    });
  });

  test('tells the route behind middleware that has answered in its place', async () => {
    const app = make();
    app.use('/api/*', async (c, next) => (c.req.header('authorization') ? next() : c.text('who?', 401)));
    app.get('/api/users/:id', (c) => c.text('ok'));
    app.get('*', (c) => c.html('<p>'));

    await run(app, { '/api/users/7': '/api/users/:id', '/api/nowhere': '/api/*' });
  });

  test('tells where another application is mounted', async () => {
    const app = make();
    const other = make().get('/hidden/:id', (c) => c.text('ok'));
    app.mount('/legacy', other.fetch);
    app.get('*', (c) => c.html('<p>'));

    await run(app, { '/legacy/hidden/7': '/legacy/*' });
  });

  test('has no route for an answer of middleware to what no route matches', async () => {
    const app = make();
    app.use('*', async (c, next) => (c.req.path === '/open' ? next() : c.text('closed', 503)));
    app.get('/orders/:id', (c) => c.text('ok'));

    await run(app, { '/nowhere/7': undefined });
  });

  test('leaves the routes of an application as they are without it', async () => {
    const handler = (c: Context) => c.json(matchedRoutes(c).map((route) => route.handler === handler));
    const app = make().get('/orders/:id', handler);
    await run(app, { '/orders/7': '/orders/:id' });
    expect(app.routes.map((route) => route.handler === handler)).toEqual([true]);
    expect(await (await app.request('/orders/7')).json()).toEqual([true]);
  });
});
