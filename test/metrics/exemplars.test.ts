import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../src/metrics/histogram.js';

const SAMPLED = 1;

function spanNamed(name: string, traceFlags = SAMPLED) {
  return { traceId: `trace ${name}`, spanId: `span ${name}`, traceFlags };
}

/** A histogram with the bounds 0.1 and 1, in seconds. */
function create() {
  const histogram = new Histogram([0.1, 1]);
  return {
    histogram,
    record: (name: string, value: number, startMs = 0, traceFlags = SAMPLED) =>
      histogram.record(value, { exemplarContext: spanNamed(name, traceFlags), startMs }),
    held: (sinceMs = Number.NEGATIVE_INFINITY) =>
      (histogram.exemplars?.since(sinceMs) ?? []).map(({ traceId, value }) => [traceId, value]),
  };
}

describe('the exemplars of a histogram', () => {
  test('are one for each bucket, with the trace, the span, the value and its end', () => {
    const { histogram, record, held } = create();
    record('fast', 0.05, 1_000);
    record('slow', 3, 2_000);
    expect(held()).toEqual([
      ['trace fast', 0.05],
      ['trace slow', 3],
    ]);
    expect(histogram.exemplars?.since(0)[1]).toEqual({
      traceId: 'trace slow',
      spanId: 'span slow',
      value: 3,
      atMs: 5_000,
    });
  });

  test('are of sampled measurements only', () => {
    const { histogram, record, held } = create();
    histogram.record(0.5);
    histogram.record(0.5, { exemplarContext: undefined, startMs: 0 });
    expect(histogram.exemplars).toBeUndefined();
    record('not sampled', 0.5, 0, 0);
    expect(held()).toEqual([]);
    expect(histogram.count).toBe(3);
  });

  test('keep the slowest of a bucket', () => {
    const { record, held } = create();
    record('a', 0.5);
    record('b', 0.9);
    record('c', 0.7);
    expect(held()).toEqual([['trace b', 0.9]]);
  });

  test('keep it for 15 s, then let any other take its place', () => {
    const { record, held } = create();
    record('slow', 0.9, 0);
    record('within', 0.5, 15_399);
    expect(held()).toEqual([['trace slow', 0.9]]);
    record('after', 0.5, 15_400);
    expect(held()).toEqual([['trace after', 0.5]]);
  });

  test('can be asked for those after a moment', () => {
    const { record, held } = create();
    record('old', 0.05, 0);
    record('new', 0.5, 1_000);
    expect(held(50)).toEqual([['trace new', 0.5]]);
    expect(held(1_500)).toEqual([]);
  });

  test('once given, stay as they were', () => {
    const { histogram, record } = create();
    record('a', 0.5);
    const given = histogram.exemplars?.since(0);
    record('b', 0.9);
    expect(given?.map(({ traceId }) => traceId)).toEqual(['trace a']);
  });

  test('are in the bucket of their value, and of what was recorded', () => {
    const values = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, (seconds) => {
        const { histogram, record } = create();
        for (const [index, value] of seconds.entries()) record(String(index), value);
        const held = histogram.exemplars?.since(Number.NEGATIVE_INFINITY) ?? [];
        const buckets = [
          seconds.filter((value) => value <= 0.1),
          seconds.filter((value) => value > 0.1 && value <= 1),
          seconds.filter((value) => value > 1),
        ];
        const slowest = buckets.filter((bucket) => bucket.length > 0).map((bucket) => Math.max(...bucket));
        expect(held.map(({ value }) => value)).toEqual(slowest);
      }),
    );
  });
});
