import { performance } from 'node:perf_hooks';
import type { Instrument } from '../metrics/instrument.js';
import type { ProcessSampler } from './process-sampler.js';
import { createReadings } from './readings.js';

const microsPerSecond = 1e6;

/**
 * CPU, memory, files and threads of the process, by the conventions; what the platform does not provide is left out.
 * @see OpenTelemetry semantic conventions 1.44, "OS process metrics"
 */
export function createProcessInstruments(
  { use, cpus, residentBytes, resources, proc }: ProcessSampler,
  platform: NodeJS.Platform = process.platform,
): readonly Instrument[] {
  // What the process had used before the service began is in these, too.
  const since = performance.timeOrigin;
  const cpuSeconds = (key: 'userMicros' | 'systemMicros') => () => {
    const micros = use()?.totals[key];
    return micros === undefined ? undefined : micros / microsPerSecond;
  };
  const cpuShare = (key: 'userCpus' | 'systemCpus') => () => {
    const used = use()?.[key];
    return used === undefined ? undefined : used / cpus();
  };
  // Windows counts neither; libuv gives 0.
  const counted = (key: 'voluntaryContextSwitches' | 'involuntaryContextSwitches' | 'minorPageFault') => () =>
    platform === 'win32' ? undefined : resources()?.[key];
  return [
    {
      kind: 'counter',
      name: 'process.cpu.time',
      description: 'Total CPU seconds broken down by different CPU modes.',
      unit: 's',
      valueType: 'double',
      since,
      series: createReadings([
        [{ 'cpu.mode': 'user' }, cpuSeconds('userMicros')],
        [{ 'cpu.mode': 'system' }, cpuSeconds('systemMicros')],
      ]),
    },
    {
      kind: 'gauge',
      name: 'process.cpu.utilization',
      description:
        'Difference in process.cpu.time since the last measurement, divided by the elapsed time and number of CPUs available to the process.',
      unit: '1',
      series: createReadings([
        [{ 'cpu.mode': 'user' }, cpuShare('userCpus')],
        [{ 'cpu.mode': 'system' }, cpuShare('systemCpus')],
      ]),
    },
    {
      kind: 'updowncounter',
      name: 'process.memory.usage',
      description: 'The amount of physical memory in use.',
      unit: 'By',
      series: createReadings([[{}, residentBytes]]),
    },
    {
      kind: 'updowncounter',
      name: 'process.memory.virtual',
      description: 'The amount of committed virtual memory.',
      unit: 'By',
      series: createReadings([[{}, () => proc()?.virtualBytes]]),
    },
    {
      kind: 'updowncounter',
      name: 'process.thread.count',
      description: 'Process threads count.',
      unit: '{thread}',
      series: createReadings([[{}, () => proc()?.threads]]),
    },
    {
      kind: 'updowncounter',
      name: 'process.unix.file_descriptor.count',
      description: 'Number of UNIX file descriptors in use by the process.',
      unit: '{file_descriptor}',
      series: createReadings([[{}, () => proc()?.openFiles]]),
    },
    {
      kind: 'updowncounter',
      name: 'golden_signals.process.unix.file_descriptor.limit',
      description: 'Number of UNIX file descriptors that the process may use: the soft limit.',
      unit: '{file_descriptor}',
      series: createReadings([[{}, () => proc()?.maxOpenFiles]]),
    },
    {
      kind: 'gauge',
      name: 'process.uptime',
      description: 'The time the process has been running.',
      unit: 's',
      series: createReadings([[{}, () => process.uptime()]]),
    },
    {
      kind: 'counter',
      name: 'process.context_switches',
      description: 'Number of times the process has been context switched.',
      unit: '{context_switch}',
      since,
      series: createReadings([
        [{ 'process.context_switch.type': 'voluntary' }, counted('voluntaryContextSwitches')],
        [{ 'process.context_switch.type': 'involuntary' }, counted('involuntaryContextSwitches')],
      ]),
    },
    {
      kind: 'counter',
      name: 'process.paging.faults',
      description: 'Number of page faults the process has made.',
      unit: '{fault}',
      since,
      series: createReadings([
        [{ 'system.paging.fault.type': 'major' }, () => resources()?.majorPageFault],
        [{ 'system.paging.fault.type': 'minor' }, counted('minorPageFault')],
      ]),
    },
  ];
}
