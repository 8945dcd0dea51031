import { once } from 'node:events';
import { createServer } from 'node:http';
import { linesOf } from './client.mjs';

/** What the process under test calls: it runs beside it, answers as the situation says, and keeps what came. */
export async function startUpstream(handler, requests) {
  const server = createServer({ keepAliveTimeout: 60_000 });
  for (const event of ['request', 'checkContinue']) {
    server.on(event, async (req, res) => {
      const { method, url, httpVersion, rawHeaders } = req;
      const seen = { method, url, httpVersion, headers: linesOf(rawHeaders), body: '' };
      // Whether a call that is given up at once has arrived by then, only the load of the machine decides.
      if (!url.startsWith('/hangs')) requests.push(seen);
      req.setEncoding('latin1');
      req.on('data', (chunk) => {
        seen.body += chunk;
      });
      req.on('end', () => {
        if (req.rawTrailers.length > 0) seen.trailers = linesOf(req.rawTrailers);
      });
      req.on('aborted', () => {
        seen.aborted = true;
      });
      if (event === 'checkContinue') {
        seen.expected = true;
        res.writeContinue();
      }
      await handler(req, res, { server, count: requests.length, seen });
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    port: server.address().port,
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
