// express-ws: sockets as routes of the app, behind its middlewares.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export async function service({ instrument, listen, event, tell }) {
  const { default: express } = await import('express4');
  const { default: expressWs } = await import('express-ws');
  const { app } = expressWs(express());
  await instrument(app);
  app.use((req, res, next) => {
    event(`middleware ${req.url} ${res.constructor.name}`);
    next();
  });
  app.ws('/rooms/:room', (socket, req) => {
    socket.on('message', (text) => socket.send(`${req.params.room}: ${text}`));
    socket.on('close', (code) => {
      event(`closed ${code}`);
      tell('socket closed');
    });
  });
  app.get('/rooms', (_req, res) => res.json([]));
  await listen(app);
}

export async function drive({ client, port, observe, service }) {
  const { WebSocket } = require('ws');
  const seen = await new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/rooms/blue`);
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (data) => {
      socket.close(1000);
      resolve(String(data));
    });
    socket.on('error', ({ message }) => resolve(message));
  });
  observe('room', seen);
  await service.next('socket closed');
  observe('rooms', await client.request({ path: '/rooms' }));
}
