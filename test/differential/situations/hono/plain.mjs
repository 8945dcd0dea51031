// Hono on @hono/node-server: routes, middlewares, a catch-all at the end, streaming, errors, shapes.
export async function service({ instrument, listen, observe, shapeOf, event }) {
  const { Hono } = await import('hono');
  const { cors } = await import('hono/cors');
  const { etag } = await import('hono/etag');
  const { streamSSE } = await import('hono/streaming');
  const { HTTPException } = await import('hono/http-exception');
  const { createAdaptorServer } = await import('@hono/node-server');
  const app = new Hono();
  await instrument(app);
  app.use('*', cors({ origin: 'https://shop.example' }));
  app.use('/tagged', etag());
  app.use(async (c, next) => {
    event(`in ${c.req.path}`);
    await next();
    event(`out ${c.res.status}`);
  });
  app.get('/orders/:id', (c) => {
    observe('context', shapeOf(c));
    observe('incoming', [shapeOf(c.env.incoming), shapeOf(c.env.outgoing)]);
    return c.json({ id: c.req.param('id'), query: c.req.query() }, 203, { 'X-Own': '1' });
  });
  app.get('/tagged', (c) => c.text('tagged'));
  app.post('/echo', async (c) => c.body(await c.req.text()));
  app.post('/form', async (c) => c.json(await c.req.parseBody()));
  app.get('/events', (c) =>
    streamSSE(c, async (stream) => {
      await stream.writeSSE({ data: 'one', id: '1' });
      await stream.writeSSE({ data: 'two', event: 'last' });
    }),
  );
  app.get('/throws', () => {
    throw new HTTPException(418, { message: 'teapot' });
  });
  app.get('/breaks', () => {
    throw new Error('unexpected');
  });
  app.onError((error, c) =>
    error instanceof HTTPException ? error.getResponse() : c.text(error.message, 500),
  );
  app.all('*', (c) => c.text(`nothing at ${c.req.path}`, 404));
  await listen(createAdaptorServer({ fetch: app.fetch }));
  observe('app', shapeOf(app));
  const local = await app.request('/orders/8');
  observe('request()', { status: local.status, body: await local.text() });
}

export async function drive({ client, observe }) {
  for (const path of ['/orders/7?a=1', '/tagged', '/events', '/throws', '/breaks', '/missing'])
    observe(path, await client.request({ path }));
  observe(
    'not modified',
    await client.request({
      path: '/tagged',
      headers: { 'If-None-Match': '"b0b0b8ee4ec1fbe3a0bdc5b5dc7d9ddd19c9fd9a"' },
    }),
  );
  observe('echo', await client.request({ method: 'POST', path: '/echo', chunks: ['a', 'b'], body: 'c' }));
  observe(
    'form',
    await client.request({
      method: 'POST',
      path: '/form',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'a=1',
    }),
  );
  observe('head', await client.request({ method: 'HEAD', path: '/orders/7' }));
}
