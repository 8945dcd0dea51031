import { LabelProjection } from '../label-projection.js';
import type { LabelSet } from '../label-set.js';
import type { Sample, Vector } from './vector.js';

interface Bucket {
  readonly bound: number;
  count: number;
}

/** Whole series of histograms by what they are of, without `le`. The name of the metric counts as well. */
export function createHistogramQuantile(): (q: number, vector: Vector) => Sample[] {
  const parts = LabelProjection.without(['le'], true);
  const bounds = new WeakMap<LabelSet, number | undefined>();
  const boundOf = (labels: LabelSet): number | undefined => {
    if (!bounds.has(labels)) bounds.set(labels, parseBound(labels.get('le')));
    return bounds.get(labels);
  };
  return (q, vector) => {
    const histograms = new Map<LabelSet, Bucket[]>();
    for (const { labels, value } of vector) {
      const bound = boundOf(labels);
      if (bound === undefined) continue;
      const part = parts.of(labels);
      const buckets = histograms.get(part);
      if (buckets === undefined) histograms.set(part, [{ bound, count: value }]);
      else buckets.push({ bound, count: value });
    }
    return [...histograms].map(([labels, buckets]) => ({
      labels: labels.nameless,
      value: bucketQuantile(q, buckets),
    }));
  };
}

/** A float as Go reads it; undefined for any other text. */
function parseBound(text: string): number | undefined {
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/**
 * The value below which a share `q` of the observations lies, as if they were spread evenly within their bucket.
 * @see Prometheus 2.42, promql/quantile.go, bucketQuantile
 */
function bucketQuantile(q: number, given: Bucket[]): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  given.sort((a, b) => (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0));
  if (given.at(-1)?.bound !== Number.POSITIVE_INFINITY) return Number.NaN;
  const buckets = monotonic(coalesced(given));
  const last = buckets.length - 1;
  const observations = (buckets[last] as Bucket).count;
  if (buckets.length < 2 || observations === 0) return Number.NaN;
  let rank = q * observations;
  let index = 0;
  while (index < last && !((buckets[index] as Bucket).count >= rank)) index += 1;
  if (index === last) return (buckets[last - 1] as Bucket).bound;
  const bucket = buckets[index] as Bucket;
  if (index === 0) return bucket.bound <= 0 ? bucket.bound : bucket.bound * (rank / bucket.count);
  const below = buckets[index - 1] as Bucket;
  rank -= below.count;
  return below.bound + (bucket.bound - below.bound) * (rank / (bucket.count - below.count));
}

/** Buckets of the same bound, spelled differently, are one. */
function coalesced(buckets: readonly Bucket[]): Bucket[] {
  const result: Bucket[] = [];
  for (const bucket of buckets) {
    const previous = result.at(-1);
    if (previous?.bound === bucket.bound) previous.count += bucket.count;
    else result.push(bucket);
  }
  return result;
}

/** Rates of buckets that were not read at the same moment may fall from one to the next. */
function monotonic(buckets: Bucket[]): Bucket[] {
  let max = (buckets[0] as Bucket).count;
  for (const bucket of buckets) {
    if (bucket.count > max) max = bucket.count;
    else if (bucket.count < max) bucket.count = max;
  }
  return buckets;
}
