// As service.cjs, in modules.

import http from 'node:http';
import { instrument } from 'golden-signals';

const [kind, next] = process.argv.slice(2);
const listen = {
  async orders() {
    const { default: express } = await import('express');
    const app = express();
    app.get('/orders/:id', async (_req, res) => {
      const response = await fetch(next);
      res.send(await response.text());
    });
    return { signals: instrument(app), server: app.listen(0, '127.0.0.1') };
  },
  async stock() {
    const [{ default: fastify }, { default: axios }] = await Promise.all([
      import('fastify'),
      import('axios'),
    ]);
    const app = fastify();
    app.get('/stock/:id', async () => (await axios.get(next)).data);
    const signals = instrument(app);
    app.listen({ port: 0, host: '127.0.0.1' });
    return { signals, server: app.server };
  },
  async payments() {
    const { request } = await import('undici7');
    const server = http.createServer(async (_req, res) => {
      const { body } = await request(next);
      res.end(await body.text());
    });
    return { signals: instrument(server), server: server.listen(0, '127.0.0.1') };
  },
};

const { signals, server } = await listen[kind]();
server.on('listening', () => console.log(server.address().port));
process.once('message', async () => {
  await signals.shutdown();
  process.exit();
});
