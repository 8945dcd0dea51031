// Expect: 100-continue with and without a checkContinue listener, an expectation that cannot be met, informational answers.
import { createServer } from 'node:http';

export async function service({ instrument, listen, event }) {
  const server = createServer((req, res) => {
    event(`request ${req.url}`);
    let size = 0;
    req.on('data', (chunk) => {
      size += chunk.length;
    });
    req.on('end', () => res.end(`${size} bytes`));
  });
  await instrument(server);
  server.on('checkContinue', (req, res) => {
    event(`checkContinue ${req.url}`);
    if (req.url === '/refused') return void res.writeHead(417).end('no');
    res.writeProcessing();
    res.writeContinue();
    server.emit('request', req, res);
  });
  server.on('checkExpectation', (req, res) => {
    event(`checkExpectation ${req.headers.expect}`);
    res.writeHead(417).end();
  });
  await listen(server);
}

export async function drive({ client, observe }) {
  const head = (path, expect) =>
    `POST ${path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\nExpect: ${expect}\r\nConnection: close\r\n\r\n`;
  observe('continues', await client.raw(`${head('/', '100-continue')}body`));
  observe(
    'refused',
    await client.raw(
      head('/refused', '100-continue'),
      (text) => text.endsWith('no') || text.includes('\r\n0\r\n'),
    ),
  );
  observe('other', await client.raw(`${head('/', 'miracles')}body`));
}
