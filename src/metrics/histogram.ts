import { type ExemplarSource, Exemplars } from './exemplars.js';
import type { Recordable } from './instrument.js';

/** Counts of one series over fixed bounds; a value equal to a bound belongs to the bucket below it, as in OpenTelemetry. */
export class Histogram implements Recordable {
  readonly bounds: readonly number[];
  readonly counts: number[];
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Undefined until something sampled was recorded. */
  exemplars: Exemplars | undefined;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
    this.count = 0;
    this.sum = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
    this.exemplars = undefined;
  }

  /** `source` is what was measured, where it may serve as an example. */
  record(value: number, source?: ExemplarSource): void {
    const { bounds } = this;
    // Most requests are fast: the first few of some fifteen bounds decide, which a binary search cannot beat.
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.count += 1;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    if (source?.exemplarContext === undefined) return;
    this.exemplars ??= new Exemplars(this.counts.length);
    this.exemplars.offer(bucket, value, source);
  }
}
