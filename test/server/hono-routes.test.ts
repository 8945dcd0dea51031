import type { Server } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { LinearRouter } from 'hono/router/linear-router';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { SmartRouter } from 'hono/router/smart-router';
import { TrieRouter } from 'hono/router/trie-router';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { closerOf, listenOn } from '../contract/support/listening.js';
import { observe, useCollector } from '../contract/support/service.js';
import { type Expected, routesOf } from './support.js';

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

  test('has no route for an answer of middleware to what no route matches', async () => {
    const app = make();
    app.use('*', async (c) => c.text('closed', 503));
    app.get('/orders/:id', (c) => c.text('ok'));

    await run(app, { '/nowhere/7': undefined });
  });
});
