// What a trace id in a log line costs, and its export: one line of pino, written to nowhere, inside of a span.
//
//     npm run build && node bench/logs/run.mjs
//
// Subjects take turns in short rounds, so that a noisy machine is noisy for all of them; printed is the median round, and the median
// of the differences within each round. A collector of this process's own takes what is exported, so its cost is in the last row; `until logged` is
// what has been spent when the logger returns, which is what a request waits for.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { describeMachine } from '../environment.mjs';
import { median, quantile } from '../median.mjs';
import { orderOf } from '../order.mjs';
import { table } from '../table.mjs';

const { values: given } = parseArgs({
  options: { rounds: { type: 'string', default: '31' }, calls: { type: 'string', default: '20000' } },
});
const rounds = Number(given.rounds);
const calls = Number(given.calls);

const collector = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.end());
}).listen(0, '127.0.0.1');
await once(collector, 'listening');
process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${collector.address().port}`;
process.env.OTEL_METRICS_EXPORTER = 'none';
process.env.OTEL_BLRP_MAX_QUEUE_SIZE = String(calls * 2);

const { instrument, traceFields } = await import('../../dist/index.js');

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
const order = { order: 7, sku: 'A1', items: ['pen', 'ink'] };
const line = (logger) => () => logger.info(order, 'order accepted');
const plain = pino(nowhere());
const mixed = pino({ mixin: traceFields }, nowhere());
// The least that a mixin can do: what it costs beyond that is ours.
const constant = { trace_id: '0'.repeat(31), span_id: '0'.repeat(15), trace_flags: '01' };
const fixed = pino({ mixin: () => ({ ...constant }) }, nowhere());

const signals = instrument(undefined, { service: 'bench', shutdown: false, heartbeat: false });
let exporting;
const subjects = [
  { name: 'pino', run: line(plain) },
  { name: 'pino with a mixin of constants', run: line(fixed) },
  { name: 'pino with traceFields', run: line(mixed) },
  {
    name: 'the same, with logs.export',
    run: line(mixed),
    begin: () => {
      exporting = instrument(undefined, {
        service: 'bench-logs',
        shutdown: false,
        heartbeat: false,
        logs: { export: true },
      });
    },
    // Its export is a part of what it costs; a flush ends every one of the round.
    settle: () => exporting.flush(),
    end: () => exporting.shutdown(),
  },
];

async function sample({ run, begin, settle, end }) {
  begin?.();
  const from = process.cpuUsage();
  signals.tracer.startActiveSpan('bench', (span) => {
    for (let call = 0; call < calls; call += 1) run();
    span.end();
  });
  const logged = process.cpuUsage(from);
  await settle?.();
  const all = process.cpuUsage(from);
  await end?.();
  const perLine = ({ user, system }) => ((user + system) * 1_000) / calls;
  return { logged: perLine(logged), all: perLine(all) };
}

const times = new Map(subjects.map(({ name }) => [name, []]));
for (const subject of subjects) await sample(subject);
for (let round = 0; round < rounds; round += 1) {
  for (const subject of orderOf(subjects, round)) times.get(subject.name).push(await sample(subject));
}

const base = times.get('pino').map(({ all }) => all);
const rows = [...times].map(([name, samples]) => {
  const all = samples.map((sample) => sample.all);
  return [
    name,
    median(samples.map(({ logged }) => logged)).toFixed(0),
    median(all).toFixed(0),
    (median(all.map((value, round) => value / base[round])) * 100).toFixed(0),
    `${quantile(all, 0.25).toFixed(0)}–${quantile(all, 0.75).toFixed(0)}`,
  ];
});
console.log(describeMachine());
console.log(
  table(['', 'until logged', 'CPU ns a line', '% of pino', 'middle half'], rows, { isMarkdown: false }),
);
await signals.shutdown();
collector.close();
collector.closeAllConnections();
