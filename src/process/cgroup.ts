import { type CgroupPaths, type Controller, findCgroup } from './cgroup-paths.js';
import { type FileReader, numberAfter, wholeNumber } from './proc-files.js';

/** How much memory the container may use, and how much it does. */
export interface ContainerMemory {
  readonly limitBytes: number;
  readonly usageBytes: number | undefined;
  /** What is left, counting as free what the kernel can take back: the files that were not used lately. */
  readonly availableBytes: number | undefined;
}

/** How much CPU the container may use, and how often it was stopped because it had. */
export interface ContainerCpu {
  /** 0.5 is half of one CPU. */
  readonly limitCpus: number;
  readonly usageSeconds: number | undefined;
  readonly periods: number | undefined;
  readonly throttledPeriods: number | undefined;
  readonly throttledSeconds: number | undefined;
}

/** Undefined where there is no limit, or none that can be seen. */
export interface Container {
  readonly memory: ContainerMemory | undefined;
  readonly cpu: ContainerCpu | undefined;
}

const microsPerSecond = 1e6;
const nanosPerSecond = 1e9;

/** Makes the reader of this process' control groups; they are looked for at the first reading, limits are read each time. */
export function createCgroupReader(files: FileReader, totalMemoryBytes: number): () => Container {
  let found: Record<Controller, CgroupPaths | undefined> | undefined;
  return () => {
    found ??= findAll(files);
    return {
      memory: found.memory && readMemory(files, found.memory, totalMemoryBytes),
      cpu: found.cpu && readCpu(files, found.cpu, found.cpuacct),
    };
  };
}

function findAll(files: FileReader): Record<Controller, CgroupPaths | undefined> {
  const cgroup = files.text('/proc/self/cgroup') ?? '';
  const mountinfo = files.text('/proc/self/mountinfo') ?? '';
  const find = (controller: Controller) => findCgroup(controller, cgroup, mountinfo);
  return { memory: find('memory'), cpu: find('cpu'), cpuacct: find('cpuacct') };
}

/** The tightest of the limits, and the folder it stands in: it is for the use of that group. */
function tightest(
  folders: readonly string[],
  limitOf: (folder: string) => number | undefined,
): { folder: string; limit: number } | undefined {
  let best: { folder: string; limit: number } | undefined;
  for (const folder of folders) {
    const limit = limitOf(folder);
    if (limit !== undefined && (best === undefined || limit < best.limit)) best = { folder, limit };
  }
  return best;
}

function readMemory(
  files: FileReader,
  { version, folders }: CgroupPaths,
  totalMemoryBytes: number,
): ContainerMemory | undefined {
  const [limitName, usageName, inactiveKey] =
    version === 1
      ? ['memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file ']
      : ['memory.max', 'memory.current', 'inactive_file '];
  const found = tightest(folders, (folder) => wholeNumber(files.text(`${folder}/${limitName}`)?.trim()));
  const stat = files.text(`${found?.folder ?? folders[0]}/memory.stat`) ?? '';
  // In version 1 a limit of a group that is out of sight, such as that of the whole pod, can be read here.
  const inherited = version === 1 ? numberAfter(stat, 'hierarchical_memory_limit ') : undefined;
  const limitBytes = Math.min(
    found?.limit ?? Number.POSITIVE_INFINITY,
    inherited ?? Number.POSITIVE_INFINITY,
  );
  // Version 1 has no word for none: it gives a number close to 2^63.
  if (found === undefined || limitBytes >= totalMemoryBytes) return undefined;
  const usageBytes = wholeNumber(files.text(`${found.folder}/${usageName}`)?.trim());
  const inactiveBytes = numberAfter(stat, inactiveKey) ?? 0;
  return {
    limitBytes,
    usageBytes,
    availableBytes:
      usageBytes === undefined
        ? undefined
        : Math.max(0, limitBytes - Math.max(0, usageBytes - inactiveBytes)),
  };
}

function readCpu(
  files: FileReader,
  { version, folders }: CgroupPaths,
  accounting: CgroupPaths | undefined,
): ContainerCpu | undefined {
  const found = tightest(folders, (folder) => cpusOf(files, version, folder));
  if (found === undefined) return undefined;
  const stat = files.text(`${found.folder}/cpu.stat`) ?? '';
  const seconds = (key: string, perSecond: number) => {
    const value = numberAfter(stat, key);
    return value === undefined ? undefined : value / perSecond;
  };
  return {
    limitCpus: found.limit,
    usageSeconds:
      version === 1
        ? usageOf(files, accounting?.folders[folders.indexOf(found.folder)])
        : seconds('usage_usec ', microsPerSecond),
    periods: numberAfter(stat, 'nr_periods '),
    throttledPeriods: numberAfter(stat, 'nr_throttled '),
    throttledSeconds:
      version === 1
        ? seconds('throttled_time ', nanosPerSecond)
        : seconds('throttled_usec ', microsPerSecond),
  };
}

/** Quota divided by period; `max` in version 2 and -1 in version 1 mean no limit. */
function cpusOf(files: FileReader, version: 1 | 2, folder: string): number | undefined {
  const [quota, period] =
    version === 1
      ? [files.text(`${folder}/cpu.cfs_quota_us`)?.trim(), files.text(`${folder}/cpu.cfs_period_us`)?.trim()]
      : (files.text(`${folder}/cpu.max`)?.trim().split(' ') ?? []);
  const quotaMicros = wholeNumber(quota);
  const periodMicros = wholeNumber(period);
  return quotaMicros === undefined || periodMicros === undefined || periodMicros === 0 || quotaMicros === 0
    ? undefined
    : quotaMicros / periodMicros;
}

function usageOf(files: FileReader, folder: string | undefined): number | undefined {
  const nanos = folder === undefined ? undefined : wholeNumber(files.text(`${folder}/cpuacct.usage`)?.trim());
  return nanos === undefined ? undefined : nanos / nanosPerSecond;
}
