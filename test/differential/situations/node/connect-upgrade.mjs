// CONNECT and Upgrade: with listeners, and without them.
import { createServer } from 'node:http';

export async function service({ instrument, listen, event }) {
  const server = createServer((req, res) => res.end(`request ${req.url} upgrade ${req.headers.upgrade}`));
  await instrument(server);
  server.on('upgrade', (req, socket, head) => {
    event(`upgrade ${req.url}`);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    socket.once('data', (chunk) => socket.end(chunk));
    socket.on('close', () => event('upgraded socket closed'));
  });
  server.on('connect', (req, socket) => {
    event(`connect ${req.url}`);
    socket.end('HTTP/1.1 200 Connection Established\r\n\r\ntunnel');
  });
  await listen(server);
}

export async function drive({ client, observe }) {
  observe(
    'upgrade',
    await client.raw('GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nping'),
  );
  observe('connect', await client.raw('CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n'));
  observe('plain', await client.raw('GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n'));
}
