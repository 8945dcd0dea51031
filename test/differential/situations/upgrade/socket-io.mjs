// socket.io over polling and then WebSocket, with acknowledgements, rooms and a namespace that refuses.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export async function service({ instrument, listen, event, tell }) {
  const { Server } = await import('socket.io');
  const server = createServer((_req, res) => res.end('plain'));
  const io = new Server(server, { cors: { origin: 'https://shop.example' } });
  await instrument(server);
  io.of('/closed').use((_socket, next) => next(new Error('not for you')));
  io.on('connection', (socket) => {
    event(`connected by ${socket.conn.transport.name}`);
    socket.on('add', (a, b, reply) => reply(a + b));
    socket.on('disconnect', (reason) => {
      event(`disconnected: ${reason}`);
      tell('gone');
    });
  });
  await listen(server);
}

export async function drive({ client, port, observe, service }) {
  const { io } = require('socket.io-client');
  for (const transports of [['polling'], ['websocket']]) {
    const socket = io(`http://127.0.0.1:${port}`, { transports, forceNew: true });
    observe(`sum by ${transports}`, await socket.timeout(20_000).emitWithAck('add', 1, 2));
    socket.disconnect();
    await service.next('gone');
  }
  const refused = io(`http://127.0.0.1:${port}/closed`, { forceNew: true, transports: ['websocket'] });
  observe(
    'refused',
    await new Promise((resolve) => refused.on('connect_error', ({ message }) => resolve(message))),
  );
  refused.disconnect();
  observe('plain', await client.request());
}
