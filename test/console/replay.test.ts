import { expect, test } from 'vitest';
import { startConsole } from '../../src/console/console.js';
import { resolveRules } from '../../src/rules/rule-options.js';

// Two days of it: bench/console/replay.mjs.
test('hours of telemetry: what is held stays within its bounds, and each fault has its alert, in time, with its evidence, and no other', {
  timeout: 600_000,
}, async () => {
  const { replayDays } = await import('../../bench/console/replay-days.mjs');
  const { planned, readings, wrong } = await replayDays({
    startConsole,
    options: { rules: resolveRules(), memoryBytes: 16 * 2 ** 20 },
    hours: 4,
    everyHours: 1,
    traces: 30,
  });
  expect(planned).toBe(3);
  expect(wrong).toEqual([]);
  for (const { bytes, maxBytes, evidenceBytes, evictedSeries, missed } of readings) {
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    expect(evidenceBytes).toBeLessThanOrEqual(maxBytes / 10);
    expect({ evictedSeries, missed }).toEqual({ evictedSeries: 0, missed: 0 });
  }
  expect(readings.at(-1)?.droppedSpans).toBeGreaterThan(0);
});
