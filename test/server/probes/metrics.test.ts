import { describe, expect, test } from 'vitest';
import type { HealthOptions } from '../../../src/health/options.js';
import type { Histogram } from '../../../src/metrics/histogram.js';
import type { Instrument } from '../../../src/metrics/instrument.js';
import { createProbeMetrics } from '../../../src/server/probes/metrics.js';
import { createTestHealth, never } from '../../health/support/harness.js';

async function createMeasured(options: HealthOptions) {
  const metrics = createProbeMetrics();
  const { health, clock } = createTestHealth(options, metrics);
  health.start();
  await clock.advance(0);
  const series = (name: string) => {
    const instrument = metrics.instruments(health).find((one) => one.name === name) as Instrument;
    return [...instrument.series].map(({ attributes, value }) => [
      attributes,
      instrument.kind === 'histogram' ? (value as Histogram).count : (value as { value: number }).value,
    ]);
  };
  return { metrics, health, clock, series };
}

const check = (name: string) => ({ 'golden_signals.health.check': name });

describe('health metrics', () => {
  test('say 1, 0.5 or 0 for each check that has a result', async () => {
    const { series, health } = await createMeasured({
      checks: { a: () => true, b: () => false, c: { run: () => false, critical: true }, d: never },
    });
    expect(series('golden_signals.health.status')).toEqual([
      [check('a'), 1],
      [check('b'), 0.5],
      [check('c'), 0],
    ]);
    health.remove('a');
    expect(series('golden_signals.health.status')).toHaveLength(2);
  });

  test('count runs by check, and changes of status by check and status', async () => {
    let calls = 0;
    const { series, clock } = await createMeasured({ checks: { a: () => calls++ > 1 } });
    await clock.advance(22_000);
    expect(series('golden_signals.health.check.duration')).toEqual([[check('a'), 3]]);
    expect(series('golden_signals.health.transitions')).toEqual([
      [{ ...check('a'), 'golden_signals.health.status': 'warn' }, 1],
      [{ ...check('a'), 'golden_signals.health.status': 'pass' }, 1],
    ]);
  });

  test('count answers by probe and status code', async () => {
    const { series, metrics } = await createMeasured({});
    metrics.answered('live', 200);
    metrics.answered('live', 200);
    metrics.answered('ready', 503);
    expect(series('golden_signals.health.probes')).toEqual([
      [{ 'golden_signals.health.probe': 'live', 'http.response.status_code': 200 }, 2],
      [{ 'golden_signals.health.probe': 'ready', 'http.response.status_code': 503 }, 1],
    ]);
  });

  test('are bounded however many checks come and go', async () => {
    const { series, health, clock } = await createMeasured({});
    for (let index = 0; index < 1_500; index += 1) {
      health.add(`check ${index}`, () => true);
      await clock.advance(0);
      health.remove(`check ${index}`);
    }
    const durations = series('golden_signals.health.check.duration');
    expect(durations).toHaveLength(1_000);
    expect(durations.at(-1)).toEqual([{ 'otel.metric.overflow': true }, 501]);
  });
});
