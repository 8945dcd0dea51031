// What a service sends: node bench/export-size/run.mjs [--routes 8] [--requests 2000] [--gzip]
// A fastify service with so many routes, each request with one outgoing call, exports to a receiver that counts bytes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { describeMachine } from '../environment.mjs';

const { values } = parseArgs({
  options: {
    routes: { type: 'string', default: '8' },
    requests: { type: 'string', default: '2000' },
    gzip: { type: 'boolean', default: false },
  },
});
const routes = Number(values.routes);
const requests = Number(values.requests);

const sent = { traces: 0, metrics: 0, metricExports: 0 };
const collector = createServer(async (req, res) => {
  let bytes = 0;
  for await (const chunk of req) bytes += chunk.length;
  const signal = req.url.split('/').at(-1);
  sent[signal] += bytes;
  if (signal === 'metrics') sent.metricExports += 1;
  res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
});
const upstream = createServer((_req, res) => res.end('ok'));
const portOf = async (server) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
};

process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${await portOf(collector)}`;
process.env.OTEL_METRIC_EXPORT_INTERVAL = '3600000';
process.env.OTEL_BSP_MAX_QUEUE_SIZE = '65536';
process.env.OTEL_LOG_LEVEL = 'warn';
if (values.gzip) process.env.OTEL_EXPORTER_OTLP_COMPRESSION = 'gzip';
const require = createRequire(import.meta.url);
const { instrument } = require('../../dist/index.js');

const upstreamUrl = `http://127.0.0.1:${await portOf(upstream)}`;
const app = require('fastify')();
const signals = instrument(app, { service: 'orders', metrics: { prometheus: {} } });
for (let index = 0; index < routes; index += 1)
  app.get(`/orders-${index}/:id`, async () => (await fetch(`${upstreamUrl}/stock`)).text());
const url = await app.listen({ port: 0, host: '127.0.0.1' });

// From another process, as a call of this one would be a span of its own.
const load = `for (let i = 0; i < ${requests}; i += 1) await (await fetch(\`${url}/orders-\${i % ${routes}}/\${i}\`)).text();`;
const [code] = await once(
  spawn(process.execPath, ['--input-type=module', '-e', load], { stdio: 'inherit' }),
  'exit',
);
if (code !== 0) throw new Error(`the load ended with exit code ${code}`);
await signals.flush();
const page = await (await fetch(`${url}/metrics`)).text();
const series = page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;

console.log(describeMachine());
console.log(`${routes} routes, ${requests} requests with one call each${values.gzip ? ', gzip' : ''}`);
console.log(`traces:  ${(sent.traces / requests).toFixed(0)} bytes a request (2 spans: it and its call)`);
console.log(
  `metrics: ${(sent.metrics / sent.metricExports).toFixed(0)} bytes an export, ${series} series for Prometheus`,
);
await signals.shutdown();
await app.close();
collector.close();
upstream.close();
