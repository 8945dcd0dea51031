import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Sum } from '../../src/metrics/instrument.js';
import { SeriesSet } from '../../src/metrics/series.js';

function create(limit: number) {
  let overflows = 0;
  const set = new SeriesSet(
    () => new Sum(),
    limit,
    () => {
      overflows += 1;
    },
  );
  return { set, overflows: () => overflows };
}

describe('a set of series', () => {
  test('keeps one below its limit, and lets the rest share the overflow series', () => {
    const { set, overflows } = create(3);

    const [one, two, three, four] = ['1', '2', '3', '4'].map((n) => set.add({ n }));

    expect([one, two].map((series) => series?.attributes)).toEqual([{ n: '1' }, { n: '2' }]);
    expect(three?.attributes).toEqual({ 'otel.metric.overflow': true });
    expect(four).toBe(three);
    expect([...set]).toEqual([one, two, three]);
    expect([set.size, set.isFull, overflows()]).toEqual([3, true, 2]);
  });

  test('has no overflow series before it is needed', () => {
    const { set, overflows } = create(3);
    set.add({ n: '1' });
    expect(set.isFull).toBe(false);
    set.add({ n: '2' });
    expect([set.size, set.isFull, overflows()]).toEqual([2, true, 0]);
  });

  test('never holds more than its limit, and loses nothing that is counted', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.string(), { maxLength: 60 }),
        (limit, names) => {
          const { set, overflows } = create(limit);
          for (const name of names) set.add({ name }).value.add(1);
          const total = [...set].reduce((sum, series) => sum + series.value.value, 0);
          expect(total).toBe(names.length);
          expect(set.size).toBe([...set].length);
          expect(set.size).toBeLessThanOrEqual(limit);
          expect(overflows()).toBe(Math.max(0, names.length - (limit - 1)));
        },
      ),
    );
  });

  test('lets nobody change the attributes of a series', () => {
    const { attributes } = create(3).set.add({ n: '1' });
    expect(() => {
      attributes.n = '2';
    }).toThrow(TypeError);
  });
});
