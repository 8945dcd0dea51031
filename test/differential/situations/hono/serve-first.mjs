// serve() before instrument(), basePath, mounted apps, compression and a body limit.
export async function service({ instrument, listens }) {
  const { Hono } = await import('hono');
  const { compress } = await import('hono/compress');
  const { bodyLimit } = await import('hono/body-limit');
  const { serve } = await import('@hono/node-server');
  const app = new Hono().basePath('/api');
  const inner = new Hono();
  inner.get('/:name', (c) => c.text(`hello ${c.req.param('name')} `.repeat(200)));
  inner.post('/', bodyLimit({ maxSize: 10 }), async (c) => c.text(await c.req.text()));
  app.use(compress());
  app.route('/inner', inner);
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, async () => {
    await instrument(app);
    listens(server);
  });
}

export async function drive({ client, observe }) {
  observe('plain', await client.request({ path: '/api/inner/ann' }));
  observe('gzip', await client.request({ path: '/api/inner/ann', headers: { 'Accept-Encoding': 'gzip' } }));
  observe('fits', await client.request({ method: 'POST', path: '/api/inner', body: 'small' }));
  observe('too large', await client.request({ method: 'POST', path: '/api/inner', body: 'a'.repeat(20) }));
  observe('missing', await client.request({ path: '/other' }));
}
