// helmet, cors and response headers that several middlewares write: names, case and order.
export async function service({ instrument, listen }) {
  const { default: express } = await import('express');
  const { default: helmet } = await import('helmet');
  const { default: cors } = await import('cors');
  const app = express();
  app.use(helmet());
  app.use(cors({ origin: ['https://shop.example'], credentials: true, exposedHeaders: ['X-Total'] }));
  await instrument(app);
  app.get('/items', (_req, res) =>
    res.set('X-Total', '2').append('Set-Cookie', ['a=1', 'b=2']).send(['a', 'b']),
  );
  await listen(app);
}

export async function drive({ client, observe }) {
  const Origin = 'https://shop.example';
  observe('items', await client.request({ path: '/items', headers: { Origin } }));
  observe(
    'preflight',
    await client.request({
      method: 'OPTIONS',
      path: '/items',
      headers: { Origin, 'Access-Control-Request-Method': 'PUT' },
    }),
  );
}
