// koa-mount within koa-mount on Koa 2, an own /health as middleware, an auth wall in front of a router.
export async function service({ instrument, listen, event }) {
  const { default: Koa } = await import('koa2');
  const { default: mount } = await import('koa-mount');
  const { default: Router } = await import('@koa/router');
  const [app, outer, inner] = [new Koa(), new Koa(), new Koa()];
  await instrument(app);
  inner.use((ctx) => {
    event(`${ctx.path} at ${ctx.mountPath}`);
    ctx.body = { path: ctx.path, original: ctx.originalUrl };
  });
  outer.use(mount('/inner', inner));
  app.use(async (ctx, next) => {
    if (ctx.path !== '/health') return next();
    ctx.status = 503;
    ctx.body = 'own';
  });
  app.use(mount('/outer', outer));
  const router = new Router();
  router.use('/v1', (ctx, next) => (ctx.get('authorization') === '' ? ctx.throw(401) : next()));
  router.get('/v1/items', (ctx) => {
    ctx.body = [];
  });
  app.use(router.routes());
  await listen(app);
}

export async function drive({ client, observe }) {
  for (const path of ['/outer/inner/x', '/outer/x', '/health', '/v1/items', '/'])
    observe(path, await client.request({ path }));
  observe('authorized', await client.request({ path: '/v1/items', headers: { Authorization: 'x' } }));
}
