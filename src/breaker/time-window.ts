import { ReasonCounts, SLOW } from './reason-counts.js';
import type { Window } from './window.js';

const slices = 10;
const failuresAt = slices;
const slowAt = 2 * slices;

/**
 * Counts calls over a sliding time, in ten slices. Not exact at the edge: a call counts for nine to ten tenths of the window.
 * The first slice starts with the first call (Polly), so a burst into an empty window counts for the whole of it.
 */
export class TimeWindow implements Window {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #sliceMs: number;
  // One flat array of small integers: calls, failures and slow calls of each slice. 256 bytes, where ten objects take 650.
  readonly #counts: number[] = new Array(3 * slices).fill(0);
  #reasons: (ReasonCounts | undefined)[] | undefined;
  // Slices are numbered without end, so that a stamp never means a slice that came later.
  #head = 0;
  #headStart = 0;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / slices;
  }

  record(now: number, failed: boolean, slow: boolean, reason?: string): number {
    if (this.calls === 0) this.#restart(now);
    else this.expire(now);
    const counts = this.#counts;
    const at = this.#head % slices;
    counts[at] = (counts[at] as number) + 1;
    this.calls += 1;
    if (failed) {
      counts[at + failuresAt] = (counts[at + failuresAt] as number) + 1;
      this.failures += 1;
    }
    if (slow) {
      counts[at + slowAt] = (counts[at + slowAt] as number) + 1;
      this.slow += 1;
    }
    if (reason !== undefined) this.#reasonsAt(at).add(reason);
    return this.#head;
  }

  forgetSlow(stamp: number): void {
    if (stamp <= this.#head - slices) return;
    const counts = this.#counts;
    const at = stamp % slices;
    counts[at] = (counts[at] as number) - 1;
    counts[at + slowAt] = (counts[at + slowAt] as number) - 1;
    this.calls -= 1;
    this.slow -= 1;
    this.#reasons?.[at]?.remove(SLOW);
  }

  expire(now: number): void {
    const passed = Math.floor((now - this.#headStart) / this.#sliceMs);
    if (passed <= 0) return;
    const last = Math.min(passed, slices);
    for (let step = 1; step <= last; step += 1) this.#empty((this.#head + step) % slices);
    this.#head += passed;
    this.#headStart += passed * this.#sliceMs;
  }

  reasons(): Record<string, number> {
    const sum = new ReasonCounts();
    for (const counts of this.#reasons ?? []) counts?.addTo(sum);
    return sum.toObject();
  }

  #restart(now: number): void {
    this.#head += slices;
    this.#headStart = now;
    this.#reasons = undefined;
  }

  #empty(at: number): void {
    const counts = this.#counts;
    this.calls -= counts[at] as number;
    this.failures -= counts[at + failuresAt] as number;
    this.slow -= counts[at + slowAt] as number;
    counts[at] = 0;
    counts[at + failuresAt] = 0;
    counts[at + slowAt] = 0;
    if (this.#reasons !== undefined) this.#reasons[at] = undefined;
  }

  #reasonsAt(at: number): ReasonCounts {
    this.#reasons ??= new Array(slices).fill(undefined);
    const known = this.#reasons[at];
    if (known !== undefined) return known;
    const counts = new ReasonCounts();
    this.#reasons[at] = counts;
    return counts;
  }
}
