import type { LabelSet } from './label-set.js';

const initialCapacity = 16;
const bytesPerSample = 16;
/** What a series costs beside its samples: the object, its labels' arrays, its place in maps and lists. */
const bytesPerSeries = 600;

/**
 * How far samples of a certain age are apart, in milliseconds: those of exporters that send each second are thinned out with age.
 * The rules read the last five minutes in full; hours are read for the increase of counters, which thinning leaves as it is.
 */
const resolution = [
  { olderMs: 3_600_000, gapMs: 60_000 },
  { olderMs: 360_000, gapMs: 15_000 },
] as const;

/** The samples of one series, in order of time: two columns that grow by doubling and lose their oldest samples. */
export class StoredSeries {
  readonly labels: LabelSet;
  /** How far back rules look, in milliseconds: what is older is forgotten. */
  horizonMs: number;
  /** Time between the samples that stay, in milliseconds: one that comes sooner is replaced by the next. 0: all stay, and are thinned out with age. */
  readonly gridMs: number;
  /** Samples are at `start` to `end - 1`. */
  times = new Float64Array(initialCapacity);
  values = new Float64Array(initialCapacity);
  start = 0;
  end = 0;
  /** The store has let it go: what is appended goes nowhere. */
  isDropped = false;
  /** When a value was last below the one before: a counter that began anew. */
  lastDropMs = Number.NEGATIVE_INFINITY;
  /** When the series was last said to be gone, oldest first. */
  #stale: number[] = [];
  /** The last sample that stays, with `gridMs`. */
  #gridTimeMs = Number.NEGATIVE_INFINITY;
  #isReplaceable = false;

  constructor(labels: LabelSet, horizonMs: number, gridMs: number) {
    this.labels = labels;
    this.horizonMs = horizonMs;
    this.gridMs = gridMs;
  }

  get length(): number {
    return this.end - this.start;
  }

  get bytes(): number {
    const text = this.labels.key.length * 2;
    return bytesPerSeries + text + this.times.length * bytesPerSample + this.#stale.length * 8;
  }

  /** Of the last sample or stale marker. */
  get newestMs(): number {
    const last = this.length === 0 ? Number.NEGATIVE_INFINITY : (this.times[this.end - 1] as number);
    return Math.max(last, this.#stale.at(-1) ?? Number.NEGATIVE_INFINITY);
  }

  /** False where the sample is not newer than the last one. */
  append(timeMs: number, value: number): boolean {
    if (!(timeMs > this.newestMs)) return false;
    if (this.#isReplaceable && this.length > 0) this.end -= 1;
    if (this.end === this.times.length) this.#makeRoom(timeMs);
    if (this.length > 0 && value < (this.values[this.end - 1] as number)) this.lastDropMs = timeMs;
    this.times[this.end] = timeMs;
    this.values[this.end] = value;
    this.end += 1;
    if (this.gridMs > 0) {
      this.#isReplaceable = timeMs - this.#gridTimeMs < this.gridMs;
      if (!this.#isReplaceable) this.#gridTimeMs = timeMs;
    }
    return true;
  }

  /** False where the series is gone already. */
  markStale(timeMs: number): boolean {
    if (!(timeMs > this.newestMs) || this.length === 0) return false;
    if ((this.#stale.at(-1) ?? 0) > (this.times[this.end - 1] as number)) return false;
    this.#stale.push(timeMs);
    this.#isReplaceable = false;
    return true;
  }

  /** Where the first sample after `timeMs` is, or would be. */
  indexAfter(timeMs: number): number {
    const { times } = this;
    let low = this.start;
    let high = this.end;
    // Most questions are about now.
    if (high > low && (times[high - 1] as number) <= timeMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] as number) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the sample is that holds at `timeMs`; -1 where none does, because it is too old or the series has been said to be gone since. */
  indexAt(timeMs: number, lookBackMs: number): number {
    const index = this.indexAfter(timeMs) - 1;
    if (index < this.start) return -1;
    const sampleMs = this.times[index] as number;
    if (sampleMs < timeMs - lookBackMs) return -1;
    const stale = this.#stale;
    for (let at = stale.length - 1; at >= 0 && (stale[at] as number) > sampleMs; at -= 1) {
      if ((stale[at] as number) <= timeMs) return -1;
    }
    return index;
  }

  /** Forgets what is older than `timeMs`; `isTight`: and leaves as little room as it can. */
  forgetBefore(timeMs: number, isTight = false): void {
    this.start = this.indexAfter(timeMs - 1);
    const kept = this.#stale.findIndex((staleMs) => staleMs >= timeMs);
    if (this.#stale.length > 0) this.#stale.splice(0, kept === -1 ? this.#stale.length : kept);
    if (this.length === 0) this.#isReplaceable = false;
    const isLoose = this.length * 4 < this.times.length && this.times.length > initialCapacity;
    if (isLoose || isTight) this.#resize();
  }

  #makeRoom(nowMs: number): void {
    this.forgetBefore(nowMs - this.horizonMs);
    if (this.gridMs === 0) this.#thinOut(nowMs);
    if (this.length * 4 > this.times.length * 3 || this.end === this.times.length) this.#resize();
  }

  /** A quarter of the room is left free. */
  #resize(): void {
    let capacity = initialCapacity;
    while (capacity * 3 < this.length * 4 + 4) capacity *= 2;
    const times = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    times.set(this.times.subarray(this.start, this.end));
    values.set(this.values.subarray(this.start, this.end));
    this.end -= this.start;
    this.start = 0;
    this.times = times;
    this.values = values;
  }

  /** A drop stays with the sample before it: what a counter had, and from where it began anew. */
  #thinOut(nowMs: number): void {
    const { times, values, start, end } = this;
    let kept = 0;
    let keptMs = Number.NEGATIVE_INFINITY;
    let previous = Number.NaN;
    for (let index = start; index < end; index += 1) {
      const timeMs = times[index] as number;
      const value = values[index] as number;
      const ageMs = nowMs - timeMs;
      const gapMs = resolution.find(({ olderMs }) => ageMs > olderMs)?.gapMs ?? 0;
      const isDrop = value < previous;
      const isBeforeDrop = index + 1 < end && (values[index + 1] as number) < value;
      previous = value;
      if (timeMs - keptMs < gapMs && !isDrop && !isBeforeDrop) continue;
      times[kept] = timeMs;
      values[kept] = value;
      keptMs = timeMs;
      kept += 1;
    }
    this.start = 0;
    this.end = kept;
  }
}
