// Whether the heap is level: node bench/suite/leak.mjs --requests 1000000. It exits with 1 where it has grown.
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cleanEnv, describeMachine } from '../environment.mjs';
import { startChild } from '../http-server/child.mjs';
import { findOurs } from '../ours.mjs';
import { table } from '../table.mjs';
import { variantsFor } from './variants.mjs';

const { values: given } = parseArgs({
  options: {
    app: { type: 'string', default: 'express' },
    variants: { type: 'string', default: 'bare,ours,ours-1' },
    requests: { type: 'string', default: '1000000' },
    'max-mib': { type: 'string', default: '1' },
    ours: { type: 'string' },
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const ours = findOurs(given.ours);
if (ours === undefined) throw new Error('dist/ is not there: run npm run build first');
const total = Number(given.requests);
/** When the heap is looked at, as shares of all requests: what code and caches need is there after the first tenth. */
const moments = [0.1, 0.25, 0.5, 0.75, 1];
const isPinned = process.platform === 'linux' && cpus().length > 1;
const others = isPinned ? `1-${cpus().length - 1}` : undefined;

const backends = startChild(here('./backends.mjs'), { env: cleanEnv(), core: others });
const loader = startChild(here('../http-server/load.mjs'), { env: cleanEnv(), core: others });
const { sinkPort } = await backends.ask('listening');
const rows = [];
try {
  for (const variant of variantsFor(given.variants.split(','), given.app, console.error)) {
    const heaps = await heapsOf(variant);
    const grown = heaps.at(-1) - heaps[0];
    rows.push([variant.name, ...heaps.map((mib) => mib.toFixed(2)), grown.toFixed(2)]);
    if (grown > Number(given['max-mib'])) process.exitCode = 1;
  }
} finally {
  await Promise.all([backends.stop(), loader.stop()]);
}
console.log(describeMachine());
console.log(`\n${given.app}: MiB of heap after garbage collections, by requests served\n`);
const heads = moments.map((share) => `${Math.round((share * total) / 1_000)} k`);
console.log(table(['variant', ...heads, 'grown'], rows, { isMarkdown: true }));

async function heapsOf(variant) {
  const sink = `http://127.0.0.1:${sinkPort}`;
  const server = startChild(here('./server.cjs'), {
    execArgv: ['--expose-gc', variant.preload, variant.start],
    env: cleanEnv({
      NODE_ENV: 'production',
      OTEL_SERVICE_NAME: 'bench',
      BENCH_OURS: ours,
      ...variant.env(sink),
      BENCH_APP: given.app,
      BENCH_START: variant.start,
    }),
    core: isPinned ? 0 : undefined,
  });
  try {
    const { port } = await server.ask('listening');
    const heaps = [];
    let served = 0;
    for (const share of moments) {
      const requests = Math.round(share * total) - served;
      await loader.ask('run', { port, rate: 0, requests, connections: 16, isTraced: false });
      served += requests;
      await backends.ask('reset');
      heaps.push((await server.ask('heapUsed')) / 1_048_576);
    }
    return heaps;
  } finally {
    await server.stop();
  }
}
