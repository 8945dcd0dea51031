// A fastify hook that answers /health and a route at /metrics: the app's own answer stays.
export async function service({ instrument, listenFastify }) {
  const { default: fastify } = await import('fastify');
  const app = fastify();
  await instrument(app, { metrics: { prometheus: {} } });
  app.addHook('onRequest', async (request, reply) => {
    if (request.url === '/health') return reply.code(503).send({ own: 'down' });
  });
  app.get('/metrics', async () => 'own_metric 1\n');
  await listenFastify(app);
}

export async function drive({ client, observe }) {
  observe('health', await client.request({ path: '/health' }));
  observe('metrics', await client.request({ path: '/metrics' }));
}
