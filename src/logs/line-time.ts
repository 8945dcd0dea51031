/** A line was stamped at most so long before or after it was seen; a field that is further off is no stamp of this line. */
const maxSkewMs = 1_000;

export interface LineTime {
  /** The field that holds it. */
  readonly key: string;
  /** Wall-clock milliseconds. */
  readonly ms: number;
}

/**
 * When a line was logged, from the first of its time fields: in milliseconds, as a date, or coarser. Undefined without one: then the time
 * of observation is right, as a line is observed when it is logged. Never throws.
 */
export function timeIn(fields: object, keys: readonly string[], observedMs: number): LineTime | undefined {
  for (const key of keys) {
    for (const ms of readingsOf(fields, key)) {
      if (Math.abs(ms - observedMs) <= maxSkewMs) return { key, ms };
    }
    // Seconds, cut or rounded, are less exact than the time of observation.
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
