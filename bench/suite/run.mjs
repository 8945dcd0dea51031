// Everything that a user would pick instead, and golden-signals, beside each other. bench/README.md says how to run it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../examples/shop/postgres.mjs';
import { cleanEnv, describeMachine } from '../environment.mjs';
import { startChild } from '../http-server/child.mjs';
import { orderOf } from '../order.mjs';
import { findOurs } from '../ours.mjs';
import { buildBase } from './base.mjs';
import { createOrders } from './database.mjs';
import { regressionsIn } from './regression.mjs';
import { report } from './report.mjs';
import { sampleOf } from './sample.mjs';
import { baseOf, variants, variantsFor } from './variants.mjs';

const { values: given } = parseArgs({
  options: {
    apps: { type: 'string', default: 'http,express,fastify,service' },
    variants: { type: 'string', default: variants.map(({ name }) => name).join(',') },
    rounds: { type: 'string', default: '3' },
    requests: { type: 'string', default: '20000' },
    'warm-up': { type: 'string', default: '24000' },
    connections: { type: 'string', default: '16' },
    'open-seconds': { type: 'string', default: '5' },
    'allocation-requests': { type: 'string', default: '4000' },
    ours: { type: 'string' },
    base: { type: 'string' },
    'max-ratio': { type: 'string', default: '1.15' },
    out: { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const say = (text) => console.error(text);
const rounds = Number(given.rounds);
if (!(Number(given['open-seconds']) > 0)) throw new Error('--open-seconds takes a number above 0');
const ours = findOurs(given.ours);
if (ours === undefined) throw new Error('dist/ is not there: run npm run build first');
const base = given.base === undefined ? undefined : buildBase(given.base);

const isPinned = process.platform === 'linux' && cpus().length > 1;
const measuredCore = isPinned ? 0 : undefined;
const otherCores = isPinned ? `1-${cpus().length - 1}` : undefined;
const postgres = given.apps.includes('service') ? await startPostgres() : undefined;
if (postgres !== undefined) await createOrders(postgres.url);
const backends = startChild(here('./backends.mjs'), { env: cleanEnv(), core: otherCores });
const loader = startChild(here('../http-server/load.mjs'), { env: cleanEnv(), core: otherCores });
const { sinkPort, upstreamPort } = await backends.ask('listening');
const environment = {
  BENCH_OURS: ours,
  BENCH_SINK_URL: `http://127.0.0.1:${sinkPort}`,
  BENCH_UPSTREAM_URL: `http://127.0.0.1:${upstreamPort}`,
  BENCH_DATABASE_URL: postgres?.url ?? '',
};
const load = { connections: Number(given.connections), isTraced: false };
const results = [];
try {
  for (const app of given.apps.split(',')) {
    const chosen = variantsFor(given.variants.split(','), app, say);
    if (base !== undefined) chosen.push(baseOf(base.entry));
    const plan = {
      load,
      requests: Number(given.requests),
      warmUp: Number(given['warm-up']),
      openS: Number(given['open-seconds']),
      allocationRequests: Number(given['allocation-requests']),
      rate: 0,
    };
    const parts = { backends, loader, environment, plan, core: measuredCore };
    // The rate of the open loop: half of what bare can do, the same for all.
    const bare = await sampleOf(variants[0], app, { ...parts, plan: { ...plan, requests: 10_000 } });
    plan.rate = Math.round(bare.perSecond / 2);
    say(`${app}: bare answers ${Math.round(bare.perSecond)} requests/s; latencies are taken at ${plan.rate}`);
    for (let round = 0; round < rounds; round++) {
      for (const variant of orderOf(chosen, round)) {
        const sample = { app, round, rate: plan.rate, ...(await sampleOf(variant, app, parts)) };
        results.push({ ...sample, wanted: variant.spans });
        say(
          `${app} round ${round + 1}/${rounds} ${variant.name.padEnd(20)} ${sample.cpuMicros.toFixed(1)} us, ` +
            `p99 ${sample.p99Ms.toFixed(2)} ms, ${sample.rssMiB.toFixed(0)} MiB, ${(sample.arrived * 100).toFixed(1)} % arrived`,
        );
      }
    }
  }
} finally {
  await Promise.all([backends.stop(), loader.stop(), postgres?.stop()]);
  base?.remove();
}
const machine = `${describeMachine()}${isPinned ? ', server and load on different cores' : ''}`;
const { text, plots } = report(results, { machine, rounds, isMarkdown: given.markdown });
console.log(text);
if (base !== undefined) {
  const maxRatio = Number(given['max-ratio']);
  for (const { app, ratio, slower, rounds: all, isSlower } of regressionsIn(results, maxRatio)) {
    console.log(
      `${isSlower ? 'SLOWER' : 'ok    '} ${app}: ${ratio.toFixed(2)} times what ${given.base} adds, slower in ${slower} of ${all} rounds`,
    );
    if (isSlower) process.exitCode = 1;
  }
}
if (given.out !== undefined) {
  mkdirSync(given.out, { recursive: true });
  writeFileSync(`${given.out}/results.json`, `${JSON.stringify({ machine, given, results }, null, 1)}\n`);
  for (const [name, svg] of Object.entries(plots)) writeFileSync(`${given.out}/${name}.svg`, svg);
}
