import type { LabelSet } from './label-set.js';

/** What a sample takes in two arrays that grow by half their length. */
export const bytesPerSample = 28;
/** What a series costs beside its samples: the object, its labels' arrays, its place in maps and lists. */
const bytesPerSeries = 1_300;
/** So many samples that are forgotten stay until the arrays are made anew. */
const maxForgotten = 32;

/**
 * How far samples of a certain age are apart, in milliseconds: those of exporters that send each second are thinned out with age.
 * The rules read the last five minutes in full; hours are read for the increase of counters, which thinning leaves as it is.
 */
const resolution = [
  { olderMs: 3_600_000, gapMs: 60_000 },
  { olderMs: 360_000, gapMs: 15_000 },
] as const;

/** The samples of one series, in order of time: two columns of numbers that lose their oldest ones. */
export class StoredSeries {
  readonly labels: LabelSet;
  /** How far back rules look, in milliseconds: what is older is forgotten. */
  horizonMs: number;
  /** Time between the samples that stay, in milliseconds: one that comes sooner is replaced by the next. */
  readonly gridMs: number;
  /** Whether samples are thinned out with age. */
  readonly isThinned: boolean;
  /** Samples are at `start` and after it. */
  times: number[] = [];
  values: number[] = [];
  start = 0;
  /** The store has let it go: what is appended goes nowhere. */
  isDropped = false;
  /** When a value was last below the one before: a counter that began anew. */
  lastDropMs = Number.NEGATIVE_INFINITY;
  /** When the series was last said to be gone, oldest first. */
  #stale: number[] = [];
  /** The last sample that stays, with `gridMs`. */
  #gridTimeMs = Number.NEGATIVE_INFINITY;
  #isReplaceable = false;
  /** With so many samples, it is looked for some to forget. */
  #roomFor = 64;

  constructor(labels: LabelSet, horizonMs: number, gridMs: number, isThinned: boolean) {
    this.labels = labels;
    this.horizonMs = horizonMs;
    this.gridMs = gridMs;
    this.isThinned = isThinned;
  }

  get length(): number {
    return this.times.length - this.start;
  }

  /** What it takes without its samples, in bytes. */
  get ownBytes(): number {
    return bytesPerSeries + this.labels.key.length * 2;
  }

  /** Of the last sample or stale marker. */
  newestMs = Number.NEGATIVE_INFINITY;

  /** False where the sample is not newer than the last one. */
  append(timeMs: number, value: number): boolean {
    if (!(timeMs > this.newestMs)) return false;
    this.newestMs = timeMs;
    if (!this.#isReplaceable && this.times.length >= this.#roomFor) this.#makeRoom(timeMs);
    const { times, values } = this;
    const at = this.#isReplaceable ? times.length - 1 : times.length;
    if (at > this.start && value < (values[at - 1] as number)) this.lastDropMs = timeMs;
    times[at] = timeMs;
    values[at] = value;
    this.#isReplaceable = timeMs - this.#gridTimeMs < this.gridMs;
    if (!this.#isReplaceable) this.#gridTimeMs = timeMs;
    return true;
  }

  /** False where the series is gone already. */
  markStale(timeMs: number): boolean {
    if (!(timeMs > this.newestMs) || this.length === 0) return false;
    if ((this.#stale.at(-1) ?? 0) > (this.times.at(-1) as number)) return false;
    this.newestMs = timeMs;
    this.#stale.push(timeMs);
    this.#isReplaceable = false;
    return true;
  }

  /** Where the first sample after `timeMs` is, or would be. */
  indexAfter(timeMs: number): number {
    const { times } = this;
    let low = this.start;
    let high = times.length;
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

  /** Forgets what is older than `timeMs`. */
  forgetBefore(timeMs: number): void {
    this.start = this.indexAfter(timeMs - 1);
    const kept = this.#stale.findIndex((staleMs) => staleMs >= timeMs);
    if (this.#stale.length > 0) this.#stale.splice(0, kept === -1 ? this.#stale.length : kept);
    if (this.length === 0) this.#isReplaceable = false;
    if (this.start > maxForgotten || (this.start > 0 && this.length === 0)) {
      this.times = this.times.slice(this.start);
      this.values = this.values.slice(this.start);
      this.start = 0;
    }
  }

  #makeRoom(nowMs: number): void {
    this.forgetBefore(nowMs - this.horizonMs);
    if (this.isThinned) this.#thinOut(nowMs);
    this.#roomFor = Math.max(64, Math.ceil(this.times.length * 1.25));
  }

  /** A drop stays with the sample before it: what a counter had, and from where it began anew. */
  #thinOut(nowMs: number): void {
    const { times, values, start } = this;
    const end = times.length;
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
    this.times = times.slice(0, kept);
    this.values = values.slice(0, kept);
    this.start = 0;
  }
}
