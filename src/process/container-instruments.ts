import { performance } from 'node:perf_hooks';
import type { Instrument } from '../metrics/instrument.js';
import type { ContainerCpu, ContainerMemory } from './cgroup.js';
import type { ProcessSampler } from './process-sampler.js';
import { createReadings } from './readings.js';

/**
 * What the container may use and how much of it is used: nothing where it has no limit. The conventions have usage and what is
 * available; the limits themselves are known there to Kubernetes alone, so they have names of our own.
 * @see OpenTelemetry semantic conventions 1.44, "Container metrics"
 */
export function createContainerInstruments({ container }: ProcessSampler): readonly Instrument[] {
  const memory = (key: keyof ContainerMemory) => createReadings([[{}, () => container()?.memory?.[key]]]);
  const cpu = (key: keyof ContainerCpu) => createReadings([[{}, () => container()?.cpu?.[key]]]);
  // The group is as old as the container: when that began is not known, but it was before this process.
  const since = performance.timeOrigin;
  return [
    {
      kind: 'updowncounter',
      name: 'container.memory.usage',
      description: 'Memory usage of the container.',
      unit: 'By',
      series: memory('usageBytes'),
    },
    {
      kind: 'updowncounter',
      name: 'container.memory.available',
      description: 'Container memory available.',
      unit: 'By',
      series: memory('availableBytes'),
    },
    {
      kind: 'updowncounter',
      name: 'golden_signals.container.memory.limit',
      description: 'Memory that the container may use.',
      unit: 'By',
      series: memory('limitBytes'),
    },
    {
      kind: 'updowncounter',
      name: 'golden_signals.container.cpu.limit',
      description: 'CPUs that the container may use.',
      unit: '{cpu}',
      valueType: 'double',
      series: cpu('limitCpus'),
    },
    {
      kind: 'counter',
      name: 'container.cpu.time',
      description: 'Total CPU time consumed.',
      unit: 's',
      valueType: 'double',
      since,
      series: cpu('usageSeconds'),
    },
    {
      kind: 'counter',
      name: 'golden_signals.container.cpu.periods',
      description: 'Periods in which the container wanted CPU.',
      unit: '{period}',
      since,
      series: cpu('periods'),
    },
    {
      kind: 'counter',
      name: 'golden_signals.container.cpu.throttled.periods',
      description: 'Periods in which the container was stopped because it had used up its CPU limit.',
      unit: '{period}',
      since,
      series: cpu('throttledPeriods'),
    },
    {
      kind: 'counter',
      name: 'golden_signals.container.cpu.throttled.time',
      description: 'For how long the threads of the container were stopped, added up.',
      unit: 's',
      valueType: 'double',
      since,
      series: cpu('throttledSeconds'),
    },
  ];
}
