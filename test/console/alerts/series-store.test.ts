import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LabelSet } from '../../../src/console/alerts/label-set.js';
import { createMatcher } from '../../../src/console/alerts/matcher.js';
import { MemorySeriesStore, type SeriesStoreConfig } from '../../../src/console/alerts/series-store.js';
import { StoredSeries } from '../../../src/console/alerts/stored-series.js';

const config: SeriesStoreConfig = { maxBytes: 2 ** 26, gridMs: 0, unreadMs: 0 };
const named = (name: string) => [createMatcher('__name__', '=', name)];
const minute = 60_000;

function readingStore(given: Partial<SeriesStoreConfig> = {}, horizonMs = 10 * minute) {
  const store = new MemorySeriesStore({ ...config, ...given });
  const list = store.watch(named('a'), horizonMs);
  return { store, list };
}

const timesOf = ({ times, start }: StoredSeries) => times.slice(start);

describe('the store of series', () => {
  test('keeps what rules read, and nothing else', () => {
    const { store, list } = readingStore();
    store.append('a', { job: 'x' }, 0, 1);
    store.append('b', { job: 'x' }, 0, 1);
    expect(list.series.map(({ labels }) => labels.toLabels())).toEqual([{ __name__: 'a', job: 'x' }]);
    expect(store.stats).toMatchObject({ series: 1, samples: 1 });
    expect([store.isRead('a'), store.isRead('b')]).toEqual([true, false]);
    store.watch([createMatcher('__name__', '=~', 'b|c'), createMatcher('job', '=', 'x')], minute);
    expect([store.isRead('b'), store.isRead('d')]).toEqual([true, false]);
  });

  test('finds series by each kind of matcher, where a label that is missing is empty', () => {
    const { store } = readingStore({ unreadMs: minute });
    store.append('a', { job: 'x', code: '200' }, 0, 1);
    store.append('a', { job: 'x', code: '500' }, 0, 1);
    store.append('a', { job: 'y' }, 0, 1);
    store.append('b', { job: 'y' }, 0, 1);
    const found = (...matchers: Parameters<typeof createMatcher>[]) =>
      store.select(matchers.map((matcher) => createMatcher(...matcher))).series.length;
    expect(found(['__name__', '=', 'a'])).toBe(3);
    expect(found(['__name__', '=', 'a'], ['code', '=', ''])).toBe(1);
    expect(found(['__name__', '=', 'a'], ['code', '!=', '200'])).toBe(2);
    expect(found(['code', '=~', '5..'])).toBe(1);
    expect(found(['job', '!~', 'x'])).toBe(2);
    expect(found(['__name__', '=~', 'a|b'], ['job', '=', 'y'])).toBe(2);
    // A regular expression matches the whole value.
    expect(found(['code', '=~', '50'])).toBe(0);
  });

  test('tells labels apart however they are spelled', () => {
    const { store, list } = readingStore();
    store.append('a', { x: '1', y: '2' }, 0, 1);
    store.append('a', { y: '2', x: '1', z: '' }, 1, 1);
    store.append('a', { x: '11:y1:2' }, 0, 1);
    store.append('a', { x: '1y', '2': '' }, 0, 1);
    expect(list.series).toHaveLength(3);
  });

  test('leaves out what is not newer, and counts it', () => {
    const { store, list } = readingStore();
    for (const at of [10, 10, 9, 11.9, 11.95]) store.append('a', {}, at, at);
    expect(timesOf(list.series[0] as StoredSeries)).toEqual([10, 11]);
    expect(store.stats.droppedSamples).toBe(3);
  });

  test('holds a value for five minutes, unless the series is said to be gone', () => {
    const { store, list } = readingStore();
    const writer = store.writer('a', {});
    writer.append(1_000, 1);
    writer.append(2_000, 2);
    const series = list.series[0] as StoredSeries;
    const valueAt = (timeMs: number) => series.values[series.indexAt(timeMs, 300_000)];
    expect([999, 1_000, 1_999, 2_000, 302_000, 302_001].map(valueAt)).toEqual([
      undefined,
      1,
      1,
      2,
      2,
      undefined,
    ]);
    writer.markStale(3_000);
    writer.markStale(4_000);
    store.markStale('a', {}, 5_000);
    expect([2_999, 3_000, 60_000].map(valueAt)).toEqual([2, undefined, undefined]);
    writer.append(6_000, Number.NaN);
    expect([5_999, 6_000].map(valueAt)).toEqual([undefined, Number.NaN]);
    expect([2_500, 4_500].map(valueAt)).toEqual([2, undefined]);
  });

  test('forgets what is older than rules look back, and series that have none left', () => {
    const { store, list } = readingStore();
    for (let at = 0; at <= 30 * minute; at += 1_000) store.append('a', { job: 'x' }, at, 1);
    store.append('a', { job: 'gone' }, minute, 1);
    store.sweep(30 * minute);
    expect(list.series.map(({ labels }) => labels.get('job'))).toEqual(['x']);
    expect(timesOf(list.series[0] as StoredSeries)[0]).toBe(19 * minute);
    expect(store.stats.series).toBe(1);
    expect(store.stats.evictedSeries).toBe(0);
  });

  test('keeps samples apart, and the newest of those between', () => {
    const { store, list } = readingStore({ gridMs: 5_000 });
    for (let at = 0; at <= 12_000; at += 1_000) store.append('a', {}, at, at);
    expect(timesOf(list.series[0] as StoredSeries)).toEqual([0, 5_000, 10_000, 12_000]);
    // Nothing replaces a sample that the series has ended with.
    store.markStale('a', {}, 12_500);
    store.append('a', {}, 13_000, 13);
    expect(timesOf(list.series[0] as StoredSeries)).toEqual([0, 5_000, 10_000, 12_000, 13_000]);
  });

  test('stays within its bytes: what has ended goes first, then history of the job that has most', () => {
    const { store, list } = readingStore({ maxBytes: 180_000 }, 1_000 * minute);
    for (let at = 0; at < 100; at += 1) store.append('a', { job: 'ended', id: String(at) }, 0, 1);
    const quiet = store.writer('a', { job: 'quiet' });
    const noisy = Array.from({ length: 20 }, (_, id) => store.writer('a', { job: 'noisy', id: String(id) }));
    for (let at = 6 * minute; at < 60 * minute; at += 2_000) {
      store.advance(at);
      if (at % 20_000 === 0) quiet.append(at, 1);
      for (const writer of noisy) writer.append(at, 1);
      expect(store.stats.bytes).toBeLessThanOrEqual(180_000);
    }
    const jobs = new Set(list.series.map(({ labels }) => labels.get('job')));
    expect([...jobs].sort()).toEqual(['noisy', 'quiet']);
    expect(store.stats.evictedSeries).toBe(100);
    const oldest = (job: string) =>
      Math.min(
        ...list.series
          .filter(({ labels }) => labels.get('job') === job)
          .map((series) => series.times[series.start] as number),
      );
    expect(oldest('quiet')).toBe(6 * minute);
    expect(oldest('noisy')).toBeGreaterThan(6 * minute);
  });

  test('is not misled by a sender whose clock is wrong', () => {
    const { store, list } = readingStore({ maxBytes: 30_000 });
    store.advance(0);
    store.append('a', { job: 'right' }, 0, 1);
    store.append('a', { job: 'fast' }, 24 * 60 * minute, 1);
    for (let id = 0; id < 100; id += 1) store.append('a', { job: 'many', id: String(id) }, 1, 1);
    expect(list.series.map(({ labels }) => labels.get('job'))).toContain('right');
    expect(store.stats.bytes).toBeLessThanOrEqual(30_000);
  });

  test('takes a writer that has outlived its series', () => {
    const { store, list } = readingStore();
    const writer = store.writer('a', {});
    writer.append(0, 1);
    store.sweep(60 * minute);
    expect(list.series).toEqual([]);
    writer.markStale(60 * minute);
    writer.append(61 * minute, 2);
    expect(list.series.map(({ values }) => values)).toEqual([[2]]);
    expect(store.stats).toMatchObject({ series: 1, samples: 1 });
  });

  test('counts what it holds', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2_000_000 }), fc.boolean()),
          { maxLength: 300 },
        ),
        fc.integer({ min: 0, max: 10_000 }),
        (steps, gridMs) => {
          const { store, list } = readingStore({ maxBytes: 20_000, gridMs });
          let nowMs = 0;
          for (const [id, stepMs, isSweep] of steps) {
            nowMs += stepMs / 100;
            store.append('a', { id: String(id) }, nowMs, id);
            if (isSweep) store.sweep(nowMs);
          }
          const samples = list.series.reduce((sum, { times }) => sum + times.length, 0);
          expect(store.stats).toMatchObject({ series: list.series.length, samples });
        },
      ),
    );
  });
});

