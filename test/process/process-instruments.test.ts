import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Instrument } from '../../src/metrics/instrument.js';
import { createContainerInstruments } from '../../src/process/container-instruments.js';
import { createGcMetrics } from '../../src/process/gc-metrics.js';
import { createProcessInstruments } from '../../src/process/process-instruments.js';
import {
  createProcessSampler,
  type ProcessSampler,
  shareProcessSampler,
} from '../../src/process/process-sampler.js';
import { createRuntimeInstruments } from '../../src/process/runtime-instruments.js';
import { createFakeClock } from '../support/fake-clock.js';
import { fakeFiles } from './support/fake-files.js';

const samplers: ProcessSampler[] = [];
afterEach(() => {
  for (const sampler of samplers.splice(0)) sampler.close();
});

function createSampler(texts: Record<string, string> = {}): ProcessSampler {
  const sampler = createProcessSampler(
    {
      clock: createFakeClock(),
      onFault: (error) => {
        throw error;
      },
    },
    fakeFiles(texts),
  );
  samplers.push(sampler);
  return sampler;
}

/** The names of those that have a series. */
const shown = (instruments: readonly Instrument[]) =>
  instruments.filter(({ series }) => [...(series as Iterable<unknown>)].length > 0).map(({ name }) => name);

const container = {
  '/proc/self/cgroup': '0::/\n',
  '/proc/self/mountinfo': '35 24 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
  '/sys/fs/cgroup/memory.max': `${2 ** 28}\n`,
  '/sys/fs/cgroup/memory.current': `${2 ** 27}\n`,
  '/sys/fs/cgroup/cpu.max': '50000 100000\n',
  '/sys/fs/cgroup/cpu.stat': 'usage_usec 1500000\nnr_periods 4\nnr_throttled 1\nthrottled_usec 250000\n',
};

describe('the instruments of the process', () => {
  test('leave out what only Linux tells, where there is no /proc', () => {
    const names = shown(createProcessInstruments(createSampler()));
    expect(names).toContain('process.memory.usage');
    expect(names).toContain('process.uptime');
    for (const name of [
      'process.memory.virtual',
      'process.thread.count',
      'process.unix.file_descriptor.count',
    ])
      expect(names).not.toContain(name);
  });

  test('leave out what Windows does not count', () => {
    const names = shown(createProcessInstruments(createSampler(), 'win32'));
    expect(names).not.toContain('process.context_switches');
    expect(names).toContain('process.paging.faults');
  });

  test('count fractions where the unit has some, and since the process began', () => {
    const sampler = createSampler();
    const all = [...createProcessInstruments(sampler), ...createRuntimeInstruments(sampler)];
    const find = (name: string) => all.find((instrument) => instrument.name === name);
    for (const name of ['process.cpu.time', 'nodejs.eventloop.time'])
      expect(find(name)).toMatchObject({
        kind: 'counter',
        unit: 's',
        valueType: 'double',
        since: performance.timeOrigin,
      });
    expect(find('v8js.memory.heap.used')).toMatchObject({ kind: 'updowncounter', unit: 'By' });
    expect(find('v8js.resource.active')).toMatchObject({ kind: 'gauge', valueType: 'int' });
  });
});

describe('the instruments of the container', () => {
  test('have no series where it has no limits', () => {
    expect(shown(createContainerInstruments(createSampler()))).toEqual([]);
  });

  test('say what it may use, and what is used', () => {
    const values = createContainerInstruments(createSampler(container)).map(({ name, series }) => [
      name,
      [...(series as Iterable<{ value: { value: number } }>)].map(({ value }) => value.value),
    ]);
    expect(Object.fromEntries(values)).toEqual({
      'container.memory.usage': [2 ** 27],
      'container.memory.available': [2 ** 27],
      'golden_signals.container.memory.limit': [2 ** 28],
      'golden_signals.container.cpu.limit': [0.5],
      'container.cpu.time': [1.5],
      'golden_signals.container.cpu.periods': [4],
      'golden_signals.container.cpu.throttled.periods': [1],
      'golden_signals.container.cpu.throttled.time': [0.25],
    });
  });

  test("make the CPU's utilization that of what it may use", () => {
    expect(createSampler(container).cpus()).toBe(0.5);
    expect(createSampler().cpus()).toBeGreaterThanOrEqual(1);
  });
});

describe('the table of docs/runtime.md', () => {
  test('lists each metric of the process, with its kind and unit, and no other', () => {
    const sampler = createSampler();
    const kinds = {
      gauge: 'gauge',
      counter: 'counter',
      updowncounter: 'up-down counter',
      histogram: 'histogram',
    };
    const page = readFileSync('docs/runtime.md', 'utf8');
    const listed = [
      ...page.matchAll(/^\| `([^`]+)` \| ((?:gauge|counter|up-down counter|histogram), [^ |]+) \|/gm),
    ];
    const rows = [
      ...createRuntimeInstruments(sampler),
      ...createGcMetrics(undefined).instruments,
      ...createProcessInstruments(sampler),
      ...createContainerInstruments(sampler),
    ].map(({ name, kind, unit }) => [name, `${kinds[kind]}, ${unit}`]);
    expect(listed.map(([, name, what]) => [name, what]).sort()).toEqual(rows.sort());
  });
});

describe('the sampler of a process', () => {
  const parts = { clock: createFakeClock(), onFault: () => {} };

  test('is one for all, until the last one has given it back', () => {
    const [one, other] = [shareProcessSampler(parts), shareProcessSampler(parts)];
    expect(other.sampler).toBe(one.sampler);
    one.release();
    one.release();
    const third = shareProcessSampler(parts);
    expect(third.sampler).toBe(one.sampler);
    other.release();
    third.release();
    const fourth = shareProcessSampler(parts);
    fourth.release();
    expect(fourth.sampler).not.toBe(one.sampler);
  });
});
