/** Buckets of each octave: the value that stands for one is at most 1.1 % off. */
const perOctave = 32;
/** The least duration that is kept apart from less, in milliseconds. */
const leastMs = 0.001;
const maxBucket = 30 * perOctave;

/** In which bucket a duration belongs, from 0; one of 18 minutes and more is in the last. */
export function bucketOf(ms: number): number {
  if (!(ms > leastMs)) return 0;
  const bucket = Math.ceil(Math.log2(ms / leastMs) * perOctave);
  return bucket > maxBucket ? maxBucket : bucket;
}

/** The duration that stands for a bucket, in milliseconds: the middle of its bounds by ratio. */
function middleOf(bucket: number): number {
  return leastMs * 2 ** ((bucket - 0.5) / perOctave);
}

/** Counts of durations in buckets that grow by the same ratio; only the part that is in use takes memory. */
export class ExponentialHistogram {
  /** The bucket of the first count. */
  first = 0;
  counts: number[] = [];

  add(bucket: number, count = 1): void {
    const { counts } = this;
    if (counts.length === 0) {
      this.first = bucket;
      counts.push(count);
      return;
    }
    const index = bucket - this.first;
    if (index < 0) {
      this.counts = [...new Array<number>(-index).fill(0), ...counts];
      this.counts[0] = count;
      this.first = bucket;
      return;
    }
    while (counts.length <= index) counts.push(0);
    counts[index] = (counts[index] as number) + count;
  }

  merge(other: ExponentialHistogram): void {
    for (let index = 0; index < other.counts.length; index += 1) {
      const count = other.counts[index] as number;
      if (count > 0) this.add(other.first + index, count);
    }
  }

  /** In milliseconds; null where there is nothing. */
  quantile(share: number): number | null {
    let total = 0;
    for (const count of this.counts) total += count;
    if (total === 0) return null;
    // The nearest rank: at least this share of all is no longer than what is given.
    const rank = share * total;
    let seen = 0;
    for (let index = 0; index < this.counts.length; index += 1) {
      seen += this.counts[index] as number;
      if (seen > 0 && seen >= rank) return middleOf(this.first + index);
    }
    return middleOf(this.first + this.counts.length - 1);
  }
}
