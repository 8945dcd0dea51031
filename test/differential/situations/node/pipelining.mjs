// Pipelined requests on one connection, answered out of order, with one that fails in between; malformed requests.
import { createServer } from 'node:http';

export async function service({ instrument, listen, event }) {
  const server = createServer({ maxHeaderSize: 2_048 }, (req, res) => {
    event(`asked ${req.url}`);
    req.resume();
    res.on('close', () => event(`closed ${req.url}`));
    if (req.url === '/slow') setTimeout(() => res.end('slow'), 20);
    else res.writeHead(req.url === '/fails' ? 500 : 200).end(req.url);
  });
  server.on('clientError', (error, socket) => {
    event(`client error ${error.code}`);
    socket.end(`HTTP/1.1 400 Bad Request\r\n\r\n${error.code}`);
  });
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe }) {
  const ask = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: shop\r\n${more}\r\n`;
  observe(
    'pipelined',
    await client.raw(ask('/slow') + ask('/fast') + ask('/fails') + ask('/last', 'Connection: close\r\n')),
  );
  observe('garbage', await client.raw('NOT HTTP\r\n\r\n'));
  observe('no host', await client.raw('GET / HTTP/1.1\r\n\r\n'));
  observe('huge header', await client.raw(ask('/', `X-Huge: ${'a'.repeat(4_000)}\r\n`)));
  observe(
    'two lengths',
    await client.raw('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
  );
  observe(
    'odd method',
    await client.raw('PROPFIND /dav HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n'),
  );
  observe(
    'absolute',
    await client.raw('GET http://other/path HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n'),
  );
  observe(
    'traced',
    await client.raw(
      ask('/traced', 'traceparent: nonsense\r\ntraceparent: 00-1\r\nbaggage: ===\r\nConnection: close\r\n'),
    ),
  );
}
