// One process under measurement: run.mjs says what runs in it, what it does and for how long.
const { performance } = require('node:perf_hooks');

const { createPools } = require('./pools.cjs');

const { variant, load, seconds, warmUpSeconds, collectMs, ours, sdk, pool } = JSON.parse(process.argv[2]);
const { pools, use } = createPools(pool);

if (variant !== 'bare') {
  const { MetricReader } = require(sdk);
  class PullReader extends MetricReader {
    async onForceFlush() {}
    async onShutdown() {}
  }
  const reader = new PullReader();
  const metrics = variant === 'sampled' ? { readers: [reader] } : false;
  require(ours).instrument(undefined, { service: 'bench', traces: false, metrics, pools });
  if (metrics) setInterval(() => void reader.collect(), collectMs);
}

/** How often each pool is used in a busy process. */
const useMs = 250;

// Work that is the same in each process and makes garbage: some 15 collections of the young generation a second.
const garbage = [];
function work() {
  for (let i = 0; i < 20_000; i++) garbage[i % 1_000] = { i, text: [i] };
}
if (load === 'busy') {
  setInterval(work, 10);
  setInterval(use, useMs);
}
// So that all connections that there will be are there.
use();

setTimeout(() => {
  const from = process.cpuUsage();
  const startedAt = performance.now();
  setTimeout(() => {
    const { user, system } = process.cpuUsage(from);
    process.send({ percent: (user + system) / 10 / (performance.now() - startedAt) }, () => process.exit());
  }, seconds * 1_000);
}, warmUpSeconds * 1_000);
