// prom-client as its documentation shows it.
const http = require('node:http');
const { Histogram, Registry } = require('prom-client');
const { attributesOf, BOUNDS, durationOf, ROUTES } = require('../workload.cjs');

const labelsOf = (index) =>
  Object.fromEntries(
    Object.entries(attributesOf(index)).map(([key, value]) => [key.replaceAll('.', '_'), value]),
  );

exports.start = async () => {
  const registry = new Registry();
  const histogram = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of HTTP server requests.',
    labelNames: Object.keys(labelsOf(0)),
    buckets: BOUNDS,
    registers: [registry],
  });
  for (let index = 0; index < ROUTES; index++) histogram.observe(labelsOf(index), durationOf(index));
  const server = http.createServer(async (_req, res) => {
    res.setHeader('content-type', registry.contentType);
    res.end(await registry.metrics());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
};
