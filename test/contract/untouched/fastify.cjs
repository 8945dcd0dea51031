const fastify = require('fastify');

const app = fastify();
app.register(async (inner) => inner.get('/orders/:id', async (request) => ({ id: request.params.id })), {
  prefix: '/tenants/:tenant',
});

app.listen({ port: 0, host: '127.0.0.1' }).then(() => console.log(app.server.address().port));
