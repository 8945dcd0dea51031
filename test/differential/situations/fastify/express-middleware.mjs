// @fastify/express: an Express middleware that answers, and one that goes on, beside routes of fastify's own.
export async function service({ instrument, listenFastify, observe, shapeOf }) {
  const { default: fastify } = await import('fastify');
  const app = fastify();
  await app.register(import('@fastify/express'));
  await instrument(app);
  app.use((req, res, next) => {
    res.setHeader('X-Middleware', req.originalUrl);
    if (req.url === '/express') res.status(202).send('by express');
    else if (req.url === '/fails') next(Object.assign(new Error('of the middleware'), { statusCode: 503 }));
    else next();
  });
  app.get('/route', async (request, reply) => {
    observe('raw', [shapeOf(request.raw), shapeOf(reply.raw)]);
    return { of: 'fastify' };
  });
  await listenFastify(app);
}

export async function drive({ client, observe }) {
  for (const path of ['/express', '/route', '/fails', '/missing'])
    observe(path, await client.request({ path }));
}
