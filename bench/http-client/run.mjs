// CPU per outgoing call of a service: bare, with the official instrumentation, with golden-signals. ../README.md says how to run it.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cleanEnv } from '../environment.mjs';
import { startChild } from '../http-server/child.mjs';
import { orderOf } from '../order.mjs';
import { findOurs } from '../ours.mjs';
import { report } from './report.mjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    slices: { type: 'string', default: '5' },
    requests: { type: 'string', default: '4000' },
    'warm-up': { type: 'string', default: '20000' },
    connections: { type: 'string', default: '16' },
    clients: { type: 'string', default: 'fetch,http' },
    ours: { type: 'string' },
    'max-ratio': { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const rounds = Number(given.rounds);
const slices = Number(given.slices);
const requests = Number(given.requests);
const warmUp = Number(given['warm-up']);
const load = { connections: Number(given.connections), rate: 0 };
const clients = given.clients.split(',');
const ours = findOurs(given.ours);
if (ours === undefined) throw new Error('run npm run build first');
const variants = ['bare', 'official', 'ours'];
const paths = ['/plain', '/calls'];

/** The spans that a number of requests must leave behind. */
const expectedOf = (variant, path, count) => {
  if (variant === 'bare') return { serverSpans: 0, spans: 0 };
  return { serverSpans: count, spans: path === '/calls' ? 2 * count : count };
};

/** Waits until the collector has what a flush may have left in flight; a count that stays short is reported, not waited for. */
async function settledCount(sink, expected) {
  let count = await sink.ask('count');
  for (let i = 0; i < 40 && count.spans < expected.spans; i++) {
    await sleep(50);
    count = await sink.ask('count');
  }
  return count;
}

/** Serves `count` requests; gives the spans that came of them. */
async function serve(service, path, count, { sink, loader }) {
  await sink.ask('reset');
  await loader.ask('run', { port: service.port, path, ...load, requests: count });
  await service.child.ask('flush');
  return settledCount(sink, expectedOf(service.variant, path, count));
}

async function startService(client, variant, { upstream, env, ...others }) {
  const file = here(`./variants/${variant}.cjs`);
  const args = [file, client, upstream];
  const child = startChild(here('./service.cjs'), { args, execArgv: ['--require', file], env });
  const service = { variant, child, port: await child.ask('listening') };
  for (const path of paths) await serve(service, path, warmUp, others);
  return service;
}

async function sample(service, path, others) {
  const { variant, child } = service;
  const expected = expectedOf(variant, path, requests);
  const before = await child.ask('cpuMicros');
  const { spans, serverSpans } = await serve(service, path, requests, others);
  const microsPerRequest = ((await child.ask('cpuMicros')) - before) / requests;
  const isComplete = spans === expected.spans && serverSpans === expected.serverSpans;
  return { variant, path, microsPerRequest, spans, isComplete };
}

const sink = startChild(here('../http-server/sink.mjs'), { env: cleanEnv() });
const loader = startChild(here('../http-server/load.mjs'), { env: cleanEnv() });
const upstreamServer = startChild(here('./upstream.mjs'), { env: cleanEnv() });
const upstream = `http://127.0.0.1:${await upstreamServer.ask('listening')}`;
const env = cleanEnv({
  NODE_ENV: 'production',
  BENCH_OURS: ours,
  OTEL_SERVICE_NAME: 'bench',
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await sink.ask('listening')}`,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_SEMCONV_STABILITY_OPT_IN: 'http',
  OTEL_METRIC_EXPORT_INTERVAL: '1000',
  OTEL_BSP_SCHEDULE_DELAY: '1000',
  OTEL_BSP_MAX_QUEUE_SIZE: '65536',
});

const samples = [];
for (let round = 0; round < rounds; round++) {
  for (const client of clients) {
    const services = new Map();
    for (const variant of orderOf(variants, round)) {
      services.set(variant, await startService(client, variant, { sink, loader, upstream, env }));
    }
    for (let slice = 0; slice < slices; slice++) {
      for (const variant of orderOf(variants, round + slice)) {
        for (const path of orderOf(paths, slice)) {
          const result = await sample(services.get(variant), path, { sink, loader });
          samples.push({ client, ...result });
          console.error(
            `round ${round + 1}/${rounds} ${client.padEnd(5)} ${variant.padEnd(8)} ${path.padEnd(6)} ` +
              `${result.microsPerRequest.toFixed(1)} us/request, ${result.spans} spans${result.isComplete ? '' : '  INCOMPLETE'}`,
          );
        }
      }
    }
    await Promise.all([...services.values()].map(({ child }) => child.stop()));
  }
}
await Promise.all([sink.stop(), loader.stop(), upstreamServer.stop()]);

const { text, ratios } = report(samples, {
  variants,
  clients,
  rounds,
  slices,
  requests,
  warmUp,
  connections: load.connections,
  isMarkdown: given.markdown,
});
console.log(text);
if (samples.some(({ isComplete }) => !isComplete)) {
  console.error('Some sample delivered other counts than it served: its CPU time does not compare.');
  process.exitCode = 1;
}
if (given['max-ratio'] !== undefined && !ratios.every((ratio) => ratio <= Number(given['max-ratio']))) {
  console.error(`ours/official is above ${given['max-ratio']}`);
  process.exitCode = 1;
}
