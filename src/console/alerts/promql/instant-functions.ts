import { byValue } from './statistics.js';
import type { Sample, Vector } from './vector.js';

/** What becomes of each value. */
type ValueFunction = (value: number) => number;

const atTime = (part: (date: Date) => number): ValueFunction => {
  return (seconds) => (Number.isFinite(seconds) ? part(new Date(Math.trunc(seconds) * 1_000)) : Number.NaN);
};

export const valueFunctions: Readonly<Record<string, ValueFunction>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  sqrt: Math.sqrt,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  deg: (value) => (value * 180) / Math.PI,
  rad: (value) => (value * Math.PI) / 180,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
};

/** Of a time in seconds since the epoch, in UTC. */
export const timeFunctions: Readonly<Record<string, ValueFunction>> = {
  minute: atTime((date) => date.getUTCMinutes()),
  hour: atTime((date) => date.getUTCHours()),
  day_of_week: atTime((date) => date.getUTCDay()),
  day_of_month: atTime((date) => date.getUTCDate()),
  day_of_year: atTime(
    (date) =>
      (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) -
        Date.UTC(date.getUTCFullYear(), 0, 0)) /
      86_400_000,
  ),
  days_in_month: atTime((date) =>
    new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  ),
  month: atTime((date) => date.getUTCMonth() + 1),
  year: atTime((date) => date.getUTCFullYear()),
};

/** Value functions that take numbers besides. */
export const numericFunctions: Readonly<
  Record<string, (value: number, parameters: readonly number[]) => number>
> = {
  clamp: (value, [min = Number.NaN, max = Number.NaN]) => larger(min, smaller(max, value)),
  clamp_min: (value, [min = Number.NaN]) => larger(min, value),
  clamp_max: (value, [max = Number.NaN]) => smaller(max, value),
  round(value, [toNearest = 1]) {
    const inverse = 1 / toNearest;
    return Math.floor(value * inverse + 0.5) / inverse;
  },
};

/** As Go's math.Max: an infinite bound is larger than NaN. */
const larger = (a: number, b: number): number =>
  a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY
    ? Number.POSITIVE_INFINITY
    : Math.max(a, b);
const smaller = (a: number, b: number): number =>
  a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY
    ? Number.NEGATIVE_INFINITY
    : Math.min(a, b);

export function mapped(vector: Vector, change: ValueFunction): Sample[] {
  return vector.map(({ labels, value }) => ({ labels: labels.nameless, value: change(value) }));
}

/** NaN comes last, whichever way. */
export function sorted(vector: Vector, isDescending: boolean): Sample[] {
  return [...vector].sort((a, b) => {
    if (Number.isNaN(a.value) || Number.isNaN(b.value)) return byValue(b.value, a.value);
    return isDescending ? byValue(b.value, a.value) : byValue(a.value, b.value);
  });
}
