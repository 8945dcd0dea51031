import type { CollectionResult, InstrumentType, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { InstrumentType as types } from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { PeriodicReader, type TemporalityPreference } from '../../src/export/periodic-reader.js';
import { createDropped } from '../../src/metrics/dropped.js';
import { createFakeClock, settled } from '../support/fake-clock.js';
import { createHeldExporter } from './support/exporters.js';

const DELTA = 0;
const CUMULATIVE = 1;

function metricsOf(temporality: number, points = 1): CollectionResult {
  const metric = { aggregationTemporality: temporality, dataPoints: new Array(points).fill({}) };
  return {
    resourceMetrics: { scopeMetrics: [{ metrics: [metric] }] } as unknown as ResourceMetrics,
    errors: [],
  };
}

function create(temporality: TemporalityPreference = 'cumulative', firstDelayMs = 60_000) {
  const timers = createFakeClock();
  const dropped = createDropped();
  const said: string[] = [];
  const exporter = createHeldExporter<ResourceMetrics>();
  const collected = { count: 0, result: metricsOf(CUMULATIVE) };
  const reader = new PeriodicReader({
    createExporter: async () => exporter,
    intervalMs: 60_000,
    firstDelayMs,
    exportTimeoutMs: 30_000,
    temporality,
    dropped,
    outage: { failed: (reason) => said.push(reason), succeeded: () => said.push('ok') },
    timers,
  });
  reader.setMetricProducer({
    async collect() {
      collected.count += 1;
      return collected.result;
    },
  });
  return { reader, timers, dropped, said, exporter, collected };
}

describe('a periodic reader', () => {
  test('exports after each interval', async () => {
    const { timers, exporter } = create();
    await timers.advance(59_999);
    expect(exporter.exports).toHaveLength(0);
    await timers.advance(1);
    expect(exporter.exports).toHaveLength(1);
    exporter.end();
    await timers.advance(60_000);
    expect(exporter.exports).toHaveLength(2);
  });

  test('exports for the first time sooner, if it is to, and after each interval then', async () => {
    const { timers, exporter } = create('cumulative', 1_000);
    await timers.advance(999);
    expect(exporter.exports).toHaveLength(0);
    await timers.advance(1);
    exporter.end();
    await timers.advance(59_999);
    expect(exporter.exports).toHaveLength(1);
    await timers.advance(1);
    expect(exporter.exports).toHaveLength(2);
  });

  test('passes over an interval while an export is under way', async () => {
    const { timers, exporter, collected } = create();
    await timers.advance(60_000);
    await timers.advance(20_000);
    expect(exporter.underWay).toBe(1);
    exporter.end();
    await timers.advance(40_000);
    expect(collected.count).toBe(2);
  });

  test('gives up after the export time-out and goes on with the next interval', async () => {
    const { timers, exporter, said } = create();
    await timers.advance(60_000);
    await timers.advance(30_000);
    expect(said).toEqual(['no answer within 30000 ms']);
    await timers.advance(30_000);
    expect(exporter.exports).toHaveLength(2);
  });

  test('exports nothing where there is nothing', async () => {
    const { timers, exporter, collected } = create();
    collected.result = { resourceMetrics: { scopeMetrics: [] } as unknown as ResourceMetrics, errors: [] };
    await timers.advance(60_000);
    expect(exporter.exports).toHaveLength(0);
  });

  test('survives a producer that throws', async () => {
    const { reader, timers, exporter } = create();
    reader.setMetricProducer({ collect: () => Promise.reject(new Error('broken')) });
    await reader.forceFlush();
    await timers.advance(60_000);
    expect(exporter.exports).toHaveLength(0);
  });

  test('collects nothing before it has a producer', async () => {
    const { dropped, exporter, timers } = create();
    const reader = new PeriodicReader({
      createExporter: async () => exporter,
      intervalMs: 1,
      firstDelayMs: 1,
      exportTimeoutMs: 1,
      temporality: 'cumulative',
      dropped,
      outage: { failed() {}, succeeded() {} },
      timers,
    });
    await expect(reader.collect()).rejects.toThrow('no producer');
  });
});

describe('flush', () => {
  test('exports at once and waits for the answer', async () => {
    const { reader, exporter, said } = create();
    const flushed = reader.forceFlush();
    await settled();
    expect(said).toEqual([]);
    exporter.end();
    await flushed;
    expect(said).toEqual(['ok']);
  });

  test('during an export collects once more, for all that wait', async () => {
    const { reader, exporter, collected } = create();
    const first = reader.forceFlush();
    await settled();
    const later = [reader.forceFlush(), reader.forceFlush()];
    exporter.end();
    await first;
    await settled();
    expect(collected.count).toBe(2);
    expect(exporter.underWay).toBe(1);
    exporter.end();
    await Promise.all(later);
    expect(collected.count).toBe(2);
  });

  test('at the end of a reader is the last export', async () => {
    const { reader, timers, exporter } = create();
    const ended = reader.shutdown();
    await settled();
    exporter.end();
    await ended;
    expect(exporter.isShutDown).toBe(true);
    expect(timers.pending).toBe(0);
  });

  test('is given up with the export when the reader is closed', async () => {
    const { reader, exporter, said } = create();
    const flushed = reader.forceFlush();
    await settled();
    await reader.close();
    await flushed;
    expect(said).toEqual(['aborted']);
    expect(exporter.underWay).toBe(0);
  });
});

describe('a failed export', () => {
  test('loses nothing that is cumulative', async () => {
    const { reader, exporter, dropped } = create();
    const flushed = reader.forceFlush();
    await settled();
    exporter.end(new Error('no'));
    await flushed;
    expect(dropped.count('export_failed')).toBe(0);
  });

  test('loses increments, which are counted', async () => {
    const { reader, exporter, dropped, collected } = create('delta');
    collected.result = metricsOf(DELTA, 3);
    const flushed = reader.forceFlush();
    await settled();
    exporter.end(new Error('no'));
    await flushed;
    expect(dropped.count('export_failed')).toBe(3);
  });
});

describe('temporality', () => {
  const { COUNTER, GAUGE, HISTOGRAM, OBSERVABLE_COUNTER, UP_DOWN_COUNTER } = types;
  const of = (preference: TemporalityPreference, type: InstrumentType) =>
    create(preference).reader.selectAggregationTemporality(type);

  test.each([
    ['cumulative', []],
    ['delta', [COUNTER, HISTOGRAM, OBSERVABLE_COUNTER]],
    ['lowmemory', [COUNTER, HISTOGRAM]],
  ] as const)('%s makes increments of %j', (preference, increments) => {
    const all = [COUNTER, GAUGE, HISTOGRAM, OBSERVABLE_COUNTER, UP_DOWN_COUNTER];
    expect(all.filter((type) => of(preference, type) === DELTA)).toEqual(
      all.filter((type) => (increments as readonly InstrumentType[]).includes(type)),
    );
  });

  test('has what the SDK asks a reader for besides', () => {
    const { reader } = create();
    expect(reader.selectAggregation()).toEqual({ type: 0 });
    expect(reader.selectCardinalityLimit()).toBe(2_000);
  });
});
