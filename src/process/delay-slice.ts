/** What is read of Node's histogram of the event loop delay; its values are nanoseconds from one look to the next. */
export interface DelayHistogram {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  readonly percentiles: ReadonlyMap<number, number>;
  percentile(percentile: number): number;
  reset(): void;
}

/** The event loop's delay over some time, in seconds. */
export interface DelaySummary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What a histogram held when it was emptied: enough to put slices together, at a fiftieth of its size. */
export interface DelaySlice {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  /** Values with how many of the looks they stand for; rising. */
  readonly steps: readonly { readonly value: number; readonly count: number }[];
}

/** How often Node looks, in milliseconds; a look is made so much after the last one, were there no delay. */
export const lookMs = 20;

const nanosPerMs = 1e6;
const nanosPerSecond = 1e9;
/** The histogram keeps three digits. */
const precision = 1e-3;
const reported = [50, 90, 99];

/**
 * Takes what a histogram holds, and empties it. Node forgets the look before a reset, so that a delay which is going on just then is in
 * none of the two slices: what is missing from the time that has passed is added as one look.
 */
export function takeSlice(histogram: DelayHistogram, elapsedMs: number): DelaySlice {
  const { count } = histogram;
  const slice =
    count === 0
      ? { count, min: Number.POSITIVE_INFINITY, max: 0, mean: 0, stddev: 0, steps: [] }
      : {
          count,
          min: histogram.min,
          max: histogram.max,
          mean: histogram.mean,
          stddev: histogram.stddev,
          steps: stepsOf(histogram),
        };
  histogram.reset();
  const missedMs = elapsedMs - (slice.count * slice.mean) / nanosPerMs;
  return missedMs > 2 * lookMs + elapsedMs * precision
    ? mergeTwo(slice, lookOf((missedMs - lookMs) * nanosPerMs))
    : slice;
}

/** Node's own steps halve the distance to 100 % each; those that are reported are added, so that they are exact. */
function stepsOf(histogram: DelayHistogram): DelaySlice['steps'] {
  const values = new Map(histogram.percentiles);
  for (const percentile of reported) values.set(percentile, histogram.percentile(percentile));
  const rising = [...values].sort(([a], [b]) => a - b);
  const steps: { value: number; count: number }[] = [];
  // Among few looks Node rounds its steps up and a single percentile down: the lower one, which is reported, is the limit of those before.
  let value = Number.POSITIVE_INFINITY;
  for (let at = rising.length - 1; at >= 0; at -= 1) {
    const [percentile, here] = rising[at] as [number, number];
    value = Math.min(value, here);
    steps.push({ value, count: ((percentile - (rising[at - 1]?.[0] ?? 0)) / 100) * histogram.count });
  }
  return steps.reverse();
}

function lookOf(value: number): DelaySlice {
  return { count: 1, min: value, max: value, mean: value, stddev: 0, steps: [{ value, count: 1 }] };
}

function mergeTwo(a: DelaySlice, b: DelaySlice): DelaySlice {
  const count = a.count + b.count;
  const mean = (a.mean * a.count + b.mean * b.count) / count;
  const squares = (slice: DelaySlice) => (slice.stddev ** 2 + slice.mean ** 2) * slice.count;
  const variance = (squares(a) + squares(b)) / count - mean ** 2;
  return {
    count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    mean,
    stddev: Math.sqrt(Math.max(0, variance)),
    steps: [...a.steps, ...b.steps],
  };
}

/** The delays of several slices together; undefined without a sample. One slice reads as its histogram did. */
export function summarize(slices: readonly DelaySlice[]): DelaySummary | undefined {
  const filled = slices.filter(({ count }) => count > 0);
  const [first, ...rest] = filled;
  if (first === undefined) return undefined;
  const all = rest.reduce(mergeTwo, first);
  const steps = [...all.steps].sort((a, b) => a.value - b.value);
  // The rest between two looks is no delay.
  const delay = (value: number) => Math.max(0, value - lookMs * nanosPerMs) / nanosPerSecond;
  const quantile = (percentile: number) => delay(valueAt(steps, (percentile / 100) * all.count));
  return {
    min: delay(all.min),
    max: delay(all.max),
    mean: delay(all.mean),
    stddev: all.stddev / nanosPerSecond,
    p50: quantile(50),
    p90: quantile(90),
    p99: quantile(99),
  };
}

function valueAt(steps: DelaySlice['steps'], rank: number): number {
  let looks = 0;
  let last = 0;
  for (const { value, count } of steps) {
    last = value;
    looks += count;
    // The counts are shares of whole numbers: their sum may miss the rank by less than a millionth.
    if (looks >= rank - 1e-6) break;
  }
  return last;
}
