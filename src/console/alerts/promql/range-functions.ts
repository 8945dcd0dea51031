import { ExactSum, keepsInfiniteMean, quantileOf } from './statistics.js';
import type { Window } from './vector.js';

/** When and how a range is looked at, in milliseconds; the range holds both its ends. */
interface RangeAt {
  readonly atMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly rangeMs: number;
  /** The scalar argument, NaN without one. */
  readonly parameter: number;
}

/** What a function makes of the samples of one series, of which there is at least one; undefined: nothing. */
export type RangeFunction = (window: Window, at: RangeAt) => number | undefined;

const first = ({ values, from }: Window): number => values[from] as number;
const last = ({ values, to }: Window): number => values[to - 1] as number;
const spanMs = ({ times, from, to }: Window): number => (times[to - 1] as number) - (times[from] as number);

/**
 * By how much the samples grew or fell, up to the bounds of the range where the series seems to reach there.
 * @see Prometheus 2.42, promql/functions.go, extrapolatedRate
 */
function extrapolated(window: Window, at: RangeAt, isCounter: boolean, isRate: boolean): number | undefined {
  const { times, from, to } = window;
  if (to - from < 2) return undefined;
  let result = last(window) - first(window);
  if (isCounter) result = withResets(window, result);
  const sampledS = spanMs(window) / 1_000;
  const averageS = sampledS / (to - from - 1);
  let toStartS = ((times[from] as number) - at.startMs) / 1_000;
  const toEndS = (at.endMs - (times[to - 1] as number)) / 1_000;
  // A counter was not below zero.
  if (isCounter && result > 0 && first(window) >= 0)
    toStartS = Math.min(toStartS, sampledS * (first(window) / result));
  const thresholdS = averageS * 1.1;
  let extrapolatedS = sampledS;
  extrapolatedS += toStartS < thresholdS ? toStartS : averageS / 2;
  extrapolatedS += toEndS < thresholdS ? toEndS : averageS / 2;
  let factor = extrapolatedS / sampledS;
  if (isRate) factor /= at.rangeMs / 1_000;
  return result * factor;
}

/** What a counter had when it began anew counts besides. A window after the last such drop has none to look for. */
function withResets({ times, values, from, to, lastDropMs }: Window, growth: number): number {
  if ((times[from] as number) >= lastDropMs) return growth;
  let result = growth;
  let previous = values[from] as number;
  for (let index = from + 1; index < to; index += 1) {
    const value = values[index] as number;
    if (value < previous) result += previous;
    previous = value;
  }
  return result;
}

function instant(window: Window, isRate: boolean): number | undefined {
  const { times, values, from, to } = window;
  if (to - from < 2) return undefined;
  const value = last(window);
  const previous = values[to - 2] as number;
  const elapsedMs = (times[to - 1] as number) - (times[to - 2] as number);
  const growth = isRate && value < previous ? value : value - previous;
  return isRate ? growth / (elapsedMs / 1_000) : growth;
}

function countOf({ values, from, to }: Window, isOne: (value: number, previous: number) => boolean): number {
  let count = 0;
  for (let index = from + 1; index < to; index += 1) {
    if (isOne(values[index] as number, values[index - 1] as number)) count += 1;
  }
  return count;
}

const isChange = (value: number, previous: number) =>
  value !== previous && !(Number.isNaN(value) && Number.isNaN(previous));

/** The extreme value; NaN gives way to any other. */
function extreme({ values, from, to }: Window, isBetter: (value: number, best: number) => boolean): number {
  let best = values[from] as number;
  for (let index = from; index < to; index += 1) {
    const value = values[index] as number;
    if (isBetter(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
}

function sum({ values, from, to }: Window): number {
  const total = new ExactSum();
  for (let index = from; index < to; index += 1) total.add(values[index] as number);
  return total.totalOrInfinity;
}

function average({ values, from, to }: Window): number {
  const mean = new ExactSum();
  for (let index = from; index < to; index += 1) {
    const value = values[index] as number;
    const count = index - from + 1;
    if (!keepsInfiniteMean(mean.value, value)) mean.add(value / count - mean.value / count);
  }
  return mean.totalOrInfinity;
}

function variance({ values, from, to }: Window): number {
  const mean = new ExactSum();
  const squares = new ExactSum();
  for (let index = from; index < to; index += 1) {
    const value = values[index] as number;
    const delta = value - mean.total;
    mean.add(delta / (index - from + 1));
    squares.add(delta * (value - mean.total));
  }
  return squares.total / (to - from);
}

/** The straight line through the samples by least squares: its slope a second, and its value at a time. */
function line({ times, values, from, to }: Window, atMs: number): { slope: number; value: number } {
  const [sumX, sumY, sumXY, sumX2] = [new ExactSum(), new ExactSum(), new ExactSum(), new ExactSum()];
  const initial = values[from] as number;
  let isConstant = true;
  for (let index = from; index < to; index += 1) {
    const y = values[index] as number;
    if (index > from && y !== initial) isConstant = false;
    const x = ((times[index] as number) - atMs) / 1_000;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumX2.add(x * x);
  }
  if (isConstant)
    return Number.isFinite(initial) || Number.isNaN(initial)
      ? { slope: 0, value: initial }
      : { slope: Number.NaN, value: Number.NaN };
  const count = to - from;
  const slope =
    (sumXY.total - (sumX.total * sumY.total) / count) / (sumX2.total - (sumX.total * sumX.total) / count);
  return { slope, value: sumY.total / count - (slope * sumX.total) / count };
}

export const rangeFunctions: Readonly<Record<string, RangeFunction>> = {
  rate: (window, at) => extrapolated(window, at, true, true),
  increase: (window, at) => extrapolated(window, at, true, false),
  delta: (window, at) => extrapolated(window, at, false, false),
  irate: (window) => instant(window, true),
  idelta: (window) => instant(window, false),
  changes: (window) => countOf(window, isChange),
  resets: (window) => countOf(window, (value, previous) => value < previous),
  deriv: (window) =>
    window.to - window.from < 2 ? undefined : line(window, window.times[window.from] as number).slope,
  predict_linear(window, { atMs, parameter }) {
    if (window.to - window.from < 2) return undefined;
    const { slope, value } = line(window, atMs);
    return slope * parameter + value;
  },
  avg_over_time: average,
  count_over_time: ({ from, to }) => to - from,
  last_over_time: last,
  max_over_time: (window) => extreme(window, (value, best) => value > best),
  min_over_time: (window) => extreme(window, (value, best) => value < best),
  sum_over_time: sum,
  present_over_time: () => 1,
  stddev_over_time: (window) => Math.sqrt(variance(window)),
  stdvar_over_time: variance,
  quantile_over_time: ({ values, from, to }, { parameter }) =>
    quantileOf(parameter, Array.prototype.slice.call(values, from, to)),
};
