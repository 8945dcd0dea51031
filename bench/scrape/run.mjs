// What a scrape costs the service: prom-client, the official exporter, golden-signals. ../README.md says how to run it.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cleanEnv, describeMachine } from '../environment.mjs';
import { startChild } from '../http-server/child.mjs';
import { median, quantile } from '../median.mjs';
import { orderOf } from '../order.mjs';
import { findOurs } from '../ours.mjs';
import { table } from '../table.mjs';
import workload from './workload.cjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '31' },
    'warm-up': { type: 'string', default: '10' },
    ours: { type: 'string' },
    'max-ratio': { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const rounds = Number(given.rounds);
const warmUp = Number(given['warm-up']);
const ours = findOurs(given.ours);
if (ours === undefined) throw new Error('run npm run build first');
const openMetrics = 'application/openmetrics-text;version=1.0.0';
const variants = [
  { name: 'prom-client', file: 'prom-client', accept: 'text/plain' },
  { name: 'official', file: 'official', accept: 'text/plain' },
  { name: 'ours', file: 'ours', accept: 'text/plain' },
  { name: 'ours, OpenMetrics', file: 'ours', accept: openMetrics },
];
/** Longer than golden-signals shares a page for: every scrape is one of its own. */
const apartMs = 550;

const env = cleanEnv({
  NODE_ENV: 'production',
  BENCH_OURS: ours,
  OTEL_TRACES_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOG_LEVEL: 'none',
});
const agent = new http.Agent({ keepAlive: true });

function scrape(port, accept) {
  return new Promise((resolve, reject) => {
    http
      .get({ port, path: '/metrics', headers: { accept }, agent }, (res) => {
        let body = '';
        res.setEncoding('utf8');
        res.on('data', (chunk) => {
          body += chunk;
        });
        res.on('end', () => resolve(body));
      })
      .on('error', reject);
  });
}

const seriesIn = (body) => body.match(/^http_server_request_duration[a-z_]*_count\{/gm)?.length ?? 0;

async function sample({ child, port, accept }) {
  await child.ask('reset');
  const from = performance.now();
  const body = await scrape(port, accept);
  const ms = performance.now() - from;
  const measured = await child.ask('measured');
  if (seriesIn(body) !== workload.ROUTES) throw new Error(`a scrape with ${seriesIn(body)} series`);
  return { ...measured, ms, mib: Buffer.byteLength(body) / 1024 / 1024 };
}

const running = [];
for (const variant of variants) {
  const child = startChild(here('./server.cjs'), {
    args: [here(`./variants/${variant.file}.cjs`)],
    execArgv: ['--expose-gc'],
    env,
  });
  running.push({ ...variant, child, port: await child.ask('listening'), samples: [] });
}
try {
  for (let round = -warmUp; round < rounds; round++) {
    for (const one of orderOf(running, round + warmUp)) {
      const measured = await sample(one);
      if (round >= 0) one.samples.push(measured);
    }
    await sleep(apartMs);
  }
} finally {
  await Promise.all(running.map(({ child }) => child.stop()));
  agent.destroy();
}

const of = ({ samples }, key) => samples.map((one) => one[key]);
const [first] = running;
const ratioTo = (base, one) =>
  median(of(one, 'cpuMs').map((value, round) => value / base.samples[round].cpuMs));
const text = (value) => value.toFixed(1);
const rows = running.map((one) => [
  one.name,
  text(median(of(one, 'cpuMs'))),
  `${text(quantile(of(one, 'cpuMs'), 0.25))} to ${text(quantile(of(one, 'cpuMs'), 0.75))}`,
  one === first ? '-' : ratioTo(first, one).toFixed(2),
  text(median(of(one, 'heldMs'))),
  text(median(of(one, 'ms'))),
  text(median(of(one, 'mib'))),
]);
const head = ['scrape by', 'CPU ms', 'middle half', 'of prom-client', 'loop held ms', 'ms', 'MiB'];
console.log(`${describeMachine()}. ${workload.ROUTES} histogram series, ${rounds} rounds, medians.\n`);
console.log(table(head, rows, { isMarkdown: given.markdown }));
const ratio = ratioTo(first, running[2]);
if (given['max-ratio'] !== undefined && ratio > Number(given['max-ratio'])) process.exitCode = 1;
