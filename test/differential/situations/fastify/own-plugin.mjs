// golden-signals/fastify as a plugin, among others, with close() at the end.
export const ends = true;

export async function service({ isInstrumented, noteInstrumented, observe, event }) {
  const { default: fastify } = await import('fastify');
  const { default: plugin } = isInstrumented
    ? { default: (await import('golden-signals/fastify')).fastifySignals }
    : { default: async () => {} };
  if (isInstrumented) noteInstrumented();
  const app = fastify();
  await app.register(plugin);
  app.addHook('onClose', async () => event('closes'));
  app.get('/orders/:id', async (request) => ({ id: request.params.id }));
  const { statusCode, headers, payload } = await app.inject('/orders/7');
  observe('injected', { statusCode, headers: { ...headers, date: undefined }, payload });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const response = await fetch(`http://127.0.0.1:${app.server.address().port}/orders/8`);
  observe('fetched', { status: response.status, body: await response.text() });
  await app.close();
  event('closed');
}
