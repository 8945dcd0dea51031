import * as http from 'node:http';
import Router from '@koa/router';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../../../src/index.js';
import { koa2, koa3 } from '../../../contract/apps/koa.js';
import { send } from '../../../contract/support/client.js';
import { closerOf, listenOn } from '../../../contract/support/listening.js';
import { observe, useCollector } from '../../../contract/support/service.js';
import { type Expected, routesOf } from '../../support.js';

useCollector();

// It comes without types.
const mount = require('koa-mount') as (prefix: string, app: unknown) => unknown;

interface Refusable {
  status: number;
  get(name: string): string;
}

interface Context {
  body: unknown;
  mountPath?: string;
  path: string;
}

const ok = (ctx: Context) => {
  ctx.body = 'ok';
};

describe.each([
  { version: 3, Koa: koa3 },
  { version: 2, Koa: koa2 },
])('Koa $version', ({ Koa }) => {
  const run = async (app: InstanceType<typeof Koa>, wanted: Expected) => {
    app.silent = true;
    const service = observe(instrument(app));
    const server = http.createServer(app.callback());
    onTestFinished(closerOf(server));
    const address = { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
    expect(await routesOf(address, service, Object.keys(wanted))).toEqual(wanted);
  };

  test('tells routes with the prefix of their router', async () => {
    const router = new Router({ prefix: '/tenants/:tenant' });
    router.get('/orders/:id', ok);
    router.all('/any/:id', ok);
    router.get('/throws/:id', () => {
      throw new Error('failed');
    });
    const app = new Koa().use(router.routes()).use(router.allowedMethods());

    await run(app, {
      '/tenants/acme/orders/7': '/tenants/:tenant/orders/:id',
      '/tenants/tenants/orders/orders': '/tenants/:tenant/orders/:id',
      '/tenants/a%20b/orders/7': '/tenants/:tenant/orders/:id',
      '/TENANTS/acme/orders/7/': '/tenants/:tenant/orders/:id',
      'HEAD /tenants/acme/orders/7': '/tenants/:tenant/orders/:id',
      'PATCH /tenants/acme/any/7': '/tenants/:tenant/any/:id',
      '/tenants/acme/throws/7': '/tenants/:tenant/throws/:id',
      '/nowhere/7': undefined,
    });
  });

  test('tells routes of routers in routers', async () => {
    const inner = new Router();
    inner.get('/items/:item', ok);
    const middle = new Router({ prefix: '/orders/:order' });
    middle.use('/sub', inner.routes());
    const outer = new Router();
    outer.use('/api', middle.routes());
    const app = new Koa().use(outer.routes());

    await run(app, {
      '/api/orders/7/sub/items/8': '/api/orders/:order/sub/items/:item',
      '/api/orders/items/sub/items/items': '/api/orders/:order/sub/items/:item',
    });
  });

  test('tells the route that answered, behind middleware of routers that matched as well', async () => {
    const router = new Router();
    router.use(async (_ctx: Context, next: () => Promise<void>) => next());
    router.use('/orders', async (_ctx: Context, next: () => Promise<void>) => next());
    router.get('/orders/:id', ok);
    const other = new Router();
    other.get('/orders/:id/items', ok);
    const app = new Koa().use(router.routes()).use(other.routes());

    await run(app, { '/orders/7': '/orders/:id', '/orders/7/items': '/orders/:id/items' });
  });

  test('takes the prefix that a mounted application runs under before its route', async () => {
    const router = new Router();
    router.get('/users/:id', ok);
    const app = new Koa().use(async (ctx: Context, next: () => Promise<void>) => {
      // As koa-mount does.
      const { path } = ctx;
      ctx.mountPath = '/admin';
      ctx.path = path.slice('/admin'.length);
      await next();
      ctx.path = path;
    });
    app.use(router.routes());

    await run(app, { '/admin/users/7': '/admin/users/:id' });
  });

  test('tells the route that a request was for where middleware of its router has answered', async () => {
    const router = new Router({ prefix: '/v1' });
    const refuse = async (ctx: Context & Refusable, next: () => Promise<void>) => {
      if (ctx.get('authorization') !== '') await next();
      else ctx.status = 401;
    };
    router.use(refuse);
    router.get('/users/:id', ok);
    router.post('/users/:id', ok);
    const inner = new Router();
    inner.use('/items', refuse);
    inner.get('/items/:item', ok);
    router.use('/orders', inner.routes());
    const app = new Koa().use(router.routes());

    await run(app, {
      '/v1/users/7': '/v1/users/:id',
      'POST /v1/users/7': '/v1/users/:id',
      '/v1/orders/items/8': '/v1/orders/items/:item',
      '/v1/nowhere': undefined,
    });
  });

  test('tells the prefixes of applications that are mounted in mounted applications', async () => {
    const router = new Router({ prefix: '/users' });
    router.get('/:id', ok);
    const inmost = new Koa().use(router.routes());
    const middle = new Koa().use(mount('/v1', inmost));
    middle.use(mount('/v2', router.routes()));
    const beside = new Router();
    beside.get('/users/:id/orders', ok);
    const app = new Koa().use(mount('/api', middle)).use(beside.routes());

    await run(app, {
      '/api/v1/users/7': '/api/v1/users/:id',
      '/api/v2/users/7': '/api/v2/users/:id',
      '/users/7/orders': '/users/:id/orders',
      '/api/v1/nowhere': undefined,
    });
  });

  test('shows nothing of what other middleware takes from a path before something is mounted', async () => {
    const router = new Router();
    router.get('/users/:id', ok);
    const app = new Koa().use(async (ctx: Context, next: () => Promise<void>) => {
      const { path } = ctx;
      ctx.path = path.replace('/tenants/acme', '');
      await next();
      ctx.path = path;
    });
    app.use(mount('/admin', router.routes()));

    await run(app, { '/tenants/acme/admin/users/7': '/admin/users/:id' });
  });

  test('has no route for what a mounted middleware answers', async () => {
    await run(new Koa().use(mount('/admin', ok)), { '/admin/users': undefined });
  });

  test('leaves contexts and requests as they are without it', async () => {
    const seen: unknown[] = [];
    const look = (ctx: Context & { request: object }) => {
      seen.push(Object.keys(ctx), '_matchedRoute' in ctx, 'mountPath' in ctx, { ...ctx }.mountPath);
      seen.push(Object.keys(ctx.request), Object.hasOwn(ctx.request, 'path'));
      ctx.body = 'ok';
    };
    const answers = async (app: InstanceType<typeof Koa>) => {
      const server = http.createServer(app.callback());
      onTestFinished(closerOf(server));
      const port = await listenOn(server);
      for (const path of ['/api/look', '/look'])
        await send({ port, scheme: 'http', protocol: '1.1' }, { path });
      return seen.splice(0);
    };
    const create = () => {
      const router = new Router();
      router.get('/look', look);
      return new Koa().use(mount('/api', look)).use(router.routes());
    };
    const bare = await answers(create());
    const app = create();
    observe(instrument(app));
    expect(await answers(app)).toEqual(bare);
  });

  test('never shows an expression’s match', async () => {
    const router = new Router();
    router.get(/^\/files\/(.+)$/, ok);

    const app = new Koa().use(router.routes());

    await run(app, { '/files/secret': '/^\\/files\\/(.+)$/' });
  });

  test('has no route without a router', async () => {
    await run(new Koa().use(ok), { '/orders/7': undefined });
  });
});
