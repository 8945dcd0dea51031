import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { RUNTIME } from '../core/runtime.js';
import type { OverloadSample } from '../health/overload.js';

/** Measures the event loop, window by window. */
export interface LoopGauge {
  /** What happened since the last call. */
  read(): OverloadSample;
  close(): void;
}

/** How often Node looks at its own delay: each look is a wake-up, and a window of 500 ms still holds 25. */
const resolutionMs = 20;
const nanosPerMs = 1e6;

/** Bun and Deno have the functions, but measure something else or nothing. */
const unmeasured: LoopGauge = { read: () => ({ delayP99Ms: 0, utilization: undefined }), close() {} };

/** Node's own measurements; the histogram begins anew with each window, and utilization is that between two windows. */
export function createLoopGauge(): LoopGauge {
  if (RUNTIME.name !== 'nodejs') return unmeasured;
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let last = performance.eventLoopUtilization();
  return {
    read() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      // Node measures from one look to the next, the rest in between included.
      const delayP99Ms = histogram.count === 0 ? 0 : histogram.percentile(99) / nanosPerMs - resolutionMs;
      histogram.reset();
      return { delayP99Ms: Math.max(0, delayP99Ms), utilization };
    },
    close: () => void histogram.disable(),
  };
}
