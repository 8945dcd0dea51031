// Koa 3 and @koa/router: order of middlewares, errors, bodies of each kind, shapes of ctx, request, response and app.
import { Readable } from 'node:stream';

export async function service({ instrument, listen, observe, shapeOf, event }) {
  const { default: Koa } = await import('koa');
  const { default: Router } = await import('@koa/router');
  const app = new Koa();
  const router = new Router({ prefix: '/v1' });
  app.on('error', (error) => event(`error ${error.message}`));
  app.use(async (ctx, next) => {
    event(`in ${ctx.path}`);
    await next();
    event(`out ${ctx.path} ${ctx.status}`);
  });
  await instrument(app);
  router.get('/orders/:id', (ctx) => {
    observe('ctx', shapeOf(ctx));
    observe('parts', [shapeOf(ctx.request), shapeOf(ctx.response), shapeOf(ctx.req), shapeOf(ctx.res)]);
    observe('JSON', JSON.parse(JSON.stringify(ctx)));
    ctx.body = { id: ctx.params.id, route: ctx._matchedRoute, name: ctx.routerPath };
  });
  router.get('/stream', (ctx) => {
    ctx.body = Readable.from(['a', 'b']);
  });
  router.get('/buffer', (ctx) => {
    ctx.body = Buffer.from([0, 255]);
  });
  router.get('/empty', (ctx) => {
    ctx.body = null;
  });
  router.get('/throws', (ctx) => ctx.throw(409, 'conflict', { expose: true, own: 1 }));
  router.get('/breaks', () => {
    throw new Error('unexpected');
  });
  router.get('/by-hand', (ctx) => {
    ctx.respond = false;
    ctx.res.end('by hand');
  });
  app.use(router.routes()).use(router.allowedMethods());
  await listen(app);
  observe('app', shapeOf(app));
}

export const mask = [[/"remotePort":\d+/g, '"remotePort":0']];

export async function drive({ client, observe }) {
  for (const path of [
    '/orders/7',
    '/stream',
    '/buffer',
    '/empty',
    '/throws',
    '/breaks',
    '/by-hand',
    '/missing',
  ]) {
    observe(path, await client.request({ path: `/v1${path}` }));
  }
  observe('method', await client.request({ method: 'PUT', path: '/v1/orders/7' }));
  observe('head', await client.request({ method: 'HEAD', path: '/v1/orders/7' }));
}
