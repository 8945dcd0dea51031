// Express 5: parameters, JSON, an error handler, a 404 of its own, and the shapes that handlers see.
export async function service({ instrument, listen, observe, shapeOf }) {
  const { default: express } = await import('express');
  const app = express();
  await instrument(app);
  app.get('/orders/:id', (req, res) => {
    observe('request', shapeOf(req));
    observe('response', shapeOf(res));
    res.json({ id: req.params.id, query: req.query });
  });
  app.post('/orders', express.json(), (req, res) => res.status(201).json(req.body));
  app.get('/throws', () => {
    throw new Error('thrown in a handler');
  });
  app.get('/rejects', async () => {
    throw Object.assign(new Error('rejected'), { status: 418 });
  });
  app.use((error, _req, res, _next) => res.status(error.status ?? 500).send(error.message));
  const server = await listen(app);
  observe('app', shapeOf(app));
  observe('server', shapeOf(server));
}

export async function drive({ client, observe }) {
  observe('order', await client.request({ path: '/orders/7?a=1&a=2' }));
  observe(
    'created',
    await client.request({
      method: 'POST',
      path: '/orders',
      headers: { 'Content-Type': 'application/json' },
      body: '{"a":1}',
    }),
  );
  observe(
    'invalid',
    await client.request({
      method: 'POST',
      path: '/orders',
      headers: { 'Content-Type': 'application/json' },
      body: '{',
    }),
  );
  observe('throws', await client.request({ path: '/throws' }));
  observe('rejects', await client.request({ path: '/rejects' }));
  observe('missing', await client.request({ path: '/missing' }));
  observe('head', await client.request({ method: 'HEAD', path: '/orders/1' }));
  observe('options', await client.request({ method: 'OPTIONS', path: '/orders/1' }));
}
