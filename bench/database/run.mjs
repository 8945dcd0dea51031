// CPU per query of pg: bare, with the official instrumentation, traced and measured by golden-signals. README.md says how to run it.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../examples/shop/postgres.mjs';
import { cleanEnv, describeMachine } from '../environment.mjs';
import { startChild } from '../http-server/child.mjs';
import { median, quantile } from '../median.mjs';
import { orderOf } from '../order.mjs';
import { findOurs } from '../ours.mjs';
import { table } from '../table.mjs';
import { createOrders } from './orders.cjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    queries: { type: 'string', default: '20000' },
    'warm-up': { type: 'string', default: '20000' },
    concurrency: { type: 'string', default: '8' },
    ours: { type: 'string' },
    'max-ratio': { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const rounds = Number(given.rounds);
const count = Number(given.queries);
const warmUp = Number(given['warm-up']);
const concurrency = Number(given.concurrency);
const ours = findOurs(given.ours);
if (ours === undefined) throw new Error('run npm run build first');
// How many spans each makes of a query; the run itself is one more.
const spansOf = { bare: () => 0, official: (queries) => 2 * queries + 1, ours: (queries) => queries + 1 };
const variants = Object.keys(spansOf);

async function settledSpans(sink, expected) {
  let spans = (await sink.ask('count')).spans;
  for (let i = 0; i < 40 && spans < expected; i++) {
    await sleep(50);
    spans = (await sink.ask('count')).spans;
  }
  return spans;
}

async function sample(variant, { sink, url, env }) {
  const file = here(`./variants/${variant}.cjs`);
  const child = startChild(here('./client.cjs'), { args: [file], execArgv: ['--require', file], env });
  try {
    const ask = (queries) => child.ask('run', { url, query: 'pool', count: queries, concurrency });
    await ask(warmUp);
    await child.ask('flush');
    await settledSpans(sink, spansOf[variant](warmUp));
    await sink.ask('reset');
    const before = await child.ask('cpuMicros');
    await ask(count);
    await child.ask('flush');
    const expected = spansOf[variant](count);
    const spans = await settledSpans(sink, expected);
    const cpuMicros = (await child.ask('cpuMicros')) - before;
    return { variant, microsPerQuery: cpuMicros / count, spans, isComplete: spans === expected };
  } finally {
    await child.stop();
  }
}

const postgres = await startPostgres();
await createOrders(postgres.url);
const sink = startChild(here('../http-server/sink.mjs'), { env: cleanEnv() });
const env = cleanEnv({
  NODE_ENV: 'production',
  BENCH_OURS: ours,
  OTEL_SERVICE_NAME: 'bench',
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await sink.ask('listening')}`,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_SEMCONV_STABILITY_OPT_IN: 'database',
  OTEL_METRIC_EXPORT_INTERVAL: '1000',
  OTEL_BSP_SCHEDULE_DELAY: '1000',
  OTEL_BSP_MAX_QUEUE_SIZE: '65536',
});

const samples = [];
for (let round = 0; round < rounds; round++) {
  for (const variant of orderOf(variants, round)) {
    const result = await sample(variant, { sink, url: postgres.url, env });
    samples.push({ round, ...result });
    console.error(
      `round ${round + 1}/${rounds} ${variant.padEnd(8)} ${result.microsPerQuery.toFixed(1)} us/query, ` +
        `${result.spans} spans${result.isComplete ? '' : '  INCOMPLETE'}`,
    );
  }
}
await sink.stop();
await postgres.stop();

const text = (value) => value.toFixed(1);
const micros = (variant) => samples.filter((s) => s.variant === variant).map((s) => s.microsPerQuery);
const added = (variant) => micros(variant).map((value, round) => value - micros('bare')[round]);
const ratio = median(added('ours')) / median(added('official'));
const rows = variants.map((variant) => {
  const own = micros(variant);
  const more = added(variant);
  const isBare = variant === 'bare';
  return [
    variant,
    text(median(own)),
    `${text(quantile(own, 0.25))} to ${text(quantile(own, 0.75))}`,
    isBare ? '-' : text(median(more)),
    isBare ? '-' : `${text(quantile(more, 0.25))} to ${text(quantile(more, 0.75))}`,
    variant === 'ours' ? ratio.toFixed(3) : '-',
  ];
});
const head = ['variant', 'CPU us/query', 'middle half', 'added to bare', 'middle half', 'ours/official'];
console.log(
  `${describeMachine()}. ${rounds} rounds of ${count} queries (${warmUp} to warm up), ${concurrency} at a time.\n\n` +
    table(head, rows, { isMarkdown: given.markdown }),
);
if (samples.some(({ isComplete }) => !isComplete)) {
  console.error('Some sample delivered other counts than it made queries: its CPU time does not compare.');
  process.exitCode = 1;
}
if (given['max-ratio'] !== undefined && !(ratio <= Number(given['max-ratio']))) {
  console.error(`ours/official is above ${given['max-ratio']}`);
  process.exitCode = 1;
}
