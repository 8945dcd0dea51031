// Fastify 5: schemas, hooks in their order, decorators, error and not-found handlers, and the shapes that handlers see.
export async function service({ instrument, listenFastify, observe, shapeOf, event }) {
  const { default: fastify } = await import('fastify');
  const app = fastify();
  await instrument(app);
  for (const hook of [
    'onRequest',
    'preParsing',
    'preValidation',
    'preHandler',
    'onSend',
    'onResponse',
    'onError',
    'onTimeout',
    'onRequestAbort',
  ]) {
    app.addHook(hook, async (request) => event(`${hook} ${request?.url}`));
  }
  app.addHook('onRoute', ({ method, url }) => event(`route ${method} ${url}`));
  app.decorateRequest('own', null);
  app.get('/orders/:id', async (request, reply) => {
    observe('request', shapeOf(request));
    observe('reply', shapeOf(reply));
    observe('raw', [shapeOf(request.raw), shapeOf(reply.raw)]);
    reply.header('X-Own', '1').code(203);
    return { id: request.params.id, route: request.routeOptions.url, own: request.own };
  });
  const body = { type: 'object', required: ['a'], properties: { a: { type: 'integer' } } };
  app.post('/orders', { schema: { body, response: { 201: body } } }, async (request, reply) => {
    reply.code(201);
    return { ...request.body, hidden: true };
  });
  app.get('/throws', async () => {
    throw Object.assign(new Error('thrown'), { statusCode: 409, code: 'E_OWN' });
  });
  app.get('/hijack', (_request, reply) => {
    reply.hijack();
    reply.raw.end('by hand');
  });
  app.setNotFoundHandler((request, reply) => reply.code(404).send(`no ${request.url}`));
  await app.ready();
  observe('app', shapeOf(app));
  observe('tree', app.printRoutes());
  await listenFastify(app);
  observe('server', shapeOf(app.server));
}

export async function drive({ client, observe }) {
  const post = (body) =>
    client.request({
      method: 'POST',
      path: '/orders',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
  observe('order', await client.request({ path: '/orders/7' }));
  observe('created', await post('{"a":"1"}'));
  observe('invalid', await post('{}'));
  observe('no JSON', await post('{'));
  observe('throws', await client.request({ path: '/throws' }));
  observe('hijack', await client.request({ path: '/hijack' }));
  observe('missing', await client.request({ path: '/missing' }));
  observe('head', await client.request({ method: 'HEAD', path: '/orders/7' }));
}
