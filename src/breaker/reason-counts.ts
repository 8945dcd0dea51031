/** The reason under which a call counts that was slow but did not fail. */
export const SLOW = 'slow';

const maxReasons = 16;
const OTHER = 'other';

/** How often each reason occurred. Keeps 16 different ones, what comes after counts as 'other'. */
export class ReasonCounts {
  // Two short arrays: a Map costs some 200 bytes per window slice, and there are never many names to search.
  readonly #names: string[] = [];
  readonly #counts: number[] = [];

  add(reason: string, by = 1): void {
    const at = this.#names.indexOf(reason);
    if (at >= 0) {
      this.#counts[at] = (this.#counts[at] as number) + by;
    } else if (this.#names.length < maxReasons || reason === OTHER) {
      this.#names.push(reason);
      this.#counts.push(by);
    } else {
      this.add(OTHER, by);
    }
  }

  /** Takes one occurrence back; one that was never counted is left alone. */
  remove(reason: string): void {
    const at = this.#names.includes(reason) ? this.#names.indexOf(reason) : this.#names.indexOf(OTHER);
    const count = this.#counts[at];
    if (count !== undefined && count > 0) this.#counts[at] = count - 1;
  }

  addTo(sum: ReasonCounts): void {
    for (const [at, name] of this.#names.entries()) sum.add(name, this.#counts[at] as number);
  }

  toObject(): Record<string, number> {
    return Object.fromEntries(
      this.#names
        .map((name, at) => [name, this.#counts[at] as number] as const)
        .filter(([, count]) => count > 0),
    );
  }
}
