// What looking at the process and at its pools costs, in CPU time. README.md says how to run it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../examples/shop/postgres.mjs';
import { cleanEnv, describeMachine } from '../environment.mjs';
import { median } from '../median.mjs';
import { orderOf } from '../order.mjs';
import { findOurs } from '../ours.mjs';
import { table } from '../table.mjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '5' },
    'collect-ms': { type: 'string', default: '15000' },
    ours: { type: 'string' },
    'max-percent': { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

const ours = findOurs(given.ours);
if (ours === undefined) throw new Error('run npm run build first');
const rounds = Number(given.rounds);
const variants = ['bare', 'unsampled', 'sampled'];
const loads = ['idle', 'busy'];
const kinds = loads.flatMap((load) => variants.map((variant) => ({ load, variant })));
const file = fileURLToPath(new URL('./process.cjs', import.meta.url));
// What the pools connect to is outside of the processes that are measured.
const postgres = await startPostgres();
const upstream = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
await once(upstream, 'listening');
const pool = { postgresUrl: postgres.url, upstreamPort: upstream.address().port };
const env = cleanEnv({ NODE_ENV: 'production', OTEL_METRICS_EXPORTER: 'none' });

async function sample({ load, variant }) {
  const what = {
    variant,
    load,
    seconds: Number(given.seconds),
    warmUpSeconds: Number(given['warm-up']),
    collectMs: Number(given['collect-ms']),
    ours,
    pool,
    sdk: createRequire(ours).resolve('@opentelemetry/sdk-metrics'),
  };
  const child = fork(file, [JSON.stringify(what)], { env });
  const [{ percent }] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${variant} ended with code ${code}`))),
  ]);
  return percent;
}

// What is compared runs at the same time: whatever else the machine does, it does to all of them.
const samples = new Map(kinds.map((kind) => [kind, []]));
for (let round = 0; round < rounds; round++) {
  const order = orderOf(kinds, round);
  const percents = await Promise.all(order.map(sample));
  for (const [index, kind] of order.entries()) samples.get(kind).push(percents[index]);
  console.error(`round ${round + 1}/${rounds}`);
}
upstream.closeAllConnections();
upstream.close();
await postgres.stop();

const of = (load, variant) =>
  samples.get(kinds.find((kind) => kind.load === load && kind.variant === variant));
const added = (load, variant, base) =>
  median(of(load, variant).map((percent, round) => percent - of(load, base)[round]));
const text = (value) => `${value.toFixed(3)} %`;
const rows = kinds.map(({ load, variant }) => [
  `${load}, ${variant}`,
  text(median(of(load, variant))),
  variant === 'bare' ? '-' : text(added(load, variant, 'bare')),
  variant === 'sampled' ? text(added(load, variant, 'unsampled')) : '-',
]);
console.log(
  `${describeMachine()}. ${rounds} rounds of ${given.seconds} s, read each ${given['collect-ms']} ms, medians.\n`,
);
console.log(
  table(['process', 'of one core', 'over bare', 'by sampling'], rows, { isMarkdown: given.markdown }),
);
const worst = Math.max(...loads.map((load) => added(load, 'sampled', 'unsampled')));
if (given['max-percent'] !== undefined && !(worst <= Number(given['max-percent']))) {
  console.error(`Sampling adds ${text(worst)} of one core, more than ${given['max-percent']} %.`);
  process.exitCode = 1;
}
