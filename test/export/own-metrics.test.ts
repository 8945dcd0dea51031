import type { CollectionResult, MetricData } from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { createOwnMetrics } from '../../src/export/own-metrics.js';
import { type Instrument, Sum } from '../../src/metrics/instrument.js';
import { createFakeClock, fakeEpochMs } from '../support/fake-clock.js';

const [INT, DOUBLE] = [0, 1];

function create(temporality: 'cumulative' | 'delta', more: Partial<Instrument> = {}) {
  const clock = createFakeClock(0);
  const cell = new Sum();
  const instrument = {
    kind: 'counter',
    name: 'cpu',
    description: '',
    unit: 's',
    series: [{ attributes: {}, value: cell }],
    ...more,
  } as Instrument;
  const producer = createOwnMetrics(
    {
      instruments: () => [instrument],
      scope: { name: 'test' },
      resource: () => ({}) as never,
      clock,
      startedAt: [fakeEpochMs / 1_000, 0],
    },
    temporality,
  );
  const collect = async () => {
    const { resourceMetrics }: CollectionResult = await producer.collect();
    const metric = resourceMetrics.scopeMetrics[0]?.metrics[0] as MetricData;
    const point = metric.dataPoints[0];
    return {
      valueType: metric.descriptor.valueType,
      value: point?.value,
      from: (point?.startTime[0] as number) - fakeEpochMs / 1_000,
      to: (point?.endTime[0] as number) - fakeEpochMs / 1_000,
    };
  };
  return { clock, cell, collect };
}

describe('series of our own', () => {
  test('count in whole numbers, or in fractions where they say so', async () => {
    expect((await create('cumulative').collect()).valueType).toBe(INT);
    expect((await create('cumulative', { valueType: 'double' }).collect()).valueType).toBe(DOUBLE);
    expect((await create('cumulative', { kind: 'gauge' }).collect()).valueType).toBe(DOUBLE);
    expect((await create('cumulative', { kind: 'gauge', valueType: 'int' }).collect()).valueType).toBe(INT);
  });

  const since = fakeEpochMs - 3_600_000;

  test('that began before the service say since when, in totals', async () => {
    const { clock, cell, collect } = create('cumulative', { since });
    cell.value = 7.5;
    clock.stall(60_000);
    expect(await collect()).toMatchObject({ value: 7.5, from: -3_600, to: 60 });
    clock.stall(60_000);
    expect(await collect()).toMatchObject({ value: 7.5, from: -3_600, to: 120 });
  });

  test('that began before the service say so once in increments, and are no leap', async () => {
    const { clock, cell, collect } = create('delta', { since });
    cell.value = 7.5;
    clock.stall(60_000);
    expect(await collect()).toMatchObject({ value: 7.5, from: -3_600, to: 60 });
    cell.value = 8;
    clock.stall(60_000);
    expect(await collect()).toMatchObject({ value: 0.5, from: 60, to: 120 });
  });

  test('that began with it count from there', async () => {
    const { clock, cell, collect } = create('delta');
    cell.value = 2;
    clock.stall(60_000);
    expect(await collect()).toMatchObject({ value: 2, from: 0, to: 60 });
    cell.value = 5;
    clock.stall(60_000);
    expect(await collect()).toMatchObject({ value: 3, from: 60, to: 120 });
  });

  test('that go up and down are never increments, and keep their beginning', async () => {
    const { clock, cell, collect } = create('delta', { kind: 'updowncounter' });
    cell.value = 4;
    clock.stall(60_000);
    await collect();
    clock.stall(60_000);
    expect(await collect()).toMatchObject({ value: 4, from: 0 });
  });
});
