import type { Attributes } from '@opentelemetry/api';
import type { Series } from '../metrics/series.js';

/** One series whose value is read at collection; undefined where there is nothing to report. */
export type Reading = readonly [attributes: Attributes, read: () => number | undefined];

interface ReadingSeries extends Series<{ value: number }> {
  readonly read: () => number | undefined;
}

/** Node has some forty kinds of resource and V8 a dozen heap spaces. */
const maxNames = 100;

/** The series of an instrument, the same objects at each collection: delta readers remember by them what they have seen. */
export function createReadings(readings: readonly Reading[]): Iterable<Series<{ readonly value: number }>> {
  const all = readings.map(
    ([attributes, read]): ReadingSeries => ({
      attributes: Object.freeze(attributes),
      value: { value: 0 },
      read,
    }),
  );
  return {
    *[Symbol.iterator]() {
      for (const series of all) {
        const number = series.read();
        if (number === undefined || !Number.isFinite(number)) continue;
        series.value.value = number;
        yield series;
      }
    },
  };
}

/** As {@link createReadings}, for what shows up while the process runs; what has been there once is reported as 0 afterwards. */
export function createNamedReadings(
  key: string,
  read: () => ReadonlyMap<string, number> | undefined,
): Iterable<Series<{ readonly value: number }>> {
  const all = new Map<string, Series<{ value: number }>>();
  return {
    *[Symbol.iterator]() {
      const found = read();
      if (found === undefined) return;
      for (const name of found.keys()) {
        if (all.size < maxNames && !all.has(name))
          all.set(name, { attributes: Object.freeze({ [key]: name }), value: { value: 0 } });
      }
      for (const [name, series] of all) {
        series.value.value = found.get(name) ?? 0;
        yield series;
      }
    },
  };
}
