// @fastify/websocket: a socket route with hooks, and a plain route at the same place.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export async function service({ instrument, listenFastify, event, tell }) {
  const { default: fastify } = await import('fastify');
  const app = fastify();
  await instrument(app);
  await app.register(import('@fastify/websocket'));
  app.addHook('preValidation', async (request) => event(`validated ${request.url} ${request.ws}`));
  await app.register(async (scope) => {
    scope.get('/live', { websocket: true }, (socket, request) => {
      socket.on('message', (text) => socket.send(`${request.query.name}: ${text}`));
      socket.on('close', (code) => {
        event(`closed ${code}`);
        tell('socket closed');
      });
    });
  });
  await listenFastify(app);
}

export async function drive({ client, port, observe, service }) {
  const { WebSocket } = require('ws');
  const seen = await new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/live?name=ann`);
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (data) => {
      socket.close(1000);
      resolve(String(data));
    });
    socket.on('error', ({ message }) => resolve(message));
  });
  observe('live', seen);
  await service.next('socket closed');
  observe('plain', await client.request({ path: '/live' }));
}
