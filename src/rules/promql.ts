/** Matches the routes of requests that people make: a prober's are answered fast, and would hide what callers see. */
export const notProbes = 'http_route!~"/(health|healthz|livez|readyz|metrics)(/.*)?"';

/** Below so many requests a second, 15 within five minutes, a quantile or a share says nothing. */
export const minimumRate = 0.05;

/** A number in PromQL, without the noise of binary fractions. */
export function number(value: number): string {
  const rounded = Number(value.toPrecision(12));
  // PromQL reads 1e-7 as well, people less so.
  return rounded !== 0 && Math.abs(rounded) < 1e-6 ? rounded.toFixed(15).replace(/0+$/, '') : String(rounded);
}

/**
 * A matcher of one bucket. Prometheus 3, and OpenMetrics before, writes whole bounds as `3.0`.
 * @see Prometheus' migration guide, "le and quantile label values"
 */
export function bucket(boundS: number): string {
  const literal = number(boundS);
  return Number.isInteger(boundS) ? `le=~"${literal}(\\\\.0)?"` : `le="${literal}"`;
}

/** A string in PromQL. */
export function quoted(value: string): string {
  return JSON.stringify(value);
}

/** A time in Prometheus' notation: whole and largest units, `90s`, `2m`, `500ms`. */
export function duration(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const;
  if (seconds === 0) return '0s';
  for (const [unit, size] of units) {
    if (seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${Math.round(seconds * 1_000)}ms`;
}

/** A regular expression that matches exactly these values, quoted as PromQL wants it. */
export function anyOf(values: readonly string[]): string {
  return quoted(values.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'));
}
