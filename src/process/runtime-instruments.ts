import { performance } from 'node:perf_hooks';
import type { Instrument } from '../metrics/instrument.js';
import type { DelaySummary } from './delay-slice.js';
import type { ProcessSampler } from './process-sampler.js';
import { createNamedReadings, createReadings } from './readings.js';

const msPerSecond = 1_000;

const delays: readonly (readonly [name: keyof DelaySummary, description: string])[] = [
  ['min', 'Event loop minimum delay.'],
  ['max', 'Event loop maximum delay.'],
  ['mean', 'Event loop mean delay.'],
  ['stddev', 'Event loop standard deviation delay.'],
  ['p50', 'Event loop 50 percentile delay.'],
  ['p90', 'Event loop 90 percentile delay.'],
  ['p99', 'Event loop 99 percentile delay.'],
];

const heapSizes = [
  ['v8js.memory.heap.used', 'Heap Memory size allocated.', 'space_used_size'],
  ['v8js.memory.heap.space.size', 'Total heap memory size pre-allocated for a heap space.', 'space_size'],
  ['v8js.memory.heap.space.available_size', 'Heap space available size.', 'space_available_size'],
  ['v8js.memory.heap.space.physical_size', 'Committed size of a heap space.', 'physical_space_size'],
] as const;

/**
 * The event loop and the heap, by the conventions for Node.js and V8.
 * @see OpenTelemetry semantic conventions 1.44, "Node.js runtime" and "V8 JS engine"
 */
export function createRuntimeInstruments({
  use,
  heapSpaces,
  heapLimitBytes,
  activeResources,
}: ProcessSampler): readonly Instrument[] {
  const loopSeconds = (key: 'activeMs' | 'idleMs') => () => {
    const totals = use()?.totals;
    const isMeasured = totals !== undefined && totals.activeMs + totals.idleMs > 0;
    return isMeasured ? totals[key] / msPerSecond : undefined;
  };
  return [
    ...delays.map(
      ([name, description]): Instrument => ({
        kind: 'gauge',
        name: `nodejs.eventloop.delay.${name}`,
        description,
        unit: 's',
        series: createReadings([[{}, () => use()?.delay?.[name]]]),
      }),
    ),
    {
      kind: 'gauge',
      name: 'nodejs.eventloop.utilization',
      description: 'Event loop utilization.',
      unit: '1',
      series: createReadings([[{}, () => use()?.utilization]]),
    },
    {
      kind: 'counter',
      name: 'nodejs.eventloop.time',
      description: 'Cumulative duration of time the event loop has been in each state.',
      unit: 's',
      valueType: 'double',
      since: performance.timeOrigin,
      series: createReadings([
        [{ 'nodejs.eventloop.state': 'active' }, loopSeconds('activeMs')],
        [{ 'nodejs.eventloop.state': 'idle' }, loopSeconds('idleMs')],
      ]),
    },
    ...heapSizes.map(
      ([name, description, key]): Instrument => ({
        kind: 'updowncounter',
        name,
        description,
        unit: 'By',
        series: createNamedReadings('v8js.heap.space.name', () => {
          const spaces = heapSpaces();
          return spaces && new Map(spaces.map((space) => [space.space_name, space[key]]));
        }),
      }),
    ),
    {
      kind: 'updowncounter',
      name: 'golden_signals.v8js.memory.heap.limit',
      description: 'Size of the heap at which V8 gives up, out of memory.',
      unit: 'By',
      series: createReadings([[{}, heapLimitBytes]]),
    },
    {
      kind: 'gauge',
      name: 'v8js.resource.active',
      description: 'Gauge of the active resources that are currently keeping the event loop alive.',
      unit: '{resource}',
      valueType: 'int',
      series: createNamedReadings('v8js.resource.type', activeResources),
    },
  ];
}
