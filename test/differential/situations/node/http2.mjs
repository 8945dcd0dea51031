// node:http2 with the compatibility API and with streams: headers, trailers, push, resets, files.

import { writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';

export async function service({ instrument, listen, event, observe, shapeOf }) {
  const file = join(process.env.DIFFERENTIAL_FOLDER, 'a.txt');
  writeFileSync(file, 'of a file');
  const server = http2.createServer();
  await instrument(server);
  server.on('request', (req, res) => {
    if (req.url === '/shapes') {
      observe('request', shapeOf(req));
      observe('response', shapeOf(res));
    }
    if (req.url.startsWith('/stream')) return;
    for (const name of ['finish', 'close']) res.on(name, () => event(`${req.url} response ${name}`));
    if (req.url === '/reset') return void res.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    res.setHeader('X-Own', '1');
    res.writeHead(201, { 'content-type': 'text/plain' });
    res.addTrailers({ 'x-sum': '2' });
    res.end(`${req.method} ${req.url} ${req.httpVersion} ${req.authority}`);
  });
  server.on('stream', (stream, headers) => {
    if (headers[':path'] === '/stream') {
      stream.respond({ ':status': 202, 'x-own': '2' });
      stream.end('by stream');
    }
    if (headers[':path'] === '/stream/file') stream.respondWithFile(file, { 'content-type': 'text/plain' });
  });
  await listen(server);
}

export async function drive({ port, observe }) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const ask = (headers, body) =>
    new Promise((resolve) => {
      const stream = session.request(headers);
      const seen = { body: '' };
      stream.setEncoding('utf8');
      stream.on('response', (answer) => {
        seen.headers = { ...answer, date: undefined, 'last-modified': undefined };
      });
      stream.on('trailers', (trailers) => {
        seen.trailers = { ...trailers };
      });
      stream.on('data', (chunk) => {
        seen.body += chunk;
      });
      stream.on('error', ({ code }) => {
        seen.error = code;
      });
      stream.on('close', () => resolve({ ...seen, reset: stream.rstCode }));
      stream.end(body);
    });
  for (const path of ['/shapes', '/x?a=1', '/stream', '/stream/file', '/reset'])
    observe(path, await ask({ ':path': path }));
  observe('post', await ask({ ':path': '/post', ':method': 'POST' }, 'body'));
  observe('head', await ask({ ':path': '/head', ':method': 'HEAD' }));
  session.close();
}
