// Server time-outs: setTimeout on responses, requestTimeout, keepAliveTimeout, maxRequestsPerSocket.
import { createServer } from 'node:http';

export async function service({ instrument, listen, event }) {
  const server = createServer({ keepAliveTimeout: 60_000, connectionsCheckingInterval: 50 }, (req, res) => {
    if (req.url === '/waits') {
      res.setTimeout(50, () => {
        event(`timed out, ended ${res.writableEnded}`);
        res.writeHead(503).end('slow');
      });
    } else if (req.url === '/socket') req.socket.setTimeout(50);
    else res.end('at once');
  });
  server.maxRequestsPerSocket = 3;
  server.headersTimeout = 200;
  server.requestTimeout = 300;
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe }) {
  observe('waits', await client.request({ path: '/waits' }));
  observe('socket', await client.request({ path: '/socket', agent: false }));
  observe(
    'limit',
    await client.raw('GET / HTTP/1.1\r\nHost: shop\r\n\r\n'.repeat(4), (text) => text.includes(' 503 ')),
  );
  observe('slow head', await client.raw('GET / HTTP/1.1\r\nHost: shop\r\n'));
}
