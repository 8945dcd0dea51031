// ws beside an HTTP server: handshake, messages both ways, ping, close codes, a refused upgrade.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export async function service({ instrument, listen, event, tell }) {
  const { WebSocketServer } = await import('ws');
  const server = createServer((_req, res) => res.end('plain'));
  const sockets = new WebSocketServer({
    server,
    path: '/chat',
    verifyClient: ({ req }) => req.headers.refuse === undefined,
  });
  await instrument(server);
  sockets.on('connection', (socket, req) => {
    event(`connected to ${req.url}`);
    socket.on('message', (data, isBinary) => socket.send(isBinary ? data : `echo ${data}`));
    socket.on('close', (code, reason) => {
      event(`closed ${code} ${reason}`);
      tell('socket closed');
    });
  });
  await listen(server);
}

export async function drive({ client, port, observe, service }) {
  const { WebSocket } = require('ws');
  const talk = (path, headers) =>
    new Promise((resolve) => {
      const seen = [];
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
      socket.on('upgrade', (res) => seen.push(`upgrade ${res.statusCode} ${Object.keys(res.headers)}`));
      socket.on('unexpected-response', (_req, res) => {
        seen.push(`refused ${res.statusCode}`);
        res.resume();
        resolve(seen);
      });
      socket.on('open', () => socket.send('one'));
      socket.on('message', (data, isBinary) => {
        seen.push(`${isBinary} ${data}`);
        if (isBinary) socket.close(4001, 'enough');
        else socket.send(Buffer.from([1, 2]), { binary: true });
      });
      socket.on('close', (code) => {
        seen.push(`close ${code}`);
        resolve(seen);
      });
      socket.on('error', ({ message }) => seen.push(message));
    });
  observe('chat', await talk('/chat?a=1'));
  await service.next('socket closed');
  observe('refused', await talk('/chat', { refuse: '1' }));
  observe('elsewhere', await talk('/other'));
  observe('plain', await client.request());
}
