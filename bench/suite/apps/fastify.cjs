const { fastify } = require('fastify');

/** A fastify app with `GET /api/orders/:id`. */
exports.createApp = async function createApp() {
  const app = fastify();
  return {
    app,
    routes() {
      app.get('/api/orders/:id', async (request) => ({
        id: request.params.id,
        status: 'paid',
        totalCents: 4_250,
      }));
    },
    async listen(done) {
      await app.listen({ port: 0, host: '127.0.0.1' });
      done(app.server.address().port);
    },
  };
};
