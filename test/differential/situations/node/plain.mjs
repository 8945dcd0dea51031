// node:http alone: order of events, writeHead in its forms, trailers, early hints, 304, HEAD, keep-alive, shapes.
import { createServer } from 'node:http';

export async function service({ instrument, listen, observe, shapeOf, event }) {
  const server = createServer();
  for (const name of ['connection', 'close', 'clientError', 'dropRequest'])
    server.on(name, () => event(`server ${name}`));
  await instrument(server);
  server.on('request', (req, res) => {
    if (req.url === '/shapes') {
      observe('request', shapeOf(req));
      observe('response', shapeOf(res));
      observe('socket', shapeOf(req.socket, { listeners: false }).keys);
      for (const name of ['resume', 'end', 'close', 'error']) req.on(name, () => event(`request ${name}`));
      for (const name of ['pipe', 'prefinish', 'finish', 'close', 'error'])
        res.on(name, () => event(`response ${name}`));
      observe('listeners', [
        req.eventNames().map(String),
        res.eventNames().map(String),
        req.socket.eventNames().map(String),
      ]);
    }
    if (req.url === '/hints') res.writeEarlyHints({ link: '</a.css>; rel=preload' });
    if (req.url === '/list')
      return void res.writeHead(207, 'Many', ['X-Twice', '1', 'X-Twice', '2', 'x-Case', 'Y']).end('list');
    if (req.url === '/304') return void res.writeHead(304, { ETag: '"1"' }).end();
    if (req.url === '/trailers') {
      res.writeHead(200, { Trailer: 'X-Sum' });
      res.write('chunk');
      res.addTrailers({ 'X-Sum': '5' });
      return void res.end();
    }
    if (req.url === '/implicit') {
      res.setHeader('X-A', ['1', '2']);
      res.appendHeader('X-B', '3');
      event(`names ${res.getHeaderNames()} ${res.hasHeader('x-a')} sent ${res.headersSent}`);
      res.statusMessage = 'Fine';
      res.write('a');
      event(`sent ${res.headersSent}`);
      return void res.end('b', () => event('end called back'));
    }
    res.end(`${req.method} ${req.url}`);
  });
  await listen(server);
  observe('server', shapeOf(server));
}

export async function drive({ client, observe }) {
  for (const path of ['/shapes', '/hints', '/list', '/304', '/trailers', '/implicit'])
    observe(path, await client.request({ path }));
  observe('head', await client.request({ method: 'HEAD', path: '/implicit' }));
  observe('old', await client.raw('GET / HTTP/1.0\r\n\r\n'));
}
