import { createHistogram } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DelayHistogram, summarize, takeSlice } from '../../src/process/delay-slice.js';

const ms = 1e6;

/** A histogram of looks so many milliseconds apart, as Node's own would hold them. */
function looks(...intervalsMs: number[]): DelayHistogram {
  const histogram = createHistogram();
  for (const interval of intervalsMs) histogram.record(Math.round(interval * ms));
  return histogram;
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
const sliceOf = (...intervalsMs: number[]) => takeSlice(looks(...intervalsMs), sum(intervalsMs));

describe('a slice of the event loop delay', () => {
  test('empties the histogram that it takes', () => {
    const histogram = looks(20, 30);
    expect(takeSlice(histogram, 50).count).toBe(2);
    expect(histogram.count).toBe(0);
  });

  test('counts no rest between two looks as delay', () => {
    const summary = summarize([sliceOf(20, 20, 20, 120)]);
    expect(summary?.min).toBeCloseTo(0, 3);
    expect(summary?.max).toBeCloseTo(0.1, 3);
    expect(summary?.mean).toBeCloseTo(0.025, 3);
  });

  test('is never negative, though Node now and then looks a little early', () => {
    const summary = summarize([sliceOf(19, 19.5)]);
    expect([summary?.min, summary?.max, summary?.mean, summary?.p50]).toEqual([0, 0, 0, 0]);
  });

  test('holds the delay that a reset would lose, which is under way when it is taken', () => {
    // Three looks in 60 ms, then the loop was blocked for half a second.
    const summary = summarize([takeSlice(looks(20, 20, 20), 560)]);
    expect(summary?.max).toBeCloseTo(0.46, 2);
    expect(summary?.max).toBeGreaterThanOrEqual(0.45);
  });

  test('holds a delay in which there was no look at all', () => {
    expect(summarize([takeSlice(looks(), 300)])?.max).toBeCloseTo(0.26, 3);
  });

  test('takes the rest up to the next look for no delay', () => {
    expect(takeSlice(looks(20, 20), 79).count).toBe(2);
    expect(takeSlice(looks(), 40).count).toBe(0);
    expect(summarize([takeSlice(looks(), 40)])).toBeUndefined();
  });

  test('of a long time is not taken for a delay because of the three digits that the histogram keeps', () => {
    const intervals = new Array<number>(3_000).fill(20.014);
    const histogram = looks(...intervals);
    expect(takeSlice(histogram, sum(intervals) + 30).count).toBe(3_000);
  });
});

describe('several slices together', () => {
  const interval = fc.integer({ min: 20, max: 2_000 });
  const some = fc.array(interval, { minLength: 1, maxLength: 60 });

  test('one alone reads as its histogram does, to the three digits that this keeps', () => {
    fc.assert(
      fc.property(some, (intervals) => {
        const histogram = looks(...intervals);
        const expected = [50, 90, 99].map((q) => histogram.percentile(q) / ms);
        const { stddev } = histogram;
        const summary = summarize([takeSlice(histogram, sum(intervals))]);
        for (const [index, value] of [summary?.p50, summary?.p90, summary?.p99].entries()) {
          const expectedMs = expected[index] as number;
          expect(Math.abs((value as number) * 1_000 + 20 - expectedMs)).toBeLessThanOrEqual(
            expectedMs / 1_000,
          );
        }
        expect(summary?.stddev).toBeCloseTo(stddev / 1e9, 9);
      }),
    );
  });

  test('have the extremes, mean and deviation of all their looks, however these are divided', () => {
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 6 }), (groups) => {
        const whole = summarize([sliceOf(...groups.flat())]);
        const parts = summarize(groups.map((group) => sliceOf(...group)));
        for (const key of ['min', 'max', 'mean', 'stddev'] as const)
          expect(parts?.[key]).toBeCloseTo(whole?.[key] as number, 2);
      }),
    );
  });

  test('have rising quantiles between the extremes, and never below what they were in all looks by more than a digit', () => {
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 6 }), (groups) => {
        const sorted = groups.flat().sort((a, b) => a - b);
        const parts = summarize(groups.map((group) => sliceOf(...group)));
        if (parts === undefined) throw new Error('no summary');
        expect(parts.min <= parts.p50 && parts.p50 <= parts.p90 && parts.p90 <= parts.p99).toBe(true);
        expect(parts.p99).toBeLessThanOrEqual(parts.max);
        const exact = (q: number) =>
          ((sorted[Math.max(0, Math.ceil(q * sorted.length) - 2)] as number) - 20) / 1_000;
        for (const [value, q] of [
          [parts.p50, 0.5],
          [parts.p99, 0.99],
        ] as const)
          expect(value).toBeGreaterThanOrEqual(exact(q) * 0.998 - 0.001);
      }),
    );
  });

  test('pass over one without a look', () => {
    expect(summarize([sliceOf(), sliceOf(70)])?.max).toBeCloseTo(0.05, 3);
    expect(summarize([])).toBeUndefined();
  });
});
