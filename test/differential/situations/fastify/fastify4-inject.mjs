// Fastify 4 with inject() before and after ready, plugins in a scope, close hooks and close().
export const ends = true;

export async function service({ instrument, observe, event, errorOf, handles }) {
  const { default: fastify } = await import('fastify4');
  const app = fastify();
  await instrument(app);
  app.register(
    async (scope) => {
      scope.addHook('onClose', async () => event('scope closes'));
      scope.get('/:id', async (request) => ({ id: request.params.id }));
      scope.get('/stream', (_request, reply) => reply.raw.end('raw'));
    },
    { prefix: '/v1' },
  );
  app.addHook('onClose', async () => event('app closes'));
  app.addHook('preClose', async () => event('before the close'));
  const shown = ({ statusCode, headers, payload }) => ({
    statusCode,
    headers: { ...headers, date: undefined },
    payload,
  });
  observe('injected', shown(await app.inject('/v1/7')));
  observe('raw', shown(await app.inject('/v1/stream')));
  observe('missing', shown(await app.inject('/v2')));
  observe('posted', shown(await app.inject({ method: 'POST', url: '/v1/7', payload: { a: 1 } })));
  await app.listen({ port: 0, host: '127.0.0.1' });
  try {
    app.get('/late', async () => 'late');
  } catch (error) {
    observe('late', errorOf(error));
  }
  await app.close();
  observe('handles', handles());
}
