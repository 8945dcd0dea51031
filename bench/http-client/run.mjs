// CPU per outgoing call: bare, with the official instrumentation, traced and guarded by golden-signals. ../README.md says how to run it.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cleanEnv, describeMachine } from '../environment.mjs';
import { startChild } from '../http-server/child.mjs';
import { median, quantile } from '../median.mjs';
import { orderOf } from '../order.mjs';
import { findOurs } from '../ours.mjs';
import { table } from '../table.mjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    slices: { type: 'string', default: '5' },
    calls: { type: 'string', default: '4000' },
    'warm-up': { type: 'string', default: '20000' },
    concurrency: { type: 'string', default: '16' },
    clients: { type: 'string', default: 'fetch,http' },
    ours: { type: 'string' },
    'max-ratio': { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const rounds = Number(given.rounds);
const slices = Number(given.slices);
const count = Number(given.calls);
const warmUp = Number(given['warm-up']);
const concurrency = Number(given.concurrency);
const clients = given.clients.split(',');
const ours = findOurs(given.ours);
if (ours === undefined) throw new Error('run npm run build first');
const variants = ['bare', 'official', 'ours'];

async function settledSpans(sink, expected) {
  let spans = (await sink.ask('count')).spans;
  for (let i = 0; i < 40 && spans < expected; i++) {
    await sleep(50);
    spans = (await sink.ask('count')).spans;
  }
  return spans;
}

/** Starts a client process and makes the calls that warm it up. */
async function startClient(client, variant, { sink, url, env }) {
  const file = here(`./variants/${variant}.cjs`);
  const child = startChild(here('./client.cjs'), { args: [file], execArgv: ['--require', file], env });
  await child.ask('run', { client, url, count: warmUp, concurrency });
  await child.ask('flush');
  await settledSpans(sink, variant === 'bare' ? 0 : warmUp);
  return child;
}

async function sample(child, client, variant, { sink, url }) {
  const expected = variant === 'bare' ? 0 : count;
  await sink.ask('reset');
  const before = await child.ask('cpuMicros');
  await child.ask('run', { client, url, count, concurrency });
  await child.ask('flush');
  const spans = await settledSpans(sink, expected);
  const cpuMicros = (await child.ask('cpuMicros')) - before;
  return { client, variant, microsPerCall: cpuMicros / count, spans, isComplete: spans === expected };
}

const sink = startChild(here('../http-server/sink.mjs'), { env: cleanEnv() });
const upstream = startChild(here('./upstream.mjs'), { env: cleanEnv() });
const url = `http://127.0.0.1:${await upstream.ask('listening')}/payments/7?channel=web`;
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
    const children = new Map();
    for (const variant of orderOf(variants, round)) {
      await sink.ask('reset');
      children.set(variant, await startClient(client, variant, { sink, url, env }));
    }
    for (let slice = 0; slice < slices; slice++) {
      for (const variant of orderOf(variants, round + slice)) {
        const result = await sample(children.get(variant), client, variant, { sink, url });
        samples.push(result);
        console.error(
          `round ${round + 1}/${rounds} ${client.padEnd(5)} ${variant.padEnd(8)} ${result.microsPerCall.toFixed(1)} us/call, ` +
            `${result.spans} spans${result.isComplete ? '' : '  INCOMPLETE'}`,
        );
      }
    }
    await Promise.all([...children.values()].map((child) => child.stop()));
  }
}
await Promise.all([sink.stop(), upstream.stop()]);

const text = (value) => value.toFixed(1);
const micros = (client, variant) =>
  samples.filter((s) => s.client === client && s.variant === variant).map((s) => s.microsPerCall);
const added = (client, variant) =>
  micros(client, variant).map((value, index) => value - micros(client, 'bare')[index]);
const rows = [];
const ratios = [];
for (const client of clients) {
  for (const variant of variants) {
    const own = micros(client, variant);
    const more = added(client, variant);
    const ratio = variant === 'ours' ? median(more) / median(added(client, 'official')) : undefined;
    if (ratio !== undefined) ratios.push(ratio);
    rows.push([
      `${client} ${variant}`,
      text(median(own)),
      `${text(quantile(own, 0.25))} to ${text(quantile(own, 0.75))}`,
      variant === 'bare' ? '-' : text(median(more)),
      variant === 'bare' ? '-' : `${text(quantile(more, 0.25))} to ${text(quantile(more, 0.75))}`,
      ratio === undefined ? '-' : ratio.toFixed(3),
    ]);
  }
}
const head = [
  'client and variant',
  'CPU us/call',
  'middle half',
  'added to bare',
  'middle half',
  'ours/official',
];
console.log(
  `${describeMachine()}. ${rounds} rounds of ${slices} slices of ${count} calls (${warmUp} to warm up), ${concurrency} at a time, keep-alive.\n\n` +
    table(head, rows, { isMarkdown: given.markdown }),
);
if (samples.some(({ isComplete }) => !isComplete)) {
  console.error('Some sample delivered other counts than it made calls: its CPU time does not compare.');
  process.exitCode = 1;
}
if (given['max-ratio'] !== undefined && !ratios.every((ratio) => ratio <= Number(given['max-ratio']))) {
  console.error(`ours/official is above ${given['max-ratio']}`);
  process.exitCode = 1;
}
