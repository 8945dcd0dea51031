import { availableParallelism, totalmem } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, type HeapSpaceInfo } from 'node:v8';
import type { Clock } from '../core/clock.js';
import { RUNTIME } from '../core/runtime.js';
import { type Container, createCgroupReader } from './cgroup.js';
import { lookMs } from './delay-slice.js';
import { type FileReader, type ProcReadings, readProc, systemFiles } from './proc-files.js';
import { type RuntimeTotals, type RuntimeUse, RuntimeWindow } from './runtime-window.js';
import { createSampled } from './sampled.js';

export interface ProcessSamplerParts {
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

/** Readings of this process, taken on demand, at most once a second. */
export interface ProcessSampler {
  readonly use: () => RuntimeUse | undefined;
  readonly heapSpaces: () => readonly HeapSpaceInfo[] | undefined;
  readonly heapLimitBytes: () => number | undefined;
  /** How many resources keep the event loop alive, by type. */
  readonly activeResources: () => ReadonlyMap<string, number> | undefined;
  readonly residentBytes: () => number | undefined;
  readonly resources: () => NodeJS.ResourceUsage | undefined;
  readonly proc: () => ProcReadings | undefined;
  readonly container: () => Container | undefined;
  /** How many CPUs this process may use: those of its machine or affinity, or less if its container has a limit. */
  readonly cpus: () => number;
  close(): void;
}

/** Begins to watch the event loop; everything else is read on demand. */
export function createProcessSampler(
  parts: ProcessSamplerParts,
  files: FileReader = systemFiles,
): ProcessSampler {
  // What Bun and Deno give under this name is of another kind: delays alone, or not of the loop.
  const histogram = RUNTIME.name === 'nodejs' ? monitorEventLoopDelay({ resolution: lookMs }) : undefined;
  histogram?.enable();
  const window = new RuntimeWindow({ clock: parts.clock, histogram, totals: readTotals });
  const sampled = <T>(read: () => T | undefined) => createSampled(read, parts);
  const container = sampled(createCgroupReader(files, totalmem()));
  return {
    use: sampled(() => window.read()),
    heapSpaces: sampled(getHeapSpaceStatistics),
    heapLimitBytes: sampled(() => getHeapStatistics().heap_size_limit),
    activeResources: sampled(() => countOf(process.getActiveResourcesInfo())),
    residentBytes: sampled(process.memoryUsage.rss),
    resources: sampled(() => process.resourceUsage()),
    proc: sampled(() => readProc(files)),
    container,
    cpus: () => Math.min(availableParallelism(), container()?.cpu?.limitCpus ?? Number.POSITIVE_INFINITY),
    close: () => void histogram?.disable(),
  };
}

function readTotals(): RuntimeTotals {
  const { idle, active } = performance.eventLoopUtilization();
  const { user, system } = process.cpuUsage();
  return { idleMs: idle, activeMs: active, userMicros: user, systemMicros: system };
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

let shared: { readonly sampler: ProcessSampler; users: number } | undefined;

/** The one sampler of this process, until its last user releases it. */
export function shareProcessSampler(parts: ProcessSamplerParts): {
  sampler: ProcessSampler;
  release(): void;
} {
  shared ??= { sampler: createProcessSampler(parts), users: 0 };
  const mine = shared;
  mine.users += 1;
  let isHeld = true;
  return {
    sampler: mine.sampler,
    release() {
      if (!isHeld) return;
      isHeld = false;
      mine.users -= 1;
      if (mine.users > 0) return;
      mine.sampler.close();
      shared = undefined;
    },
  };
}