describe('a series that is thinned out', () => {
  const horizonMs = 6 * 60 * minute;

  function growing(values: readonly number[], everyMs = 1_000): StoredSeries {
    const series = new StoredSeries(LabelSet.empty, horizonMs, 0, true);
    for (const [index, value] of values.entries()) series.append(index * everyMs, value);
    return series;
  }

  /** How much a counter grew, with what it had when it began anew. */
  function growthOf(values: readonly number[]): number {
    let growth = 0;
    for (let index = 1; index < values.length; index += 1) {
      const [before, after] = [values[index - 1] as number, values[index] as number];
      growth += after < before ? after : after - before;
    }
    return growth;
  }

  test('keeps the last minutes in full and hours in steps', () => {
    const series = growing(Array.from({ length: 6 * 3_600 }, (_, index) => index));
    expect(series.length).toBeLessThan(2_000);
    const times = timesOf(series);
    const last = times.at(-1) as number;
    for (let back = 0; back <= 300; back += 1) expect(times).toContain(last - back * 1_000);
    const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000);
  });

  test('loses nothing of how much a counter grew, nor of how often a state changed', () => {
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(0, 0, 1, 5) },
      { weight: 1, arbitrary: fc.constant(-1) },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 2_000, maxLength: 6_000 }), (steps) => {
        let value = 0;
        const values = steps.map((one) => {
          value = one === -1 ? 1 : value + one;
          return value;
        });
        const series = growing(values);
        const kept = series.values.slice(series.start);
        const before = values.slice(0, values.length);
        expect(kept.length).toBeLessThan(values.length);
        expect(growthOf(kept)).toBe(growthOf(before));
        const drops = (all: readonly number[]) =>
          all.filter((one, at) => at > 0 && one < (all[at - 1] as number));
        expect(drops(kept)).toEqual(drops(before));
      }),
      { numRuns: 20 },
    );
  });
});
