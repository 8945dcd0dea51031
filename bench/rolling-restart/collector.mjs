import { once } from 'node:events';
import { createServer } from 'node:http';

/** Takes OTLP/HTTP JSON and notes which requests it has a server span of, by the number in their path. */
export async function startCollector() {
  const seen = new Set();
  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    if (req.url === '/v1/traces') {
      const { resourceSpans = [] } = JSON.parse(Buffer.concat(chunks));
      const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      for (const { attributes } of spans) {
        const path = attributes.find(({ key }) => key === 'url.path')?.value.stringValue;
        const number = /^\/work\/(\d+)$/.exec(path)?.[1];
        if (number !== undefined) seen.add(Number(number));
      }
    }
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
