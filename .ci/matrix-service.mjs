// One service of .ci/matrix.mjs: `matrix-service.mjs <module> <order>`. It asks itself once, and ends when all is exported.
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';

const [kind, order] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const load = (name) => (kind === 'cjs' ? require(name) : import(name));

const api = await load('@opentelemetry/api');
// The part of the application that is of the other kind.
const other = kind === 'both' ? require('@opentelemetry/api') : api;
const early = api.trace.getTracer('early');
// An SDK of the application's own does not reach what the other instance of the API has handed out before.
const earlyOther = order === 'theirs' ? undefined : other.trace.getTracer('early');
const logs = api.logs ?? (await loadOptional('@opentelemetry/api-logs'))?.logs;
const logger = logs?.getLogger('app');

async function loadOptional(name) {
  try {
    return await load(name);
  } catch {
    return undefined;
  }
}

const sdkNode = await loadOptional('@opentelemetry/sdk-node');
let sdk;
const startTheirs = () => {
  if (sdkNode === undefined) return;
  sdk = new sdkNode.NodeSDK({ autoDetectResources: false });
  sdk.start();
};

const { instrument } = await load('golden-signals');
if (order === 'theirs') startTheirs();
const server = createServer((_req, res) => {
  early.startSpan('early').end();
  (earlyOther ?? other.trace.getTracer('late')).startSpan('other').end();
  api.trace.getTracer('late').startSpan('late').end();
  api.metrics.getMeter('app').createCounter('sold').add(1);
  logger?.emit({ severityNumber: 9, body: 'said' });
  res.end('ok');
});
const signals = instrument(server, { service: 'orders', logs: { export: true } });
if (order === 'ours') startTheirs();

server.listen(0, '127.0.0.1', () => {
  get({ port: server.address().port, host: '127.0.0.1', agent: false }, (res) => {
    res.resume().on('end', async () => {
      await signals.shutdown();
      await sdk?.shutdown();
      console.log(logger === undefined ? 'without logs' : 'with logs');
      process.exit();
    });
  });
});
