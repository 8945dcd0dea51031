/** A line was stamped at most so long before or after it was seen; a field that is further off is no stamp of this line. */
const maxSkewMs = 1_000;

export interface LineTime {
  /** The field that says it. */
  readonly key: string;
  /** Wall-clock milliseconds. */
  readonly ms: number;
}

/**
 * When a line was logged, by the first of its fields that says so: in milliseconds, as a date, or coarser. Undefined where none does:
 * then the moment at which it was seen is right, as a line is seen when it is logged. Never throws.
 */
export function timeIn(fields: object, keys: readonly string[], observedMs: number): LineTime | undefined {
  for (const key of keys) {
    for (const ms of readingsOf(fields, key)) {
      if (Math.abs(ms - observedMs) <= maxSkewMs) return { key, ms };
    }
    // Seconds, cut or rounded: they say less than the moment at which the line was seen.
    const [seconds] = readingsOf(fields, key);
    if (seconds !== undefined && Math.abs(seconds * 1_000 - observedMs) <= 2 * maxSkewMs)
      return { key, ms: observedMs };
  }
  return undefined;
}

/** What a value can mean, in milliseconds. */
function readingsOf(fields: object, key: string): number[] {
  try {
    const value = (fields as Record<string, unknown>)[key];
    if (typeof value === 'number') return [value, value / 1_000, value / 1_000_000];
    if (typeof value === 'string') {
      const number = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
      return [number, Date.parse(value), number / 1_000, number / 1_000_000].filter(
        (ms) => !Number.isNaN(ms),
      );
    }
    const { getTime } = value as Partial<Date>;
    const ms: unknown = typeof getTime === 'function' ? getTime.call(value) : undefined;
    return typeof ms === 'number' ? [ms] : [];
  } catch {
    return [];
  }
}
