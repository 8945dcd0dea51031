import { expect, test } from 'vitest';
import { linearScale, logScale, timeTicks } from '../../src/page/chart/scale.js';

test('a linear scale begins at 0, and its top is round and not below the greatest value', () => {
  for (const most of [0, 0.003, 0.9975, 1, 7, 10, 14.1, 99, 1_234_567]) {
    const { at, ticks } = linearScale(most, 100);
    const top = ticks.at(-1) as number;
    expect(at(0)).toBe(100);
    expect(top, String(most)).toBeGreaterThanOrEqual(most);
    expect(top, String(most)).toBeLessThanOrEqual(Math.max(1, most * 2.5));
    expect(at(top)).toBeCloseTo(0);
  }
});

test('a share of all is drawn up to 100 %, and not to 200 %', () => {
  expect(linearScale(1, 100).ticks).toEqual([0, 0.5, 1]);
});

test('a logarithmic scale has a line at each power of ten', () => {
  const { at, ticks } = logScale(1, 10_000, 200);
  expect(ticks).toEqual([1, 10, 100, 1_000, 10_000]);
  expect(at(1)).toBeCloseTo(200);
  expect(at(100)).toBeCloseTo(100);
  expect(at(10_000)).toBeCloseTo(0);
});

test('times on the axis are round, and not too many', () => {
  const from = Date.UTC(2026, 10, 30, 6, 21, 13);
  const ticks = timeTicks(from, from + 15 * 60_000, 8);
  expect(ticks.length).toBeGreaterThan(3);
  expect(ticks.length).toBeLessThanOrEqual(8);
  for (const ms of ticks) expect(ms % 60_000).toBe(0);
});
