import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cleanEnv } from '../environment.mjs';
import { startChild } from '../http-server/child.mjs';

const serverFile = fileURLToPath(new URL('./server.cjs', import.meta.url));

/** Variants send what they have within this: their intervals are one second, or their own two. */
const settleMs = 2_500;

/**
 * Measures one variant in a process of its own, pinned to a core that the load does not use.
 * @returns microseconds of CPU for each request, requests each second, latencies at `rate`, MiB of RSS, start in milliseconds.
 */
export async function sampleOf(variant, app, { backends, loader, environment, plan, core }) {
  const server = startChild(serverFile, {
    execArgv: ['--expose-gc', variant.preload, variant.start],
    env: cleanEnv({
      NODE_ENV: 'production',
      OTEL_SERVICE_NAME: 'bench',
      ...environment,
      ...variant.env(environment.BENCH_SINK_URL),
      BENCH_APP: app,
      BENCH_START: variant.start,
    }),
    core,
  });
  try {
    const { port, startMs } = await server.ask('listening');
    const run = (requests, rate = 0) => loader.ask('run', { port, rate, requests, ...plan.load });
    await run(plan.warmUp);
    await sleep(settleMs);
    await backends.ask('reset');
    await server.ask('usage');

    const before = await server.ask('usage');
    const closed = await run(plan.requests);
    await sleep(settleMs);
    const after = await server.ask('usage');
    const sent = await backends.ask('count');

    const open = plan.rate > 0 ? await run(Math.ceil(plan.rate * plan.openS), plan.rate) : undefined;
    await server.ask('startAllocations');
    await run(plan.allocationRequests);
    const allocated = await server.ask('stopAllocations');
    return {
      variant: variant.name,
      startMs,
      cpuMicros: (after.cpuMicros - before.cpuMicros) / plan.requests,
      perSecond: closed.perSecond,
      rssMiB: after.highestRss / 1_048_576,
      p50Ms: open?.p50Ms,
      p99Ms: open?.p99Ms,
      p999Ms: open?.p999Ms,
      allocatedBytes: allocated / plan.allocationRequests,
      arrived: sent.requests / plan.requests,
      exportedBytes: sent.bytes / plan.requests,
    };
  } finally {
    await server.stop();
  }
}
