/** A sum that keeps what rounding loses, by Kahan and Neumaier. */
export class ExactSum {
  value = 0;
  #lost = 0;

  add(increment: number): void {
    const sum = this.value + increment;
    this.#lost +=
      Math.abs(this.value) >= Math.abs(increment)
        ? this.value - sum + increment
        : increment - sum + this.value;
    this.value = sum;
  }

  get total(): number {
    return this.value + this.#lost;
  }

  /** Once the sum is infinite, what was lost is no number. */
  get totalOrInfinity(): number {
    return isInfinite(this.value) ? this.value : this.total;
  }
}

const isInfinite = (value: number): boolean =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;

/** An infinite mean stays as it is, unless the other infinity or NaN comes: taking it off again would give NaN. */
export function keepsInfiniteMean(mean: number, value: number): boolean {
  return isInfinite(mean) && (isInfinite(value) ? mean > 0 === value > 0 : !Number.isNaN(value));
}

/** By linear interpolation between the two nearest values; NaN counts as the smallest. */
export function quantileOf(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const sorted = [...values].sort(byValue);
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[lower] as number) * (1 - weight) + (sorted[upper] as number) * weight;
}

/** Ascending, NaN first. */
export function byValue(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  if (Number.isNaN(b)) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
