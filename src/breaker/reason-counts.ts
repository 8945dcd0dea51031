/** The reason under which a call counts that was slow but did not fail. */
export const SLOW = 'slow';

const maxReasons = 16;
const OTHER = 'other';

/** How often each reason occurred, slice by slice. Tells 16 reasons apart, what comes after counts as 'other'. */
export class ReasonCounts {
  readonly #slices: number;
  // Flat, because a Map in each slice took most of what an idle breaker costs: reason r counts from r * slices on.
  #names: readonly string[] = [];
  #counts: number[] = [];

  constructor(slices = 1) {
    this.#slices = slices;
  }

  add(reason: string, slice = 0): void {
    const at = this.#placeOf(reason) * this.#slices + slice;
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  /** Takes back one that was added in this slice. */
  remove(reason: string, slice = 0): void {
    const place = this.#names.includes(reason) ? this.#names.indexOf(reason) : this.#names.indexOf(OTHER);
    const at = place * this.#slices + slice;
    const count = this.#counts[at];
    if (place >= 0 && count !== undefined && count > 0) this.#counts[at] = count - 1;
  }

  emptySlice(slice: number): void {
    for (let at = slice; at < this.#counts.length; at += this.#slices) this.#counts[at] = 0;
  }

  toObject(): Record<string, number> {
    const sums = this.#names.map((name, place) => [name, this.#sum(place)] as const);
    return Object.fromEntries(sums.filter(([, sum]) => sum > 0));
  }

  #sum(place: number): number {
    let sum = 0;
    const from = place * this.#slices;
    for (let at = from; at < from + this.#slices; at += 1) sum += this.#counts[at] as number;
    return sum;
  }

  #placeOf(reason: string): number {
    const known = this.#names.indexOf(reason);
    if (known >= 0) return known;
    if (this.#names.length < maxReasons) return this.#append(reason);
    const free = this.#names.findIndex((_, place) => this.#sum(place) === 0);
    if (free >= 0) {
      this.#names = this.#names.with(free, reason);
      return free;
    }
    return reason === OTHER ? this.#append(OTHER) : this.#placeOf(OTHER);
  }

  #append(name: string): number {
    // Not pushed, which would make room for 17 at once.
    this.#counts = this.#counts.concat(new Array(this.#slices).fill(0));
    this.#names = this.#names.concat(name);
    return this.#names.length - 1;
  }
}
