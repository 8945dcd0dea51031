// What the measured process sends to and calls, in a process of its own: the collector or agent of every variant, and the other service.
import { createServer } from 'node:http';
import { gunzipSync, inflateSync } from 'node:zlib';
import { countSpans } from '../http-server/otlp-count.mjs';

let pending = [];
let exportsSeen = 0;
let bytesSeen = 0;

const decoded = ({ encoding, body }) => {
  if (encoding === 'gzip') return gunzipSync(body);
  if (encoding === 'deflate') return inflateSync(body);
  return body;
};
const linesStarting = (text, start) => text.split('\n').filter((line) => line.startsWith(start)).length;

/** How many requests an export speaks of, by the path it came to. */
const requestsIn = [
  [/^\/v1\/traces$/, ({ body }) => countSpans(body).serverSpans],
  // Datadog's library sends the number of traces in a header.
  [/^\/v0\.\d\/traces$/, ({ traceCount }) => traceCount],
  [/^\/api\/\d+\/envelope\//, ({ body }) => body.toString().split('"is_segment":true').length - 1],
  [/^\/intake\/v2\/events$/, ({ body }) => linesStarting(body.toString(), '{"transaction":')],
];

const sink = createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const body = Buffer.concat(chunks);
    exportsSeen += 1;
    bytesSeen += body.length;
    const path = req.url.split('?')[0];
    // Decoding waits until a sample is over, so that it takes no core from the process under measurement.
    pending.push({
      path,
      encoding: req.headers['content-encoding'],
      traceCount: Number(req.headers['x-datadog-trace-count'] ?? 0),
      body,
    });
    if (path.startsWith('/v1/'))
      res.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 }).end();
    else if (path === '/intake/v2/events') res.writeHead(202).end();
    else if (path === '/') res.end('{"version":"8.17.0"}');
    else res.end('{}');
  });
});

const payment = JSON.stringify({ status: 'paid' });
const upstream = createServer((_req, res) => {
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': payment.length });
  res.end(payment);
});
upstream.keepAliveTimeout = 60_000;

const portOf = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
const ports = Promise.all([portOf(sink), portOf(upstream)]).then(([sinkPort, upstreamPort]) => ({
  sinkPort,
  upstreamPort,
}));

const commands = {
  listening: () => ports,
  reset() {
    pending = [];
    exportsSeen = 0;
    bytesSeen = 0;
    return true;
  },
  count() {
    let requests = 0;
    for (const one of pending) {
      const count = requestsIn.find(([pattern]) => pattern.test(one.path))?.[1];
      if (count !== undefined) requests += count({ ...one, body: decoded(one) });
    }
    pending = [];
    const counted = { requests, exports: exportsSeen, bytes: bytesSeen };
    exportsSeen = 0;
    bytesSeen = 0;
    return counted;
  },
};

process.on('message', async ({ id, command }) => {
  process.send({ id, value: await commands[command]() });
});
process.on('disconnect', () => process.exit());
