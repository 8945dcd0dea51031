// The app's own /health and /metrics: as middleware, as a mounted app, behind a rewritten path. It answers, as without us.
export async function service({ instrument, listen }) {
  const { default: express } = await import('express');
  const app = express();
  const sub = express();
  await instrument(app, { metrics: { prometheus: {} } });
  app.use('/health', (_req, res) => res.status(503).json({ database: 'down' }));
  sub.get('/', (_req, res) => res.type('text').send('own_metric 1\n'));
  app.use('/metrics', sub);
  await listen(app);
}

export async function drive({ client, observe }) {
  observe('health', await client.request({ path: '/health' }));
  observe('head', await client.request({ method: 'HEAD', path: '/health' }));
  observe('post', await client.request({ method: 'POST', path: '/health' }));
  observe('metrics', await client.request({ path: '/metrics' }));
  observe('missing', await client.request({ path: '/missing' }));
}
