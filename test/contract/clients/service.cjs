// node service.cjs <kind> <url of the next one>: one of three services, each with another framework and another client.

const http = require('node:http');
const { instrument } = require('golden-signals');

const [kind, next] = process.argv.slice(2);
const listen = {
  orders(express = require('express')) {
    const app = express();
    app.get('/orders/:id', async (_req, res) => {
      const response = await fetch(next);
      res.send(await response.text());
    });
    return { signals: instrument(app), server: app.listen(0, '127.0.0.1') };
  },
  stock(fastify = require('fastify'), axios = require('axios')) {
    const app = fastify();
    app.get('/stock/:id', async () => (await axios.get(next)).data);
    const signals = instrument(app);
    app.listen({ port: 0, host: '127.0.0.1' });
    return { signals, server: app.server };
  },
  payments({ request } = require('undici7')) {
    const server = http.createServer(async (_req, res) => {
      const { body } = await request(next);
      res.end(await body.text());
    });
    return { signals: instrument(server), server: server.listen(0, '127.0.0.1') };
  },
};

const { signals, server } = listen[kind]();
server.on('listening', () => console.log(server.address().port));
process.once('message', async () => {
  await signals.shutdown();
  process.exit();
});
