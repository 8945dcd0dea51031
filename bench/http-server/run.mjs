// CPU per request of one express app: bare, with the official instrumentation, with golden-signals. README.md says how to run it.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cleanEnv } from '../environment.mjs';
import { orderOf } from '../order.mjs';
import { findOurs } from '../ours.mjs';
import { startChild } from './child.mjs';
import { report } from './report.mjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '20000' },
    'warm-up': { type: 'string', default: '20000' },
    connections: { type: 'string', default: '16' },
    rate: { type: 'string', default: '0' },
    variants: { type: 'string', default: 'bare,official,ours' },
    ours: { type: 'string' },
    'max-ratio': { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const rounds = Number(given.rounds);
const requests = Number(given.requests);
const warmUp = Number(given['warm-up']);
const load = { connections: Number(given.connections), rate: Number(given.rate) };
const ours = findOurs(given.ours);
const variants = given.variants.split(',').filter((variant) => {
  const canRun = variant !== 'ours' || ours !== undefined;
  if (!canRun) console.error('ours is left out: run npm run build first');
  return canRun;
});

/** Waits until the collector has what a flush may have left in flight; a count that stays short is reported, not waited for. */
async function settledCount(sink, expected) {
  let count = await sink.ask('count');
  for (let i = 0; i < 40 && count.serverSpans < expected; i++) {
    await sleep(50);
    count = await sink.ask('count');
  }
  return count;
}

async function sample(variant, { sink, loader, env }) {
  const file = here(`./variants/${variant}.cjs`);
  const server = startChild(here('./server.cjs'), { args: [file], execArgv: ['--require', file], env });
  try {
    const port = await server.ask('listening');
    await loader.ask('run', { port, ...load, requests: warmUp });
    await server.ask('flush');
    await settledCount(sink, variant === 'bare' ? 0 : warmUp);
    await sink.ask('reset');

    const before = await server.ask('cpuMicros');
    const latency = await loader.ask('run', { port, ...load, requests });
    await server.ask('flush');
    const expected = variant === 'bare' ? 0 : requests;
    const count = await settledCount(sink, expected);
    const cpuMicros = (await server.ask('cpuMicros')) - before;

    return {
      variant,
      microsPerRequest: cpuMicros / requests,
      ...latency,
      ...count,
      isComplete:
        count.serverSpans === expected &&
        count.measuredRequests === (variant === 'bare' ? 0 : requests + warmUp),
    };
  } finally {
    await server.stop();
  }
}

const sink = startChild(here('./sink.mjs'), { env: cleanEnv() });
const loader = startChild(here('./load.mjs'), { env: cleanEnv() });
const env = cleanEnv({
  NODE_ENV: 'production',
  BENCH_OURS: ours ?? '',
  OTEL_SERVICE_NAME: 'bench',
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await sink.ask('listening')}`,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_SEMCONV_STABILITY_OPT_IN: 'http',
  // Short enough for several exports in one sample, the same for all; the queue so long that no variant drops a span.
  OTEL_METRIC_EXPORT_INTERVAL: '1000',
  OTEL_BSP_SCHEDULE_DELAY: '1000',
  OTEL_BSP_MAX_QUEUE_SIZE: '65536',
});

const samples = [];
for (let round = 0; round < rounds; round++) {
  for (const variant of orderOf(variants, round)) {
    const result = await sample(variant, { sink, loader, env });
    samples.push({ round, ...result });
    console.error(
      `round ${round + 1}/${rounds} ${variant.padEnd(13)} ${result.microsPerRequest.toFixed(1)} us/request, ` +
        `${result.perSecond.toFixed(0)} requests/s, ${result.serverSpans} server spans of ${result.spans}, ` +
        `${result.measuredRequests} measured, ${result.exports} exports${result.isComplete ? '' : '  INCOMPLETE'}`,
    );
  }
}
await Promise.all([sink.stop(), loader.stop()]);

const { text, ratio } = report(samples, {
  variants,
  rounds,
  requests,
  warmUp,
  ...load,
  isMarkdown: given.markdown,
});
console.log(text);
if (samples.some(({ isComplete }) => !isComplete)) {
  console.error('Some sample delivered other counts than it served: its CPU time does not compare.');
  process.exitCode = 1;
}
if (given['max-ratio'] !== undefined && !(ratio <= Number(given['max-ratio']))) {
  console.error(`ours/official is ${ratio?.toFixed(3)}, more than ${given['max-ratio']}`);
  process.exitCode = 1;
}
