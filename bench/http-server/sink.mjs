// The collector of the comparison: keeps every body, answers an empty protobuf message, counts when it is asked.
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { countMeasuredRequests, countSpans } from './otlp-count.mjs';

const nothing = () => ({ exports: 0, bytes: 0, spans: 0, serverSpans: 0, measuredRequests: 0 });
let received = nothing();
let pending = [];

const server = createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    pending.push({
      path: req.url,
      gzip: req.headers['content-encoding'] === 'gzip',
      body: Buffer.concat(chunks),
    });
    res.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 }).end();
  });
});
server.listen(0, '127.0.0.1');

// Decoding waits until the sample is over, so that it takes no core from the server under measurement.
function countPending() {
  for (const { path, gzip, body } of pending) {
    const message = gzip ? gunzipSync(body) : body;
    received.exports++;
    received.bytes += body.length;
    if (path === '/v1/traces') {
      const { spans, serverSpans } = countSpans(message);
      received.spans += spans;
      received.serverSpans += serverSpans;
    } else if (path === '/v1/metrics') {
      // Cumulative temporality: the last export holds the total.
      received.measuredRequests = countMeasuredRequests(message) ?? received.measuredRequests;
    }
  }
  pending = [];
  return received;
}

const commands = {
  listening: () =>
    new Promise((resolve) =>
      server.listening
        ? resolve(server.address().port)
        : server.once('listening', () => resolve(server.address().port)),
    ),
  reset: () => {
    pending = [];
    received = nothing();
    return true;
  },
  count: countPending,
};

process.on('message', async ({ id, command }) => {
  process.send({ id, value: await commands[command]() });
});
process.on('disconnect', () => process.exit());
