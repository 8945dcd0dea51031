import { bucketOf, ExponentialHistogram } from './exponential-histogram.js';

/** The requests of one series within one slot of time. */
export class Cell {
  count = 0;
  errors = 0;
  sumMs = 0;
  maxMs = 0;
  readonly histogram = new ExponentialHistogram();
  /** The slowest, and the first that failed: ids of traces. */
  slowest: string | undefined;
  failed: string | undefined;

  add(ms: number, isFailed: boolean, traceId: () => string): void {
    this.count += 1;
    this.sumMs += ms;
    if (isFailed) {
      this.errors += 1;
      this.failed ??= traceId();
    }
    if (ms > this.maxMs || this.slowest === undefined) {
      this.maxMs = ms;
      this.slowest = traceId();
    }
    this.histogram.add(bucketOf(ms));
  }

  merge(other: Cell): void {
    this.count += other.count;
    this.errors += other.errors;
    this.sumMs += other.sumMs;
    if (other.maxMs >= this.maxMs) {
      this.maxMs = other.maxMs;
      this.slowest = other.slowest ?? this.slowest;
    }
    this.failed ??= other.failed;
    this.histogram.merge(other.histogram);
  }
}
